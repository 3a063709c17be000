//! The document of a bench, `bench.json`; text, tables and plots are made from it.
//!
//! It is plain data; the program reads and writes the file.

use crate::cell::Cell;
use serde::{Deserialize, Serialize};

/// The format of the document. A reader refuses any other.
pub const FORMAT: u32 = 1;

/// One bench.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Document {
    /// [`FORMAT`].
    pub format: u32,
    /// The program and its version.
    pub program: String,
    /// When it began, by the clock of the machine, in UTC.
    pub date: String,
    /// Where it ran.
    pub machine: Machine,
    /// How times were taken.
    pub method: Method,
    /// Why it ended early, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The measured cells, in the order of the grids.
    pub cells: Vec<Entry>,
}

/// A machine with a GPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// The product name of the GPU.
    pub device: String,
    /// The architecture that was compiled for.
    pub arch: String,
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of L2 cache.
    pub l2_bytes: u64,
    /// Bytes of device memory.
    pub memory_bytes: u64,
    /// The version of the driver, where the system tells.
    pub driver: Option<String>,
    /// The newest CUDA that the driver serves.
    pub cuda: String,
    /// The version of NVRTC.
    pub nvrtc: String,
}

/// How times were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// In words.
    pub text: String,
    /// Launches in a graph.
    pub launches: usize,
    /// Replays that were timed.
    pub replays: usize,
    /// Bytes that the inputs of a cold graph have together, where one for each launch reaches so far.
    pub cold_bytes: usize,
    /// The L2 cache was flushed before each cold replay too.
    pub flushed: bool,
    /// Pairs of replays that were timed in place.
    #[serde(default)]
    pub pairs: usize,
    /// Seeds of a cell, where its scores have a seed and are not too many.
    #[serde(default)]
    pub seeds: u64,
}

/// One cell, measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Which.
    #[serde(flatten)]
    pub cell: Cell,
    /// Scores that take part in the selection.
    pub scores: u64,
    /// The planned variant.
    pub kernel: Kernel,
    /// Its outcome, on the scores of the first seed; wrong if it was wrong on those of another seed.
    pub ours: Outcome,
    /// Its times over several seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seeds: Option<Seeds>,
    /// The time to read every byte of the input once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_once: Option<Both>,
    /// The outcomes of others, on the same input.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<Peer>,
}

/// A planned variant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kernel {
    /// Its symbol.
    pub symbol: String,
    /// The algorithm.
    pub kind: String,
    /// CTAs of a launch.
    pub ctas: u32,
    /// Bytes of its workspace in device memory.
    pub workspace_bytes: usize,
}

/// A kernel of another library.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Peer {
    /// As its library calls it.
    pub name: String,
    /// Its outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// The outcome of a kernel in a cell. A wrong kernel has no time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Its answers were right, before and after it was timed.
    Timed(Timed),
    /// Its answer was wrong.
    Wrong {
        /// How.
        wrong: String,
    },
    /// It could not be launched.
    Failed {
        /// Why.
        failed: String,
    },
}

/// The times of a kernel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Timed {
    /// Microseconds a launch, back to back.
    #[serde(flatten)]
    pub both: Both,
    /// Microseconds that it adds between a kernel that writes the scores and one that reads the indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place: Option<Spot>,
    /// Its launches overlap by programmatic dependent launch.
    pub pdl: bool,
}

/// Launches back to back, with a warm L2 cache and with a cold one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Both {
    /// One input, over and over.
    pub warm: Spot,
    /// Inputs in rotation.
    pub cold: Spot,
}

/// Our warm times over the seeds of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seeds {
    /// How many, counted from the first.
    pub count: u64,
    /// Microseconds of the median seed.
    pub median_us: f64,
    /// Microseconds of the slowest.
    pub worst_us: f64,
    /// Which that is.
    pub worst_seed: u64,
    /// The share of seeds that take more than [`Seeds::LEVEL`] times the median.
    pub above: f64,
}

impl Seeds {
    /// So many times the median are level.
    pub const LEVEL: f64 = 1.3;

    /// Of the times of the seeds from 0 on; `None` of less than two.
    pub fn of(us: &[f64]) -> Option<Seeds> {
        let median_us = topkit::measure::Timing::of(us.to_vec()).filter(|_| us.len() > 1)?.median;
        let (worst_seed, &worst_us) =
            us.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        let above = us.iter().filter(|&&us| us > Seeds::LEVEL * median_us).count();
        Some(Seeds {
            count: us.len() as u64,
            median_us,
            worst_us,
            worst_seed: worst_seed as u64,
            above: above as f64 / us.len() as f64,
        })
    }

    /// How many times the median the slowest takes.
    pub fn spread(&self) -> f64 {
        self.worst_us / self.median_us
    }
}

/// Microseconds a launch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spot {
    /// The median of the replays.
    pub us: f64,
    /// The fastest.
    pub least_us: f64,
    /// The slowest.
    pub most_us: f64,
}

/// One of the times of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Between a kernel that writes the scores and one that reads the indices.
    InPlace,
    /// Back to back; the input is in the L2 cache, as far as it fits.
    Warm,
    /// Back to back; the input is not in the L2 cache.
    Cold,
}

/// A number for each measure, in the order of [`Measure::ALL`].
pub type Each<T> = [T; Measure::ALL.len()];

impl Measure {
    /// Every one, in the order of a report.
    pub const ALL: [Measure; 3] = [Measure::InPlace, Measure::Warm, Measure::Cold];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Measure::InPlace => "in place",
            Measure::Warm => "warm",
            Measure::Cold => "cold",
        }
    }

    /// Its name in files.
    pub fn key(self) -> &'static str {
        match self {
            Measure::InPlace => "in_place",
            measure => measure.name(),
        }
    }
}

impl Both {
    /// The median of one of them; none in place.
    pub fn us(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::InPlace => None,
            Measure::Warm => Some(self.warm.us),
            Measure::Cold => Some(self.cold.us),
        }
    }
}

impl Timed {
    /// The median. A difference in place that is not above 0 is no time.
    pub fn us(&self, measure: Measure) -> Option<f64> {
        let in_place = self.in_place.map(|spot| spot.us).filter(|&us| us > 0.0);
        if measure == Measure::InPlace { in_place } else { self.both.us(measure) }
    }
}

impl Entry {
    /// Warm microseconds of the slowest seed, or of the first if no other was measured.
    pub fn worst_us(&self) -> Option<f64> {
        let first = self.ours.us(Measure::Warm)?;
        Some(self.seeds.as_ref().map_or(first, |seeds| seeds.worst_us))
    }

    /// Warm microseconds of the median seed, or of the first if no other was measured.
    pub fn median_us(&self) -> Option<f64> {
        let first = self.ours.us(Measure::Warm)?;
        Some(self.seeds.as_ref().map_or(first, |seeds| seeds.median_us))
    }
}

impl Outcome {
    /// The times, where the answers were right.
    pub fn timed(&self) -> Option<&Timed> {
        match self {
            Outcome::Timed(timed) => Some(timed),
            _ => None,
        }
    }

    /// The median, where the answers were right.
    pub fn us(&self, measure: Measure) -> Option<f64> {
        self.timed()?.us(measure)
    }
}

impl From<topkit::measure::Timing> for Spot {
    fn from(timing: topkit::measure::Timing) -> Spot {
        // A nanosecond is less than the resolution of events.
        let round = |us: f64| (us * 1000.0).round() / 1000.0;
        Spot {
            us: round(timing.median),
            least_us: round(timing.least),
            most_us: round(timing.most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_have_a_median_a_worst_and_a_share_above_it() {
        let mut us = vec![10.0; 22];
        us.extend([31.9, 12.9]);
        let seeds = Seeds::of(&us).unwrap();
        assert_eq!((seeds.count, seeds.median_us, seeds.worst_us), (24, 10.0, 31.9));
        assert_eq!((seeds.worst_seed, seeds.above), (22, 1.0 / 24.0));
        assert!((seeds.spread() - 3.19).abs() < 1e-12);
        assert_eq!((Seeds::of(&[1.0]), Seeds::of(&[])), (None, None));
    }

    #[test]
    fn a_difference_of_nothing_is_no_time() {
        let spot = |us| Spot { us, least_us: us, most_us: us };
        let of = |us| Timed {
            both: Both { warm: spot(1.0), cold: spot(2.0) },
            in_place: Some(spot(us)),
            pdl: false,
        };
        assert_eq!(Measure::ALL.map(|m| of(3.0).us(m)), [Some(3.0), Some(1.0), Some(2.0)]);
        assert_eq!(of(-0.1).us(Measure::InPlace), None);
    }
}

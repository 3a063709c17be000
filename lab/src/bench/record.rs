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
    /// Its outcome.
    pub ours: Outcome,
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
    /// Microseconds a launch.
    #[serde(flatten)]
    pub both: Both,
    /// Its launches overlap by programmatic dependent launch.
    pub pdl: bool,
}

/// With a warm L2 cache, and with a cold one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Both {
    /// One input, over and over.
    pub warm: Spot,
    /// Inputs in rotation.
    pub cold: Spot,
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

/// One of the two states of the L2 cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum L2 {
    /// The input is in it, as far as it fits.
    Warm,
    /// The input is not.
    Cold,
}

impl L2 {
    /// Both.
    pub const ALL: [L2; 2] = [L2::Warm, L2::Cold];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            L2::Warm => "warm",
            L2::Cold => "cold",
        }
    }
}

impl Both {
    /// The median of one of them.
    pub fn us(&self, l2: L2) -> f64 {
        match l2 {
            L2::Warm => self.warm.us,
            L2::Cold => self.cold.us,
        }
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
    pub fn us(&self, l2: L2) -> Option<f64> {
        Some(self.timed()?.both.us(l2))
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

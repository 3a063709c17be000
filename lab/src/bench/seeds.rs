//! The seeds of a cell: our kernels on other scores of the same distribution, warm.
//!
//! A guess that fails for one row in thousands shows in the worst of many seeds, seldom in the first. Cells
//! that share their scores share each seed's too. Every answer is checked; a wrong one makes the cell wrong.
//! The GPU is behind a trait, so that tests need none.

use super::input::{Input, SEED};
use super::record::{Entry, Measure, Outcome, Seeds};
use crate::Error;
use crate::cell::InputKey;

/// The most scores that are made for the seeds of an input: seconds of a host's work.
const SCORES: u64 = 4 << 30;

/// How many seeds a cell has, of so many that were requested: one where no seed changes its scores, and
/// fewer where its scores are too many.
pub fn count(key: &InputKey, requested: u64) -> u64 {
    if !key.dist.is_seeded() {
        return 1;
    }
    let scores = (key.rows as u64 * key.cols as u64).max(1);
    requested.min(SCORES / scores).max(1)
}

/// Runs kernels on the scores of one seed after another.
pub trait Rerun {
    /// Takes the scores of the next seed.
    fn load(&mut self, input: &Input) -> Result<(), Error>;

    /// Checks the kernel of an entry on these scores, and times it: warm microseconds, or the outcome that
    /// is no time.
    fn run(&mut self, place: usize, input: &Input) -> Result<Result<f64, Outcome>, Error>;
}

/// Runs the kernels of cells with the same scores on each further seed, and adds what was found to their
/// entries.
pub fn measure(
    entries: &mut [Entry],
    requested: u64,
    kernels: &mut dyn Rerun,
) -> Result<(), Error> {
    let Some(key) = entries.first().map(|entry| entry.cell.input()) else { return Ok(()) };
    let first = |entry: &Entry| entry.ours.us(Measure::Warm).into_iter().collect();
    let mut times: Vec<Vec<f64>> = entries.iter().map(first).collect();
    for seed in 1..count(&key, requested) {
        let input = Input::make(key, SEED + seed)?;
        kernels.load(&input)?;
        for (place, entry) in entries.iter_mut().enumerate() {
            if entry.ours.timed().is_none() {
                continue;
            }
            match kernels.run(place, &input)? {
                Ok(us) => times[place].push(us),
                Err(outcome) => entry.ours = of_seed(seed, outcome),
            }
        }
    }
    for (entry, times) in entries.iter_mut().zip(times) {
        entry.seeds = Seeds::of(&times).filter(|_| entry.ours.timed().is_some());
    }
    Ok(())
}

fn of_seed(seed: u64, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Wrong { wrong } => Outcome::Wrong { wrong: format!("seed {seed}: {wrong}") },
        Outcome::Failed { failed } => Outcome::Failed { failed: format!("seed {seed}: {failed}") },
        timed => timed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Both, Kernel, Spot, Timed};
    use super::*;
    use crate::{Cell, Distribution, Grid};
    use topkit::DType;

    /// Takes 10 µs, and 40 for one seed; the kernel of place 1 is wrong on another seed.
    struct Fake {
        loaded: u64,
        slow: u64,
        wrong: u64,
    }

    impl Rerun for Fake {
        fn load(&mut self, _: &Input) -> Result<(), Error> {
            self.loaded += 1;
            Ok(())
        }

        fn run(&mut self, place: usize, input: &Input) -> Result<Result<f64, Outcome>, Error> {
            assert_eq!(input.key.cols, 300);
            if place == 1 && self.loaded == self.wrong {
                return Ok(Err(Outcome::Wrong { wrong: "row 0".into() }));
            }
            Ok(Ok(if self.loaded == self.slow { 40.0 } else { 10.0 }))
        }
    }

    fn entry(dist: Distribution, k: u32) -> Entry {
        let spot = Spot { us: 10.0, least_us: 10.0, most_us: 10.0 };
        let both = Both { warm: spot, cold: spot };
        Entry {
            cell: Cell { dist, ..Cell::dense(Grid::Own, DType::F32, (2, 300), k) },
            scores: 600,
            kernel: Kernel { symbol: "k".into(), kind: "k".into(), ctas: 1, workspace_bytes: 0 },
            ours: Outcome::Timed(Timed { both, in_place: None, pdl: false }),
            seeds: None,
            read_once: None,
            peers: Vec::new(),
        }
    }

    #[test]
    fn the_worst_seed_is_found_and_a_wrong_one_has_no_time() {
        let mut entries = [entry(Distribution::Normal, 8), entry(Distribution::Normal, 9)];
        let mut fake = Fake { loaded: 0, slow: 5, wrong: 7 };
        measure(&mut entries, 24, &mut fake).unwrap();
        assert_eq!(fake.loaded, 23);
        let seeds = entries[0].seeds.as_ref().unwrap();
        assert_eq!((seeds.count, seeds.worst_seed, seeds.worst_us), (24, 5, 40.0));
        assert_eq!((seeds.median_us, seeds.above), (10.0, 1.0 / 24.0));
        assert!(entries[1].seeds.is_none());
        let Outcome::Wrong { wrong } = &entries[1].ours else { panic!("{:?}", entries[1].ours) };
        assert_eq!(wrong, "seed 7: row 0");
    }

    #[test]
    fn seeds_are_those_that_change_the_scores_and_fit() {
        let key = |dist, rows, cols| {
            Cell { dist, ..Cell::dense(Grid::Own, DType::F32, (rows, cols), 8) }.input()
        };
        assert_eq!(count(&key(Distribution::Ascending, 1, 8192), 24), 1);
        assert_eq!(count(&key(Distribution::Indexer, 1, 8192), 24), 24);
        assert_eq!(
            count(&key(Distribution::Normal, 1024, 131_072), 24),
            24,
            "the largest of a grid"
        );
        assert_eq!(count(&key(Distribution::Normal, 1 << 14, 1 << 16), 24), 4);
        assert_eq!(count(&key(Distribution::Normal, 1 << 16, 1 << 20), 24), 1);
        let mut entries = [entry(Distribution::Equal, 8)];
        let mut fake = Fake { loaded: 0, slow: 0, wrong: 0 };
        measure(&mut entries, 24, &mut fake).unwrap();
        assert_eq!((fake.loaded, &entries[0].seeds), (0, &None));
    }
}

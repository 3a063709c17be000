//! Measures cells in order and makes the document of a bench.
//!
//! The GPU is behind a trait, so that tests need none. A failed cell is recorded as failed; the bench continues
//! as long as the GPU responds.

use super::clock;
use super::record::{Document, Entry, FORMAT, Machine, Method};
use crate::Error;
use crate::cell::Cell;
use indicatif::ProgressBar;

/// Something that measures cells.
pub trait Meter {
    /// Where it measures.
    fn machine(&self) -> Machine;

    /// How it measures.
    fn method(&self) -> Method;

    /// Measures a cell. A kernel that is wrong or refused is an outcome, not a failure.
    fn measure(&mut self, cell: &Cell) -> Result<Entry, Error>;

    /// Measures cells that share their scores on further seeds, and adds that to their entries.
    fn reseed(&mut self, entries: &mut [Entry]) -> Result<(), Error>;
}

/// Measures every cell. Cells with the same scores follow each other, so that these are made once;
/// the document has them in the order given.
pub fn measure(cells: &[Cell], meter: &mut dyn Meter, progress: &ProgressBar) -> Document {
    let mut document = Document {
        format: FORMAT,
        program: format!("topkit {}", env!("CARGO_PKG_VERSION")),
        date: clock::now(),
        machine: meter.machine(),
        method: meter.method(),
        stopped: None,
        cells: Vec::new(),
    };
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by_key(|&place| first_with_the_same_input(cells, place));
    let mut entries: Vec<Option<Entry>> = vec![None; cells.len()];
    let mut done = 0;
    for group in order.chunk_by(|&one, &other| cells[one].input() == cells[other].input()) {
        let mut found: Vec<Entry> = Vec::new();
        let measured = group.iter().try_for_each(|&place| {
            progress.set_message(cells[place].to_string());
            found.push(meter.measure(&cells[place])?);
            progress.inc(1);
            Ok::<_, Error>(())
        });
        let at = done + found.len();
        // A GPU that is gone during the seeds leaves the times of the first one.
        let measured = measured.and_then(|()| meter.reseed(&mut found));
        let of_group = found.len();
        for (&place, entry) in group.iter().zip(found) {
            entries[place] = Some(entry);
        }
        if let Err(failure) = measured {
            let (left, place) = (cells.len() - at, group[of_group.min(group.len() - 1)]);
            document.stopped = Some(format!("at {}, with {left} left: {failure}", cells[place]));
            break;
        }
        done += group.len();
    }
    document.cells = entries.into_iter().flatten().collect();
    document
}

fn first_with_the_same_input(cells: &[Cell], place: usize) -> usize {
    cells.iter().position(|cell| cell.input() == cells[place].input()).unwrap_or(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;
    use crate::bench::record::{Kernel, Outcome};
    use std::collections::HashSet;

    struct Mock {
        asked: Vec<Cell>,
        groups: Vec<usize>,
        dies_after: usize,
        seeds_die_after: usize,
    }

    fn mock(dies_after: usize, seeds_die_after: usize) -> Mock {
        Mock { asked: Vec::new(), groups: Vec::new(), dies_after, seeds_die_after }
    }

    impl Meter for Mock {
        fn machine(&self) -> Machine {
            Machine {
                device: "Mock".into(),
                arch: "sm_90a".into(),
                multiprocessors: 1,
                l2_bytes: 1,
                memory_bytes: 1,
                driver: None,
                cuda: "13.0".into(),
                nvrtc: "13.0".into(),
            }
        }

        fn method(&self) -> Method {
            let text = "none".into();
            let (launches, replays, cold_bytes, flushed) = (1, 1, 1, false);
            Method { text, launches, replays, cold_bytes, flushed, pairs: 1, seeds: 1 }
        }

        fn measure(&mut self, cell: &Cell) -> Result<Entry, Error> {
            if self.asked.len() == self.dies_after {
                return Err(Error::Environment("the GPU is gone".to_owned()));
            }
            self.asked.push(*cell);
            Ok(Entry {
                cell: *cell,
                scores: 1,
                kernel: Kernel {
                    symbol: "k".into(),
                    kind: "k".into(),
                    ctas: 1,
                    workspace_bytes: 0,
                },
                ours: Outcome::Wrong { wrong: "row 0".into() },
                seeds: None,
                read_once: None,
                peers: Vec::new(),
            })
        }

        fn reseed(&mut self, entries: &mut [Entry]) -> Result<(), Error> {
            self.groups.push(entries.len());
            if self.groups.len() > self.seeds_die_after {
                return Err(Error::Environment("the GPU is gone".to_owned()));
            }
            Ok(())
        }
    }

    #[test]
    fn scores_are_made_once_and_the_order_is_kept() {
        let cells = Grid::Seed.cells();
        let mut mock = mock(usize::MAX, usize::MAX);
        let document = measure(&cells, &mut mock, &ProgressBar::hidden());
        let order: Vec<Cell> = document.cells.iter().map(|entry| entry.cell).collect();
        assert_eq!((order, document.stopped), (cells, None));
        let mut inputs = Vec::new();
        for cell in &mock.asked {
            if inputs.last() != Some(&cell.input()) {
                inputs.push(cell.input());
            }
        }
        assert_eq!(inputs.iter().collect::<HashSet<_>>().len(), inputs.len());
        assert_eq!(inputs.len(), 36);
        assert_eq!(mock.groups, [3; 36], "the three k of a shape share their seeds");
    }

    #[test]
    fn a_gpu_that_is_gone_during_the_seeds_leaves_the_first_times() {
        let document =
            measure(&Grid::Seed.cells(), &mut mock(usize::MAX, 2), &ProgressBar::hidden());
        assert_eq!(document.cells.len(), 9);
        assert!(document.stopped.unwrap().contains("with 99 left: the GPU is gone"));
    }

    #[test]
    fn a_gpu_that_is_gone_leaves_what_was_measured() {
        let cells = Grid::Dist.cells();
        let mut mock = mock(3, usize::MAX);
        let document = measure(&cells, &mut mock, &ProgressBar::hidden());
        assert_eq!(document.cells.len(), 3);
        let stopped = document.stopped.unwrap();
        assert!(stopped.contains("with 37 left: the GPU is gone"), "{stopped}");
    }
}

//! Compares our kernel with the best peer of each cell: the fastest exact peer of the table or of this run.
//!
//! A ratio above 1 says how many times as fast our kernel is. A cell without a right answer of our kernel or
//! without a peer has no ratio; such cells are counted and reported. Another build of this library is no peer:
//! [`super::builds`] compares with it.

use super::builds;
use super::record::{Document, Each, Entry, Measure};
use super::table::Table;
use crate::Grid;
use serde_json::{Value, json};

/// An entry with the best peer in each measure.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Ours.
    pub entry: &'a Entry,
    best: Each<Option<Best>>,
}

/// The fastest exact peer of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// Microseconds a launch.
    pub us: f64,
    /// Its name.
    pub name: String,
}

/// Every entry of a document with its best peers.
pub fn pairs<'a>(document: &'a Document, table: Option<&Table>) -> Vec<Pair<'a>> {
    let pair = |entry: &'a Entry| Pair {
        entry,
        best: Measure::ALL.map(|measure| best(entry, table, measure)),
    };
    document.cells.iter().map(pair).collect()
}

fn best(entry: &Entry, table: Option<&Table>, measure: Measure) -> Option<Best> {
    let listed = table.and_then(|table| table.find(&entry.cell)?.best(measure));
    let here = entry.peers.iter().filter(|peer| !builds::is_build(&peer.name)).filter_map(|peer| {
        Some(Best { us: peer.outcome.us(measure)?, name: format!("{} (this run)", peer.name) })
    });
    here.chain(listed).min_by(|a, b| a.us.total_cmp(&b.us))
}

impl Pair<'_> {
    /// The best peer.
    pub fn best(&self, measure: Measure) -> Option<&Best> {
        self.best[measure as usize].as_ref()
    }

    /// How many times as fast as the best peer ours is.
    pub fn ratio(&self, measure: Measure) -> Option<f64> {
        Some(self.best(measure)?.us / self.entry.ours.us(measure)?)
    }

    /// How many times the read-once floor ours takes.
    pub fn above_floor(&self, measure: Measure) -> Option<f64> {
        Some(self.entry.ours.us(measure)? / self.entry.read_once?.us(measure)?)
    }
}

/// The ratios of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The grid.
    pub grid: Grid,
    /// Which of the times.
    pub measure: Measure,
    /// Cells measured.
    pub cells: usize,
    /// Cells with a ratio.
    pub compared: usize,
    /// Cells under the target.
    pub under: usize,
    /// The geometric mean of the ratios.
    pub mean: f64,
    /// The least ratio.
    pub least: f64,
}

/// The scores of every grid that has a ratio.
pub fn scores(pairs: &[Pair<'_>], target: f64) -> Vec<Score> {
    let grids = Grid::ALL.iter().flat_map(|&grid| Measure::ALL.map(|measure| (grid, measure)));
    let score = |(grid, measure)| {
        let of_grid = || pairs.iter().filter(|pair| pair.entry.cell.grid == grid);
        let ratios: Vec<f64> = of_grid().filter_map(|pair| pair.ratio(measure)).collect();
        Some(Score {
            grid,
            measure,
            cells: of_grid().count(),
            compared: ratios.len(),
            under: ratios.iter().filter(|&&ratio| ratio < target).count(),
            mean: geometric_mean(ratios.iter().copied())?,
            least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
        })
    };
    grids.filter_map(score).collect()
}

/// The geometric mean; `None` of nothing.
pub fn geometric_mean(numbers: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = numbers.fold((0.0, 0u32), |(sum, count), n| (sum + n.ln(), count + 1));
    (count > 0).then(|| (sum / f64::from(count)).exp())
}

/// The comparison, for programs.
pub fn json(pairs: &[Pair<'_>], target: f64, table: Option<&Table>) -> Value {
    let scores = scores(pairs, target).into_iter().map(|score| {
        json!({
            "grid": score.grid, "measure": score.measure.key(), "cells": score.cells,
            "compared": score.compared, "under_target": score.under,
            "geometric_mean": score.mean, "least": score.least,
        })
    });
    let cells = pairs.iter().map(|pair| {
        let side = |measure| {
            let best = pair.best(measure)?;
            Some(json!({ "best": best.name, "best_us": best.us, "ratio": pair.ratio(measure) }))
        };
        let mut cell = json!({ "cell": pair.entry.cell.to_string() });
        for measure in Measure::ALL {
            cell[measure.key()] = json!(side(measure));
        }
        cell
    });
    json!({
        "table": table.map(|table| json!({ "device": table.device, "method": table.method })),
        "target": target,
        "grids": scores.collect::<Vec<_>>(),
        "cells": cells.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_geometric_mean_of_a_number_and_its_inverse_is_one() {
        let mean = geometric_mean([4.0, 0.25, 1.0].into_iter()).unwrap();
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
        assert_eq!(geometric_mean(std::iter::empty()), None);
    }
}

//! Compares our kernel with the best peer of each cell: the fastest exact peer of the table or of this run.
//!
//! A ratio above 1 says how many times as fast our kernel is. A cell without a right answer of our kernel or
//! without a peer has no ratio; such cells are counted and reported.

use super::record::{Document, Entry, L2};
use super::table::Table;
use crate::Grid;
use serde_json::{Value, json};

/// An entry with the best peer of each state of the L2 cache.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Ours.
    pub entry: &'a Entry,
    best: [Option<Best>; 2],
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
    let pair = |entry: &'a Entry| Pair { entry, best: L2::ALL.map(|l2| best(entry, table, l2)) };
    document.cells.iter().map(pair).collect()
}

fn best(entry: &Entry, table: Option<&Table>, l2: L2) -> Option<Best> {
    let listed = table.and_then(|table| table.find(&entry.cell)).map(|row| match l2 {
        L2::Warm => Best { us: row.best_warm_us, name: row.best_warm.clone() },
        L2::Cold => Best { us: row.best_cold_us, name: row.best_cold.clone() },
    });
    let here = entry.peers.iter().filter_map(|peer| {
        Some(Best { us: peer.outcome.us(l2)?, name: format!("{} (this run)", peer.name) })
    });
    here.chain(listed).min_by(|a, b| a.us.total_cmp(&b.us))
}

impl Pair<'_> {
    /// The best peer.
    pub fn best(&self, l2: L2) -> Option<&Best> {
        self.best[l2 as usize].as_ref()
    }

    /// How many times as fast as the best peer ours is.
    pub fn ratio(&self, l2: L2) -> Option<f64> {
        Some(self.best(l2)?.us / self.entry.ours.us(l2)?)
    }

    /// How many times the read-once floor ours takes.
    pub fn above_floor(&self, l2: L2) -> Option<f64> {
        Some(self.entry.ours.us(l2)? / self.entry.read_once?.us(l2))
    }
}

/// The ratios of a grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The grid.
    pub grid: Grid,
    /// The state of the L2 cache.
    pub l2: L2,
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
    let grids = Grid::ALL.iter().flat_map(|&grid| L2::ALL.map(|l2| (grid, l2)));
    let score = |(grid, l2)| {
        let of_grid = || pairs.iter().filter(|pair| pair.entry.cell.grid == grid);
        let ratios: Vec<f64> = of_grid().filter_map(|pair| pair.ratio(l2)).collect();
        Some(Score {
            grid,
            l2,
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
            "grid": score.grid, "l2": score.l2.name(), "cells": score.cells,
            "compared": score.compared, "under_target": score.under,
            "geometric_mean": score.mean, "least": score.least,
        })
    });
    let cells = pairs.iter().map(|pair| {
        let side = |l2| {
            let best = pair.best(l2)?;
            Some(json!({ "best": best.name, "best_us": best.us, "ratio": pair.ratio(l2) }))
        };
        let cell = &pair.entry.cell;
        json!({ "cell": cell.to_string(), "warm": side(L2::Warm), "cold": side(L2::Cold) })
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

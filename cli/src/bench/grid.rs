//! The grids: which cells are measured, as data.
//!
//! `seed`, `wide` and `dist` are the cells of published tables, so that `--against` finds them;
//! the others ask what those do not. It holds no times.

use super::cell::{Cell, Lengths};
use super::input;
use super::spread::Spread;
use serde::{Deserialize, Serialize};
use topkit::DType;

/// A table of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grid {
    /// Few rows, the shapes of an indexer.
    Seed,
    /// Many rows, samplers, and rows of millions.
    Wide,
    /// Distributions at 128K columns.
    Dist,
    /// The same shapes under distributions that hurt these kernels.
    Harsh,
    /// The shapes of `seed` in f16, for the headline.
    Headline,
    /// Rows of many lengths, and the same work dense.
    Ragged,
    /// Cells of the command line.
    #[serde(rename = "cell")]
    Own,
}

const KS: [u32; 3] = [512, 1024, 2048];
const SEED_ROWS: [usize; 3] = [1, 8, 32];
const SEED_COLS: [usize; 6] = [8192, 16384, 32768, 65536, 131_072, 256_000];
const BOTH: [DType; 2] = [DType::F32, DType::Bf16];

impl Grid {
    /// Those that can be asked for by name.
    pub const NAMED: &'static [Grid] =
        &[Grid::Seed, Grid::Wide, Grid::Dist, Grid::Harsh, Grid::Ragged];

    /// Every one, in the order of a report.
    pub const ALL: [Grid; 7] =
        [Grid::Seed, Grid::Wide, Grid::Dist, Grid::Harsh, Grid::Headline, Grid::Ragged, Grid::Own];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Grid::Seed => "seed",
            Grid::Wide => "wide",
            Grid::Dist => "dist",
            Grid::Harsh => "harsh",
            Grid::Headline => "headline",
            Grid::Ragged => "ragged",
            Grid::Own => "cell",
        }
    }

    /// Its cells; none for the cells of the command line.
    pub fn cells(self) -> Vec<Cell> {
        match self {
            Grid::Seed => seed(Grid::Seed, &BOTH),
            Grid::Headline => seed(Grid::Headline, &[DType::F16]),
            Grid::Wide => wide(),
            Grid::Dist => spreads(Grid::Dist, Spread::PUBLISHED),
            Grid::Harsh => spreads(Grid::Harsh, Spread::HARSH),
            Grid::Ragged => ragged(),
            Grid::Own => Vec::new(),
        }
    }
}

fn seed(grid: Grid, dtypes: &[DType]) -> Vec<Cell> {
    product(grid, dtypes, &KS, &SEED_ROWS, &SEED_COLS)
}

fn wide() -> Vec<Cell> {
    let of = |dtypes, ks, rows, cols| product(Grid::Wide, dtypes, ks, rows, cols);
    let batches: [usize; 4] = [64, 128, 256, 1024];
    let mut cells = of(&BOTH, &[512, 2048], &batches, &[8192, 32768, 131_072]);
    // A sampler over a vocabulary.
    cells.extend(of(&[DType::F32], &[64], &[1, 16, 64, 256], &[129_280]));
    cells.extend(of(&[DType::F32], &[512], &[1, 16, 64, 256], &[129_280]));
    // One huge row.
    cells.extend(of(&BOTH, &[128, 2048], &[1], &[1 << 20, 1 << 24]));
    cells
}

fn spreads(grid: Grid, spreads: &[Spread]) -> Vec<Cell> {
    let shapes = product(grid, &BOTH, &[512, 2048], &[1, 32], &[131_072]);
    let spread = |cell: Cell| spreads.iter().map(move |&dist| Cell { dist, ..cell });
    shapes.into_iter().flat_map(spread).collect()
}

/// Each ragged cell, and after it the same work dense: as many rows, all of the mean length.
fn ragged() -> Vec<Cell> {
    let (rows, most) = (64, 131_072);
    let shapes = product(Grid::Ragged, &BOTH, &[512, 2048], &[rows], &[most]);
    let total: usize =
        input::lengths(rows, most).iter().map(|&length| usize::try_from(length).unwrap_or(0)).sum();
    // A row that keeps 16-byte loads aligned, as a caller who can choose would make it.
    const STEP: usize = 64;
    let mean = (total / rows).next_multiple_of(STEP);
    let pair =
        |cell: Cell| [Cell { lengths: Lengths::Uniform, ..cell }, Cell { cols: mean, ..cell }];
    shapes.into_iter().flat_map(pair).collect()
}

fn product(grid: Grid, dtypes: &[DType], ks: &[u32], rows: &[usize], cols: &[usize]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (&dtype, &k) in dtypes.iter().flat_map(|dtype| ks.iter().map(move |k| (dtype, k))) {
        for (&rows, &cols) in rows.iter().flat_map(|rows| cols.iter().map(move |cols| (rows, cols)))
        {
            cells.push(Cell::dense(grid, dtype, (rows, cols), k));
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_grids_have_the_cells_of_the_published_tables() {
        let count = |grid: Grid| grid.cells().len();
        assert_eq!([Grid::Seed, Grid::Wide, Grid::Dist].map(count), [108, 64, 40]);
        assert_eq!([Grid::Harsh, Grid::Headline, Grid::Ragged].map(count), [32, 54, 8]);
        let wide = Grid::Wide.cells();
        let of = |dtype| wide.iter().filter(|cell| cell.dtype == dtype).count();
        assert_eq!((of(DType::Bf16), of(DType::F32)), (28, 36));
    }

    #[test]
    fn no_cell_is_there_twice() {
        let all: Vec<Cell> = Grid::ALL.iter().flat_map(|grid| grid.cells()).collect();
        let unique: HashSet<Cell> = all.iter().copied().collect();
        assert_eq!(unique.len(), all.len());
    }

    #[test]
    fn a_ragged_cell_and_its_twin_have_as_many_scores() {
        for pair in Grid::Ragged.cells().chunks(2) {
            let [ragged, dense] = pair else { panic!("an odd number of cells") };
            let lengths = input::lengths(ragged.rows, ragged.cols);
            let scores: i64 = lengths.iter().map(|&length| i64::from(length)).sum();
            let dense = (dense.rows * dense.cols) as i64;
            assert!((0..=64 * 64).contains(&(dense - scores)), "{dense} against {scores}");
        }
    }
}

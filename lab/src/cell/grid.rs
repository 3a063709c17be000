//! The grids: lists of cells to measure, as data.
//!
//! `seed`, `wide`, `dist` and `small` have the cells of published tables, so that `--against` finds them. A shipped table
//! is made from `odd` and `all`. The other grids have further problems. There are no times here.

use super::ragged::{MIXES, with_parts};
use super::{Cell, Lengths};
use crate::Distribution;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use topkit::{DType, Problem};

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
    /// The same shapes under distributions that are hard for these kernels.
    Harsh,
    /// The shapes of `seed` in f16, for the headline.
    Headline,
    /// Mixes of ragged rows, and the parts that they are compared with.
    Ragged,
    /// Routers and samplers.
    Small,
    /// Shapes at which one row's failed guess once cost the launch, normal and as an indexer scores.
    Level,
    /// Every shape of `seed` and `wide`, under every distribution of a bench.
    Spread,
    /// Rows that are ragged, or less aligned than loads; and batches of ragged ones.
    Odd,
    /// The problems of a shipped table with dense and aligned rows.
    All,
    /// Cells of the command line.
    #[serde(rename = "cell")]
    Own,
}

const BOTH: [DType; 2] = [DType::F32, DType::Bf16];
const INDEXER: [u32; 3] = [512, 1024, 2048];
const SEED_ROWS: [usize; 3] = [1, 8, 32];
const SEED_COLS: [usize; 6] = [8192, 16384, 32768, 65536, 131_072, 256_000];
/// With one k that filters do not serve.
const KS: [u32; 5] = [64, 512, 1024, 2048, 4096];
const ROWS: [usize; 10] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024];
const COLS: [usize; 8] = [4096, 8192, 16384, 32768, 65536, 131_072, 262_144, 1 << 20];
/// The most scores of a problem of the grids that ship.
const SCORES: usize = 128 << 20;
/// The distributions of published tables.
const PUBLISHED: [Distribution; 5] = [
    Distribution::Normal,
    Distribution::Uniform,
    Distribution::Ascending,
    Distribution::Equal,
    Distribution::FewBits,
];
/// The distributions that are hard for these kernels.
const HARSH: [Distribution; 9] = [
    Distribution::Narrow,
    Distribution::Blocks,
    Distribution::HeavyTail,
    Distribution::TwoValues,
    Distribution::Distinct64,
    Distribution::Indexer,
    Distribution::Ramp,
    Distribution::Collide,
    Distribution::Runs,
];
/// Rows, columns and k of the grid `level`.
const LEVEL: [(usize, usize, u32); 5] = [
    (1024, 32768, 2048),
    (32, 256_000, 512),
    (1, 1 << 20, 2048),
    (32, 131_072, 2048),
    (1, 131_072, 512),
];

impl Grid {
    /// The grids that a bench measures by name.
    pub const BENCH: &'static [Grid] = &[
        Grid::Seed,
        Grid::Wide,
        Grid::Dist,
        Grid::Harsh,
        Grid::Ragged,
        Grid::Small,
        Grid::Level,
        Grid::Spread,
    ];

    /// The grids that a tuning measures by name.
    pub const TUNE: &'static [Grid] = &[Grid::Seed, Grid::Wide, Grid::Odd, Grid::All];

    /// Every one, in the order of a report.
    pub const ALL: [Grid; 12] = [
        Grid::Seed,
        Grid::Wide,
        Grid::Dist,
        Grid::Harsh,
        Grid::Headline,
        Grid::Ragged,
        Grid::Small,
        Grid::Level,
        Grid::Spread,
        Grid::Odd,
        Grid::All,
        Grid::Own,
    ];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Grid::Seed => "seed",
            Grid::Wide => "wide",
            Grid::Dist => "dist",
            Grid::Harsh => "harsh",
            Grid::Headline => "headline",
            Grid::Ragged => "ragged",
            Grid::Small => "small",
            Grid::Level => "level",
            Grid::Spread => "spread",
            Grid::Odd => "odd",
            Grid::All => "all",
            Grid::Own => "cell",
        }
    }

    /// Its cells; none for the cells of the command line.
    pub fn cells(self) -> Vec<Cell> {
        match self {
            Grid::Seed => seed(Grid::Seed, &BOTH),
            Grid::Headline => seed(Grid::Headline, &[DType::F16]),
            Grid::Wide => wide(),
            Grid::Dist => distributions(Grid::Dist, &PUBLISHED),
            Grid::Harsh => distributions(Grid::Harsh, &HARSH),
            Grid::Ragged => ragged(),
            Grid::Small => small(),
            Grid::Level => level(),
            Grid::Spread => spread(),
            Grid::Odd => odd(),
            Grid::All => all(),
            Grid::Own => Vec::new(),
        }
    }
}

fn seed(grid: Grid, dtypes: &[DType]) -> Vec<Cell> {
    product(grid, dtypes, &INDEXER, &SEED_ROWS, &SEED_COLS)
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

fn distributions(grid: Grid, distributions: &[Distribution]) -> Vec<Cell> {
    under(product(grid, &BOTH, &[512, 2048], &[1, 32], &[131_072]), distributions)
}

/// Each cell under each distribution.
fn under(shapes: Vec<Cell>, distributions: &[Distribution]) -> Vec<Cell> {
    let each = |cell: Cell| distributions.iter().map(move |&dist| Cell { dist, ..cell });
    shapes.into_iter().flat_map(each).collect()
}

/// Each mix of ragged rows, with its parts after it.
fn ragged() -> Vec<Cell> {
    let shapes = product(Grid::Ragged, &BOTH, &[512, 2048], &[64, 128, 256, 512], &[131_072]);
    let mix = |cell: Cell| MIXES.into_iter().map(move |lengths| Cell { lengths, ..cell });
    with_parts(shapes.into_iter().flat_map(mix))
}

fn small() -> Vec<Cell> {
    let of = |ks, rows, cols| product(Grid::Small, &BOTH, ks, rows, cols);
    let mut cells = of(&[8], &[1, 128, 1024, 16384], &[128, 256, 512]);
    cells.extend(of(&[1, 20, 64, 256], &[1, 16, 128], &[32000, 151_936, 262_144]));
    cells
}

fn level() -> Vec<Cell> {
    let shape = |dtype| {
        LEVEL.iter().map(move |&(rows, cols, k)| Cell::dense(Grid::Level, dtype, (rows, cols), k))
    };
    let shapes = BOTH.into_iter().flat_map(shape).collect();
    under(shapes, &[Distribution::Normal, Distribution::Indexer])
}

/// The dtypes of the large grids. Cells of others are named one by one.
const DTYPES: [DType; 3] = [DType::F32, DType::Bf16, DType::F16];

fn spread() -> Vec<Cell> {
    let all: Vec<Distribution> = PUBLISHED.into_iter().chain(HARSH).collect();
    let shapes = [Grid::Seed, Grid::Wide].into_iter().flat_map(Grid::cells);
    under(shapes.map(|cell| Cell { grid: Grid::Spread, ..cell }).collect(), &all)
}

fn odd() -> Vec<Cell> {
    let of = |rows: &[usize], cols: &[usize]| product(Grid::Odd, &DTYPES, &[512, 2048], rows, cols);
    let mut dense = of(&[1, 8, 32, 128], &[8192, 32768, 131_072, 1 << 20]);
    dense.retain(|cell| cell.rows * cell.cols <= SCORES);
    let ragged = |cell: Cell| Cell { lengths: Lengths::Uniform, ..cell };
    let layouts = dense.iter().flat_map(|&cell| [ragged(cell), Cell { unaligned: true, ..cell }]);
    // Plans measured on dense rows are slower here, because short rows end early.
    let batches = of(&[64, 256, 512], &[32768, 131_072]).into_iter().map(ragged);
    layouts.chain(batches).collect()
}

fn all() -> Vec<Cell> {
    let mut cells = product(Grid::All, &DTYPES, &KS, &ROWS, &COLS);
    cells.extend(product(Grid::All, &DTYPES, &KS, &[1], &[1 << 24]));
    // All of a row is no selection.
    cells.retain(|cell| cell.rows * cell.cols <= SCORES && (cell.k as usize) < cell.cols);
    cells
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

/// The problems of some grids and cells, each once, in the order of a tuning: problems with the same
/// scores follow each other.
pub fn problems(grids: &[Grid], cells: &[Cell]) -> Vec<Problem> {
    let of_grids = grids.iter().flat_map(|grid| grid.cells());
    let mut all: Vec<Problem> =
        of_grids.chain(cells.iter().copied()).map(|cell| cell.problem()).collect();
    all.sort_by_key(|&Problem { dtype, rows, columns, k, vec_size, ragged, .. }| {
        (dtype, columns, rows, ragged, Reverse(vec_size), k)
    });
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_grids_have_the_cells_of_the_published_tables() {
        let count = |grid: Grid| grid.cells().len();
        assert_eq!([Grid::Seed, Grid::Wide, Grid::Dist].map(count), [108, 64, 40]);
        assert_eq!([Grid::Harsh, Grid::Headline, Grid::Small].map(count), [72, 54, 96]);
        assert_eq!([Grid::Level, Grid::Spread].map(count), [20, (108 + 64) * 14]);
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
    fn a_tuning_has_as_many_problems_as_it_should() {
        let count = |grid| problems(&[grid], &[]).len();
        assert_eq!((count(Grid::Seed), count(Grid::Wide)), (108, 64));
        // 16 shapes with 2 k, in 3 types and 2 layouts, and 6 that are ragged alone.
        assert_eq!(count(Grid::Odd), 16 * 2 * 3 * 2 + 6 * 2 * 3);
        // 77 shapes in 3 types at 5 k, and one more; of 4096 columns, 4096 are no selection.
        assert_eq!(count(Grid::All), 3 * (77 * 5 + 5 - 10));
        let all = problems(&[Grid::All, Grid::All, Grid::Seed], &[]);
        assert_eq!(all.len(), count(Grid::All) + 2 * 3 * 3);
    }

    #[test]
    fn batches_of_ragged_rows_are_measured_and_not_less_aligned() {
        let odd = problems(&[Grid::Odd], &[]);
        for (dtype, columns) in DTYPES.iter().flat_map(|t| [32768, 131_072].map(|c| (t, c))) {
            for k in [512, 2048] {
                for rows in [64, 256, 512] {
                    let dense = Problem::new(*dtype, rows, columns, k);
                    let (mut ragged, mut unaligned) = (dense, dense);
                    (ragged.ragged, unaligned.vec_size) = (true, 1);
                    assert!(odd.contains(&ragged) && !odd.contains(&unaligned), "{dense}");
                }
            }
        }
    }

    #[test]
    fn problems_of_the_same_scores_follow_each_other() {
        let mut seen = Vec::new();
        for Problem { dtype, columns, .. } in problems(&[Grid::All, Grid::Wide], &[]) {
            if seen.last() != Some(&(dtype, columns)) {
                assert!(!seen.contains(&(dtype, columns)), "{dtype} {columns} again");
                seen.push((dtype, columns));
            }
        }
    }
}

//! The problems that are tuned for: grids of them by name, and single ones.
//!
//! They stand in the order in which they are measured: those that read the same scores follow each
//! other. Nothing is measured here.

use clap::builder::PossibleValue;
use std::cmp::Reverse;
use topkit::{DType, Problem};

/// Problems by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Few rows, the shapes of an indexer.
    Seed,
    /// Many rows, samplers, and rows of millions.
    Wide,
    /// Rows that are ragged, or less aligned than loads; and batches of ragged ones.
    Odd,
    /// What a table that ships is made of, with usual rows.
    All,
}

const BOTH: &[DType] = &[DType::F32, DType::Bf16];
const INDEXER: &[u32] = &[512, 1024, 2048];
/// With one k that filters do not serve.
const KS: &[u32] = &[64, 512, 1024, 2048, 4096];
const ROWS: &[usize] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 1024];
const COLUMNS: &[usize] = &[4096, 8192, 16384, 32768, 65536, 131_072, 262_144, 1 << 20];
/// The most scores of a problem of the grid that ships.
const SCORES: usize = 128 << 20;

impl clap::ValueEnum for Grid {
    fn value_variants<'a>() -> &'a [Grid] {
        &[Grid::Seed, Grid::Wide, Grid::Odd, Grid::All]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Grid::Seed => "seed",
            Grid::Wide => "wide",
            Grid::Odd => "odd",
            Grid::All => "all",
        }))
    }
}

impl Grid {
    fn problems(self) -> Vec<Problem> {
        match self {
            Grid::Seed => {
                product(BOTH, &[1, 8, 32], &[8192, 16384, 32768, 65536, 131_072, 256_000], INDEXER)
            }
            Grid::Wide => {
                let batches = [64, 128, 256, 1024];
                let mut all = product(BOTH, &batches, &[8192, 32768, 131_072], &[512, 2048]);
                all.extend(product(&[DType::F32], &[1, 16, 64, 256], &[129_280], &[64, 512]));
                all.extend(product(BOTH, &[1], &[1 << 20, 1 << 24], &[128, 2048]));
                all
            }
            Grid::Odd => {
                let columns = [8192, 32768, 131_072, 1 << 20];
                let mut usual = product(&DType::ALL, &[1, 8, 32, 128], &columns, &[512, 2048]);
                usual.retain(|problem| problem.rows * problem.columns <= SCORES);
                let layouts = usual.iter().flat_map(|&problem| {
                    let (mut ragged, mut unaligned) = (problem, problem);
                    (ragged.ragged, unaligned.vec_size) = (true, 1);
                    [ragged, unaligned]
                });
                // Plans by dense rows take what is slower here: short rows end early.
                let mut batches = product(&DType::ALL, &[64], &[32768, 131_072], &[512, 2048]);
                batches.iter_mut().for_each(|batch| batch.ragged = true);
                layouts.chain(batches).collect()
            }
            Grid::All => {
                let mut all = product(&DType::ALL, ROWS, COLUMNS, KS);
                all.extend(product(&DType::ALL, &[1], &[1 << 24], KS));
                all.retain(|problem| {
                    // All of a row is no selection.
                    problem.rows * problem.columns <= SCORES
                        && (problem.k as usize) < problem.columns
                });
                all
            }
        }
    }
}

fn product(dtypes: &[DType], rows: &[usize], columns: &[usize], ks: &[u32]) -> Vec<Problem> {
    let mut all = Vec::new();
    for &dtype in dtypes {
        for &columns in columns {
            for &rows in rows {
                all.extend(ks.iter().map(|&k| Problem::new(dtype, rows, columns, k)));
            }
        }
    }
    all
}

/// The problems of some grids and cells, each once, in the order in which to measure them.
pub fn problems(grids: &[Grid], cells: &[Problem]) -> Vec<Problem> {
    let mut all: Vec<Problem> = grids.iter().flat_map(|grid| grid.problems()).collect();
    all.extend(cells);
    all.sort_by_key(|&Problem { dtype, rows, columns, k, vec_size, ragged, .. }| {
        (dtype, columns, rows, ragged, Reverse(vec_size), k)
    });
    all.dedup();
    all
}

/// `bf16,32,131072,512`, with `ragged` or `unaligned` or both behind it.
pub fn cell(text: &str) -> Result<Problem, String> {
    let parse = || {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [dtype, rows, columns, k, ref layout @ ..] = fields[..] else { return None };
        let size = |text: &str| text.parse().ok().filter(|size: &usize| *size > 0);
        let (rows, columns, k) = (size(rows)?, size(columns)?, u32::try_from(size(k)?).ok()?);
        // The bytes and the indices stay far from overflow.
        let (wide, most) = (i32::MAX as usize, 1usize << 40);
        let sane =
            rows <= wide && columns <= wide && rows.checked_mul(columns.max(k as usize))? <= most;
        let mut problem = Problem::new(DType::from_name(dtype)?, rows, columns, k);
        for word in layout {
            match *word {
                "ragged" => problem.ragged = true,
                "unaligned" => problem.vec_size = 1,
                _ => return None,
            }
        }
        (sane && k <= MOST_K).then_some(problem)
    };
    parse().ok_or_else(|| {
        let dtypes = DType::ALL.map(DType::name).join(", ");
        format!("write DTYPE,ROWS,COLUMNS,K, like bf16,32,131072,512, and `,ragged` or `,unaligned` behind it where rows are so; dtypes are {dtypes}, k is at most {MOST_K}")
    })
}

/// The greatest k that is tuned for.
pub const MOST_K: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grids_are_as_large_as_they_should_be() {
        let count = |grid| problems(&[grid], &[]).len();
        assert_eq!((count(Grid::Seed), count(Grid::Wide)), (108, 64));
        // 16 shapes with 2 k, in 3 types and 2 layouts, and 2 that are ragged alone.
        assert_eq!(count(Grid::Odd), 16 * 2 * 3 * 2 + 2 * 2 * 3);
        // 77 shapes in 3 types at 5 k, and one more; of 4096 columns, 4096 are no selection.
        assert_eq!(count(Grid::All), 3 * (77 * 5 + 5 - 10));
        let all = problems(&[Grid::All, Grid::All, Grid::Seed], &[]);
        assert_eq!(all.len(), count(Grid::All) + 2 * 3 * 3);
    }

    #[test]
    fn batches_of_ragged_rows_are_measured_and_not_less_aligned() {
        let odd = problems(&[Grid::Odd], &[]);
        for (dtype, columns) in DType::ALL.iter().flat_map(|t| [32768, 131_072].map(|c| (t, c))) {
            for k in [512, 2048] {
                let dense = Problem::new(*dtype, 64, columns, k);
                let (mut ragged, mut unaligned) = (dense, dense);
                (ragged.ragged, unaligned.vec_size) = (true, 1);
                assert!(odd.contains(&ragged) && !odd.contains(&unaligned), "{dense}");
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

    #[test]
    fn cells_are_four_fields() {
        assert_eq!(cell("bf16, 32,131072,512"), Ok(Problem::new(DType::Bf16, 32, 131_072, 512)));
        let odd = cell("f32,1,8192,64,ragged,unaligned").unwrap();
        assert_eq!((odd.ragged, odd.vec_size, odd.columns), (true, 1, 8192));
        for text in [
            "",
            "f32,1,8,1,odd",
            "bf16,1,8",
            "f64,1,8,1",
            "f32,0,8,1",
            "f32,1,8,1,2",
            "f32,1,8,9999999",
        ] {
            assert!(cell(text).unwrap_err().contains("bf16,32,131072,512"), "{text}");
        }
    }
}

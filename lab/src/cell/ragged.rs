//! What a mix of ragged rows is compared with: cells whose work the mix has in it.
//!
//! A mix should take no longer than the most of its parts: a long row alone, the other rows as a batch, or
//! as many dense rows of the mean length.

use super::lengths::{Lengths, SHORT, long_rows};
use super::{Cell, Grid};

/// A dense row keeps 16-byte loads aligned, as a caller who can choose would make it.
const STEP: usize = 64;

/// A cell to compare a mix with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What it is of the mix.
    pub what: &'static str,
    /// The cell, in the mix's grid.
    pub cell: Cell,
}

/// The parts of a ragged cell; none of a dense one.
pub fn parts(mix: &Cell) -> Vec<Part> {
    let dense = |what, rows, cols| {
        let cell = Cell { rows, cols, lengths: Lengths::Full, ..*mix };
        Part { what, cell }
    };
    let mean = || dense("dense rows of the mean length", mix.rows, mean_length(mix));
    match mix.lengths {
        Lengths::Full => Vec::new(),
        Lengths::Uniform | Lengths::Half | Lengths::NextN | Lengths::AllShort => vec![mean()],
        Lengths::OneLong => {
            let cols = SHORT.min(mix.cols);
            let rest = Cell { rows: mix.rows - 1, cols, lengths: Lengths::Uniform, ..*mix };
            let mut parts = vec![dense("the long row alone", 1, mix.cols)];
            if rest.rows > 0 {
                parts.push(Part { what: "the other rows", cell: rest });
            }
            parts
        }
        Lengths::Short80 => {
            let long = Cell { rows: long_rows(mix.rows), lengths: Lengths::Half, ..*mix };
            let mut parts = vec![mean()];
            if long.rows > 0 {
                parts.push(Part { what: "the long rows", cell: long });
            }
            parts
        }
    }
}

/// The mean length of a ragged cell's rows, rounded up to a multiple of 64.
fn mean_length(mix: &Cell) -> usize {
    let lengths = mix.lengths.of(mix.rows, mix.cols, mix.k).unwrap_or_default();
    let total: usize = lengths.iter().map(|&length| usize::try_from(length).unwrap_or(0)).sum();
    (total / mix.rows.max(1)).next_multiple_of(STEP).max(STEP)
}

/// Each mix with its parts after it, each cell once.
pub(super) fn with_parts(mixes: impl Iterator<Item = Cell>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for mix in mixes {
        for cell in std::iter::once(mix).chain(parts(&mix).into_iter().map(|part| part.cell)) {
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        }
    }
    cells
}

/// The mixes of the grid `ragged`: whether they are ragged alone decides which are there.
pub(super) const MIXES: [Lengths; 5] =
    [Lengths::Uniform, Lengths::OneLong, Lengths::Short80, Lengths::NextN, Lengths::AllShort];

/// Whether a cell of the grid `ragged` is a mix, and no part alone.
pub fn is_mix(cell: &Cell) -> bool {
    cell.ragged() && !(cell.grid == Grid::Ragged && is_part_alone(cell))
}

fn is_part_alone(cell: &Cell) -> bool {
    cell.lengths == Lengths::Half || (cell.lengths == Lengths::Uniform && cell.cols <= SHORT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::DType;

    fn mix(lengths: Lengths, rows: usize) -> Cell {
        let cell = Cell::dense(Grid::Ragged, DType::F32, (rows, 131_072), 2048);
        Cell { lengths, ..cell }
    }

    fn scores(cell: &Cell) -> usize {
        match cell.lengths.of(cell.rows, cell.cols, cell.k) {
            Some(lengths) => lengths.iter().map(|&length| length as usize).sum(),
            None => cell.rows * cell.cols,
        }
    }

    #[test]
    fn a_long_row_and_the_others_are_all_of_a_mix() {
        for rows in [2, 64, 512] {
            let mix = mix(Lengths::OneLong, rows);
            let parts = parts(&mix);
            let total: usize = parts.iter().map(|part| scores(&part.cell)).sum();
            assert_eq!((parts.len(), total), (2, scores(&mix)), "{rows} rows");
        }
        assert_eq!(parts(&mix(Lengths::OneLong, 1)).len(), 1);
    }

    #[test]
    fn dense_rows_of_the_mean_length_have_as_many_scores() {
        for lengths in [Lengths::Uniform, Lengths::Short80, Lengths::NextN, Lengths::AllShort] {
            let mix = mix(lengths, 64);
            let mean = parts(&mix)[0].cell;
            let spare = scores(&mean) - scores(&mix);
            assert!(mean.lengths.is_full() && spare <= 64 * STEP, "{lengths:?}: {spare} more");
        }
    }

    #[test]
    fn the_long_rows_of_a_mix_are_a_part_of_it() {
        let mix = mix(Lengths::Short80, 64);
        let long = parts(&mix)[1].cell;
        assert_eq!((long.rows, long.lengths), (12, Lengths::Half));
        assert!(scores(&long) < scores(&mix) && scores(&long) * 10 > scores(&mix) * 9);
        assert_eq!(parts(&self::mix(Lengths::Short80, 4)).len(), 1);
    }

    #[test]
    fn a_cell_of_the_grid_is_a_mix_or_a_part() {
        let cells = Grid::Ragged.cells();
        let mixes: Vec<&Cell> = cells.iter().filter(|cell| is_mix(cell)).collect();
        assert_eq!(mixes.len(), 2 * 2 * 4 * MIXES.len());
        for mix in &mixes {
            assert!(parts(mix).iter().all(|part| cells.contains(&part.cell)), "{mix}");
        }
        let parts: Vec<Cell> =
            mixes.iter().flat_map(|mix| parts(mix)).map(|part| part.cell).collect();
        assert!(cells.iter().all(|cell| is_mix(cell) || parts.contains(cell)));
    }
}

//! The ids that are written for columns: given beside the scores, an affine map, or places by a page table.
//!
//! Every id of a score that may win is checked before the selection: the index type holds it, and unless the
//! columns are written too, it is unique in its row, so that an answer tells its columns.

use super::Given;
use crate::args::scores::{self, Shape, Table, Whole};
use crate::ui::exit::Failure;
use std::ops::RangeInclusive;
use std::path::Path;
use topkit::spec::{IndexType, Semantics};
use topkit::{IndexInt, Problem};
use topkit_lab::memory;

/// What makes ids of columns, which count from the start of their row.
#[derive(Debug, Default)]
pub enum Map {
    /// Nothing: the ids are the columns.
    #[default]
    Columns,
    /// The id beside the score.
    Given(Table<i64>),
    /// The column times a number, plus a number and that of the row.
    Affine { scale: i64, offset: i64, offsets: Option<Vec<i64>> },
    /// The place in pages of `1 << shift` columns.
    Pages { pages: Table<i32>, shift: u32 },
}

/// The numbers of an index type.
pub fn range(index: IndexType) -> RangeInclusive<i128> {
    match index {
        IndexType::I32 => i32::MIN.into()..=i32::MAX.into(),
        IndexType::U32 => 0..=u32::MAX.into(),
        IndexType::I64 => i64::MIN.into()..=i64::MAX.into(),
    }
}

/// What is wrong with an id that an index type does not hold.
fn beyond(index: IndexType) -> String {
    let (range, wider) =
        (range(index), if index == IndexType::I64 { "" } else { "; give --index i64" });
    format!("{index} holds {} to {}{wider}", range.start(), range.end())
}

impl Map {
    /// Ids beside the scores.
    pub fn given(
        path: &Path,
        rows: usize,
        columns: usize,
        index: IndexType,
    ) -> Result<Map, Failure> {
        let range = range(index);
        let read = |source: &str, [row, column]: [usize; 2], id: i128| {
            let fitting = range.contains(&id).then_some(id as i64);
            fitting.ok_or_else(|| {
                let beyond = beyond(index);
                Failure::input(format!(
                    "{source} has the id {id} at [{row}, {column}], and {beyond}"
                ))
            })
        };
        let shape = Shape { rows, width: columns, wider: false };
        scores::table("--ids", path, Whole::Integers, shape, read).map(Map::Given)
    }

    /// A factor, an offset, and perhaps an offset for each row.
    pub fn affine(
        scale: i64,
        offset: i64,
        offsets: Option<&Path>,
        rows: usize,
        index: IndexType,
    ) -> Result<Map, Failure> {
        let range = range(index);
        let fitting = |number: i128| range.contains(&number).then_some(number as i64);
        let needed = format!("a whole number from {} to {}", range.start(), range.end());
        let read = |path| scores::of_rows("--row-offsets", path, rows, fitting, &needed);
        Ok(Map::Affine { scale, offset, offsets: offsets.map(read).transpose()? })
    }

    /// A page table; its pages are checked where they are used.
    pub fn pages(path: &Path, rows: usize, columns: usize, size: u32) -> Result<Map, Failure> {
        let read = |source: &str, [row, page]: [usize; 2], number: i128| {
            i32::try_from(number).map_err(|_| {
                Failure::input(format!(
                    "{source} has {number} at [{row}, {page}]; a page is an i32"
                ))
            })
        };
        let shift = size.trailing_zeros();
        let shape = Shape { rows, width: columns.div_ceil(1 << shift), wider: true };
        let pages = scores::table("--pages", path, Whole::Integers, shape, read)?;
        Ok(Map::Pages { pages, shift })
    }

    /// The id of a column of a row that starts at a column of the matrix.
    pub fn id(&self, row: usize, start: usize, column: usize) -> i128 {
        match self {
            Map::Columns => column as i128,
            Map::Given(ids) => ids.numbers[row * ids.stride + start + column].into(),
            Map::Affine { scale, offset, offsets } => {
                let own = offsets.as_ref().map_or(0, |offsets| offsets[row]);
                column as i128 * i128::from(*scale) + i128::from(*offset) + i128::from(own)
            }
            Map::Pages { pages, shift } => {
                let page = pages.numbers[row * pages.stride + (column >> shift)];
                i128::from(page) << shift | column as i128 & ((1 << shift) - 1)
            }
        }
    }

    /// The ids of scores, or the offsets of rows, as a launch takes them.
    pub fn numbers<I: IndexInt>(&self) -> Result<Vec<I>, Failure> {
        let numbers = match self {
            Map::Given(ids) => &ids.numbers,
            Map::Affine { offsets: Some(offsets), .. } => offsets,
            Map::Columns | Map::Affine { .. } | Map::Pages { .. } => return Ok(Vec::new()),
        };
        let mut typed = memory::reserved("the ids", numbers.len())?;
        typed.extend(numbers.iter().map(|&number| I::from_i64(number)));
        Ok(typed)
    }

    /// Bytes of what a launch takes.
    pub fn bytes(&self, index: IndexType) -> usize {
        let indices = |count: usize| count.saturating_mul(index.bytes() as usize);
        match self {
            Map::Given(ids) => indices(ids.numbers.len()),
            Map::Affine { offsets: Some(offsets), .. } => indices(offsets.len()),
            Map::Pages { pages, .. } => size_of_val(&pages.numbers[..]),
            Map::Columns | Map::Affine { .. } => 0,
        }
    }

    /// Where an id comes from, for an error.
    fn source(&self, row: usize, column: usize) -> String {
        match self {
            Map::Columns => "the column".to_owned(),
            Map::Given(ids) => ids.source.clone(),
            Map::Affine { scale, offset, offsets } => {
                let own = offsets.as_ref().map(|offsets| offsets[row]);
                let own = own.map(|own| format!(" --row-offsets {own}")).unwrap_or_default();
                format!("--id-scale {scale} --id-offset {offset}{own}")
            }
            Map::Pages { pages, shift } => {
                let (source, at) = (&pages.source, column >> shift);
                let page = pages.numbers[row * pages.stride + at];
                let row = if pages.stride == 0 { 0 } else { row };
                format!("{source} has the page {page} at [{row}, {at}], and")
            }
        }
    }

    /// Whether every row has the ids of the first one.
    fn is_shared(&self) -> bool {
        match self {
            Map::Given(Table { stride, .. }) => *stride == 0,
            Map::Pages { pages, .. } => pages.stride == 0,
            Map::Affine { offsets, .. } => offsets.is_none(),
            Map::Columns => true,
        }
    }
}

impl Given {
    /// The ids of the columns of a row that may win, in ascending order.
    pub fn ids_of(&self, row: usize, columns: usize) -> Result<Vec<(i128, usize)>, Failure> {
        let start = self.spans.of_row(row, columns).start;
        let kept = self.kept(row, columns);
        let mut ids = memory::reserved("the ids of a row", kept.clone().count())?;
        ids.extend(kept.map(|column| (self.map.id(row, start, column), column)));
        ids.sort_unstable();
        Ok(ids)
    }

    /// The index type holds every id of a score that may win, and such ids are unique in their row where an answer
    /// must tell its columns by them.
    pub(super) fn check_ids(
        &self,
        problem: &Problem,
        semantics: &Semantics,
    ) -> Result<(), Failure> {
        if matches!(self.map, Map::Columns) {
            return Ok(());
        }
        let &Problem { rows, columns, .. } = problem;
        let same = self.map.is_shared()
            && self.spans.starts.is_none()
            && self.spans.lengths.is_none()
            && self.mask.as_ref().is_none_or(super::Mask::is_shared);
        let range = range(semantics.index);
        let negative_page = |id| matches!(self.map, Map::Pages { .. }) && id < 0;
        for row in 0..if same { rows.min(1) } else { rows } {
            let ids = self.ids_of(row, columns)?;
            let wrong = |id: i128| !range.contains(&id) || negative_page(id);
            let ends = [ids.first(), ids.last()].into_iter().flatten();
            if let Some(&(id, column)) = ends.into_iter().find(|(id, _)| wrong(*id)) {
                let source = self.map.source(row, column);
                let why = if negative_page(id) {
                    "a page of a score that may win is from 0 on".to_owned()
                } else {
                    beyond(semantics.index)
                };
                return Err(Failure::input(format!(
                    "{source} makes {id} the id of column {column} of row {row}, and {why}"
                )));
            }
            let twice = ids.windows(2).find(|pair| pair[0].0 == pair[1].0);
            if let Some(&[(id, first), (_, second)]) = twice.filter(|_| !semantics.raw_columns) {
                let source = self.map.source(row, first);
                return Err(Failure::input(format!(
                    "{source} makes {id} the id of the columns {first} and {second} of row {row}: an \
                     answer would not tell which of them won, and could not be checked; add --raw-columns"
                )));
            }
        }
        Ok(())
    }
}

//! An answer in memory of the host, with a place for all that its keys ask for; and the columns of an answer whose
//! indices are ids.
//!
//! The answer of an engine has ids of 64 bits, whatever the index type. It is checked as columns: each id must be that
//! of the column that it stands for, and the fill must be the one that was given.

use crate::args::given::{Given, Map};
use crate::ui::exit::Failure;
use topkit::host::Selection;
use topkit::spec::{Ids, IndexType, Semantics};
use topkit::{IndexInt, Output, Problem, Score, memory::Host};
use topkit_lab::memory;

/// Selects into memory that is made here.
pub fn into_host<S: Score, I: IndexInt>(
    given: &Given,
    semantics: &Semantics,
    problem: &Problem,
    select: impl FnOnce(Output<'_, I, S, Host>) -> Result<(), Failure>,
) -> Result<Selection<i64, S>, Failure> {
    let Problem { rows, k, .. } = *problem;
    let places = rows * k as usize;
    let Semantics { values, count, raw_columns, .. } = *semantics;
    let worst = S::worst(semantics.select);
    let mut indices = memory::filled("the indices", I::FILL, places)?;
    let values = values.then(|| memory::filled("the values", worst, places));
    let mut values = values.transpose()?;
    let mut counts = count.then(|| memory::filled("the counts", 0, rows)).transpose()?;
    let raw_columns = raw_columns.then(|| memory::filled("the columns", 0, places));
    let mut raw_columns = raw_columns.transpose()?;

    let ids = given.map.numbers::<I>()?;
    let output = Output::host(&mut indices);
    let mut output = match &given.map {
        Map::Columns => output,
        Map::Given(table) => output.ids(&ids, table.stride),
        Map::Affine { scale, offset, offsets: None } => output.affine(*scale, *offset),
        Map::Affine { scale, offset, .. } => output.affine(*scale, *offset).row_offsets(&ids),
        Map::Pages { pages, shift } => output.pages(&pages.numbers, pages.stride, *shift),
    };
    if let Some(values) = &mut values {
        output = output.values(values);
    }
    if let Some(counts) = &mut counts {
        output = output.counts(counts);
    }
    if let Some(columns) = &mut raw_columns {
        output = output.raw_columns(columns);
    }
    if let Some(fill) = given.index_fill {
        output = output.index_fill(I::from_i64(fill));
    }
    if let Some(fill) = given.value_fill {
        output = output.value_fill(S::from_bits(fill));
    }
    select(output)?;
    widened(Selection { indices, values, counts, raw_columns })
}

/// The same answer with indices of 64 bits.
pub fn widened<S, I: IndexInt>(answer: Selection<I, S>) -> Result<Selection<i64, S>, Failure> {
    let mut indices = memory::reserved("the indices", answer.indices.len())?;
    indices.extend(answer.indices.iter().map(|&index| -> i64 { index.into() }));
    let Selection { values, counts, raw_columns, .. } = answer;
    Ok(Selection { indices, values, counts, raw_columns })
}

/// The columns of an answer, and the standard fill: what a check of columns takes.
pub struct Columns<S> {
    pub answer: Selection<i32, S>,
    /// Its semantics.
    pub semantics: Semantics,
    /// The first id or fill that is wrong.
    pub fault: Option<String>,
}

impl<S: Score> Columns<S> {
    /// Those of an answer to a problem with what was given.
    pub fn of(
        given: &Given,
        semantics: &Semantics,
        problem: &Problem,
        answer: &Selection<i64, S>,
    ) -> Result<Columns<S>, Failure> {
        let Problem { rows, k, .. } = *problem;
        let k = k as usize;
        let mut columns = memory::reserved("the columns", answer.indices.len())?;
        let mut values = answer.values.clone();
        let mut fault = None;
        for row in 0..rows {
            let mut wrong = |place: usize, what: String| {
                fault.get_or_insert_with(|| format!("row {row}: {what} at place {place}"));
            };
            let reading = Reading::of(given, semantics, problem, row)?;
            let raw = answer.raw_columns.as_ref().map(|columns| &columns[row * k..][..k]);
            for (place, &id) in answer.indices[row * k..][..k].iter().enumerate() {
                let raw = raw.map(|columns| columns[place]);
                let value = values.as_mut().map(|values| &mut values[row * k + place]);
                let read = if place < reading.winners {
                    reading.winner(id, raw)
                } else {
                    reading.fill(id, raw, value)
                };
                columns.push(read.unwrap_or_else(|what| {
                    wrong(place, what);
                    NONE
                }));
            }
        }
        let counts = answer.counts.clone();
        let answer = Selection { indices: columns, values, counts, raw_columns: None };
        let semantics = Semantics {
            ids: Ids::Columns,
            index: IndexType::I32,
            raw_columns: false,
            fill: topkit::spec::Fill::Standard,
            ..*semantics
        };
        Ok(Columns { answer, semantics, fault })
    }
}

/// The standard fill of columns.
const NONE: i32 = <i32 as IndexInt>::FILL;

/// What is due in a row of an answer.
struct Reading<'a> {
    given: &'a Given,
    select: topkit::spec::Select,
    row: usize,
    start: usize,
    width: usize,
    winners: usize,
    /// The index that is due after the winners.
    fill: i64,
    /// The ids of the scores that may win, in ascending order, where an id is to tell its column.
    ids: Option<Vec<(i128, usize)>>,
}

impl<'a> Reading<'a> {
    fn of(
        given: &'a Given,
        semantics: &Semantics,
        problem: &Problem,
        row: usize,
    ) -> Result<Reading<'a>, Failure> {
        let &Problem { columns, k, .. } = problem;
        let span = given.spans.of_row(row, columns);
        let (start, width) = (span.start, span.len());
        let kept = if given.mask.is_none() { width } else { given.kept(row, columns).count() };
        // They were checked where they were read.
        let most = given.ks.as_ref().map_or(k as usize, |ks| ks[row] as usize);
        let tells = semantics.ids != Ids::Columns && !semantics.raw_columns;
        let ids = tells.then(|| given.ids_of(row, columns)).transpose()?;
        let standard = match semantics.index {
            IndexType::U32 => <u32 as IndexInt>::FILL.into(),
            IndexType::I32 | IndexType::I64 => -1,
        };
        let fill = given.index_fill.unwrap_or(standard);
        let (winners, select) = (kept.min(most), semantics.select);
        Ok(Reading { given, select, row, start, width, winners, fill, ids })
    }

    /// The column of a winner.
    fn winner(&self, id: i64, raw: Option<i32>) -> Result<i32, String> {
        if let Some(ids) = &self.ids {
            let at = ids.binary_search_by_key(&i128::from(id), |&(id, _)| id);
            let at = at.map_err(|_| format!("{id} is no id of a score that may win, found"))?;
            // A row has at most 2^31 - 1 columns.
            return Ok(ids[at].1 as i32);
        }
        let Some(raw) = raw else {
            // A fill that was given may be a column, too.
            let early = self.given.index_fill.is_none() && id == self.fill;
            return Ok(if early { NONE } else { i32::try_from(id).unwrap_or(i32::MIN) });
        };
        let column = usize::try_from(raw).ok().filter(|&column| column < self.width);
        // The check of the columns finds one that is none of the row.
        let due = column.map(|column| self.given.map.id(self.row, self.start, column));
        match due {
            Some(due) if due != i128::from(id) => {
                Err(format!("expected {due}, the id of column {raw}, found {id}"))
            }
            _ => Ok(raw),
        }
    }

    /// The standard fill in place of the one that was given.
    fn fill<S: Score>(
        &self,
        id: i64,
        raw: Option<i32>,
        value: Option<&mut S>,
    ) -> Result<i32, String> {
        if let Some(value) = value {
            let standard = S::worst(self.select);
            let due = self.given.value_fill.unwrap_or(S::to_bits(standard));
            let found = S::to_bits(*value);
            *value = standard;
            if found != due {
                return Err(format!(
                    "expected the fill of the values ({due:#x}), found {found:#x}"
                ));
            }
        }
        if id != self.fill {
            return Err(format!("expected the fill ({}), found {id}", self.fill));
        }
        match raw {
            Some(raw) if raw != NONE => {
                Err(format!("expected {NONE} as the column of the fill, found {raw}"))
            }
            _ => Ok(NONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::DType;
    use topkit::host::Rows;
    use topkit::spec::Fill;
    use topkit_lab::check;

    const SCORES: [f32; 4] = [1.0, 9.0, 5.0, 7.0];

    /// What is wrong with an answer of three winners, of which a row may have two.
    fn fault(
        given: &Given,
        keys: Semantics,
        ids: [i64; 3],
        values: Option<[f32; 3]>,
        raw: Option<[i32; 3]>,
    ) -> Option<String> {
        let semantics = Semantics {
            k_per_row: true,
            values: values.is_some(),
            raw_columns: raw.is_some(),
            ..keys
        };
        let answer = Selection {
            indices: ids.to_vec(),
            values: values.map(Vec::from),
            counts: None,
            raw_columns: raw.map(Vec::from),
        };
        let problem = Problem::new(DType::F32, 1, SCORES.len(), 3);
        let Columns { answer, semantics, fault } =
            Columns::of(given, &semantics, &problem, &answer).unwrap();
        let input = given.rows_of(Rows::host(&SCORES, 1, SCORES.len()));
        fault.or_else(|| check::selection_fault(&input, 3, &semantics, &answer).unwrap())
    }

    #[test]
    fn wrong_ids_and_columns_are_found() {
        let map = Map::Affine { scale: 10, offset: 5, offsets: None };
        let given = Given { map, ks: Some(vec![2]), ..Given::default() };
        let keys = Semantics { ids: Ids::Affine, ..Semantics::DEFAULT };
        assert_eq!(fault(&given, keys, [35, 15, -1], None, None), None);
        assert_eq!(fault(&given, keys, [35, 15, -1], None, Some([3, 1, -1])), None);
        for (ids, raw, words) in [
            ([35, 16, -1], None, "16 is no id of a score that may win, found at place 1"),
            ([35, 45, -1], None, "45 is no id of a score"),
            ([35, -1, -1], None, "-1 is no id of a score"),
            ([35, 35, -1], None, "expected every index once"),
            ([35, 25, -1], None, "expected index 1 with score 9 among the winners"),
            ([35, 15, 25], None, "expected the fill (-1), found 25 at place 2"),
            (
                [35, 15, -1],
                Some([1, 3, -1]),
                "expected 15, the id of column 1, found 35 at place 0",
            ),
            ([35, 15, -1], Some([3, 4, -1]), "found 4"),
            ([35, 15, -1], Some([3, 1, 2]), "-1 as the column of the fill, found 2"),
            ([35, 15, -1], Some([3, -1, -1]), "found the fill after 1"),
        ] {
            let said = fault(&given, keys, ids, None, raw).unwrap();
            assert!(said.starts_with("row 0: ") && said.contains(words), "{ids:?} {raw:?}: {said}");
        }
        // Of equal ids the columns tell which won.
        let map = Map::Affine { scale: 0, offset: 5, offsets: None };
        let given = Given { map, ks: Some(vec![2]), ..Given::default() };
        assert_eq!(fault(&given, keys, [5, 5, -1], None, Some([3, 1, -1])), None);
        assert!(fault(&given, keys, [5, 5, -1], None, Some([3, 2, -1])).is_some());
    }

    #[test]
    fn a_wrong_fill_is_found() {
        let bits = u64::from(2.5f32.to_bits());
        let given = Given {
            ks: Some(vec![2]),
            index_fill: Some(3),
            value_fill: Some(bits),
            ..Given::default()
        };
        let keys = Semantics { fill: Fill::Given, ..Semantics::DEFAULT };
        // Column 3 wins, and is the fill, too.
        assert_eq!(fault(&given, keys, [3, 1, 3], Some([7.0, 9.0, 2.5]), None), None);
        for (ids, values, words) in [
            ([3, 1, -1], [7.0, 9.0, 2.5], "expected the fill (3), found -1 at place 2"),
            (
                [3, 1, 3],
                [7.0, 9.0, f32::NEG_INFINITY],
                "expected the fill of the values (0x40200000)",
            ),
            ([3, 3, 3], [7.0, 7.0, 2.5], "expected every index once"),
            ([3, 1, 3], [7.0, 8.0, 2.5], "expected the value 9"),
        ] {
            let said = fault(&given, keys, ids, Some(values), None).unwrap();
            assert!(said.contains(words), "{ids:?}: {said}");
        }
    }

    #[test]
    fn indices_without_ids_are_columns() {
        let given = Given { ks: Some(vec![2]), ..Given::default() };
        let keys = Semantics { index: IndexType::U32, ..Semantics::DEFAULT };
        let none = i64::from(u32::MAX);
        assert_eq!(fault(&given, keys, [3, 1, none], None, None), None);
        let early = fault(&given, keys, [3, none, none], None, None).unwrap();
        assert!(early.contains("found the fill after 1"), "{early}");
        let signed = fault(&given, keys, [3, 1, -1], None, None).unwrap();
        assert!(signed.contains("expected the fill (4294967295), found -1"), "{signed}");
        let far = fault(&given, keys, [3, 1 << 31, none], None, None).unwrap();
        assert!(far.contains("expected an index from 0 to 3"), "{far}");
    }
}

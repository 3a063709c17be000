//! Rows in shards: what a launch is given for them, and the row of columns that has the same winners, for the checks,
//! which know no shards.

use crate::case::with_filled;
use crate::given::Given;
use topkit::host::{self, Rows, Selection};
use topkit::spec::{RowShape, Semantics};
use topkit::{IndexInt, Score};
use topkit_lab::Rng;

/// The shards of a launch. Each shard has a part of the columns of every row, so that a column is where it is in a row
/// in one piece.
pub struct Shards {
    /// How many.
    pub count: usize,
    /// The candidates that each has of each row; without them all are full.
    pub counts: Option<Vec<i32>>,
    /// From shard to shard of the counts.
    pub count_stride: usize,
}

impl Shards {
    /// Some that divide the columns, at random.
    pub fn random(rng: &mut Rng, rows: usize, columns: usize) -> Shards {
        let divisors = (1..=17).filter(|count| columns.is_multiple_of(*count));
        let divisors: Vec<usize> = divisors.collect();
        let count = divisors[rng.below(divisors.len() as u32) as usize];
        let width = (columns / count) as i32;
        let count_stride = rows + rng.below(3) as usize;
        let counts = (rng.below(3) > 0).then(|| {
            let of_shard = |_| match rng.below(6) {
                0 => -1,
                1 => 0,
                2 => width.saturating_add(1),
                3 => width,
                _ => rng.below(width as u32 + 1) as i32,
            };
            (0..count * count_stride).map(of_shard).collect()
        });
        Shards { count, counts, count_stride }
    }

    /// The rows with these shards.
    pub fn rows<'a, S: Score>(&'a self, rows: Rows<'a, S>) -> Rows<'a, S> {
        let (stride, width) = (rows.stride(), rows.columns() / self.count);
        let rows = rows.shards(self.count).row_stride(stride).shard_stride(width);
        match &self.counts {
            None => rows,
            Some(counts) => rows.shard_counts(counts).shard_count_stride(self.count_stride),
        }
    }

    /// The columns of a row that have a candidate.
    fn columns(&self, row: usize, columns: usize) -> Vec<usize> {
        let width = columns / self.count;
        let of_shard = |shard: usize| {
            let own = self.counts.as_ref().map(|counts| counts[shard * self.count_stride + row]);
            let own = own.map_or(width, |own| own.clamp(0, width as i32) as usize);
            (0..own).map(move |at| shard * width + at)
        };
        (0..self.count).flat_map(of_shard).collect()
    }
}

/// The candidates of each row in the order of their ids, as ragged rows.
pub struct Gathered<S> {
    scores: Vec<S>,
    lengths: Vec<i32>,
    /// The column of each candidate, row by row.
    columns: Vec<Vec<usize>>,
    width: usize,
}

impl<S: Score> Gathered<S> {
    /// Those of a matrix with rows so many elements apart.
    pub fn of<I: IndexInt>(
        given: &Given<I>,
        shards: &Shards,
        scores: &[S],
        [rows, columns, stride]: [usize; 3],
    ) -> Gathered<S> {
        let of_row = |row: usize| {
            let mut own = shards.columns(row, columns);
            own.sort_by_key(|&column| given.rank(row, column));
            own
        };
        let of_rows: Vec<_> = (0..rows).map(of_row).collect();
        let mut gathered = vec![S::FILL; rows * columns];
        for (row, own) in of_rows.iter().enumerate() {
            for (place, column) in own.iter().enumerate() {
                gathered[row * columns + place] = scores[row * stride + column];
            }
        }
        let lengths = of_rows.iter().map(|own| own.len() as i32).collect();
        Gathered { scores: gathered, lengths, columns: of_rows, width: columns }
    }

    /// Checks an answer as one of these rows: the place of a candidate is its column.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check<I: IndexInt>(
        &self,
        given: &Given<I>,
        input: &Rows<'_, S>,
        k: u32,
        semantics: &Semantics,
        got: Selection<I, S>,
    ) -> Result<(), String> {
        let semantics = Semantics { rows: RowShape::Ragged, ..*semantics };
        let rows = given.of_rows(self.rows());
        let got = with_filled(&rows, k, &semantics, got)?;
        let got = self.places(k, given.columns(input, k, &got)?)?;
        let checked = host::check_selection(&rows, k, &semantics, &got);
        checked.map_err(|mismatch| mismatch.to_string())
    }

    /// The rows.
    fn rows(&self) -> Rows<'_, S> {
        Rows::host(&self.scores, self.lengths.len(), self.width).lengths(&self.lengths)
    }

    /// An answer with the places of its columns among the candidates of their rows.
    fn places<I: IndexInt>(
        &self,
        k: u32,
        mut got: Selection<I, S>,
    ) -> Result<Selection<I, S>, String> {
        for (at, index) in got.indices.iter_mut().enumerate() {
            let (row, column) = (at / k as usize, (*index).into());
            if *index != I::FILL {
                let place = usize::try_from(column).ok().and_then(|of| self.place(row, of));
                let place = place.ok_or(format!("row {row}: column {column} has no candidate"))?;
                *index = I::from_column(place as u32);
            }
        }
        Ok(got)
    }

    /// The place of a column among the candidates of its row.
    fn place(&self, row: usize, column: usize) -> Option<usize> {
        self.columns[row].iter().position(|&own| own == column)
    }
}

//! The candidates of a row in shards, gathered in the order of their ids: then a selection from them is one from a row
//! of columns.

use super::{HostError, Rows, id_of, reserved};
use crate::backend::memory::Host;
use crate::backend::output::Map;
use crate::problem::{IndexInt, Score};

/// The candidates of one row; nothing of rows in one piece.
pub(super) struct Gathered<S> {
    /// Their columns; of equal ids, the lowest first.
    columns: Vec<u32>,
    /// Their scores.
    pub(super) scores: Vec<S>,
    sharded: bool,
}

impl<S: Score> Gathered<S> {
    /// With room for any row.
    pub(super) fn of(input: &Rows<'_, S>) -> Result<Gathered<S>, HostError> {
        let most = if input.shards == 0 { 0 } else { input.columns };
        let columns = reserved("the candidates of a row", most)?;
        let scores = reserved("the scores of a row's candidates", most)?;
        Ok(Gathered { columns, scores, sharded: input.shards > 0 })
    }

    /// Gathers a row, in the order of ids where there are any, else of columns.
    pub(super) fn gather<I: IndexInt>(
        &mut self,
        input: &Rows<'_, S>,
        row: usize,
        map: &Map<'_, I, Host>,
    ) {
        self.columns.clear();
        self.scores.clear();
        for shard in 0..input.shards {
            let first = shard * input.width();
            let candidates = input.shard_count_of(shard, row);
            // A row has at most 2^31 - 1 columns.
            self.columns.extend((first..first + candidates).map(|column| column as u32));
        }
        if let Map::Given { .. } = map {
            self.columns.sort_by_key(|&column| -> i64 {
                id_of(map, row, input.place_of(row, column), column).into()
            });
        }
        let scores = self.columns.iter().map(|&column| {
            let place = input.place_of(row, column);
            let row = place.shard * input.shard_stride_or_rows() + row * input.row_stride;
            input.scores[row + place.column]
        });
        self.scores.extend(scores);
    }

    /// The column of a candidate, by its place; that of a row in one piece is its place.
    pub(super) fn column(&self, place: u32) -> u32 {
        if self.sharded { self.columns[place as usize] } else { place }
    }
}

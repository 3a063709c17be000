//! From records to the table that is shipped: the same records give the same bytes.

use crate::plan::Table;
use crate::plan::measured::Records;

/// The text of a shipped table, from the records of one run.
///
/// # Errors
/// There is no row with a time, or there are rows of several runs: times of different places are
/// not to be compared.
pub fn ship(records: &Records) -> Result<String, String> {
    let tables: Vec<Table> =
        records.runs.keys().filter_map(|run| Table::of(records, run)).collect();
    match &tables[..] {
        [] => Err("there is nothing in the records that was timed".to_owned()),
        [table] => {
            table.clone().condensed().write().map_err(|error| format!("a time is odd: {error}"))
        }
        [one, other, ..] => {
            let why = other.provenance.differs(&one.provenance);
            let why = why.unwrap_or_else(|| "their runs differ".to_owned());
            Err(format!("the records are of several places, of which one says {why}"))
        }
    }
}

//! A published table to compare with, as `--against` names it: the fastest exact peer of each cell.
//!
//! Unneeded fields are ignored. Any other text is refused with the place of the fault.

use super::ratio::Best;
use super::record::{Each, Measure};
use crate::cell::Cell;
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// A table of times.
#[derive(Debug, Clone, Deserialize)]
pub struct Table {
    /// The GPU that it was measured on.
    #[serde(default)]
    pub device: String,
    /// How it was measured.
    #[serde(default)]
    pub method: String,
    cells: Vec<Row>,
    #[serde(skip)]
    places: HashMap<Key, usize>,
}

/// A cell of the table.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    grid: String,
    dtype: String,
    rows: usize,
    cols: usize,
    k: u32,
    dist: String,
    /// Microseconds of the fastest exact peer, warm.
    pub best_warm_us: f64,
    /// Its name.
    pub best_warm: String,
    /// Microseconds of the fastest exact peer, cold.
    pub best_cold_us: f64,
    /// Its name.
    #[serde(default)]
    pub best_cold: String,
    /// Microseconds of the fastest exact peer in place, where that was measured.
    #[serde(default)]
    pub best_in_place_us: Option<f64>,
    /// Its name.
    #[serde(default)]
    pub best_in_place: String,
    /// Peers with their times: warm, cold and where it was measured in place, and a word where one was wrong.
    #[serde(default)]
    peers_us: BTreeMap<String, Vec<Value>>,
}

/// The grid is empty where it does not matter.
type Key = (String, String, usize, usize, u32, String);

impl Table {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first fault of the text.
    pub fn parse(text: &str) -> Result<Table, String> {
        let mut table: Table = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for (place, row) in table.cells.iter().enumerate() {
            let sound = |us: f64| us.is_finite() && us > 0.0;
            let in_place = row.best_in_place_us.is_none_or(sound);
            if !sound(row.best_warm_us) || !sound(row.best_cold_us) || !in_place {
                return Err(format!("the times of cell {place} are not above 0"));
            }
            table.places.insert(row.key(&row.grid), place);
            table.places.entry(row.key("")).or_insert(place);
        }
        Ok(table)
    }

    /// Cells of a grid.
    pub fn count(&self, grid: &str) -> usize {
        self.cells.iter().filter(|row| row.grid == grid).count()
    }

    /// The row of a cell: of its own grid, else of any grid with the same problem.
    pub fn find(&self, cell: &Cell) -> Option<&Row> {
        if cell.ragged() || cell.unaligned {
            return None;
        }
        let key = |grid: &str| {
            let (dtype, dist) = (cell.dtype.name().to_owned(), cell.dist.name().to_owned());
            (grid.to_owned(), dtype, cell.rows, cell.cols, cell.k, dist)
        };
        let place = self.places.get(&key(cell.grid.name())).or_else(|| self.places.get(&key("")));
        self.cells.get(*place?)
    }
}

impl Row {
    fn key(&self, grid: &str) -> Key {
        let (dtype, dist) = (self.dtype.clone(), self.dist.clone());
        (grid.to_owned(), dtype, self.rows, self.cols, self.k, dist)
    }

    /// The fastest exact peer in a measure.
    pub fn best(&self, measure: Measure) -> Option<Best> {
        let (us, name) = match measure {
            Measure::InPlace => (self.best_in_place_us?, &self.best_in_place),
            Measure::Warm => (self.best_warm_us, &self.best_warm),
            Measure::Cold => (self.best_cold_us, &self.best_cold),
        };
        Some(Best { us, name: name.clone() })
    }

    /// The exact peers, with microseconds in each measure.
    pub fn peers(&self) -> impl Iterator<Item = (&str, Each<Option<f64>>)> {
        self.peers_us.iter().filter_map(|(name, times)| {
            // A word says that it was wrong.
            let times = times.iter().map(Value::as_f64).collect::<Option<Vec<_>>>()?;
            let (&warm, &cold) = (times.first()?, times.get(1)?);
            Some((name.as_str(), [times.get(2).copied(), Some(warm), Some(cold)]))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Grid;
    use crate::cell::Lengths;
    use topkit::DType;

    const TABLE: &str = r#"{"device": "Test GPU", "method": "m", "later": 1, "cells": [
        {"grid": "seed", "dtype": "bf16", "rows": 1, "cols": 8192, "k": 512, "dist": "randn",
         "best_warm_us": 4.0, "best_warm": "a", "best_cold_us": 5.0, "best_cold": "b",
         "read_once_us": [1, 2],
         "best_in_place_us": 4.25, "best_in_place": "b",
         "peers_us": {"a": [4.0, 5.5], "b": [4.5, 5.0, 4.25], "c": [1.0, 1.0, "wrong"],
                      "d": [1.0, 1.0, 1.0, "wrong"]}}]}"#;

    #[test]
    fn a_cell_is_found_in_its_grid_and_elsewhere() {
        let table = Table::parse(TABLE).unwrap();
        let cell = Cell::dense(Grid::Seed, DType::Bf16, (1, 8192), 512);
        let row = table.find(&cell).unwrap();
        assert_eq!((row.best_warm_us, row.best_cold.as_str()), (4.0, "b"));
        let peers: Vec<_> = row.peers().collect();
        let due = [[None, Some(4.0), Some(5.5)], [Some(4.25), Some(4.5), Some(5.0)]];
        assert_eq!(peers, [("a", due[0]), ("b", due[1])]);
        let best = Measure::ALL.map(|measure| row.best(measure).unwrap().us);
        assert_eq!(best, [4.25, 4.0, 5.0]);
        let old = Table::parse(&TABLE.replace("best_in_place", "other")).unwrap();
        assert_eq!(old.find(&cell).unwrap().best(Measure::InPlace), None);
        assert!(table.find(&Cell { grid: Grid::Own, ..cell }).is_some());
        assert!(table.find(&Cell { k: 513, ..cell }).is_none());
        assert!(table.find(&Cell { lengths: Lengths::Uniform, ..cell }).is_none());
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, words) in [
            ("[]", "expected"),
            (r#"{"device": "x"}"#, "cells"),
            (&TABLE.replace("4.0, \"best_warm\"", "0.0, \"best_warm\""), "not above 0"),
            (&TABLE.replace("4.25, \"best_in_place\"", "-1, \"best_in_place\""), "not above 0"),
        ] {
            let error = Table::parse(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}

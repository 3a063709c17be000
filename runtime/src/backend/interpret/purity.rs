//! Whether the source of a program is pure: asked again for an element, it gives the same score, and again keeps
//! or drops it.
//!
//! The templates tell what a source gave each time that they ask it (`templates/ptx/purity.cuh`).

use super::clock::Uid;
use super::machine::{Checked, Class, Machine, Then};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A row, its column, and of which method: of `score`, or else of `keep`.
type Asked = (u32, u32, bool);

/// The element that the source was asked for, and what it gave.
#[derive(Default)]
pub(super) struct Given(HashMap<Asked, (u64, u64)>);

impl Machine {
    /// Remembers what a source gave for a column, or compares it with what it gave before. Of a launch that
    /// does not say which row a block serves, each cluster is a row.
    pub fn source_gave(
        &mut self,
        column: u32,
        is_score: bool,
        element: u64,
        given: u64,
        pc: u32,
    ) -> Checked {
        let Uid { cta: block, thread } = self.thread().uid;
        let row = self.shape.row_of(block, thread).unwrap_or(block / self.shape.cluster);
        let before = match self.given.0.entry((row, column, is_score)) {
            Entry::Vacant(place) => {
                place.insert((element, given));
                return Ok(Then::GoOn);
            }
            Entry::Occupied(before) => *before.get(),
        };
        if before == (element, given) {
            return Ok(Then::GoOn);
        }
        let of = format!("column {column} of row {row}");
        let what = match (before, is_score) {
            ((other, _), _) if other != element => {
                format!("the element at {of} is {element:#x}, and was {other:#x} before")
            }
            ((_, score), true) => format!(
                "the source is not pure: its score for {of} is {given:#x}, and was {score:#x} before"
            ),
            (_, false) => {
                let (now, then) = if given == 1 { ("keeps", "dropped") } else { ("drops", "kept") };
                format!("the source is not pure: it {now} {of}, and {then} it before")
            }
        };
        self.trouble(Class::Misuse, pc, what)
    }
}

//! The addresses that a kernel may touch: shared memory, windows of buffers, and its own image.
//!
//! Accesses to a thread's own stack are not checked. Every other address is out of bounds, and the fault
//! names the nearest place in bounds. Of a buffer with rows, a thread that serves one row may touch that row alone:
//! where rows are next to each other, bounds of the buffer would let it read its neighbour's.

use super::memory::Memory;
use super::shadow::{self, Actor, Cell, Kind, Refusal, Tables};
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// The shared memory of a live CTA, by its slot.
    Shared(usize),
    /// A window of a buffer.
    Buffer { index: usize, offset: usize },
    /// The variables and constants of the text.
    Image,
}

pub(super) struct Region {
    start: usize,
    len: usize,
    place: Place,
    writable: bool,
    /// Empty where nothing is watched but the bounds.
    cells: Vec<Cell>,
}

pub(super) struct Space {
    /// By address.
    regions: Vec<Region>,
    names: Vec<String>,
    /// The addresses of each buffer's rows; empty where a buffer has no rows.
    rows: Vec<Vec<Range<usize>>>,
    /// Whether a place of each buffer's rows may be written more than once.
    rewritten: Vec<bool>,
    tables: Tables,
}

/// Why an access is refused, before anybody knows the line.
pub(super) enum Denial {
    OutOfBounds(String),
    Uninitialised(String),
    /// A second write of a place of an output.
    Twice(String),
    Race {
        other: shadow::Mark,
        what: String,
    },
}

impl Space {
    /// The buffers of a memory and the image of the kernel.
    pub fn new(memory: &Memory, image: (usize, usize)) -> Space {
        let mut space = Space {
            regions: Vec::new(),
            names: Vec::new(),
            rows: Vec::new(),
            rewritten: Vec::new(),
            tables: Tables::default(),
        };
        space.insert(image.0, image.1 - image.0, Place::Image, true, Vec::new());
        for (index, buffer) in memory.allocations.iter().enumerate() {
            space.names.push(buffer.name.clone());
            let address = |row: &Range<usize>| buffer.start + row.start..buffer.start + row.end;
            space.rewritten.push(buffer.rewritten);
            space.rows.push(buffer.rows.iter().map(address).collect());
            for window in &buffer.windows {
                let cells = buffer.initialised.get(window.clone()).unwrap_or_default();
                // Of an input that is all there, nothing but the bounds is watched.
                let whole = !buffer.writable && cells.iter().all(|&initialised| initialised);
                let cells = if whole { &[] } else { cells };
                let cells = cells.iter().map(|&initialised| Cell::new(initialised)).collect();
                let place = Place::Buffer { index, offset: window.start };
                space.insert(
                    buffer.start + window.start,
                    window.len(),
                    place,
                    buffer.writable,
                    cells,
                );
            }
        }
        space
    }

    fn insert(&mut self, start: usize, len: usize, place: Place, writable: bool, cells: Vec<Cell>) {
        let at = self.regions.partition_point(|region| region.start < start);
        self.regions.insert(at, Region { start, len, place, writable, cells });
    }

    /// Opens the shared memory of a CTA, with nothing written.
    pub fn add_shared(&mut self, slot: usize, start: usize, len: usize) {
        self.insert(start, len, Place::Shared(slot), true, vec![Cell::new(false); len]);
    }

    /// Takes all shared memory away.
    pub fn drop_shared(&mut self) {
        self.regions.retain(|region| !matches!(region.place, Place::Shared(_)));
    }

    /// Where an access would go; `None` if it is not wholly inside one place.
    pub fn find(&self, at: usize, size: usize) -> Option<Place> {
        self.region(at, size).map(|region| self.regions[region].place)
    }

    fn region(&self, at: usize, size: usize) -> Option<usize> {
        let after = self.regions.partition_point(|region| region.start <= at);
        let region = self.regions.get(after.checked_sub(1)?)?;
        let inside = at - region.start;
        (inside < region.len && size <= region.len - inside).then_some(after - 1)
    }

    /// Checks an access and remembers it.
    pub fn access(
        &mut self,
        actor: &Actor<'_>,
        at: usize,
        size: usize,
        kind: Kind,
    ) -> Result<(), Denial> {
        let Some(region) = self.region(at, size) else {
            return Err(Denial::OutOfBounds(format!("{}, {}", name(kind, size), self.nearest(at))));
        };
        if let Some(why) = self.of_another_row(actor, self.regions[region].place, at, size) {
            let what = format!("{} of {}, {why}", name(kind, size), self.describe(at));
            return Err(Denial::OutOfBounds(what));
        }
        let place = self.regions[region].place;
        let output = matches!(
            place,
            Place::Buffer { index, .. } if !self.rows[index].is_empty() && !self.rewritten[index]
        );
        let region = &mut self.regions[region];
        let writes = !matches!(kind, Kind::Read | Kind::Strong { writes: false, .. });
        let offset = at - region.start;
        if writes && !region.writable {
            let what = format!("{} to {}, which is an input", name(kind, size), self.describe(at));
            return Err(Denial::OutOfBounds(what));
        }
        if region.cells.is_empty() {
            return Ok(());
        }
        let cells = &mut region.cells[offset..offset + size];
        let twice = output && writes && cells.iter().any(|cell| cell.initialised);
        shadow::access(cells, &mut self.tables, actor, kind).map_err(|refusal| {
            let what = format!("{} of {}", name(kind, size), self.describe(at));
            match refusal {
                Refusal::Uninitialised => {
                    Denial::Uninitialised(format!("{what}, which nobody has written"))
                }
                Refusal::Race { other, was } => {
                    Denial::Race { other, what: format!("{what} after an unordered {was}") }
                }
            }
        })?;
        if twice {
            let what =
                format!("{} of {}, which was written before", name(kind, size), self.describe(at));
            return Err(Denial::Twice(what));
        }
        Ok(())
    }

    /// Why an access to a buffer's rows is not to the row that the actor serves.
    fn of_another_row(
        &self,
        actor: &Actor<'_>,
        place: Place,
        at: usize,
        size: usize,
    ) -> Option<String> {
        let (Some(row), Place::Buffer { index, offset }) = (actor.row, place) else { return None };
        let rows = self.rows.get(index).filter(|rows| !rows.is_empty())?;
        let Some(own) = rows.get(row as usize) else {
            return Some(format!("and the thread serves row {row} of {}", rows.len()));
        };
        if own.start <= at && at + size <= own.end {
            return None;
        }
        let start = self.regions[self.region(at, size)?].start - offset;
        let (from, to) = (own.start - start, own.end - start);
        Some(format!("and the thread serves row {row}, which is bytes {from} to {to}"))
    }

    fn describe(&self, at: usize) -> String {
        match self.region(at, 1).map(|region| &self.regions[region]) {
            None => "memory that is nobody's".to_owned(),
            Some(region) => match region.place {
                Place::Shared(_) => format!("shared memory at byte {}", at - region.start),
                Place::Buffer { index, offset } => {
                    format!("{} at byte {}", self.names[index], at - region.start + offset)
                }
                Place::Image => "a variable of the kernel".to_owned(),
            },
        }
    }

    fn nearest(&self, at: usize) -> String {
        let distance = |region: &&Region| {
            region.start.saturating_sub(at).max((at + 1).saturating_sub(region.start + region.len))
        };
        let named = self.regions.iter().filter(|region| region.place != Place::Image);
        let Some(region) = named.min_by_key(distance) else {
            return "of memory that is nobody's".into();
        };
        let what = match region.place {
            Place::Shared(_) => "shared memory".to_owned(),
            Place::Buffer { index, .. } => self.names[index].clone(),
            Place::Image => "the kernel's variables".to_owned(),
        };
        let len = region.len;
        if distance(&region) > 1 << 20 {
            "of memory that is nobody's".to_owned()
        } else if at < region.start {
            format!("{} bytes before {what} ({len} bytes)", region.start - at)
        } else {
            format!("at byte {} of {what} ({len} bytes)", at - region.start)
        }
    }

    /// Tells the memory what was written.
    pub fn report(&self, memory: &mut Memory) {
        for region in &self.regions {
            if let (Place::Buffer { index, offset }, false) =
                (region.place, region.cells.is_empty())
            {
                let written = &mut memory.allocations[index].initialised[offset..][..region.len];
                for (written, cell) in written.iter_mut().zip(&region.cells) {
                    *written = cell.initialised;
                }
            }
        }
    }
}

fn name(kind: Kind, size: usize) -> String {
    let kind = match kind {
        Kind::Read => "read",
        Kind::Write => "write",
        Kind::Strong { .. } => "atomic or volatile access",
    };
    format!("{size}-byte {kind}")
}

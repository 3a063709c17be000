//! The shadow of every byte: whether it was written, and its last writer and readers.
//!
//! The check is that of FastTrack (Flanagan and Freund, PLDI 2009): the last plain write, and the last
//! read and the last atomic access of every thread since. A refusal touches nothing.

use super::clock::{Clock, Uid};
use std::collections::HashMap;

/// Who accessed a byte, when, and at which line; epoch 0 is nobody.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    pub uid: Uid,
    pub epoch: u32,
    pub pc: u32,
}

const NOBODY: Mark = Mark { uid: Uid { cta: 0, thread: 0 }, epoch: 0, pc: 0 };

/// In place of the epoch of a reader: there are several, in a table.
const MANY: u32 = u32::MAX;

#[derive(Clone, Copy)]
pub(super) struct Cell {
    write: Mark,
    /// The last atomic access.
    atomic: Mark,
    /// The table of those atomic accesses since the last plain write that others did not know of.
    atomics: Option<u32>,
    read: Mark,
    scope: Scope,
    pub initialised: bool,
}

/// The threads among which an access is atomic.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Scope {
    Block,
    Cluster,
    Device,
    System,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Read,
    Write,
    /// Atomic, or volatile.
    Strong {
        scope: Scope,
        reads: bool,
        writes: bool,
    },
}

/// Who makes an access.
pub(super) struct Actor<'a> {
    pub mark: Mark,
    pub clock: &'a Clock,
    /// CTAs of a cluster.
    pub cluster: u32,
    /// The row that it serves, where the launch says so.
    pub row: Option<u32>,
}

pub(super) enum Refusal {
    Uninitialised,
    Race { other: Mark, was: &'static str },
}

/// Accesses to a byte by several threads, the last of each.
#[derive(Default)]
struct Table {
    marks: HashMap<(u32, u32), Mark>,
    /// A clock that was found to know them all.
    passed: Option<Clock>,
}

/// The tables that cells refer to, by number.
#[derive(Default)]
pub(super) struct Tables {
    all: Vec<Table>,
    free: Vec<u32>,
}

impl Cell {
    pub fn new(initialised: bool) -> Cell {
        Cell {
            write: NOBODY,
            atomic: NOBODY,
            atomics: None,
            read: NOBODY,
            scope: Scope::System,
            initialised,
        }
    }
}

impl Actor<'_> {
    fn knows(&self, mark: &Mark) -> bool {
        mark.epoch == 0 || mark.uid == self.mark.uid || self.clock.get(mark.uid) >= mark.epoch
    }

    fn within(&self, scope: Scope, other: Uid) -> bool {
        let mine = self.mark.uid.cta;
        match scope {
            Scope::Block => mine == other.cta,
            Scope::Cluster => mine / self.cluster == other.cta / self.cluster,
            Scope::Device | Scope::System => true,
        }
    }
}

/// Checks an access to neighbouring bytes and remembers it.
pub(super) fn access(
    cells: &mut [Cell],
    tables: &mut Tables,
    actor: &Actor<'_>,
    kind: Kind,
) -> Result<(), Refusal> {
    for (byte, cell) in cells.iter_mut().enumerate() {
        match kind {
            Kind::Read => cell.plain_read(tables, actor)?,
            Kind::Write => cell.plain_write(tables, actor)?,
            Kind::Strong { scope, reads, writes } => {
                cell.strong(tables, actor, scope, reads, writes)?;
                // Atomics are of whole words, so one byte of each remembers all of them.
                cell.remember_atomic(tables, actor, byte == 0);
            }
        }
    }
    Ok(())
}

impl Cell {
    fn plain_read(&mut self, tables: &mut Tables, actor: &Actor<'_>) -> Result<(), Refusal> {
        if !actor.knows(&self.write) {
            return Err(Refusal::Race { other: self.write, was: "write" });
        }
        self.knows_atomics(tables, actor)?;
        if !self.initialised {
            return Err(Refusal::Uninitialised);
        }
        if self.read.epoch == MANY {
            tables.add(self.read.pc, actor.mark);
        } else if actor.knows(&self.read) {
            self.read = actor.mark;
        } else {
            let table = tables.open(self.read);
            tables.add(table, actor.mark);
            self.read = Mark { epoch: MANY, pc: table, ..NOBODY };
        }
        Ok(())
    }

    fn plain_write(&mut self, tables: &mut Tables, actor: &Actor<'_>) -> Result<(), Refusal> {
        if !actor.knows(&self.write) {
            return Err(Refusal::Race { other: self.write, was: "write" });
        }
        self.knows_atomics(tables, actor)?;
        self.forget_reads(tables, actor)?;
        if let Some(table) = self.atomics {
            tables.close(table);
        }
        *self = Cell { write: actor.mark, ..Cell::new(true) };
        Ok(())
    }

    fn strong(
        &mut self,
        tables: &mut Tables,
        actor: &Actor<'_>,
        scope: Scope,
        reads: bool,
        writes: bool,
    ) -> Result<(), Refusal> {
        if !actor.knows(&self.write) {
            return Err(Refusal::Race { other: self.write, was: "write" });
        }
        let narrow = scope.min(self.scope);
        if !actor.knows(&self.atomic) && !actor.within(narrow, self.atomic.uid) {
            return Err(Refusal::Race {
                other: self.atomic,
                was: "atomic access of too small a scope",
            });
        }
        if reads && !self.initialised {
            return Err(Refusal::Uninitialised);
        }
        if writes {
            self.forget_reads(tables, actor)?;
            self.initialised = true;
        }
        self.scope = scope;
        Ok(())
    }

    fn remember_atomic(&mut self, tables: &mut Tables, actor: &Actor<'_>, all: bool) {
        let before = std::mem::replace(&mut self.atomic, actor.mark);
        match self.atomics {
            Some(table) => tables.add(table, actor.mark),
            None if all && !actor.knows(&before) => {
                let table = tables.open(before);
                tables.add(table, actor.mark);
                self.atomics = Some(table);
            }
            None => {}
        }
    }

    fn knows_atomics(&self, tables: &mut Tables, actor: &Actor<'_>) -> Result<(), Refusal> {
        let last = Some(self.atomic).filter(|atomic| !actor.knows(atomic));
        let any = || self.atomics.and_then(|table| tables.unknown(table, actor));
        match last.or_else(any) {
            Some(other) => Err(Refusal::Race { other, was: "atomic access" }),
            None => Ok(()),
        }
    }

    fn forget_reads(&mut self, tables: &mut Tables, actor: &Actor<'_>) -> Result<(), Refusal> {
        if self.read.epoch == MANY {
            let table = self.read.pc;
            if let Some(other) = tables.unknown(table, actor) {
                return Err(Refusal::Race { other, was: "read" });
            }
            tables.close(table);
        } else if !actor.knows(&self.read) {
            return Err(Refusal::Race { other: self.read, was: "read" });
        }
        self.read = NOBODY;
        Ok(())
    }
}

impl Tables {
    fn open(&mut self, first: Mark) -> u32 {
        let table = self.free.pop().unwrap_or_else(|| {
            self.all.push(Table::default());
            self.all.len() as u32 - 1
        });
        self.add(table, first);
        table
    }

    fn add(&mut self, table: u32, mark: Mark) {
        let table = &mut self.all[table as usize];
        table.marks.insert((mark.uid.cta, mark.uid.thread), mark);
        table.passed = None;
    }

    fn close(&mut self, table: u32) {
        self.all[table as usize] = Table::default();
        self.free.push(table);
    }

    /// An access of the table that the actor does not know of: the least, so that a seed gives one
    /// message.
    fn unknown(&mut self, table: u32, actor: &Actor<'_>) -> Option<Mark> {
        let table = &mut self.all[table as usize];
        if table.passed.as_ref().is_some_and(|passed| passed.is(actor.clock)) {
            return None;
        }
        let unknown = table.marks.values().filter(|mark| !actor.knows(mark));
        let least = unknown.min_by_key(|mark| (mark.uid.cta, mark.uid.thread)).copied();
        // Its own accesses an actor knows without its clock, and others with that clock do not.
        let by_clock = |mark: &Mark| actor.clock.get(mark.uid) >= mark.epoch;
        if least.is_none() && table.marks.values().all(by_clock) {
            table.passed = Some(actor.clock.clone());
        }
        least
    }
}

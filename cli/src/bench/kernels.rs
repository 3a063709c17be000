//! Our kernels for the cells of a bench: planned, compiled and loaded on every core before the first
//! is measured.
//!
//! It launches nothing. One kernel that does not compile ends the bench.

use super::cell::{Cell, Lengths};
use super::input::threads;
use crate::exit::Failure;
use crate::spec::{self, Axes};
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use topkit::{
    Engine, Plan, Selector,
    spec::{NanPolicy, RowShape, Select},
};

/// The kernel of each cell.
pub type Kernels = HashMap<Cell, (Selector, Plan)>;

/// Makes the kernels of all cells ready.
pub fn prepare(
    engine: &Engine,
    cells: &[Cell],
    axes: &Axes,
    progress: &ProgressBar,
) -> Result<Kernels, Failure> {
    progress.set_message("compiling the kernels");
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*cell, kernel(engine, cell, axes)?));
            progress.inc(1);
        }
        Ok(done)
    };
    let gone = |_| Err(Failure::environment("a thread that compiles stopped before its end"));
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        let parts = workers.into_iter().map(|worker| worker.join().unwrap_or_else(gone));
        parts.collect::<Result<Vec<_>, Failure>>()
    })?;
    progress.set_position(0);
    Ok(parts.into_iter().flatten().collect())
}

fn kernel(engine: &Engine, cell: &Cell, axes: &Axes) -> Result<(Selector, Plan), Failure> {
    let problem = cell.problem();
    let mut spec = spec::for_problem(&problem, Select::Largest, NanPolicy::Highest, axes)?;
    if cell.lengths == Lengths::Uniform {
        spec.semantics.rows = RowShape::Ragged;
    }
    let selector = engine.selector(spec)?;
    let plan = selector.prepare(&problem)?;
    Ok((selector, plan))
}

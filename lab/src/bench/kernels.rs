//! Plans, compiles and loads our kernels for the cells of a bench, on every core, before the first measurement.
//!
//! It launches nothing. If a kernel does not compile, the bench ends.

use crate::cell::Cell;
use crate::{Error, threads};
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use topkit::spec::{RowShape, SpecError};
use topkit::{Engine, Plan, Problem, Selector, SelectorSpec};

/// The kernel of each cell.
pub type Kernels = HashMap<Cell, (Selector, Plan)>;

/// The spec to select with for a problem. Where rows are ragged, the bench declares it.
pub type Specs<'a> = dyn Fn(&Problem) -> Result<SelectorSpec, SpecError> + Sync + 'a;

/// Makes the kernels of all cells ready.
pub fn prepare(
    engine: &Engine,
    cells: &[Cell],
    specs: &Specs<'_>,
    progress: &ProgressBar,
) -> Result<Kernels, Error> {
    progress.set_message("compiling the kernels");
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.push((*cell, kernel(engine, cell, specs)?));
            progress.inc(1);
        }
        Ok(done)
    };
    let gone =
        |_| Err(Error::Environment("a thread that compiles stopped before its end".to_owned()));
    let parts = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads()).map(|_| scope.spawn(work)).collect();
        let parts = workers.into_iter().map(|worker| worker.join().unwrap_or_else(gone));
        parts.collect::<Result<Vec<_>, Error>>()
    })?;
    progress.set_position(0);
    Ok(parts.into_iter().flatten().collect())
}

fn kernel(engine: &Engine, cell: &Cell, specs: &Specs<'_>) -> Result<(Selector, Plan), Error> {
    let problem = cell.problem();
    let mut spec = specs(&problem)?;
    if cell.ragged() {
        spec.semantics.rows = RowShape::Ragged;
    }
    let selector = engine.selector(spec)?;
    let plan = selector.prepare(&problem)?;
    Ok((selector, plan))
}

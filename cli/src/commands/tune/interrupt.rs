//! Ctrl-C during a long measurement: the first one asks the search to end at the next step, the second ends the
//! program at once.
//!
//! The handler only sets a flag. If the system refuses a handler, every Ctrl-C ends the program at once; the
//! records measured until then are on disk.

use crate::ui::exit::Failure;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether Ctrl-C was pressed.
#[derive(Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Result<Interrupt, Failure> {
        let was = Arc::new(AtomicBool::new(false));
        // In this order: the signal that sets the flag must not find it set.
        flag::register_conditional_default(SIGINT, was.clone())
            .and_then(|_| flag::register(SIGINT, was.clone()))
            .map_err(|error| Failure::environment(format!("cannot listen to Ctrl-C: {error}")))?;
        Ok(Interrupt(was))
    }

    /// Whether it was pressed.
    pub fn was(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// To go on, until it was pressed.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.was() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[cfg(test)]
#[cfg(unix)]
#[path = "interrupt_tests.rs"]
mod tests;

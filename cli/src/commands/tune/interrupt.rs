//! Ctrl-C while something long is measured: the first asks for an end at the next step, a second
//! ends the program as it always would.
//!
//! The handler sets a flag and no more. Without it, as where the system refuses one, every Ctrl-C
//! ends the program at once; what was measured is on disk by then.

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

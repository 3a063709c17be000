//! Progress on stderr, for a person at a terminal. Anywhere else it shows nothing.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// A bar over a known number of steps.
pub fn bar(steps: usize, json: bool) -> ProgressBar {
    shown(
        ProgressBar::with_draw_target(Some(steps as u64), target(json)),
        "{bar:30} {pos}/{len} {msg}",
    )
}

/// A sign of life while something of unknown length goes on.
pub fn spinner(json: bool) -> ProgressBar {
    shown(ProgressBar::with_draw_target(None, target(json)), "{spinner} {msg}")
}

fn target(json: bool) -> ProgressDrawTarget {
    // Where stderr is no terminal, this target hides itself.
    if json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}

fn shown(bar: ProgressBar, template: &str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

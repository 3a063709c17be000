//! Records logged events, each thread's for itself, and can stop a process at a logged event.
//!
//! One subscriber serves the whole test program: events are lost when tests that run side by side
//! each install and remove their own.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::path::PathBuf;
use std::sync::{Once, OnceLock};
use std::{fs, thread};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static PAUSE: OnceLock<Pause> = OnceLock::new();

struct Pause {
    begins: String,
    ends: String,
    marker: PathBuf,
}

/// Runs `work`, and returns the events that this thread logged meanwhile: a line an event, `LEVEL
/// message field=value`.
pub fn logged<R>(work: impl FnOnce() -> R) -> (R, Vec<String>) {
    install();
    LINES.take();
    let result = work();
    (result, LINES.take())
}

/// Stops this process for good at the first event whose line begins and ends so, after it has
/// made the marker.
pub fn pause_at(begins: &str, ends: &str, marker: PathBuf) {
    install();
    let pause = Pause { begins: begins.to_owned(), ends: ends.to_owned(), marker };
    assert!(PAUSE.set(pause).is_ok(), "a process pauses once");
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let registry = tracing_subscriber::registry().with(Recorder);
        tracing::subscriber::set_global_default(registry).unwrap();
    });
}

struct Recorder;

impl<S: Subscriber> Layer<S> for Recorder {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        let line = format!("{} {}{}", event.metadata().level(), line.message, line.fields);
        let here = |pause: &&Pause| line.starts_with(&pause.begins) && line.ends_with(&pause.ends);
        if let Some(pause) = PAUSE.get().filter(here) {
            fs::write(&pause.marker, "paused").unwrap();
            loop {
                thread::park();
            }
        }
        LINES.with_borrow_mut(|lines| lines.push(line));
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            write!(self.message, "{value:?}").unwrap();
        } else {
            write!(self.fields, " {}={value:?}", field.name()).unwrap();
        }
    }
}

//! Prints the library's log on stderr: warnings, and more with `-v` or `TOPKIT_LOG`.

use std::io::{self, IsTerminal};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::time::uptime;

/// Starts the log. `-v` says more than the environment, never less.
pub fn start(verbose: u8) {
    let asked = std::env::var("TOPKIT_LOG").ok().filter(|level| !level.is_empty());
    let parsed = asked.as_deref().map(str::parse::<LevelFilter>);
    let level = match parsed {
        Some(Ok(level)) => level,
        None | Some(Err(_)) => LevelFilter::WARN,
    };
    let flag = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_max_level(level.max(flag))
        .with_span_events(FmtSpan::CLOSE)
        .with_timer(uptime())
        .init();
    if let (Some(asked), Some(Err(_))) = (asked, parsed) {
        tracing::warn!("TOPKIT_LOG is {asked:?}; it can be off, error, warn, info, debug or trace");
    }
}

//! The messages for a wrong command line.

use super::exit::Failure;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// Prints a help text, or the fault of the command line in one line.
pub fn refuse(error: &clap::Error) -> ExitCode {
    let help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if help || !error.use_stderr() {
        // If the help text cannot be written, a second message could not be either.
        let _ = error.print();
        return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(u8::MAX));
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    Failure::input(one_line(&error.to_string())).print(json)
}

/// The message of a command-line error without the usage that follows it.
pub fn one_line(message: &str) -> String {
    let lines = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ").replace(" tip: ", "; ");
    line.strip_prefix("error: ").map(str::to_owned).unwrap_or(line)
}

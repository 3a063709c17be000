//! The `topkit` program: looks at a machine, shows and compiles kernels, and selects from files.
//!
//! It stands on the libraries `topkit` and `topkit-lab` and adds no selection of its own. A command
//! ([`commands`]) reads its arguments ([`args`]) and gives a report, for people or as JSON, or a failure
//! ([`ui`]); both end here, in one place, as output and an exit code.

mod args;
mod commands;
mod ui;

use clap::Parser;
use commands::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ui::usage::refuse(&error),
    };
    ui::log::start(cli.verbose);
    match cli.carry_out() {
        Ok(report) => report.print(cli.json),
        Err(failure) => failure.print(cli.json),
    }
}

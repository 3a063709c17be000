//! The `topkit` program: looks at a machine, shows and compiles kernels, and selects from files.
//!
//! It uses the libraries `topkit` and `topkit-lab` and has no selection of its own. A command ([`commands`])
//! reads its arguments ([`args`]) and returns a report or a failure ([`ui`]). This file prints them, as text or
//! JSON, and sets the exit code.

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

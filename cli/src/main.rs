//! The `topkit` program: looks at a machine, shows and compiles kernels, and selects from files.
//!
//! It stands on the `topkit` library and adds no selection of its own. A command gives a report,
//! for people or as JSON, or a failure; both end here, in one place, as output and an exit code.

mod answer;
mod args;
mod bench;
mod cache;
mod compile;
mod diff;
mod doctor;
mod draw;
mod emit;
mod exit;
mod form;
mod gpu;
mod interpret;
mod kernel;
mod log;
mod member;
mod outcome;
mod pack;
mod place;
mod probe;
mod progress;
mod recall;
mod report;
mod room;
mod run;
mod scores;
mod spec;
mod tune;
mod warmup;

use args::{Cli, Command};
use clap::Parser;
use exit::Failure;
use report::Report;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error),
    };
    log::start(cli.verbose);
    match carry_out(&cli) {
        Ok(report) => report.print(cli.json),
        Err(failure) => failure.print(cli.json),
    }
}

fn carry_out(cli: &Cli) -> Result<Report, Failure> {
    let refused = topkit::Config::from_env().refused;
    if !refused.is_empty() && !matches!(cli.command, Command::Doctor) {
        return Err(Failure::environment(refused.join("\n")));
    }
    match &cli.command {
        Command::Doctor => doctor::doctor(),
        Command::Emit(args) => emit::emit(args),
        Command::Diff(args) => diff::diff(args).map_err(Failure::trouble),
        Command::Compile(args) => compile::compile(args, cli.json),
        Command::Warmup(args) => warmup::warmup(args, cli.json),
        Command::Run(args) => run::run(args, cli.json),
        Command::Bench(args) => bench::bench(args, cli.json),
        Command::Tune(args) => tune::tune(args, cli.json),
        Command::Recall(args) => recall::recall(args, cli.json),
        Command::Pack(args) => pack::pack(args, cli.json),
        Command::Cache { action } => cache::cache(*action),
    }
}

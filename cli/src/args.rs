//! The command line: the commands, what all of them share, and the words for a wrong one.

use crate::cache::Action;
use crate::exit::{EXIT_CODES, Failure};
use crate::{bench, compile, diff, emit, pack, recall, run, tune, warmup};
use clap::error::ErrorKind;
use clap::{ArgAction, Parser, Subcommand};
use std::process::ExitCode;

/// Exact top-k selection on NVIDIA GPUs, with kernels generated and compiled at run time.
#[derive(Debug, Parser)]
#[command(name = "topkit", version, after_long_help = EXIT_CODES)]
pub struct Cli {
    /// Print one JSON document in place of text.
    #[arg(long, global = true)]
    pub json: bool,

    /// Log more to stderr: -v info, -vv debug, -vvv trace. TOPKIT_LOG sets a level too.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what this machine has, what is missing and how to get it.
    #[command(after_long_help = EXIT_CODES)]
    Doctor,
    /// Print the CUDA C of a kernel, its PTX or its SASS. The CUDA C needs neither a GPU nor NVRTC.
    #[command(after_long_help = EXIT_CODES)]
    Emit(emit::Args),
    /// Compare two kernels: their CUDA C, PTX or SASS as a unified diff, and what they take of an SM.
    #[command(after_long_help = EXIT_CODES)]
    Diff(diff::Args),
    /// Compile kernels for one or more architectures. Needs NVRTC, but no GPU.
    #[command(after_long_help = EXIT_CODES)]
    Compile(compile::Args),
    /// Compile ahead, into the disk cache, the kernels that launches of some problems can need.
    #[command(after_long_help = EXIT_CODES)]
    Warmup(warmup::Args),
    /// Select the top k of every row of a file or of generated scores, and check the answer.
    #[command(after_long_help = EXIT_CODES)]
    Run(run::Args),
    /// Time the kernels over grids of problems, beside the read-once floor and others' kernels.
    #[command(after_long_help = EXIT_CODES)]
    Bench(Box<bench::Args>),
    /// Measure which kernel is fastest for which problem, for plans to go by.
    #[command(after_long_help = EXIT_CODES)]
    Tune(tune::Args),
    /// Measure how much of the F32 selection is left where scores are rounded to BF16 or F16.
    #[command(after_long_help = EXIT_CODES)]
    Recall(recall::Args),
    /// Compile kernels ahead into one file, for machines without NVRTC; list or verify such a file.
    #[command(after_long_help = pack::help())]
    Pack(pack::Args),
    /// Look at the compiled kernels on disk.
    #[command(after_long_help = EXIT_CODES)]
    Cache {
        /// What to do with them.
        #[command(subcommand)]
        action: Action,
    },
}

/// Prints a help text, or says in one line what is wrong with the command line.
pub fn refuse(error: &clap::Error) -> ExitCode {
    let help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    if help || !error.use_stderr() {
        // A help text that nobody can read is not worth a second message.
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_long_help_tells_the_exit_codes() {
        let mut cli = Cli::command();
        assert!(cli.render_long_help().to_string().contains(EXIT_CODES));
        for command in cli.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let help = command.render_long_help().to_string();
            assert!(help.contains(EXIT_CODES), "{help}");
        }
    }
}

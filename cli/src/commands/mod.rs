//! The commands, a file or a folder each, and the code that all of them use. A command returns a report or a
//! failure; it prints nothing itself.

mod bench;
mod cache;
mod compile;
mod diff;
mod doctor;
mod emit;
mod form;
mod pack;
mod recall;
mod run;
mod tune;
mod warmup;

use crate::ui::exit::{EXIT_CODES, Failure};
use crate::ui::report::Report;
use cache::Action;
use clap::{ArgAction, Parser, Subcommand};

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

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of the program.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check the GPU, the driver, NVRTC and the cache, with a remedy for each missing part.
    #[command(after_long_help = EXIT_CODES)]
    Doctor,
    /// Print the CUDA C of a kernel, its PTX or its SASS. The CUDA C needs neither a GPU nor NVRTC.
    #[command(after_long_help = EXIT_CODES)]
    Emit(emit::Args),
    /// Compare two kernels: their CUDA C, PTX or SASS as a unified diff, and their use of an SM.
    #[command(after_long_help = EXIT_CODES)]
    Diff(diff::Args),
    /// Compile kernels for one or more architectures. Needs NVRTC, but no GPU.
    #[command(after_long_help = EXIT_CODES)]
    Compile(compile::Args),
    /// Compile kernels into the disk cache ahead of launches, for given problems.
    #[command(after_long_help = EXIT_CODES)]
    Warmup(warmup::Args),
    /// Select the top k of every row of a file or of generated scores, and check the answer.
    #[command(after_long_help = EXIT_CODES)]
    Run(Box<run::Args>),
    /// Time the kernels over grids of problems, beside the read-once floor and others' kernels.
    #[command(after_long_help = EXIT_CODES)]
    Bench(Box<bench::Args>),
    /// Measure which kernel is fastest for which problem, and make plans by the times.
    #[command(after_long_help = EXIT_CODES)]
    Tune(tune::Args),
    /// Measure how much of the F32 selection remains if scores are rounded to BF16 or F16.
    #[command(after_long_help = EXIT_CODES)]
    Recall(recall::Args),
    /// Compile kernels ahead into one file, for machines without NVRTC; list or verify such a file, or
    /// tell which problems it covers.
    #[command(after_long_help = pack::help())]
    Pack(pack::Args),
    /// Look at the compiled kernels on disk.
    #[command(after_long_help = EXIT_CODES)]
    Cache {
        /// The action.
        #[command(subcommand)]
        action: Action,
    },
}

impl Cli {
    /// Runs the command. If topkit refuses a variable of the environment, only `doctor` runs, and reports it.
    pub fn carry_out(&self) -> Result<Report, Failure> {
        let refused = topkit::Config::from_env().refused;
        if !refused.is_empty() && !matches!(self.command, Command::Doctor) {
            return Err(Failure::environment(refused.join("\n")));
        }
        match &self.command {
            Command::Doctor => doctor::doctor(),
            Command::Emit(args) => emit::emit(args),
            Command::Diff(args) => diff::diff(args).map_err(Failure::trouble),
            Command::Compile(args) => compile::compile(args, self.json),
            Command::Warmup(args) => warmup::warmup(args, self.json),
            Command::Run(args) => run::run(args, self.json),
            Command::Bench(args) => bench::bench(args, self.json),
            Command::Tune(args) => tune::tune(args, self.json),
            Command::Recall(args) => recall::recall(args, self.json),
            Command::Pack(args) => pack::pack(args, self.json),
            Command::Cache { action } => cache::cache(*action),
        }
    }
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

//! `cargo xtask`: the tasks of this repository, each with its own set-up.
//!
//! It starts cargo, git, python3 and tar, and holds no logic of the library. Everything it writes is
//! below the target folder. The first step that fails ends it, with exit code 1 and the step named.

mod bundle;
mod cargo;
mod examples;
mod numpy;
mod nvrtc;
mod package;
mod pip;
mod replay;
mod tree;

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of this repository")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Declares a selector, generates, compiles and selects from real scores
    Demo,
    /// Runs every test that needs no GPU, also the tests that need NVRTC or numpy
    Test {
        /// Also the tests that need a GPU; without a GPU they fail
        #[arg(long)]
        gpu: bool,
    },
    /// Runs every example that needs no GPU
    Examples {
        /// Also the examples that need a GPU
        #[arg(long)]
        gpu: bool,
    },
    /// Writes the golden sources in tests/golden anew
    Bless,
    /// Compares every kernel that two commits generate: all kernels, dtypes, sizes and meanings; with --code their machine code
    Replay(replay::Args),
    /// Packs the crates as for the registry, and builds what was packed, away from the repository
    Package,
    /// Packs tests, benchmarks, the program and the C library for a GPU machine that has no Rust
    Bundle {
        #[arg(
            long,
            value_name = "FOLDER",
            help = "The folder to write [default: target/topkit-bundle]"
        )]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Demo => examples::run_one("demo"),
        Task::Test { gpu } => {
            let nvrtc = nvrtc::provide()?;
            let mut test = cargo::command(&["test"])?;
            test.args(cargo::WORKSPACE);
            if gpu {
                test.args(["--features", "gpu"]);
            }
            cargo::run(test.envs(nvrtc).envs([numpy::provide()?]))
        }
        Task::Examples { gpu } => examples::run(gpu),
        Task::Bless => {
            let golden = ["test", "--package", "topkit-tests", "--test", "host"];
            let mut write = cargo::command(&golden)?;
            cargo::run(write.arg("golden::the_text_is_as_it_was").env("UPDATE_EXPECT", "1"))?;
            // The other tests report missing and leftover files of the folder.
            cargo::run(cargo::command(&golden)?.arg("golden::"))
        }
        Task::Replay(args) => replay::run(&args),
        Task::Package => package::run(),
        Task::Bundle { out } => {
            let default = cargo::target()?.join("topkit-bundle");
            bundle::write(&out.unwrap_or(default))
        }
    }
}

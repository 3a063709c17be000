//! `topkit pack`: compiles kernels ahead into one file, lists such a file, and checks what it covers.
//!
//! The format of a pack and its lookup are in the library, `topkit::cache::pack`. This module decides which
//! kernels go into a pack.

mod check;
mod list;
mod make;
mod reader;
mod spec;

use crate::ui::exit::{EXIT_CODES, Failure};
use crate::ui::report::Report;
use std::path::PathBuf;

/// The arguments of `topkit pack`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(flatten)]
    make: Option<make::Order>,
    /// What to do with a pack that is there.
    #[command(subcommand)]
    action: Option<Action>,
}

/// What to do with a pack that is there.
#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List its kernels: symbol, architecture, size, registers and digest.
    #[command(after_long_help = EXIT_CODES)]
    Ls {
        /// The pack.
        file: PathBuf,
    },
    /// Tell whether it covers problems, without NVRTC and without a GPU. Exits with 1 when it does not,
    /// and names each problem that none of its kernels can serve.
    #[command(after_long_help = EXIT_CODES)]
    Check(Box<check::Args>),
    /// Check every byte of it. Exits with 1 when it is damaged.
    #[command(after_long_help = EXIT_CODES)]
    Verify {
        /// The pack.
        file: PathBuf,
    },
}

/// Shown below the long help.
pub fn help() -> String {
    format!("{}\n\n{EXIT_CODES}", spec::HELP)
}

/// Makes, lists, checks or verifies a pack.
pub fn pack(args: &Args, json: bool) -> Result<Report, Failure> {
    match (&args.action, &args.make) {
        (Some(Action::Ls { file }), _) => list::list(file),
        (Some(Action::Verify { file }), _) => list::verify(file),
        (Some(Action::Check(args)), _) => check::check(args),
        (None, Some(make)) => make::make(make, json),
        (None, None) => {
            Err(Failure::input("name a spec, or `ls`, `check` or `verify`; see --help"))
        }
    }
}

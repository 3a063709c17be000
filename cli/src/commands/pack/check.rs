//! Says whether the kernels of a pack can serve workloads, on a machine that has neither NVRTC nor a GPU.
//!
//! A pack covers a problem if one of its sound kernels can serve it, fast or slow: that is what a launch without a
//! compiler needs. A part of a workload that no kernel serves is named with the reasons, and gives exit code 1.

use crate::args::spec::{Axes, Meaning};
use crate::args::workload;
use crate::ui::exit::{Exit, Failure};
use crate::ui::report::{Report, count};
use serde_json::{Value, json};
use std::path::PathBuf;
use topkit::cache::Uncovered;
use topkit::cache::pack::Pack;
use topkit::{Arch, Config, Engine, Selector, Workload};

/// The arguments of `topkit pack check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pack.
    file: PathBuf,
    /// Problems to serve: DTYPE,ROWS,COLUMNS,K, each size a number or a range, as in
    /// bf16,1..64,8192..131072,512. Both ends of a range belong to it. A kernel serves rows at any
    /// alignment; ragged rows need --rows ragged.
    #[arg(required = true, value_name = "WORKLOAD", value_parser = workload::parse)]
    workloads: Vec<Workload>,
    /// Architectures to run on; one or a list. Without it: those that the pack has kernels for.
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    arch: Vec<Arch>,
    #[command(
        flatten,
        next_help_heading = "Tuning axes, as declared (a value or a list; else those of the macro)"
    )]
    axes: Axes,
    #[command(flatten)]
    meaning: Meaning,
}

/// A workload on one architecture.
struct Checked<'a> {
    arch: Arch,
    workload: &'a Workload,
    uncovered: Vec<Uncovered>,
}

/// Names every problem that the pack cannot serve.
pub fn check(args: &Args) -> Result<Report, Failure> {
    let pack = Pack::open(&args.file)?;
    // A damaged kernel is not used, so what it covers is not covered.
    if let Some(fault) = pack.verify().find_map(|(_, checked)| checked.err()) {
        return Err(fault.into());
    }
    let mut archs = if args.arch.is_empty() { pack.archs() } else { args.arch.clone() };
    archs.sort();
    archs.dedup();
    if archs.is_empty() {
        let message = format!("{} has no kernels; name an architecture", args.file.display());
        return Err(Failure::input(message));
    }
    let spec = workload::selector("Check", &args.workloads, &args.axes, &args.meaning)?;
    let mut all = Vec::new();
    for arch in archs {
        // Neither the cache nor other packs of this machine count.
        let builder = Engine::builder().config(Config::default()).pack(&args.file);
        let selector: Selector = builder.build_toolchain(arch)?.selector(spec.clone())?;
        for workload in &args.workloads {
            let uncovered = selector.uncovered([workload])?;
            all.push(Checked { arch, workload, uncovered });
        }
    }
    let open = all.iter().filter(|checked| !checked.uncovered.is_empty()).count();
    let mut text: String = all.iter().map(Checked::text).collect();
    text += &match open {
        0 => format!("{} covered\n", count(all.len(), "workload")),
        open => format!("{} not covered, of {}\n", count(open, "workload"), all.len()),
    };
    let json = json!({
        "pack": args.file.display().to_string(),
        "covered": open == 0,
        "workloads": all.iter().map(Checked::json).collect::<Vec<_>>(),
    });
    let exit = if open == 0 { Exit::Done } else { Exit::CheckFailed };
    Ok(Report { text, json, exit })
}

impl Checked<'_> {
    fn text(&self) -> String {
        let Checked { arch, workload, uncovered } = self;
        if uncovered.is_empty() {
            return format!("{arch}: {workload}: covered\n");
        }
        let mut text = format!("{arch}: {workload}: not covered\n");
        for part in uncovered {
            text += &format!("  no kernel for {}\n", part.problems);
            part.why.iter().for_each(|why| text += &format!("    {why}\n"));
        }
        text
    }

    fn json(&self) -> Value {
        let range = |first: u64, last: u64| json!([first, last]);
        let of = |Workload { dtype, rows, columns, k, .. }: &Workload| {
            json!({
                "dtype": dtype.name(),
                "rows": range(*rows.start() as u64, *rows.end() as u64),
                "columns": range(*columns.start() as u64, *columns.end() as u64),
                "k": range(u64::from(*k.start()), u64::from(*k.end())),
            })
        };
        let mut json = of(self.workload);
        json["arch"] = json!(self.arch.to_string());
        json["covered"] = json!(self.uncovered.is_empty());
        let part = |part: &Uncovered| {
            let mut json = of(&part.problems);
            json["why"] = json!(part.why);
            json
        };
        json["uncovered"] = self.uncovered.iter().map(part).collect();
        json
    }
}

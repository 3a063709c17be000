//! `topkit warmup`: compiles into the disk cache, ahead of launches, the kernels that given problems need.
//!
//! The library finds the kernels, compiles them and checks that the disk cache has them. This module reads the
//! problems and reports the outcome. A kernel that did not compile or is not in the cache gives exit code 3.

use crate::args::spec::{self, Axes, Meaning};
use crate::args::workload;
use crate::ui::exit::{Exit, Failure};
use crate::ui::progress;
use crate::ui::report::{Report, count, table};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::num::NonZero;
use std::thread;
use std::time::Instant;
use topkit::cache::{NotKept, Origin};
use topkit::{
    Arch, Engine, Selector, Toolchain, Workload,
    cache::{Warmed, Warmup},
};

/// The arguments of `topkit warmup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Problems to be ready for: DTYPE,ROWS,COLUMNS,K, each size a number or a range, as in
    /// bf16,1..64,8192..131072,512. Both ends of a range belong to it.
    #[arg(required = true, value_name = "WORKLOAD", value_parser = workload::parse)]
    workloads: Vec<Workload>,
    /// Architectures to compile for; one or a list. Plans are then made for the most common GPU of each;
    /// another GPU may need other kernels. Without it: the first GPU, its plans and its architecture,
    /// and kernels are loaded too, to see whether it has room for them.
    #[arg(long, value_name = "ARCH", value_delimiter = ',')]
    arch: Vec<Arch>,
    /// Kernels to compile at a time. [default: the processors of this machine]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Only list the kernels that would be compiled, or are there already.
    #[arg(long)]
    list: bool,
    #[command(
        flatten,
        next_help_heading = "Tuning axes, as declared (a value or a list; else those of the macro)"
    )]
    axes: Axes,
    #[command(flatten)]
    meaning: Meaning,
}

/// Lists or compiles. At the end the disk is read again: a kernel counts as ready where the next
/// process finds it.
pub fn warmup(args: &Args, json: bool) -> Result<Report, Failure> {
    let selectors = args.selectors()?;
    if args.list {
        return list(args, &selectors);
    }
    // Packs alone have all that they can serve already.
    selectors.iter().try_for_each(|selector| selector.toolchain().nvrtc().map(drop))?;
    let disk = selectors.first().and_then(|selector| selector.toolchain().disk());
    let folder = disk.map(|disk| disk.root().display().to_string()).ok_or_else(|| {
        Failure::environment(
            "no kernel is kept on disk here, so that a warm-up would be lost with this program; \
             set TOPKIT_CACHE=on and TOPKIT_CACHE_DIR to a folder of yours",
        )
    })?;
    let jobs = args.jobs.or(thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let start = Instant::now();
    let bar = progress::bar(0, json);
    let mut all = Vec::new();
    for selector in &selectors {
        let before: usize = all.iter().map(|(_, done): &(_, Warmup)| done.kernels.len()).sum();
        let done = selector.warmup_with(&args.workloads, jobs, |warmed, done, total| {
            bar.set_length((before + total) as u64);
            bar.set_position((before + done) as u64);
            bar.set_message(warmed.key.to_string());
        })?;
        all.push((selector, done));
    }
    let passed_over = all.iter().map(|(_, done)| done.passed_over.len()).sum();
    let kernels = kernels(all);
    bar.finish_and_clear();
    Ok(told(&kernels, passed_over, &folder, start.elapsed().as_secs_f64()))
}

impl Args {
    /// A selector for each architecture, all opened before the first compile.
    fn selectors(&self) -> Result<Vec<Selector>, Failure> {
        let spec = workload::selector("Warmup", &self.workloads, &self.axes, &self.meaning)?;
        let mut archs = self.arch.clone();
        archs.sort();
        archs.dedup();
        let toolchains = if archs.is_empty() {
            let engine = Engine::new().map_err(|error| {
                Failure::environment(format!("{error}\n--arch needs no GPU, as in --arch sm_90a"))
            })?;
            vec![engine.toolchain().clone()]
        } else {
            archs.iter().map(|&arch| Toolchain::new(arch)).collect::<Result<_, _>>()?
        };
        let selectors = toolchains.iter().map(|toolchain| toolchain.selector(spec.clone()));
        Ok(selectors.collect::<Result<_, _>>()?)
    }
}

fn list(args: &Args, selectors: &[Selector]) -> Result<Report, Failure> {
    let mut keys = Vec::new();
    for selector in selectors {
        keys.extend(selector.enumerate(&args.workloads)?);
    }
    let rows: Vec<_> = keys
        .iter()
        .map(|key| vec![key.variant.to_string(), key.arch.to_string(), key.key.to_string()])
        .collect();
    let text = table("lll", &rows) + &format!("{}\n", count(keys.len(), "kernel"));
    let kernel = |key: &topkit::cache::CompileKey| {
        json!({
            "variant": spec::json(&key.variant),
            "arch": key.arch.to_string(),
            "key": key.key.to_string(),
        })
    };
    let kernels: Vec<_> = keys.iter().map(kernel).collect();
    Ok(Report::done(text, json!({ "kernels": kernels })))
}

/// The kernels of all architectures. The report of the last architecture is still true of the disk; for the
/// others the disk is read again, since a later kernel may have displaced theirs.
fn kernels(all: Vec<(&Selector, Warmup)>) -> Vec<Kernel> {
    let last = all.len().saturating_sub(1);
    let mut kernels = Vec::new();
    for (place, (selector, done)) in all.into_iter().enumerate() {
        let told: HashMap<_, _> =
            done.not_kept.into_iter().map(|(key, why)| (key.key, why)).collect();
        for warmed in done.kernels {
            let key = &warmed.key.key;
            let missing = match warmed.outcome {
                Err(_) | Ok(Origin::Pack) => None,
                Ok(_) if place == last => told.get(key).cloned(),
                Ok(_) => selector.toolchain().cache().kept(key).err(),
            };
            kernels.push(Kernel::of(warmed, missing));
        }
    }
    kernels
}

/// A kernel at the end of a warm-up.
struct Kernel {
    warmed: Warmed,
    /// Why the next process will not find it: it failed, or the disk does not have it.
    fault: Option<String>,
}

impl Kernel {
    fn of(warmed: Warmed, missing: Option<NotKept>) -> Kernel {
        let failed = warmed.outcome.as_ref().err().map(ToString::to_string);
        let fault = failed.or_else(|| missing.map(|why| why.to_string()));
        Kernel { warmed, fault }
    }

    fn failed(&self) -> bool {
        self.warmed.outcome.is_err()
    }

    fn missing(&self) -> bool {
        !self.failed() && self.fault.is_some()
    }

    fn packed(&self) -> bool {
        matches!(self.warmed.outcome, Ok(Origin::Pack))
    }

    fn cells(&self) -> Vec<String> {
        let Warmed { key, outcome, elapsed, .. } = &self.warmed;
        let origin = match outcome {
            Ok(origin) if self.missing() => format!("{origin}, not kept"),
            Ok(origin) => origin.to_string(),
            Err(_) => "failed".to_owned(),
        };
        let time = format!("{:.2} s", elapsed.as_secs_f64());
        vec![key.variant.to_string(), key.arch.to_string(), time, origin]
    }

    fn json(&self) -> Value {
        let Warmed { key, outcome, elapsed, .. } = &self.warmed;
        json!({
            "variant": spec::json(&key.variant),
            "arch": key.arch.to_string(),
            "key": key.key.to_string(),
            "seconds": elapsed.as_secs_f64(),
            "origin": outcome.as_ref().ok().map(ToString::to_string),
            "kept": self.fault.is_none(),
            "error": self.fault,
        })
    }
}

fn told(kernels: &[Kernel], passed_over: usize, folder: &str, seconds: f64) -> Report {
    let head = ["kernel", "arch", "time", "origin"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(kernels.iter().map(Kernel::cells));
    let mut text = table("llrl", &rows);
    for kernel in kernels {
        let what = if kernel.failed() { "failed" } else { "missing" };
        if let Some(fault) = &kernel.fault {
            text += &format!("{what}: {}: {fault}\n", kernel.warmed.key);
        }
    }
    let [failed, missing, packed] = [Kernel::failed, Kernel::missing, Kernel::packed]
        .map(|is: fn(&Kernel) -> bool| kernels.iter().filter(|kernel| is(kernel)).count());
    let ready = count(kernels.len() - failed - missing, "kernel");
    let place = match packed {
        0 => folder.to_owned(),
        packed => format!("{folder}, {packed} of them in packs"),
    };
    let gone = if missing > 0 { format!(", {missing} missing there") } else { String::new() };
    text += &format!("{ready} ready in {place}, {failed} failed{gone}, {seconds:.2} s\n");
    if passed_over > 0 {
        let kernels = count(passed_over, "kernel");
        text += &format!("The GPU has no room for {kernels}; others take their place.\n");
    }
    Report {
        text,
        json: json!({
            "folder": folder,
            "seconds": seconds,
            "failed": failed,
            "missing": missing,
            "passed_over": passed_over,
            "kernels": kernels.iter().map(Kernel::json).collect::<Vec<_>>(),
        }),
        exit: if failed + missing == 0 { Exit::Done } else { Exit::Environment },
    }
}

//! Makes a pack: finds the kernels that a spec needs on each architecture, compiles them on every core and
//! writes them into one file. It writes nothing before all of them are compiled.
//!
//! Kernels in the disk cache are not compiled again. Other packs are not used, since another compiler may
//! have made them. Kernels are compiled without source lines, unless `--line-info` asks for them.

use super::spec::{self, Selector};
use crate::commands::compile::{asked, engine};
use crate::ui::exit::Failure;
use crate::ui::progress;
use crate::ui::report::{Report, bytes, count};
use indicatif::ProgressBar;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use topkit::cache::pack::PackWriter;
use topkit::cache::{Artifact, Origin};
use topkit::{
    Arch, Toolchain, Variant,
    inspect::{Basis, RenderedSource},
};

/// The arguments that make a pack.
#[derive(Debug, clap::Args)]
pub struct Order {
    /// Architectures to compile for; one or a list.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', required = true)]
    arch: Vec<Arch>,
    /// The selectors to pack: a TOML file.
    #[arg(value_name = "SPEC")]
    spec: PathBuf,
    /// The pack to write. It replaces an existing file once it is complete.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Keep the source lines of instructions, for profilers and debuggers. The code is the same, and
    /// the pack about three times as large.
    #[arg(long)]
    line_info: bool,
}

/// A kernel to compile.
struct Job {
    selector: topkit::Selector,
    variant: Variant,
}

type Done = (RenderedSource, Arc<Artifact>);

/// Compiles the kernels of the spec and writes the pack.
pub fn make(order: &Order, json: bool) -> Result<Report, Failure> {
    let selectors = spec::read(&order.spec)?;
    let mut archs = order.arch.clone();
    archs.sort();
    archs.dedup();
    // All are opened before the first compile, so that an unknown one costs no time.
    let settings = asked().packs(Vec::new()).line_info(order.line_info);
    let engines = archs.iter().map(|&arch| engine(arch, settings.clone()));
    let engines = engines.collect::<Result<Vec<_>, _>>()?;
    let jobs = jobs(&engines, &selectors)?;
    let bar = progress::bar(jobs.len(), json);
    let done = compile(&jobs, &bar);
    bar.finish_and_clear();
    let done = done?;

    let Some(engine) = engines.first() else {
        return Err(Failure::input("name an architecture with --arch"));
    };
    let mut pack = PackWriter::new(engine.nvrtc()?);
    for (source, artifact) in &done {
        pack.add(source, artifact)?;
    }
    let size = pack.write(&order.output)?;

    let compiled = done.iter().filter(|(_, artifact)| artifact.origin == Origin::Compiled).count();
    let place = order.output.display();
    let names: Vec<_> = archs.iter().map(Arch::to_string).collect();
    let text = format!(
        "{} for {} packed, {compiled} of them compiled now\n{} written to {place}\n",
        count(pack.len(), "kernel"),
        names.join(", "),
        bytes(size),
    );
    let document = json!({
        "pack": place.to_string(),
        "bytes": size,
        "archs": names,
        "kernels": pack.len(),
        "compiled": compiled,
    });
    Ok(Report::done(text, document))
}

/// The kernels that the selectors ask for on every architecture, each once.
fn jobs(engines: &[Toolchain], selectors: &[Selector]) -> Result<Vec<Job>, Failure> {
    let mut jobs = BTreeMap::new();
    for engine in engines {
        for asked in selectors {
            let selector = engine.selector(asked.spec.clone())?;
            for variant in variants(asked, &selector)? {
                let job = || Job { selector: selector.clone(), variant };
                jobs.entry((engine.arch(), variant.symbol())).or_insert_with(job);
            }
        }
    }
    Ok(jobs.into_values().collect())
}

/// The variants of one selector on one architecture: the best of each of its problems, or without problems
/// all that the architecture can launch.
fn variants(asked: &Selector, selector: &topkit::Selector) -> Result<Vec<Variant>, Failure> {
    let arch = selector.toolchain().arch();
    if asked.problems.is_empty() {
        let mut variants = asked.spec.variants();
        variants.retain(|variant| variant.kernel.compiles_for(arch));
        return Ok(variants);
    }
    let mut best = Vec::new();
    for problem in &asked.problems {
        let explained = selector.explain(problem).map_err(|error| {
            Failure::input(format!("{} of the spec, for {arch}: {error}", asked.spec.name))
        })?;
        match explained.basis {
            Basis::Measured(measured) => {
                let first = measured.expected.iter().take(asked.variants);
                best.extend(first.map(|expected| expected.variant));
            }
            _ => best.push(explained.plan.variant),
        }
    }
    Ok(best)
}

/// Compiles on every core, in no order; gives them in the order of the jobs. The first refusal ends
/// it.
fn compile(jobs: &[Job], bar: &ProgressBar) -> Result<Vec<Done>, Failure> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((place, job)) = take(jobs, &next) {
            let Job { selector, variant } = job;
            bar.set_message(format!("{variant} for {}", selector.toolchain().arch()));
            let made = selector.source(variant).and_then(|source| {
                let artifact = selector.artifact(variant)?;
                Ok((source, artifact))
            });
            if made.is_err() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(place, made);
            bar.inc(1);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(jobs.len()) {
            scope.spawn(work);
        }
    });
    let done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(done.into_values().collect::<Result<_, topkit::Error>>()?)
}

fn take<'a>(jobs: &'a [Job], next: &AtomicUsize) -> Option<(usize, &'a Job)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, jobs.get(place)?))
}

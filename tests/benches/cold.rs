//! What the first use of a kernel costs: compiled, loaded from disk, and found in memory.
//!
//! Each time is that of one `Selector::artifact`, the step between a plan and the loading of the
//! machine code into a GPU, and needs no GPU itself. Compiled: rendered, hashed, not found on disk,
//! compiled by NVRTC, written to disk. From disk: rendered, hashed, read and checked. From memory:
//! looked up by its variant. Engines are made before the clock starts.
//!
//! Run it: `cargo bench -p topkit-tests --features nvrtc --bench cold`.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;
use topkit::{
    Config, DType, Selector, SelectorSpec, Toolchain, Variant, Workload, spec::KernelKind,
};

/// Looks from disk for each kernel, and lookups in memory for each.
const LOADS: usize = 20;
const LOOKUPS: usize = 1_000_000;
/// Milliseconds and nanoseconds that the medians must not exceed.
const COMPILE_MS: f64 = 250.0;
const DISK_MS: f64 = 3.0;
const MEMORY_NS: f64 = 200.0;

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let engine = Toolchain::new("sm_90a".parse()?)?;
    let opened = start.elapsed().as_secs_f64() * 1e3;
    let folder = tempfile::tempdir()?;
    let cache_dir = Some(folder.path().join("cache"));
    let config = Config::default().cache_dir(cache_dir);
    let fresh = || -> Result<Selector, Box<dyn Error>> {
        let spec = SelectorSpec::builder("Cold").dtype([DType::F32, DType::Bf16]);
        Ok(engine.with_config(config.clone())?.selector(spec.build()?)?)
    };
    let indexer = |dtype| Workload::new(dtype, 1..=1024, 4096..=256_000, 512..=2048);
    let start = Instant::now();
    let keys = fresh()?.enumerate([indexer(DType::F32), indexer(DType::Bf16)])?;
    let foreseen = start.elapsed().as_secs_f64() * 1e3;
    let mut variants: Vec<Variant> = keys.into_iter().map(|key| key.variant).collect();
    // Any one variant of a kernel that no plan here names.
    for kind in KernelKind::ALL {
        if variants.iter().all(|variant| variant.kernel != *kind) {
            let mut all = fresh()?.spec().variants().into_iter();
            variants.extend(all.find(|variant| variant.kernel == *kind));
        }
    }

    let (mut compiled, mut loaded, mut found) = (Vec::new(), Vec::new(), Vec::new());
    let selector = fresh()?;
    // The first compile of a process starts the compiler up.
    let one_more = selector.spec().variants().into_iter().find(|v| !variants.contains(v));
    selector.artifact(&one_more.ok_or("no other kernel to start with")?)?;
    for variant in &variants {
        let start = Instant::now();
        selector.artifact(variant)?;
        compiled.push((start.elapsed().as_secs_f64() * 1e3, *variant));
    }
    for _ in 0..LOADS {
        let selector = fresh()?;
        for variant in &variants {
            let start = Instant::now();
            selector.artifact(variant)?;
            loaded.push((start.elapsed().as_secs_f64() * 1e3, *variant));
        }
        let stats = selector.toolchain().cache().stats();
        if (stats.compiles, stats.disk_hits) != (0, variants.len() as u64) {
            return Err(format!("not all came from disk: {stats:?}").into());
        }
    }
    for variant in &variants {
        let start = Instant::now();
        for _ in 0..LOOKUPS {
            black_box(selector.artifact(black_box(variant))?);
        }
        found.push((start.elapsed().as_secs_f64() * 1e9 / LOOKUPS as f64, *variant));
    }

    println!("an engine: {opened:.1} ms; {} kernels foreseen in {foreseen:.1} ms", variants.len());
    let missed = [
        tell("compiled", "ms", COMPILE_MS, compiled),
        tell("from disk", "ms", DISK_MS, loaded),
        tell("from memory", "ns", MEMORY_NS, found),
    ];
    match missed.into_iter().flatten().collect::<Vec<_>>().join("; ") {
        missed if missed.is_empty() => Ok(()),
        missed => Err(missed.into()),
    }
}

/// Prints median, least and most of each algorithm and of all; gives what is wrong where the median
/// of all is beyond its limit.
fn tell(what: &str, unit: &str, limit: f64, times: Vec<(f64, Variant)>) -> Option<String> {
    println!("{what}, {unit}, at most {limit}:");
    for &kind in KernelKind::ALL {
        let of_kind = times.iter().filter(|(_, variant)| variant.kernel == kind);
        line(kind.name(), of_kind.map(|(time, _)| *time).collect());
    }
    let median = line("all", times.into_iter().map(|(time, _)| time).collect())?;
    (median > limit).then(|| format!("{what}: {median:.3} {unit}, and the limit is {limit}"))
}

fn line(name: &str, mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    let median = *times.get(times.len() / 2)?;
    println!("  {name:14} {median:9.3} ({:.3} to {:.3})", times.first()?, times.last()?);
    Some(median)
}

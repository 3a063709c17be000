//! `topkit compile`: kernels to machine code, for any architecture that NVRTC knows.

use crate::args::spec::{self, Keys};
use crate::commands::emit::write;
use crate::ui::exit::Failure;
use crate::ui::progress;
use crate::ui::report::{Report, bytes, count, table};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use topkit::cache::Artifact;
use topkit::{Arch, Config, Engine, Selector, Toolchain, Variant, inspect::Resources};

/// The arguments of `topkit compile`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Architectures to compile for; one or a list.
    #[arg(long, value_name = "ARCH", value_delimiter = ',', required = true)]
    arch: Vec<Arch>,
    #[command(flatten)]
    keys: Keys,
    /// Write SYMBOL.cu, SYMBOL-ARCH.cubin and SYMBOL-ARCH.log to this folder.
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// A kernel that was compiled.
struct Kernel {
    variant: Variant,
    artifact: std::sync::Arc<Artifact>,
    warnings: Vec<String>,
    time: Duration,
}

/// Compiles every kernel for every architecture; the first refusal ends it.
pub fn compile(args: &Args, json: bool) -> Result<Report, Failure> {
    let spec = args.keys.spec()?;
    let mut archs = args.arch.clone();
    archs.sort();
    archs.dedup();
    // All are opened before the first compile, so that an unknown one costs no time.
    let selectors = archs
        .iter()
        .map(|&arch| engine(arch, asked())?.selector(spec.clone()))
        .collect::<Result<Vec<Selector>, topkit::Error>>()?;
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::environment(format!("cannot make {}: {error}", folder.display()))
        })?;
    }
    let variants = args.keys.variants()?;
    for (variant, arch) in variants.iter().flat_map(|v| archs.iter().map(move |arch| (v, arch))) {
        compiles_for(variant, *arch)?;
    }
    let bar = progress::bar(variants.len() * selectors.len(), json);
    let mut kernels = Vec::new();
    for variant in &variants {
        for selector in &selectors {
            bar.set_message(format!("{variant} for {}", selector.toolchain().arch()));
            let kernel = build(selector, variant)?;
            if let Some(folder) = &args.output {
                save(folder, selector, &kernel)?;
            }
            kernels.push(kernel);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    Ok(Report::done(
        text(&kernels, args.output.as_deref()),
        document(&kernels, args.output.as_deref()),
    ))
}

/// The settings of a command that is asked to compile: that is expected, and never denied.
pub fn asked() -> Config {
    Config::from_env().deny_jit(false)
}

/// An engine that compiles for an architecture.
pub fn engine(arch: Arch, config: Config) -> Result<Toolchain, topkit::Error> {
    Engine::builder().config(config).build_toolchain(arch)
}

/// Refuses a kernel that needs what an architecture lacks.
pub fn compiles_for(variant: &Variant, arch: Arch) -> Result<(), Failure> {
    if variant.kernel.compiles_for(arch) {
        return Ok(());
    }
    let name = variant.kernel.name();
    Err(Failure::input(format!(
        "{name} needs thread block clusters, which {arch} does not have; leave it out there"
    )))
}

/// The resources of a kernel: the cells under [`TAKES`]. Its variables are in shared memory, and a filter's
/// launch asks for more beside them.
pub fn takes(variant: &Variant, artifact: &Artifact) -> Vec<String> {
    let mut cells = match Resources::from_log(&artifact.log) {
        Some(resources) => vec![
            resources.registers.to_string(),
            format!("{} B", resources.spill_stores + resources.spill_loads),
            bytes(u64::from(resources.shared_bytes)),
        ],
        None => vec!["?".to_owned(); 3],
    };
    cells.push(bytes(u64::from(variant.ring_bytes())));
    cells.push(bytes(artifact.cubin.len() as u64));
    cells
}

/// The heads of a kernel's resources.
pub const TAKES: [&str; 5] = ["registers", "spills", "shared memory", "of the launch", "cubin"];

fn build(selector: &Selector, variant: &Variant) -> Result<Kernel, Failure> {
    let start = Instant::now();
    let artifact = selector.artifact(variant)?;
    let time = start.elapsed();
    let warnings = selector.build_warnings(variant)?;
    Ok(Kernel { variant: *variant, artifact, warnings, time })
}

fn save(folder: &Path, selector: &Selector, kernel: &Kernel) -> Result<(), Failure> {
    let Artifact { entry, arch, cubin, log, .. } = &*kernel.artifact;
    let source = selector.source(&kernel.variant)?;
    write(&folder.join(format!("{entry}.cu")), source.text.as_bytes())?;
    write(&folder.join(format!("{entry}-{arch}.log")), log.as_bytes())?;
    write(&folder.join(format!("{entry}-{arch}.cubin")), cubin)
}

fn text(kernels: &[Kernel], output: Option<&Path>) -> String {
    let head = [&["kernel", "arch"][..], &TAKES, &["time", "origin"]].concat();
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    for Kernel { variant, artifact, time, .. } in kernels {
        let mut row = vec![variant.to_string(), artifact.arch.to_string()];
        row.extend(takes(variant, artifact));
        row.push(format!("{:.2} s", time.as_secs_f64()));
        row.push(artifact.origin.to_string());
        rows.push(row);
    }
    let mut text = table("llrrrrrrl", &rows);
    for kernel in kernels {
        for warning in &kernel.warnings {
            text += &format!("{} for {}: {warning}\n", kernel.variant, kernel.artifact.arch);
        }
    }
    if let Some(folder) = output {
        text += &format!("{} written to {}\n", count(kernels.len(), "kernel"), folder.display());
    }
    text
}

fn document(kernels: &[Kernel], output: Option<&Path>) -> Value {
    let kernel = |kernel: &Kernel| {
        let Artifact { entry, arch, cubin, log, origin, .. } = &*kernel.artifact;
        json!({
            "variant": spec::json(&kernel.variant),
            "arch": arch.to_string(),
            "resources": Resources::from_log(log).map(spec::resources_json),
            "launch_shared_bytes": kernel.variant.ring_bytes(),
            "needed_shared_bytes": kernel.variant.needed_shared_bytes(),
            "cubin_bytes": cubin.len(),
            "seconds": kernel.time.as_secs_f64(),
            "origin": origin.to_string(),
            "warnings": kernel.warnings,
            "file": output.map(|folder| folder.join(format!("{entry}-{arch}.cubin")).display().to_string()),
        })
    };
    json!({ "kernels": kernels.iter().map(kernel).collect::<Vec<_>>() })
}

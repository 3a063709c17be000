//! Builds every example, and runs the ones that this machine can run.

use crate::cargo::Built;
use crate::{Result, cargo, nvrtc};
use std::fs;
use std::process::Command;

/// Examples that launch. All others are run everywhere, so that a new one is not forgotten.
const NEED_GPU: [&str; 2] = ["quickstart", "raw"];

/// Builds all examples of the library and runs them; with `--gpu` also the ones that need a GPU.
pub fn run(gpu: bool) -> Result<()> {
    let nvrtc = nvrtc::provide()?;
    let built = built()?;
    for name in names()? {
        if NEED_GPU.contains(&name.as_str()) && !gpu {
            println!("\n## example {name}: built; it needs a GPU to run");
            continue;
        }
        println!("\n## example {name}");
        cargo::run(program(&built, &name)?.envs(nvrtc.clone()))?;
    }
    Ok(())
}

/// Builds all examples and runs the one of this name.
pub fn run_one(name: &str) -> Result<()> {
    let nvrtc = nvrtc::provide()?;
    cargo::run(program(&built()?, name)?.envs(nvrtc))
}

fn built() -> Result<Vec<Built>> {
    cargo::build(cargo::command(&["build", "--examples"])?.args(cargo::WORKSPACE))
}

fn program(built: &[Built], name: &str) -> Result<Command> {
    let example = built.iter().find(|built| built.kind == "example" && built.name == name);
    let example = example.ok_or_else(|| format!("cargo built no example {name}"))?;
    cargo::program(&example.file)
}

/// The examples of the library, in alphabetical order.
pub fn names() -> Result<Vec<String>> {
    let folder = cargo::root().join("runtime/examples");
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        names.extend(file?.path().file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

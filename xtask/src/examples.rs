//! Builds every example, and runs those that can run here.

use crate::{Result, cargo, nvrtc};
use std::fs;

/// Examples that launch. All others are run everywhere, so that a new one is not forgotten.
const NEED_GPU: [&str; 2] = ["quickstart", "raw"];

/// Builds all examples of the library and runs them; those that need a GPU only when asked to.
pub fn run(gpu: bool) -> Result<()> {
    let nvrtc = nvrtc::provide()?;
    cargo::run(&mut cargo::command(&["build", "--workspace", "--examples"])?)?;
    for name in names()? {
        if NEED_GPU.contains(&name.as_str()) && !gpu {
            println!("\n## example {name}: built; it needs a GPU to run");
            continue;
        }
        println!("\n## example {name}");
        let example = ["run", "--quiet", "--package", "topkit", "--example", &name];
        cargo::run(cargo::command(&example)?.envs(nvrtc.clone()))?;
    }
    Ok(())
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

//! Cargo as this program starts it, and where it puts things.

use crate::Result;
use serde_json::Value;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder of the workspace.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The folder that cargo builds in and this program writes to; absolute.
pub fn target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(root().join("target")),
    }
}

/// What every build of the workspace takes, so that each crate is built once for all of them.
pub const WORKSPACE: [&str; 3] = ["--workspace", "--features", "nvrtc,interpret,numpy"];

/// A cargo command. Kernels that it compiles at run time are kept in the target folder and not in
/// the user's cache, unless the environment says otherwise.
pub fn command(arguments: &[&str]) -> Result<Command> {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))?;
    command.args(arguments);
    Ok(command)
}

/// A program that finds and keeps kernels as [`command`] says.
pub fn program(path: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = Command::new(path);
    if env::var_os("TOPKIT_CACHE_DIR").is_none_or(|folder| folder.is_empty()) {
        command.env("TOPKIT_CACHE_DIR", target()?.join("kernels"));
    }
    Ok(command)
}

/// Runs a command to its end; its output goes where ours goes.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("`{}`: {error}", words(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}`: {status}", words(command)).into()) }
}

/// What cargo says of each package of the workspace.
pub fn packages() -> Result<Vec<Value>> {
    let mut command = command(&["metadata", "--no-deps", "--format-version", "1"])?;
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("`{}`: {}", words(&command), output.status).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"].as_array().cloned().unwrap_or_default())
}

/// What cargo has built.
pub struct Built {
    pub name: String,
    pub kind: String,
    pub file: PathBuf,
}

/// Runs a cargo command and lists the executables and shared libraries that it made.
pub fn build(command: &mut Command) -> Result<Vec<Built>> {
    command.args(["--message-format", "json-render-diagnostics"]);
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("`{}`: {}", words(command), output.status).into());
    }
    let mut built = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let target = &message["target"];
        let libraries = message["filenames"].as_array().into_iter().flatten();
        let library = libraries.filter_map(Value::as_str).find(|file| file.ends_with(".so"));
        if let (Some(file), Some(name), Some(kind)) = (
            message["executable"].as_str().or(library),
            target["name"].as_str(),
            target["kind"][0].as_str(),
        ) {
            let (name, kind) = (name.to_owned(), kind.to_owned());
            built.push(Built { name, kind, file: file.into() });
        }
    }
    Ok(built)
}

/// The command as one would type it.
pub fn words(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

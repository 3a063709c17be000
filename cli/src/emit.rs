//! `topkit emit`: the CUDA C of one kernel, as it would be compiled.

use crate::exit::Failure;
use crate::report::{Report, bytes, count};
use crate::spec::{self, Keys};
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `topkit emit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    keys: Keys,
    /// Write to this file in place of stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// Renders the kernel.
pub fn emit(args: &Args) -> Result<Report, Failure> {
    let variants = args.keys.variants()?;
    let [variant] = variants[..] else {
        return Err(Failure::input(format!(
            "these keys name {} kernels, and emit shows one; give one value for each",
            variants.len()
        )));
    };
    let source = topkit::render(&variant)?;
    let mut json = json!({
        "variant": spec::json(&variant),
        "entry": source.entry,
        "sha256": source.digest,
    });
    let Some(path) = &args.output else {
        json["source"] = json!(source.text);
        return Ok(Report::done(source.text, json));
    };
    write(path, source.text.as_bytes())?;
    json["file"] = json!(path.display().to_string());
    let lines = count(source.text.lines().count(), "line");
    let size = bytes(source.text.len() as u64);
    Ok(Report::done(format!("{}: {variant}, {lines}, {size}\n", path.display()), json))
}

/// Writes a file that was asked for.
pub fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::environment(format!("cannot write {}: {error}", path.display())))
}

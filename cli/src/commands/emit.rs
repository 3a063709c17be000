//! `topkit emit`: prints one kernel as CUDA C, exactly as compiled, or as PTX or SASS.

use crate::args::spec::{self, Keys};
use crate::commands::form::{self, Form};
use crate::ui::exit::Failure;
use crate::ui::report::{Report, bytes, count};
use serde_json::json;
use std::path::PathBuf;

/// The arguments of `topkit emit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    keys: Keys,
    #[command(flatten)]
    form: Form,
    /// Write to this file in place of stdout.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// Renders the kernel, and compiles it where it is to be shown as machine code.
pub fn emit(args: &Args) -> Result<Report, Failure> {
    let variants = args.keys.variants()?;
    let [variant] = variants[..] else {
        return Err(Failure::input(spec::several(&variants)));
    };
    let mut json = json!({ "variant": spec::json(&variant), "entry": variant.symbol() });
    let text = if args.form.is_source() {
        let source = form::source(&variant, args.form.arch)?;
        json["sha256"] = json!(source.digest);
        json["edited"] = json!(source.digest != form::generated(&variant)?.digest);
        source.text
    } else {
        let selector = args.form.selector(&variant)?;
        json["arch"] = json!(selector.toolchain().arch().to_string());
        args.form.of(&selector, &variant)?
    };
    let Some(path) = &args.output else {
        let name = if args.form.is_source() { "source" } else { args.form.extension() };
        json[name] = json!(text);
        return Ok(Report::done(text, json));
    };
    write(path, text.as_bytes())?;
    json["file"] = json!(path.display().to_string());
    let lines = count(text.lines().count(), "line");
    let size = bytes(text.len() as u64);
    Ok(Report::done(format!("{}: {variant}, {lines}, {size}\n", path.display()), json))
}

/// Writes a file that was asked for.
pub fn write(path: &std::path::Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::environment(format!("cannot write {}: {error}", path.display())))
}

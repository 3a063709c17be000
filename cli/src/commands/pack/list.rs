//! Lists the kernels of a pack and verifies the file.

use crate::args::spec;
use crate::ui::exit::{Exit, Failure};
use crate::ui::report::{Report, bytes, count, table};
use serde_json::{Value, json};
use std::path::Path;
use topkit::cache::pack::{FORMAT, Pack, PackedKernel};

/// Digits of a digest that are printed for a person.
const SHORT: usize = 12;

/// Lists the kernels of a pack.
pub fn list(file: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(file)?;
    let row = |kernel: &PackedKernel| {
        let registers = kernel.resources().map(|resources| resources.registers.to_string());
        vec![
            kernel.symbol.clone(),
            kernel.arch.to_string(),
            bytes(kernel.bytes),
            registers.unwrap_or_else(|| "?".to_owned()),
            kernel.sha256.chars().take(SHORT).collect(),
        ]
    };
    let head = ["kernel", "arch", "cubin", "registers", "sha256"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(pack.kernels().iter().map(row)).collect();
    let text = table("llrrl", &rows)
        + &format!(
            "{}, {} in {}, by {}{}\n",
            count(pack.kernels().len(), "kernel"),
            bytes(pack.bytes()),
            file.display(),
            pack.compiler(),
            if pack.has_line_info() { ", with source lines" } else { "" }
        );
    let kernels: Vec<_> = pack.kernels().iter().map(document).collect();
    Ok(Report::done(text, facts(&pack, kernels)))
}

/// Reads every byte of a pack and checks it.
pub fn verify(file: &Path) -> Result<Report, Failure> {
    let pack = Pack::open(file)?;
    let (mut text, mut damaged, mut kernels) = (String::new(), 0, Vec::new());
    for (kernel, checked) in pack.verify() {
        let fault = checked.err().map(|error| error.to_string());
        if let Some(fault) = &fault {
            damaged += 1;
            text += &format!("damaged: {fault}\n");
        }
        let mut json = document(kernel);
        json["fault"] = json!(fault);
        kernels.push(json);
    }
    text += &format!("{} checked, {damaged} damaged\n", count(kernels.len(), "kernel"));
    let mut json = facts(&pack, kernels);
    json["damaged"] = json!(damaged);
    let exit = if damaged == 0 { Exit::Done } else { Exit::CheckFailed };
    Ok(Report { text, json, exit })
}

fn facts(pack: &Pack, kernels: Vec<Value>) -> Value {
    let archs: Vec<_> = pack.archs().iter().map(ToString::to_string).collect();
    json!({
        "pack": pack.path().display().to_string(),
        "format": FORMAT,
        "bytes": pack.bytes(),
        "compiler": pack.compiler(),
        "options": pack.options(),
        "line_info": pack.has_line_info(),
        "archs": archs,
        "kernels": kernels,
    })
}

fn document(kernel: &PackedKernel) -> Value {
    json!({
        "symbol": kernel.symbol,
        "arch": kernel.arch.to_string(),
        "bytes": kernel.bytes,
        "sha256": kernel.sha256,
        "source_sha256": kernel.source,
        "resources": kernel.resources().map(spec::resources_json),
    })
}

//! `topkit diff`: compares two kernels, as a unified diff and by their use of an SM.
//!
//! The diff of PTX and SASS leaves out the kernel's own name and the address of each instruction, which differ
//! in equal code. A machine that cannot compile still shows the diff of the CUDA C, and says why the table
//! of resources is missing.

use crate::args::kernel;
use crate::args::spec;
use crate::commands::compile::{TAKES, takes};
use crate::commands::form::{self, Form};
use crate::ui::exit::{Exit, Failure};
use crate::ui::report::{Report, table};
use serde_json::{Value, json};
use similar::TextDiff;
use std::sync::Arc;
use topkit::cache::Artifact;
use topkit::{Variant, inspect::Resources};

/// The arguments of `topkit diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = kernel::SYNTAX)]
pub struct Args {
    /// A kernel: its symbol, or keys as KEY=VALUE,KEY=VALUE
    #[arg(value_name = "SPEC-A", value_parser = kernel::parse)]
    a: Variant,
    /// The kernel to compare it with
    #[arg(value_name = "SPEC-B", value_parser = kernel::parse)]
    b: Variant,
    #[command(flatten)]
    form: Form,
}

/// Compares. The exit codes are diff(1)'s.
pub fn diff(args: &Args) -> Result<Report, Failure> {
    let both = [&args.a, &args.b];
    let [a, b] = both.map(|variant| text(&args.form, variant));
    let (a, b) = (a?, b?);
    let built = [build(args, &args.a), build(args, &args.b)];
    let optional = args.form.is_source() && args.form.arch.is_none();
    let (built, missing) = match built {
        [Ok(a), Ok(b)] => (Some([a, b]), None),
        [Err(failure), _] | [_, Err(failure)] if optional => (None, Some(failure.to_string())),
        [Err(failure), _] | [_, Err(failure)] => return Err(failure),
    };
    let names = both.map(|variant| format!("{}.{}", variant.symbol(), args.form.extension()));
    let unified = TextDiff::from_lines(&a, &b);
    let unified = unified.unified_diff().header(&names[0], &names[1]).to_string();
    let same = a == b;

    let mut text = unified.clone();
    if same {
        text += "the texts are the same\n";
    }
    text += &match (&built, &missing) {
        (Some(built), _) => resources(both, built),
        (None, why) => format!("resources: not known: {}\n", why.as_deref().unwrap_or_default()),
    };
    let side = |at: usize| {
        let artifact = built.as_ref().map(|built| &built[at]);
        json!({
            "variant": spec::json(both[at]),
            "arch": artifact.map(|artifact| artifact.arch.to_string()),
            "resources": artifact.and_then(|artifact| {
                Resources::from_log(&artifact.log).map(spec::resources_json)
            }),
            "launch_shared_bytes": both[at].ring_bytes(),
            "needed_shared_bytes": both[at].needed_shared_bytes(),
            "cubin_bytes": artifact.map(|artifact| artifact.cubin.len()),
        })
    };
    let json: Value = json!({
        "same": same,
        "form": args.form.extension(),
        "diff": unified,
        "a": side(0),
        "b": side(1),
        "not_compiled": missing,
    });
    Ok(Report { text, json, exit: if same { Exit::Done } else { Exit::CheckFailed } })
}

/// The text of one side, without parts that differ for other reasons than the code.
fn text(form: &Form, variant: &Variant) -> Result<String, Failure> {
    if form.is_source() {
        return Ok(form::source(variant, form.arch)?.text);
    }
    let text = form.of(&form.selector(variant)?, variant)?.replace(&variant.symbol(), "KERNEL");
    Ok(text.lines().flat_map(|line| [without_address(line), "\n"]).collect())
}

/// A line of SASS without the `/*01f0*/` before its instruction.
fn without_address(line: &str) -> &str {
    let address = line.trim_start().strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
    match address {
        Some((digits, instruction)) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            instruction
        }
        _ => line,
    }
}

fn build(args: &Args, variant: &Variant) -> Result<Arc<Artifact>, Failure> {
    Ok(args.form.selector(variant)?.artifact(variant)?)
}

fn resources(both: [&Variant; 2], built: &[Arc<Artifact>; 2]) -> String {
    let head = std::iter::once(format!("on {}", built[0].arch));
    let mut rows = vec![head.chain(TAKES.map(str::to_owned)).collect::<Vec<_>>()];
    for (variant, artifact) in both.into_iter().zip(built) {
        let name = std::iter::once(artifact.entry.clone());
        rows.push(name.chain(takes(variant, artifact)).collect());
    }
    table("lrrrrr", &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_no_difference() {
        assert_eq!(without_address("        /*01f0*/   EXIT ;"), "   EXIT ;");
        for line in ["", ".L_x_2:", "/* a remark */ x", "  /*01f0", "\t.align 128"] {
            assert_eq!(without_address(line), line);
        }
    }
}

//! Renders a variant as the text of one translation unit.

use crate::config;
use crate::embed;
use crate::error::RenderError;
use crate::flatten::{Growth, flatten};
use crate::{SpecError, Variant};
use minijinja::{Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const SKELETON: &str = "skeleton.cu.j2";

/// The CUDA C of one kernel. The same text is shown, compiled and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedSource {
    /// Which kernel it is.
    pub variant: Variant,
    /// The whole translation unit; it includes nothing.
    pub text: String,
    /// The name of its `extern "C"` kernel.
    pub entry: String,
    /// SHA-256 of `text`, in lower-case hexadecimal.
    pub digest: String,
}

/// Renders the kernel of a variant.
///
/// Pure and deterministic: the same variant gives the same bytes in every process.
pub fn render(variant: &Variant) -> Result<RenderedSource, RenderError> {
    let faults = variant.validate();
    if !faults.is_empty() {
        return Err(SpecError { faults }.into());
    }
    let entry = variant.symbol();
    let template = embed::file(SKELETON)
        .ok_or_else(|| RenderError::Skeleton(format!("{SKELETON} is not embedded")))?;
    let rendered = skeleton(template, variant, &entry)?;
    let text = flatten(SKELETON, &rendered, &growth(variant, &rendered))?;
    let digest = sha256_hex(text.as_bytes());
    Ok(RenderedSource { variant: *variant, text, entry, digest })
}

/// Where the rendered skeleton is longer than its file: in the banner and in Config, each of whose loops
/// takes three lines of the file.
fn growth(variant: &Variant, rendered: &str) -> Vec<Growth> {
    const LOOP: usize = 3;
    let (types, constants) = (config::types(variant), config::constants(variant));
    let after = |last: Option<&String>| {
        let is_last = |line: &str| last.is_some_and(|last| line.trim_start() == last);
        rendered.lines().position(is_last).map_or(usize::MAX, |at| at + 2)
    };
    let banner = variant.parameters().len();
    vec![
        Growth { before: banner, lines: banner - LOOP },
        Growth { before: after(types.last()), lines: types.len() - LOOP.min(types.len()) },
        Growth { before: after(constants.last()), lines: constants.len() - LOOP },
    ]
}

/// The part of the text that depends on the variant: banner, includes, Config and entry.
fn skeleton(template: &str, variant: &Variant, entry: &str) -> Result<String, RenderError> {
    let failed = |error: minijinja::Error| RenderError::Skeleton(format!("{error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .render_str(
            template,
            context! {
                entry,
                parameters => variant.parameters(),
                kernel => variant.kernel.name(),
                kernel_struct => variant.kernel.cuda_name(),
                types => config::types(variant),
                constants => config::constants(variant),
                cluster => variant.cluster,
                ctas => variant.ctas(),
                threads => variant.threads,
            },
        )
        .map_err(failed)
}

fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A compiler's message about the skeleton names the line of the template.
    #[test]
    fn lines_of_the_skeleton_keep_their_numbers() {
        let template = embed::file(SKELETON).unwrap();
        for variant in Variant::all().iter().step_by(1999) {
            let text = skeleton(template, variant, &variant.symbol()).unwrap();
            let grown = growth(variant, &text);
            let number = |i: usize| {
                let passed = grown.iter().filter(|growth| growth.before <= i + 1);
                i + 1 - passed.map(|growth| growth.lines).sum::<usize>()
            };
            let literal = template.lines().filter(|line| !line.contains('{')).skip(8);
            for line in literal.filter(|line| !line.trim().is_empty() && line.trim() != "}") {
                let at = text.lines().position(|rendered| rendered == line).unwrap();
                assert_eq!(template.lines().nth(number(at) - 1), Some(line), "{variant}");
            }
        }
    }
}

//! Renders a variant as the text of one translation unit.

use crate::config;
use crate::embed;
use crate::error::RenderError;
use crate::flatten::{Line, flatten};
use crate::program::{ArgsLayout, Program};
use crate::{Mask, RowShape, SelectorSpec, SpecError, Ties, Variant};
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

/// Renders the kernel of a variant, with the program of its selector. Whether the selector declares the
/// variant's sizes does not matter.
///
/// Pure and deterministic: the same variant gives the same bytes in every process.
///
/// # Errors
/// The variant has faults, or names another program than the selector's.
pub fn render(spec: &SelectorSpec, variant: &Variant) -> Result<RenderedSource, RenderError> {
    let faults = variant.validate();
    if !faults.is_empty() {
        return Err(SpecError { faults }.into());
    }
    let (given, own) = (variant.program, spec.program_id());
    if given != own {
        let (variant, selector) = (variant.symbol(), spec.name.to_string());
        return Err(RenderError::Program { variant, given, selector, own });
    }
    let entry = variant.symbol();
    let template = embed::file(SKELETON)
        .ok_or_else(|| RenderError::Skeleton(format!("{SKELETON} is not embedded")))?;
    let program = spec.program.as_ref();
    let rendered = skeleton(&numbered(template), variant, program, &entry)?;
    let text = flatten(SKELETON, &lines(&rendered), program.map(Program::text))?;
    let digest = sha256_hex(text.as_bytes());
    Ok(RenderedSource { variant: *variant, text, entry, digest })
}

/// Ends a line of the template with its number, while it is rendered.
const MARK: char = '\u{1}';

/// The template with the number of each line at its end. Lines of a loop have none, since they may be
/// rendered any number of times.
fn numbered(template: &str) -> String {
    let (mut numbered, mut loops) = (String::new(), 0usize);
    for (i, line) in template.lines().enumerate() {
        numbered += line;
        let tag = line.trim().trim_start_matches("{%").trim_start_matches(['-', ' ']);
        if tag.len() == line.trim().len() {
            numbered.push(MARK);
            if loops == 0 {
                numbered += &(i + 1).to_string();
            }
        }
        loops += usize::from(tag.starts_with("for "));
        loops -= usize::from(tag.starts_with("endfor")).min(loops);
        numbered.push('\n');
    }
    numbered
}

/// The lines of what was rendered, without the marks.
fn lines(rendered: &str) -> Vec<Line<'_>> {
    let line = |line| {
        let (text, number) = str::rsplit_once(line, MARK).unwrap_or((line, ""));
        Line { text, number: number.parse().ok() }
    };
    rendered.lines().map(line).collect()
}

/// The part of the text that depends on the variant: banner, includes, Config and entry.
fn skeleton(
    template: &str,
    variant: &Variant,
    program: Option<&Program>,
    entry: &str,
) -> Result<String, RenderError> {
    let failed = |error: minijinja::Error| RenderError::Skeleton(format!("{error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let core = ArgsLayout::core();
    let args = program.map_or(&core, Program::args);
    let outputs = config::has_outputs(variant, program);
    let words = variant.semantics.launch_words();
    let words: Vec<_> = words.map(|word| (word.name(), word.cuda_type())).collect();
    environment
        .render_str(
            template,
            context! {
                entry,
                parameters => variant.parameters(),
                kernel => variant.kernel.name(),
                kernel_struct => variant.kernel.cuda_name(),
                fields => args.declarations(&words),
                assertions => args.assertions(&words),
                outputs => outputs,
                types => config::types(variant, program),
                ties => variant.semantics.ties != Ties::Any,
                ties_in_order => variant.dtype.score_bytes() > 4,
                sharded => variant.semantics.rows == RowShape::Shards,
                filters => variant.kernel.filters(),
                program => program.is_some(),
                stages => program.is_some_and(|program| program.stages().is_some()),
                widened => variant.dtype.is_widened(),
                masked => variant.semantics.mask != Mask::None,
                constants => config::constants(variant, program),
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
            let text = render(&SelectorSpec::of(variant), variant).unwrap().text;
            let mut at: Option<usize> = None;
            let mut seen = 0;
            for line in text.lines() {
                if let Some(place) = line.strip_prefix("#line ") {
                    let (number, file) = place.split_once(' ').unwrap();
                    at = file.contains(SKELETON).then(|| number.parse().unwrap());
                    continue;
                }
                let Some(number) = at else { continue };
                at = Some(number + 1);
                // Only lines that are the same in every kernel tell their place.
                let places = template.lines().enumerate().filter(|(_, other)| *other == line);
                if let [(place, _)] = places.collect::<Vec<_>>()[..] {
                    assert_eq!(place + 1, number, "{variant}: {line}");
                    seen += 1;
                }
            }
            assert!(seen > 5, "{variant}: {seen}");
        }
    }
}

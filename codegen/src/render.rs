//! A variant becomes the text of one translation unit.

use crate::embed;
use crate::error::RenderError;
use crate::flatten::flatten;
use crate::{NanPolicy, RowShape, Select, SpecError, Variant};
use minijinja::{Environment, UndefinedBehavior, context};
use sha2::{Digest, Sha256};
use std::fmt::Write;

const SKELETON: &str = "skeleton.cu.j2";

/// The CUDA C of one kernel: what is shown is what is compiled is what is hashed.
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
    // Only the banner, which stands first, grows when it is rendered.
    let banner_growth = rendered.lines().count() - template.lines().count();
    let text = flatten(SKELETON, &rendered, banner_growth)?;
    let digest = sha256_hex(text.as_bytes());
    Ok(RenderedSource { variant: *variant, text, entry, digest })
}

/// The part of the text that depends on the variant: banner, includes, Config and entry.
fn skeleton(template: &str, variant: &Variant, entry: &str) -> Result<String, RenderError> {
    let failed = |error: minijinja::Error| RenderError::Skeleton(format!("{error:#}"));
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let semantics = &variant.semantics;
    environment
        .render_str(
            template,
            context! {
                entry,
                parameters => variant.parameters(),
                kernel => variant.kernel.name(),
                kernel_struct => variant.kernel.cuda_name(),
                dtype => variant.dtype.cuda_name(),
                index => semantics.index.name(),
                vec_size => variant.vec_size,
                bins => variant.bins,
                digit_bits => variant.bins.ilog2(),
                items => variant.items,
                cluster => variant.cluster,
                ctas => variant.ctas(),
                candidates => variant.candidates(),
                chunk => variant.chunk(),
                counters => Variant::COUNTERS,
                most_k => variant.kernel.most_k().unwrap_or(i32::MAX as u32),
                threads => variant.threads,
                largest => (semantics.select == Select::Largest).to_string(),
                nan_highest => (semantics.nan == NanPolicy::Highest).to_string(),
                ragged => (semantics.rows == RowShape::Ragged).to_string(),
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

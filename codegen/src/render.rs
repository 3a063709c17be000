//! A variant becomes the text of one translation unit.

use crate::Variant;

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

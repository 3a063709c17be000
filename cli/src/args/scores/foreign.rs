//! Score types that no kernel takes: the remedy for each, and what the remedy loses.
//!
//! A hint that changes the scores says how it changes them, since the selection is then exact only for the
//! changed scores. For arrays whose numbers may be the bits of another type, the hint gives both remedies.

/// Part of every hint to write a `.safetensors` file from NumPy: astype keeps the order of its array, C or
/// Fortran.
pub const CONTIGUOUS: &str = "from NumPy, save numpy.ascontiguousarray of it: safetensors 0.8.0 \
                              writes an array that is not contiguous in a wrong order";

/// A type that no kernel takes, by its loss in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Floats of more than 32 bits.
    Wide,
    /// Whole numbers of so many bits.
    Whole(u32),
    /// True and false.
    Bool,
    /// Floats of less than 16 bits.
    Narrow,
    /// NumPy's name for `float8_e5m2`, which it writes and cannot read.
    Unreadable,
    /// So many raw bytes a score.
    Raw(u32),
    /// Complex numbers.
    Complex,
    /// Texts, dates, records, objects.
    Other,
}

impl Foreign {
    /// The remedy, and the loss.
    pub fn hint(self) -> &'static str {
        match self {
            Foreign::Wide => {
                "save it as f32, with astype('<f4') or torch's float(), which rounds: scores that \
                 f32 cannot tell apart become ties, beyond 3.4e38 they become infinite, and the \
                 selection is exact for the rounded scores alone"
            }
            Foreign::Whole(8) => {
                "if these are numbers, save it as f32, with astype('<f4') or torch's float(), which \
                 keeps each; if they are the bits of fp8 scores, that would rank bit patterns: view \
                 them as their type first, as in x.view(ml_dtypes.float8_e4m3fn) or torch's \
                 x.view(torch.float8_e4m3fn)"
            }
            Foreign::Whole(16) => {
                "if these are numbers, save it as f32, with astype('<f4') or torch's float(), which \
                 keeps each; if they are the bits of bf16 or f16 scores, that would rank bit \
                 patterns: view them as their type first, as in x.view(ml_dtypes.bfloat16) or \
                 x.view('<f2'), or torch's x.view(torch.bfloat16) or x.view(torch.float16)"
            }
            Foreign::Whole(32) => {
                "if these are numbers, save it as f32, with astype('<f4') or torch's float(), which \
                 keeps them up to 16777216 and rounds larger ones, so that different numbers become \
                 ties; if they are the bits of f32 scores, that would rank bit patterns: save \
                 x.view('<f4'), or torch's x.view(torch.float32)"
            }
            Foreign::Whole(64) => {
                "if these are numbers, save it as f32, with astype('<f4') or torch's float(), which \
                 keeps them up to 16777216 and rounds larger ones, so that different numbers become \
                 ties and the selection is exact for the rounded ones alone; if they are the bits of \
                 f64 scores, that would rank bit patterns: save x.view('<f8').astype('<f4'), or \
                 torch's x.view(torch.float64).float(), which rounds the scores themselves"
            }
            Foreign::Whole(_) => {
                "if these are numbers, save it as f32, with astype('<f4') or torch's float(), which \
                 keeps them up to 16777216 and rounds larger ones, so that different numbers become \
                 ties; if they are the bits of other scores, that would rank bit patterns: view \
                 them as their type first"
            }
            Foreign::Bool => {
                "save it as f32, with astype('<f4') or torch's float(), which keeps them as 0 and 1"
            }
            Foreign::Narrow => {
                "save it as f32, with astype('<f4') or torch's float(), which keeps every score"
            }
            Foreign::Unreadable => {
                "this is float8_e5m2 of ml_dtypes, which NumPy writes and cannot read; save it as \
                 f32, with astype('<f4'), where the array is made, which keeps every score"
            }
            Foreign::Raw(1) => {
                "ml_dtypes writes its types of a byte so; view it as its type, as in \
                 x.view(ml_dtypes.float8_e4m3fn), and save that with astype('<f4'), which keeps \
                 every score"
            }
            Foreign::Raw(2) => {
                "ml_dtypes writes bf16 so; view it as x.view(ml_dtypes.bfloat16), and save that \
                 with astype('<f4'), or as .safetensors from numpy.ascontiguousarray(x): both keep \
                 every score, but safetensors 0.8.0 writes an array that is not contiguous in a \
                 wrong order"
            }
            Foreign::Complex => {
                "complex numbers have no order; save numpy.abs(x) or x.real with astype('<f4'), \
                 which drops the rest of each"
            }
            Foreign::Raw(_) | Foreign::Other => {
                "these are no numbers that can be ranked as they are; save one number a score with \
                 astype('<f4'), which rounds what f32 cannot hold"
            }
        }
    }
}

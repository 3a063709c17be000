//! Builds a spec at run time, with the same defaults and the same checks as the macro.

use crate::functions::{Arg, FunctionsError, Origin, Stages};
use crate::program::Program;
use crate::{DType, KSet, Key, SelectorSpec, Semantics, SpecError};
use std::borrow::Cow;

/// Builds a [`SelectorSpec`] at run time. Keys that are not set keep their defaults.
///
/// ```
/// use topkit_codegen::{DType, SelectorSpec};
///
/// let spec = SelectorSpec::builder("Sampler")
///     .dtype([DType::F32, DType::Bf16])
///     .k(1..=256)
///     .vec_size([4, 8])
///     .build()?;
/// assert!(spec.k.contains(256));
/// # Ok::<(), topkit_codegen::SpecError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpecBuilder {
    pub(crate) spec: SelectorSpec,
}

impl SpecBuilder {
    /// The default of `k`.
    pub const DEFAULT_K: KSet = KSet::Range { first: 1, last: 2048 };

    pub(crate) fn new(name: Cow<'static, str>) -> Self {
        let mut spec = SelectorSpec {
            name,
            dtype: Cow::Borrowed(&[]),
            k: Self::DEFAULT_K,
            vec_size: Cow::Borrowed(&[]),
            bins: Cow::Borrowed(&[]),
            threads: Cow::Borrowed(&[]),
            semantics: Semantics::DEFAULT,
            program: None,
        };
        Key::tuning().iter().for_each(|key| key.set(&mut spec, key.default_sizes()));
        SpecBuilder { spec }
    }

    /// Score types that the selector serves. Required.
    pub fn dtype(mut self, dtype: impl Into<Vec<DType>>) -> Self {
        self.spec.dtype = dtype.into().into();
        self
    }

    /// The values of k that a plan may ask for: one, a list or a range. Default `1..=2048`.
    pub fn k(mut self, k: impl Into<KSet>) -> Self {
        self.spec.k = k.into();
        self
    }

    /// Elements a thread loads at once. Default `[4, 8]`, which stands for 16 bytes of every dtype: see
    /// [`SelectorSpec::vec_sizes`].
    pub fn vec_size(mut self, vec_size: impl Into<Vec<u32>>) -> Self {
        self.spec.vec_size = vec_size.into().into();
        self
    }

    /// Histogram bins of one radix pass. Default `[1024, 2048, 4096]`: each is the fastest for some problem.
    pub fn bins(mut self, bins: impl Into<Vec<u32>>) -> Self {
        self.spec.bins = bins.into().into();
        self
    }

    /// Threads of a CTA. Default `[256, 512, 1024]`: each is the fastest for some problem.
    pub fn threads(mut self, threads: impl Into<Vec<u32>>) -> Self {
        self.spec.threads = threads.into().into();
        self
    }

    /// The semantics: all keys of the answer at once.
    pub fn semantics(mut self, semantics: Semantics) -> Self {
        self.spec.semantics = semantics;
        self
    }

    /// What the selector's own functions add to its kernels.
    #[doc(hidden)]
    pub fn program(mut self, program: Program) -> Self {
        self.spec.program = Some(program);
        self
    }

    /// The selector's own functions, which take over stages of its kernels: `row_start`, `row_len`, `keep`, `score`
    /// and `emit`, as Rust; and the arguments that they are given at each launch. `topk_kernel!` says what each is.
    ///
    /// Rows are ragged where a function tells their columns, and an index has the type that `emit` gives; set other
    /// keys before or after.
    ///
    /// ```
    /// use topkit_codegen::{DType, SelectorSpec};
    ///
    /// let spec = SelectorSpec::builder("Biased").dtype([DType::F32]).functions(
    ///     "scale: f32, bias: [f32]",
    ///     "fn score(x: f32, col: i32) -> f32 { x * scale + bias[col] }",
    /// )?;
    /// # Ok::<(), topkit_codegen::FunctionsError>(())
    /// ```
    ///
    /// # Errors
    /// All faults of the arguments, or else of the functions, each with its line.
    pub fn functions(self, args: &str, source: &str) -> Result<Self, FunctionsError> {
        let stages = Stages::parse(Arg::parse(args)?, source)?.from(Origin::new("functions", 1));
        let program = Program::of_stages(stages);
        let program = program.map_err(|error| FunctionsError::of_all(&error.to_string()))?;
        let mut own = self.program(program);
        own.spec.suit_functions(&[]);
        Ok(own)
    }

    /// The spec as it is, sound or not.
    pub fn spec(self) -> SelectorSpec {
        self.spec
    }

    /// The checked spec, or every fault it has.
    pub fn build(self) -> Result<SelectorSpec, SpecError> {
        let faults = self.spec.validate();
        if faults.is_empty() { Ok(self.spec) } else { Err(SpecError { faults }) }
    }
}

impl From<SelectorSpec> for SpecBuilder {
    fn from(spec: SelectorSpec) -> Self {
        SpecBuilder { spec }
    }
}

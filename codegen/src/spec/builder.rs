//! Builds a spec at run time, with the same defaults and the same checks as the macro.

use super::{
    IndexType, KSet, NanPolicy, Order, RowShape, Select, SelectorSpec, Semantics, SpecError, Ties,
};
use crate::DType;
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
    spec: SelectorSpec,
}

impl SpecBuilder {
    /// The default of `k`.
    pub const DEFAULT_K: (u32, u32) = (1, 2048);
    /// The default of `vec_size`.
    pub const DEFAULT_VEC_SIZE: &'static [u32] = &[4, 8];
    /// The default of `bins`.
    pub const DEFAULT_BINS: &'static [u32] = &[1024, 2048, 4096];
    /// The default of `threads`.
    pub const DEFAULT_THREADS: &'static [u32] = &[256, 512, 1024];

    pub(super) fn new(name: Cow<'static, str>) -> Self {
        let (first, last) = Self::DEFAULT_K;
        SpecBuilder {
            spec: SelectorSpec {
                name,
                dtype: Cow::Borrowed(&[]),
                k: KSet::Range { first, last },
                vec_size: Cow::Borrowed(Self::DEFAULT_VEC_SIZE),
                bins: Cow::Borrowed(Self::DEFAULT_BINS),
                threads: Cow::Borrowed(Self::DEFAULT_THREADS),
                semantics: Semantics::DEFAULT,
            },
        }
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

    /// Elements a thread loads at once. Default `[4, 8]`: 16 bytes of every dtype.
    pub fn vec_size(mut self, vec_size: impl Into<Vec<u32>>) -> Self {
        self.spec.vec_size = vec_size.into().into();
        self
    }

    /// Histogram bins of one radix pass. Default `[1024, 2048, 4096]`: those that win somewhere.
    pub fn bins(mut self, bins: impl Into<Vec<u32>>) -> Self {
        self.spec.bins = bins.into().into();
        self
    }

    /// Threads of a CTA. Default `[256, 512, 1024]`: those that win somewhere.
    pub fn threads(mut self, threads: impl Into<Vec<u32>>) -> Self {
        self.spec.threads = threads.into().into();
        self
    }

    /// Which end of the order wins. Default `largest`.
    pub fn select(mut self, select: Select) -> Self {
        self.spec.semantics.select = select;
        self
    }

    /// Where NaN ranks. Default `highest`.
    pub fn nan(mut self, nan: NanPolicy) -> Self {
        self.spec.semantics.nan = nan;
        self
    }

    /// Which of equal scores win. Default `any`.
    pub fn ties(mut self, ties: Ties) -> Self {
        self.spec.semantics.ties = ties;
        self
    }

    /// In what order the winners are written. Default `unsorted`.
    pub fn order(mut self, order: Order) -> Self {
        self.spec.semantics.order = order;
        self
    }

    /// The integer type of the indices. Default `i32`.
    pub fn index(mut self, index: IndexType) -> Self {
        self.spec.semantics.index = index;
        self
    }

    /// Whether the winners' scores are written too. Default `false`.
    pub fn values(mut self, values: bool) -> Self {
        self.spec.semantics.values = values;
        self
    }

    /// Rows of one length, or of a length read on the device. Default `dense`.
    pub fn rows(mut self, rows: RowShape) -> Self {
        self.spec.semantics.rows = rows;
        self
    }

    /// The checked spec, or every fault it has.
    pub fn build(self) -> Result<SelectorSpec, SpecError> {
        let faults = self.spec.validate();
        if faults.is_empty() { Ok(self.spec) } else { Err(SpecError { faults }) }
    }
}

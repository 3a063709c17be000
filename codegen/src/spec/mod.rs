//! What a kernel selector is: plain data, made by `topk_kernel!` or by [`SpecBuilder`].
//!
//! A [`SelectorSpec`] names the allowed values of each key; a [`Variant`] is one member, with one
//! value for each. Both paths into a spec end in [`SelectorSpec::validate`], which reports every
//! fault at once. Nothing here prints CUDA and nothing here does IO.

mod builder;
mod check;
mod kernel;
mod key;
mod semantics;
mod space;
mod variant;

pub use builder::SpecBuilder;
pub use check::{Fault, SpecError};
pub use kernel::{KernelKind, LaunchKind};
pub use key::Key;
pub use semantics::{IndexType, NanPolicy, Order, RowShape, Select, Semantics, Ties};
pub use variant::Variant;

use crate::DType;
use std::borrow::Cow;
use std::fmt;

/// A declared selector of kernels: the allowed values of every key.
///
/// Build it with `topk_kernel!` or with [`SelectorSpec::builder`]; both validate it. The fields are
/// public so that the macro can write it as a `const`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectorSpec {
    /// The name of the selector, as declared.
    pub name: Cow<'static, str>,
    /// Score types that the selector serves.
    pub dtype: Cow<'static, [DType]>,
    /// The values of k that a plan may ask for.
    pub k: KSet,
    /// Elements that a thread loads at once: 1, 2, 4 or 8.
    pub vec_size: Cow<'static, [u32]>,
    /// Histogram bins of one radix pass: a power of two.
    pub bins: Cow<'static, [u32]>,
    /// Threads of a CTA.
    pub threads: Cow<'static, [u32]>,
    /// What the selection means; the same for every member of the selector.
    pub semantics: Semantics,
}

/// The values of k that a selector accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KSet {
    /// Exactly these.
    Values(Cow<'static, [u32]>),
    /// All from `first` to `last`, both included.
    Range {
        /// The smallest k.
        first: u32,
        /// The largest k.
        last: u32,
    },
}

impl KSet {
    /// Whether a plan may ask for this k.
    pub fn contains(&self, k: u32) -> bool {
        match self {
            KSet::Values(values) => values.contains(&k),
            KSet::Range { first, last } => (*first..=*last).contains(&k),
        }
    }
}

impl fmt::Display for KSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KSet::Values(values) => f.debug_list().entries(values.iter()).finish(),
            KSet::Range { first, last } => write!(f, "{first}..={last}"),
        }
    }
}

impl From<std::ops::RangeInclusive<u32>> for KSet {
    fn from(range: std::ops::RangeInclusive<u32>) -> Self {
        KSet::Range { first: *range.start(), last: *range.end() }
    }
}

impl From<u32> for KSet {
    fn from(k: u32) -> Self {
        KSet::Values(vec![k].into())
    }
}

impl<const N: usize> From<[u32; N]> for KSet {
    fn from(values: [u32; N]) -> Self {
        KSet::Values(values.to_vec().into())
    }
}

impl From<Vec<u32>> for KSet {
    fn from(values: Vec<u32>) -> Self {
        KSet::Values(values.into())
    }
}

impl SelectorSpec {
    /// A builder whose keys start at their defaults; `dtype` has none and must be given.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> SpecBuilder {
        SpecBuilder::new(name.into())
    }

    /// Every fault of the spec; empty when it is sound.
    pub fn validate(&self) -> Vec<Fault> {
        check::faults(self)
    }

    /// Every member of the selector: the cross product of its axes in declaration order, for each
    /// kernel that serves the values.
    pub fn variants(&self) -> Vec<Variant> {
        let mut members = Vec::new();
        for &dtype in self.dtype.iter() {
            for &vec_size in self.vec_size.iter() {
                for &bins in self.bins.iter() {
                    for &threads in self.threads.iter() {
                        members.extend(self.kernels(dtype, vec_size, bins, threads));
                    }
                }
            }
        }
        members
    }

    /// The kernels that serve one value of each axis.
    fn kernels(&self, dtype: DType, vec_size: u32, bins: u32, threads: u32) -> Vec<Variant> {
        let mut members = Vec::new();
        for &kernel in KernelKind::ALL {
            for &items in kernel.items() {
                for &cluster in kernel.clusters() {
                    let semantics = self.semantics;
                    members.push(Variant {
                        kernel,
                        dtype,
                        vec_size,
                        bins,
                        threads,
                        items,
                        cluster,
                        semantics,
                    });
                }
            }
        }
        members.retain(|member| member.validate().is_empty());
        members
    }

    /// Whether the variant is a member of this selector.
    pub fn contains(&self, variant: &Variant) -> bool {
        self.semantics == variant.semantics
            && self.dtype.contains(&variant.dtype)
            && self.vec_size.contains(&variant.vec_size)
            && self.bins.contains(&variant.bins)
            && self.threads.contains(&variant.threads)
            && variant.validate().is_empty()
    }
}

//! The spec of a selector: plain data, made by `topk_kernel!` or by [`SpecBuilder`].
//!
//! A [`SelectorSpec`] names the allowed values of each key; a [`Variant`] has one value for each. Both
//! paths into a spec end in [`SelectorSpec::validate`], which reports every fault at once. Nothing here
//! prints CUDA and nothing here does IO.

use crate::check;
use crate::functions::{Stage, Type};
use crate::naming::UnknownName;
use crate::program::{Program, ProgramId};
use crate::{DType, Fault, IndexType, KernelKind, Key, RowShape, Semantics, SpecBuilder, Variant};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// The default of `vec_size`.
pub(crate) const VEC_SIZES: &[u32] = &[4, 8];

/// A declared selector: the allowed values of every key.
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
    /// Elements that a thread loads at once: 1, 2, 4, 8 or 16.
    pub vec_size: Cow<'static, [u32]>,
    /// Histogram bins of one radix pass: a power of two.
    pub bins: Cow<'static, [u32]>,
    /// Threads of a CTA.
    pub threads: Cow<'static, [u32]>,
    /// The semantics; the same for every variant of the selector.
    pub semantics: Semantics,
    /// What its own functions add to its kernels.
    #[doc(hidden)]
    pub program: Option<Program>,
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

impl FromStr for KSet {
    type Err = UnknownName;

    /// Reads the output of `Display`, and a single number: `512`, `[512, 1024]`, `1..=2048`.
    fn from_str(text: &str) -> Result<KSet, UnknownName> {
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let read = || {
            if let Some((first, last)) = text.split_once("..=") {
                return Some(KSet::from(number(first)?..=number(last)?));
            }
            match text.trim().strip_prefix('[') {
                None => Some(KSet::from(number(text)?)),
                Some(list) => {
                    let list = list.strip_suffix(']')?;
                    let values: Option<Vec<u32>> = list.split(',').map(number).collect();
                    values.map(KSet::from)
                }
            }
        };
        read().ok_or_else(|| UnknownName {
            what: "set of k",
            written: text.to_owned(),
            hint: "write 512, [512, 1024] or 1..=2048".to_owned(),
        })
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

impl IndexType {
    /// What is written where a function gives that type.
    pub(crate) const fn of(ty: Type) -> IndexType {
        match ty {
            Type::U32 => IndexType::U32,
            Type::I64 => IndexType::I64,
            _ => IndexType::I32,
        }
    }
}

impl SelectorSpec {
    /// A builder whose keys start at their defaults; `dtype` has none and must be given.
    pub fn builder(name: impl Into<Cow<'static, str>>) -> SpecBuilder {
        SpecBuilder::new(name.into())
    }

    /// The selector of one variant alone, with any k and without a program.
    pub fn of(variant: &Variant) -> SelectorSpec {
        let one = SelectorSpec::builder("One").k(1..=i32::MAX as u32).dtype([variant.dtype]);
        let one = one.vec_size([variant.vec_size]).bins([variant.bins]).threads([variant.threads]);
        one.semantics(variant.semantics).spec()
    }

    /// What tells its program from every other one.
    #[doc(hidden)]
    pub fn program_id(&self) -> Option<ProgramId> {
        self.program.as_ref().map(Program::id)
    }

    /// Sets the keys that its functions tell, but for those that are given: rows are ragged where a function tells
    /// their columns, and an index is what `emit` gives.
    #[doc(hidden)]
    pub fn suit_functions(&mut self, given: &[Key]) {
        let Some(stages) = self.program.as_ref().and_then(Program::stages) else { return };
        let spans =
            [Stage::RowStart, Stage::RowLen].iter().any(|stage| stages.get(*stage).is_some());
        let emits = stages.get(Stage::Emit).map(|emit| IndexType::of(emit.result()));
        if spans && self.semantics.rows == RowShape::Dense && !given.contains(&Key::Rows) {
            self.semantics.rows = RowShape::Ragged;
        }
        if let Some(index) = emits.filter(|_| !given.contains(&Key::Index)) {
            self.semantics.index = index;
        }
    }

    /// A kernel with its sizes, with the meaning and the program of this selector.
    #[doc(hidden)]
    pub fn own(&self, variant: &Variant) -> Variant {
        Variant { semantics: self.semantics, program: self.program_id(), ..*variant }
    }

    /// Every fault of the spec; empty when it is sound.
    pub fn validate(&self) -> Vec<Fault> {
        check::faults(self)
    }

    /// Elements that a thread loads at once of a dtype: those declared. The default, `[4, 8]`, stands for
    /// loads of up to 16 bytes of every dtype, so of a dtype of one byte it is `[8, 16]`, and of one of eight
    /// bytes `[2, 4]`.
    pub fn vec_sizes(&self, dtype: DType) -> &[u32] {
        let is_default = *self.vec_size == *VEC_SIZES;
        match dtype.bytes() {
            1 if is_default => &[8, 16],
            8 if is_default => &[2, 4],
            _ => &self.vec_size,
        }
    }

    /// Every variant of the selector: the cross product of its axes in declaration order, for each
    /// kernel that serves the values.
    pub fn variants(&self) -> Vec<Variant> {
        let mut variants = Vec::new();
        for &dtype in self.dtype.iter() {
            for &vec_size in self.vec_sizes(dtype) {
                for &bins in self.bins.iter() {
                    for &threads in self.threads.iter() {
                        variants.extend(self.kernels(dtype, vec_size, bins, threads));
                    }
                }
            }
        }
        variants
    }

    /// The kernels that serve one value of each axis.
    fn kernels(&self, dtype: DType, vec_size: u32, bins: u32, threads: u32) -> Vec<Variant> {
        let mut variants = Vec::new();
        for &kernel in KernelKind::ALL {
            for &items in kernel.items() {
                for &cluster in kernel.clusters() {
                    for &stages in kernel.stages() {
                        variants.push(Variant {
                            kernel,
                            dtype,
                            vec_size,
                            bins,
                            threads,
                            items,
                            cluster,
                            stages,
                            semantics: self.semantics,
                            program: self.program_id(),
                        });
                    }
                }
            }
        }
        variants.retain(|variant| variant.validate().is_empty());
        variants
    }

    /// Whether the variant is one of this selector's.
    pub fn contains(&self, variant: &Variant) -> bool {
        self.semantics == variant.semantics
            && self.program_id() == variant.program
            && self.dtype.contains(&variant.dtype)
            && self.vec_sizes(variant.dtype).contains(&variant.vec_size)
            && self.bins.contains(&variant.bins)
            && self.threads.contains(&variant.threads)
            && variant.validate().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_k_reads_back() {
        for set in [KSet::from(1..=2048), KSet::from([512, 1024]), KSet::from(7)] {
            assert_eq!(set.to_string().parse(), Ok(set));
        }
        assert_eq!("7".parse(), Ok(KSet::from(7)));
        for text in ["", "1..8", "..=8", "[1, x]", "[1", "-1", "[]"] {
            let error = text.parse::<KSet>().unwrap_err().to_string();
            assert!(error.contains("is not a set of k; write 512"), "{error}");
        }
    }
}

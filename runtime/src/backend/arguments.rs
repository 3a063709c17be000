//! The arguments of a selector's own functions at a launch: values, and slices in the memory of the launch.
//!
//! They are views: nothing is copied. `select` finds the addresses of the slices; `problem::args` compares names and
//! types with those that the selector declares. Nothing is checked here.

#[cfg(feature = "interpret")]
use super::interpret::{Interpreted, Slice};
use super::memory::{Cuda, DeviceMemory, Host, Memory};
use crate::problem::args::ArgValue;
use cudarc::driver::{
    CudaSlice, CudaView, CudaViewMut, DevicePtr, UnifiedSlice, UnifiedView, UnifiedViewMut,
};
use half::{bf16, f16};
use std::fmt;
use std::sync::Arc;
use topkit_codegen::Scalar;

/// What gives a selector's own functions their arguments at a launch: the struct that `topk_kernel!` declares beside a
/// selector, or [`Args`].
pub trait Arguments<M: Memory = Cuda> {
    /// Each argument once, in any order.
    #[doc(hidden)]
    fn given(&self) -> Vec<Given<'_, M>>;
}

/// The arguments of a selector that is made at run time, each by its name. `topk_kernel!` declares a struct for those
/// of its selectors.
///
/// ```
/// use topkit::functions::Args;
/// use topkit::{DType, Rows, SelectorSpec, host};
///
/// let spec = SelectorSpec::builder("Biased").dtype([DType::F32]).functions(
///     "scale: f32, bias: [f32]",
///     "fn score(x: f32, col: i32) -> f32 { x * scale + bias[col] }",
/// )?;
/// let topk = host::Selector::new(spec.build()?)?;
/// let bias = vec![0.0f32, 9.0, 0.0, 0.0];
/// let args = Args::new().value("scale", 2.0f32).slice("bias", &bias);
/// let mut indices = [0i32; 2];
/// topk.launch_given(&Rows::host(&[1.0f32, 0.5, 4.0, 3.0], 1, 4), 2, &args, &mut indices)?;
/// assert_eq!(indices, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Args<'a, M: Memory = Cuda> {
    given: Vec<(&'a str, Kept<'a, M>)>,
}

#[derive(Clone, Copy)]
enum Kept<'a, M: Memory> {
    Value(ArgValue),
    Slice(&'a dyn AnySlice<M>),
}

impl<M: Memory> Kept<'_, M> {
    fn part(&self) -> Part<'_, M> {
        match self {
            Kept::Value(value) => Part::Value(*value),
            Kept::Slice(slice) => slice.part(),
        }
    }
}

impl<'a, M: Memory> Args<'a, M> {
    /// None yet.
    pub const fn new() -> Args<'a, M> {
        Args { given: Vec::new() }
    }

    /// Adds the value of an argument such as `scale: f32`.
    pub fn value(mut self, name: &'a str, value: impl Into<ArgValue>) -> Args<'a, M> {
        self.given.push((name, Kept::Value(value.into())));
        self
    }

    /// Adds the elements of an argument such as `bias: [f32]`.
    pub fn slice<T>(mut self, name: &'a str, slice: &'a dyn ArgSlice<T, M>) -> Args<'a, M> {
        self.given.push((name, Kept::Slice(slice)));
        self
    }
}

impl<M: Memory> Default for Args<'_, M> {
    fn default() -> Self {
        Args::new()
    }
}

impl<M: Memory> Arguments<M> for Args<'_, M> {
    fn given(&self) -> Vec<Given<'_, M>> {
        self.given.iter().map(|(name, kept)| Given { name, part: kept.part() }).collect()
    }
}

impl<M: Memory> fmt::Debug for Args<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.given();
        f.debug_map().entries(given.iter().map(|given| (given.name, &given.part))).finish()
    }
}

/// A slice that functions can be given as an argument `[T]`, in the memory of a launch: of a GPU cudarc's slices and
/// views, of the host vectors, arrays and slices. The elements of `[bool]` on a GPU may be bytes, of which 0 is `false`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no slice of `{T}` in the memory of this launch",
    label = "an argument `[{T}]` of a selector's functions takes this",
    note = "on a GPU it is a `CudaSlice<{T}>` or a view of one, on the host a `Vec<{T}>`, a `[{T}; N]` or a `&[{T}]`"
)]
pub trait ArgSlice<T, M: Memory = Cuda>: AnySlice<M> {}

/// A slice of an element that is known when it runs.
#[doc(hidden)]
pub trait AnySlice<M: Memory> {
    /// Its elements.
    fn part(&self) -> Part<'_, M>;
}

impl<T, M: Memory> fmt::Debug for dyn ArgSlice<T, M> + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.part(), f)
    }
}

/// An argument with its name.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Given<'a, M: Memory> {
    pub(crate) name: &'a str,
    pub(crate) part: Part<'a, M>,
}

impl<'a, M: Memory> Given<'a, M> {
    pub fn value(name: &'a str, value: impl Into<ArgValue>) -> Given<'a, M> {
        Given { name, part: Part::Value(value.into()) }
    }

    pub fn slice<T>(name: &'a str, slice: &'a dyn ArgSlice<T, M>) -> Given<'a, M> {
        Given { name, part: slice.part() }
    }
}

/// What an argument is.
#[doc(hidden)]
pub enum Part<'a, M: Memory> {
    Value(ArgValue),
    F32(M::Slice<'a, f32>),
    I32(M::Slice<'a, i32>),
    U32(M::Slice<'a, u32>),
    I64(M::Slice<'a, i64>),
    Bool(M::Slice<'a, bool>),
    /// Of which 0 is `false`.
    Bytes(M::Slice<'a, u8>),
    Bf16(M::Slice<'a, bf16>),
    F16(M::Slice<'a, f16>),
}

/// The same of the elements of a slice, whatever they are; something else of a value.
macro_rules! of_slice {
    ($part:expr, $slice:ident => $of_slice:expr, $value:pat => $of_value:expr) => {
        match $part {
            Part::Value($value) => $of_value,
            Part::F32($slice) => $of_slice,
            Part::I32($slice) => $of_slice,
            Part::U32($slice) => $of_slice,
            Part::I64($slice) => $of_slice,
            Part::Bool($slice) => $of_slice,
            Part::Bytes($slice) => $of_slice,
            Part::Bf16($slice) => $of_slice,
            Part::F16($slice) => $of_slice,
        }
    };
}

impl<M: Memory> Clone for Part<'_, M> {
    fn clone(&self) -> Self {
        match self {
            Part::Value(value) => Part::Value(*value),
            Part::F32(slice) => Part::F32(*slice),
            Part::I32(slice) => Part::I32(*slice),
            Part::U32(slice) => Part::U32(*slice),
            Part::I64(slice) => Part::I64(*slice),
            Part::Bool(slice) => Part::Bool(*slice),
            Part::Bytes(slice) => Part::Bytes(*slice),
            Part::Bf16(slice) => Part::Bf16(*slice),
            Part::F16(slice) => Part::F16(*slice),
        }
    }
}

impl<M: Memory> fmt::Debug for Part<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Part::Value(value) = self {
            return value.fmt(f);
        }
        write!(f, "[{}; {}]", self.element().name(), self.len())
    }
}

impl<M: Memory> Part<'_, M> {
    fn len(&self) -> usize {
        of_slice!(self, slice => M::len(slice), _ => 0)
    }

    /// What an element is as the selector declares it; of a value, anything.
    fn element(&self) -> Scalar {
        match self {
            Part::Value(_) | Part::F32(_) => Scalar::F32,
            Part::I32(_) => Scalar::I32,
            Part::U32(_) => Scalar::U32,
            Part::I64(_) => Scalar::I64,
            Part::Bool(_) | Part::Bytes(_) => Scalar::Bool,
            Part::Bf16(_) => Scalar::Bf16,
            Part::F16(_) => Scalar::F16,
        }
    }
}

impl<M: DeviceMemory> Part<'_, M> {
    /// The stream that a slice was made on.
    pub(crate) fn stream(&self) -> Option<&Arc<M::Stream>> {
        of_slice!(self, slice => Some(M::stream(slice)), _ => None)
    }

    /// What a kernel is given, once the stream waits for what was done to a slice; and what to drop after the launch.
    pub(crate) fn value_on<'s>(
        &'s self,
        stream: &'s M::Stream,
    ) -> (ArgValue, Option<M::Guard<'s>>) {
        let (address, guard) = of_slice!(
            self,
            slice => M::address(slice, stream),
            value => return (*value, None)
        );
        let (element, length) = (self.element(), self.len());
        (ArgValue::Slice { element, address, length }, Some(guard))
    }
}

/// The slices of a memory, each with its element.
macro_rules! slices {
    ($memory:ty, $stored:ty => $element:ty, $part:ident, $($slice:ty),* $(,)?) => {$(
        impl ArgSlice<$element, $memory> for $slice {}
        impl AnySlice<$memory> for $slice {
            fn part(&self) -> Part<'_, $memory> {
                let slice: <$memory as Memory>::Slice<'_, $stored> = self;
                Part::$part(slice)
            }
        }
    )*};
}

macro_rules! on_cuda {
    ($($stored:ty => $element:ty, $part:ident;)*) => {$(
        slices!(
            Cuda, $stored => $element, $part, CudaSlice<$stored>, CudaView<'_, $stored>,
            CudaViewMut<'_, $stored>, UnifiedSlice<$stored>, UnifiedView<'_, $stored>,
            UnifiedViewMut<'_, $stored>,
        );
        impl ArgSlice<$element, Cuda> for &dyn DevicePtr<$stored> {}
        impl AnySlice<Cuda> for &dyn DevicePtr<$stored> {
            fn part(&self) -> Part<'_, Cuda> {
                Part::$part(*self)
            }
        }
    )*};
}
on_cuda! {
    f32 => f32, F32;
    i32 => i32, I32;
    u32 => u32, U32;
    i64 => i64, I64;
    bool => bool, Bool;
    u8 => bool, Bytes;
    bf16 => bf16, Bf16;
    f16 => f16, F16;
}

#[cfg(feature = "interpret")]
macro_rules! interpreted {
    ($($stored:ty => $element:ty, $part:ident;)*) => {
        $(slices!(Interpreted, $stored => $element, $part, Slice<$stored>);)*
    };
}
#[cfg(feature = "interpret")]
interpreted! {
    f32 => f32, F32;
    i32 => i32, I32;
    u32 => u32, U32;
    i64 => i64, I64;
    u8 => bool, Bytes;
    bf16 => bf16, Bf16;
    f16 => f16, F16;
}

/// An element of a slice of the host.
#[doc(hidden)]
pub trait Element: Sized + 'static {
    /// The elements of a slice; none of another part.
    fn of<'a>(part: &Part<'a, Host>) -> &'a [Self];
}

macro_rules! on_host {
    ($($element:ty, $part:ident;)*) => {$(
        slices!(Host, $element => $element, $part, Vec<$element>, &[$element]);
        impl<const N: usize> ArgSlice<$element, Host> for [$element; N] {}
        impl<const N: usize> AnySlice<Host> for [$element; N] {
            fn part(&self) -> Part<'_, Host> {
                Part::$part(self.as_slice())
            }
        }
        impl Element for $element {
            fn of<'a>(part: &Part<'a, Host>) -> &'a [$element] {
                match part {
                    Part::$part(slice) => slice,
                    _ => &[],
                }
            }
        }
    )*};
}
on_host! {
    f32, F32;
    i32, I32;
    u32, U32;
    i64, I64;
    bool, Bool;
    bf16, Bf16;
    f16, F16;
}

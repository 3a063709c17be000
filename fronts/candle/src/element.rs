//! The element types of the tensors that can be selected from: those that candle and topkit both have.

use candle_core::{CpuStorage, DType, Result, WithDType, bail};
use topkit::Score;

/// What a type needs to be selected from on a GPU; without the feature `cuda`, nothing.
#[cfg(feature = "cuda")]
pub(crate) trait OnGpu:
    candle_core::cuda_backend::CudaDType + topkit::cudarc::driver::DeviceRepr
{
}
#[cfg(feature = "cuda")]
impl<T: candle_core::cuda_backend::CudaDType + topkit::cudarc::driver::DeviceRepr> OnGpu for T {}
#[cfg(not(feature = "cuda"))]
pub(crate) trait OnGpu {}
#[cfg(not(feature = "cuda"))]
impl<T> OnGpu for T {}

/// A score in a candle tensor.
pub(crate) trait Element: WithDType + Score + OnGpu {
    /// The elements of a tensor of this type.
    fn elements_mut(storage: &mut CpuStorage) -> Result<&mut [Self]>;
}

macro_rules! elements {
    ($($name:ident $type:ty,)*) => {
        $(impl Element for $type {
            fn elements_mut(storage: &mut CpuStorage) -> Result<&mut [Self]> {
                match storage {
                    CpuStorage::$name(elements) => Ok(elements),
                    _ => bail!("topk: the tensor to write has not the dtype {:?}", DType::$name),
                }
            }
        })*

        /// Runs an expression with the type of a dtype; refuses other dtypes.
        macro_rules! with_element {
            ($dtype:expr, $T:ident => $body:expr) => {
                match $dtype {
                    $(candle_core::DType::$name => {
                        type $T = $type;
                        $body
                    })*
                    other => Err(crate::element::refused(other)),
                }
            };
        }

        pub(crate) use with_element;

        /// Refuses a dtype whose tensors cannot be selected from.
        pub(crate) fn check(dtype: DType) -> Result<()> {
            match dtype {
                $(DType::$name => Ok(()),)*
                other => Err(refused(other)),
            }
        }
    };
}
elements! {
    F32 f32,
    BF16 half::bf16,
    F16 half::f16,
    F64 f64,
    I32 i32,
    U32 u32,
    I16 i16,
    U8 u8,
}
/// The error of a dtype that is not one of them.
pub(crate) fn refused(dtype: DType) -> candle_core::Error {
    candle_core::Error::Msg(format!(
        "topk: the scores are {}; topkit selects among f32, bf16, f16, f64, i32, u32, i16 and u8: convert them with \
         to_dtype",
        dtype.as_str()
    ))
    .bt()
}

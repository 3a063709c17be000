//! topkit and candle-core with `cuda` in one program, for CI to type-check.
//!
//! It shows that cargo finds features of cudarc that serve both, and that both mean the same types
//! by a context, a stream and a buffer: nothing is copied on the way. It is never linked or run.

use candle_core::op::BackpropOp;
use candle_core::{CudaStorage, Device, Storage, Tensor};
use topkit::{Engine, Rows, topk_kernel};

topk_kernel! {
    /// The best columns of each row, as candle counts them: its `gather` takes `u32`, and reads the
    /// fill of a short row as "write 0".
    pub kernel CandleTopK {
        dtype: [f32, bf16, f16],
        k: 1..=2048,
        index: u32,
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

/// An engine on the context that candle works in.
pub fn engine(device: &Device) -> Result<Engine, Error> {
    let stream = device.as_cuda_device()?.cuda_stream();
    Ok(Engine::on(stream.context().clone())?)
}

/// The columns of the k best scores of each row of an f32 matrix, on candle's stream.
pub fn top_k(topk: &CandleTopK, scores: &Tensor, k: usize) -> Result<Tensor, Error> {
    let (rows, columns) = scores.dims2()?;
    let scores = scores.contiguous()?;
    let device = scores.device().as_cuda_device()?.clone();
    let stream = device.cuda_stream();
    let (storage, layout) = scores.storage_and_layout();
    let Storage::Cuda(storage) = &*storage else {
        return Err("the scores are not on a GPU".into());
    };
    let buffer = storage.as_cuda_slice::<f32>()?.slice(layout.start_offset()..);

    let mut indices = stream.alloc_zeros::<u32>(rows * k)?;
    topk.launch(&stream, &Rows::new(&buffer, rows, columns), u32::try_from(k)?, &mut indices)?;
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(indices, device));
    Ok(Tensor::from_storage(storage, (rows, k), BackpropOp::none(), false))
}

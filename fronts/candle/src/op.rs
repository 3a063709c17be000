//! The selection as operations of candle's: the indices as a new tensor, and what writes into given tensors.
//!
//! Candle gives an operation in place one tensor to write. `Write` writes two: its operation on the values runs
//! another one on the indices while it has the values and the scores.

use crate::matrix;
use crate::selector::{Selector, metal};
use candle_core::{
    CpuStorage, CudaStorage, CustomOp1, DType, Error, InplaceOp1, InplaceOp2, Layout, MetalStorage,
    Result, Shape, Tensor, bail,
};
use std::cell::RefCell;

const NAME: &str = "topk";

/// The columns of the k best scores of each row, as an operation of candle's. [`Selector::indices`] makes one.
///
/// `scores.apply_op1_no_bwd(&op)` makes a tensor of `u32` indices, of shape `[.., k]`. `indices.inplace_op2(&scores,
/// &op)` writes them into a contiguous `u32` tensor of that shape; it allocates nothing, and can be captured as
/// [`Selector::topk_into`] can. The last dimension of the scores has stride 1. Indices have no gradient.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use topkit_candle::{Options, Order, Selector};
///
/// let best = Selector::new(Options::default().order(Order::ByIndex))?.indices(2);
/// let scores = Tensor::new(&[3f32, 7., 2., 9.], &Device::Cpu)?;
/// assert_eq!(scores.apply_op1_no_bwd(&best)?.to_vec1::<u32>()?, [1, 3]);
///
/// let indices = Tensor::zeros(2, DType::U32, &Device::Cpu)?;
/// indices.inplace_op2(&scores, &best)?;
/// assert_eq!(indices.to_vec1::<u32>()?, [1, 3]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Indices {
    pub(crate) selector: Selector,
    pub(crate) k: usize,
}

impl Indices {
    /// The first element to write, once the tensor's shape is checked.
    fn first(&self, scores: &Layout, indices: &Layout) -> Result<usize> {
        let k = check_shape(scores.dims(), indices, "indices")?;
        if k != self.k {
            bail!("topk: the indices to write have k = {k}, and the operation has k = {}", self.k);
        }
        Ok(indices.start_offset())
    }
}

impl CustomOp1 for Indices {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, scores: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = matrix::answer(layout.dims(), self.k)?;
        if shape.contains(&0) {
            return Ok((CpuStorage::U32(Vec::new()), shape.into()));
        }
        Ok((self.selector.on_cpu(scores, layout, self.k, false)?.0, shape.into()))
    }

    fn cuda_fwd(&self, scores: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let shape = matrix::answer(layout.dims(), self.k)?;
        if shape.contains(&0) {
            bail!(
                "topk: an answer of shape {shape:?} has no elements, which a GPU cannot allocate"
            );
        }
        Ok((self.selector.on_gpu(scores, layout, self.k, false)?.0, shape.into()))
    }

    fn metal_fwd(&self, _: &MetalStorage, _: &Layout) -> Result<(MetalStorage, Shape)> {
        Err(metal())
    }
}

impl InplaceOp2 for Indices {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        indices: &mut CpuStorage,
        written: &Layout,
        scores: &CpuStorage,
        read: &Layout,
    ) -> Result<()> {
        let first = self.first(read, written)?;
        if written.shape().elem_count() == 0 {
            return Ok(());
        }
        self.selector.write_cpu((scores, read), self.k, (indices, first), None)
    }

    fn cuda_fwd(
        &self,
        indices: &mut CudaStorage,
        written: &Layout,
        scores: &CudaStorage,
        read: &Layout,
    ) -> Result<()> {
        let first = self.first(read, written)?;
        if written.shape().elem_count() == 0 {
            return Ok(());
        }
        self.selector.write_gpu((scores, read), self.k, (indices, first), None)
    }

    fn metal_fwd(
        &self,
        _: &mut MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
    ) -> Result<()> {
        Err(metal())
    }
}

/// The k of a tensor to write: its last dimension. The tensor has the shape of an answer and is contiguous.
pub(crate) fn check_shape(scores: &[usize], written: &Layout, what: &str) -> Result<usize> {
    let given = written.dims();
    let k = given.last().copied().unwrap_or_default();
    let shape = matrix::answer(scores, k)?;
    if given != shape {
        bail!(
            "topk: the {what} to write have the shape {given:?}; scores of {scores:?} need {shape:?}"
        );
    }
    if !written.is_contiguous() {
        bail!(
            "topk: the {what} to write are not contiguous: their strides are {:?}",
            written.stride()
        );
    }
    Ok(k)
}

/// Writes the values and the indices.
pub(crate) struct Write<'a> {
    pub(crate) selector: &'a Selector,
    pub(crate) indices: &'a Tensor,
}

impl Write<'_> {
    /// Runs it, once the tensors are checked.
    pub(crate) fn run(&self, scores: &Tensor, values: &Tensor) -> Result<()> {
        if values.elem_count() == 0 {
            return Ok(());
        }
        if scores.dtype() == DType::U32 {
            // Candle refuses tensors that share memory, for which the locks would wait for each other.
            self.indices.inplace_op2(scores, &Nothing)?;
            self.indices.inplace_op2(values, &Nothing)?;
        }
        values.inplace_op2(scores, self)
    }
}

impl InplaceOp2 for Write<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        values: &mut CpuStorage,
        written: &Layout,
        scores: &CpuStorage,
        read: &Layout,
    ) -> Result<()> {
        let k = written.dims().last().copied().unwrap_or_default();
        let write = |indices: &mut CpuStorage, layout: &Layout| {
            let values = Some((&mut *values, written.start_offset()));
            let indices = (indices, layout.start_offset());
            self.selector.write_cpu((scores, read), k, indices, values)
        };
        self.indices.inplace_op1(&OnCpu(RefCell::new(write)))
    }

    fn cuda_fwd(
        &self,
        values: &mut CudaStorage,
        written: &Layout,
        scores: &CudaStorage,
        read: &Layout,
    ) -> Result<()> {
        let k = written.dims().last().copied().unwrap_or_default();
        let write = |indices: &mut CudaStorage, layout: &Layout| {
            let values = Some((&mut *values, written.start_offset()));
            let indices = (indices, layout.start_offset());
            self.selector.write_gpu((scores, read), k, indices, values)
        };
        self.indices.inplace_op1(&OnGpu(RefCell::new(write)))
    }

    fn metal_fwd(
        &self,
        _: &mut MetalStorage,
        _: &Layout,
        _: &MetalStorage,
        _: &Layout,
    ) -> Result<()> {
        Err(metal())
    }
}

/// Runs a function on the storage of a tensor of the CPU.
struct OnCpu<F>(RefCell<F>);

impl<F: FnMut(&mut CpuStorage, &Layout) -> Result<()>> InplaceOp1 for OnCpu<F> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        (self.0.borrow_mut())(storage, layout)
    }
}

/// Runs a function on the storage of a tensor of a GPU.
struct OnGpu<F>(RefCell<F>);

impl<F: FnMut(&mut CudaStorage, &Layout) -> Result<()>> InplaceOp1 for OnGpu<F> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        Err(Error::Msg("topk: the values are on a GPU, and the indices are not".into()).bt())
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
        (self.0.borrow_mut())(storage, layout)
    }
}

/// Does nothing; candle checks its tensors.
struct Nothing;

impl InplaceOp2 for Nothing {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<()> {
        Ok(())
    }

    fn cuda_fwd(&self, _: &mut CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<()> {
        Ok(())
    }
}

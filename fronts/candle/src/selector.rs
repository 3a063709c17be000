//! The selector of tensors, for repeated use, and `topk`, which keeps one for all options that were used.

use crate::element;
use crate::matrix::{self, Matrices};
use crate::op::{Indices, Write};
use crate::options::Options;
use crate::{cpu, op};
use candle_core::op::BackpropOp;
use candle_core::{
    CpuStorage, CudaStorage, D, DType, Device, Error, Layout, Result, Storage, Tensor, bail,
};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use topkit::host;

/// The selectors of [`topk`]. There are as many as options, which are few.
static SELECTORS: LazyLock<Mutex<HashMap<Options, Selector>>> = LazyLock::new(Mutex::default);

/// The k best scores of each row of a tensor, and their columns: the values and the indices.
///
/// A row is the last dimension. Scores of shape `[.., n]` give values and `u32` indices of shape `[.., k]`, on the same
/// device. The values are differentiable. [The crate's documentation](crate) has dtypes, strides and gradients.
///
/// Selectors and their workspaces are kept for the life of the process, one for each different `options`; a
/// [`Selector`] has workspaces of its own.
///
/// # Errors
/// k is more than n; the scores are a scalar, of another dtype, or on Metal; on a GPU, there is no NVRTC, or a
/// launch fails.
pub fn topk(scores: &Tensor, k: usize, options: Options) -> Result<(Tensor, Tensor)> {
    // A selector is whole before it is inserted, so a panic elsewhere leaves the map sound.
    let mut selectors = SELECTORS.lock().unwrap_or_else(PoisonError::into_inner);
    let selector = match selectors.get(&options) {
        Some(selector) => selector.clone(),
        None => selectors.entry(options).or_insert(Selector::new(options)?).clone(),
    };
    drop(selectors);
    selector.topk(scores, k)
}

/// Selects with the same options again and again, on any devices. Cheap to clone, and to share among threads.
///
/// On a GPU it has a workspace for each stream, and for each thread where candle's stream is that of the thread, so
/// selectors of their own never wait for each other.
///
/// ```
/// use candle_core::{DType, Device, Tensor};
/// use topkit_candle::{Options, Select, Selector};
///
/// let nearest = Selector::new(Options::default().select(Select::Smallest))?;
/// let distances = Tensor::new(&[[0.5f32, 0.25, 4.], [2., 8., 1.]], &Device::Cpu)?;
/// // Into tensors that are there already.
/// let values = Tensor::zeros((2, 1), DType::F32, &Device::Cpu)?;
/// let indices = Tensor::zeros((2, 1), DType::U32, &Device::Cpu)?;
/// nearest.topk_into(&distances, &values, &indices)?;
/// assert_eq!(values.to_vec2::<f32>()?, [[0.25], [1.]]);
/// assert_eq!(indices.to_vec2::<u32>()?, [[1], [2]]);
/// # Ok::<(), candle_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Selector {
    inner: Arc<Inner>,
}

struct Inner {
    options: Options,
    /// Of the indices alone, and of the values too.
    indices: Kind,
    both: Kind,
}

/// A selector of one spec, on each device.
struct Kind {
    host: host::Selector,
    #[cfg(feature = "cuda")]
    gpu: crate::gpu::Selectors,
}

impl Kind {
    fn new(options: Options, values: bool) -> Result<Kind> {
        let spec = options.spec(values).map_err(Error::wrap)?;
        Ok(Kind {
            host: host::Selector::new(spec).map_err(Error::wrap)?,
            #[cfg(feature = "cuda")]
            gpu: crate::gpu::Selectors::default(),
        })
    }
}

impl Selector {
    /// A selector with these options. It needs no device: kernels are compiled by the first call on a GPU.
    ///
    /// # Errors
    /// None of today's options; topkit refuses a spec with faults.
    pub fn new(options: Options) -> Result<Selector> {
        let (indices, both) = (Kind::new(options, false)?, Kind::new(options, true)?);
        Ok(Selector { inner: Arc::new(Inner { options, indices, both }) })
    }

    /// The options that it was made with.
    pub fn options(&self) -> Options {
        self.inner.options
    }

    /// The values and the indices of the k best scores of each row, as [`topk()`] gives them.
    ///
    /// # Errors
    /// As for [`topk()`].
    pub fn topk(&self, scores: &Tensor, k: usize) -> Result<(Tensor, Tensor)> {
        let shape = matrix::answer(scores.dims(), k)?;
        element::check(scores.dtype())?;
        if shape.contains(&0) {
            let empty = |dtype| Tensor::zeros(&shape[..], dtype, scores.device());
            return Ok((empty(scores.dtype())?, empty(DType::U32)?));
        }
        if scores.track_op() {
            let scores = scores.contiguous()?;
            let indices = scores.apply_op1_no_bwd(&self.indices(k))?;
            return Ok((scores.gather(&indices, D::Minus1)?, indices));
        }
        let scores = in_place_or_copied(scores)?;
        let (storage, layout) = scores.storage_and_layout();
        let (indices, values) = match &*storage {
            Storage::Cpu(storage) => {
                let (indices, values) = self.on_cpu(storage, layout, k, true)?;
                (Storage::Cpu(indices), values.map(Storage::Cpu))
            }
            Storage::Cuda(storage) => {
                let (indices, values) = self.on_gpu(storage, layout, k, true)?;
                (Storage::Cuda(indices), values.map(Storage::Cuda))
            }
            Storage::Metal(_) => return Err(metal()),
        };
        let Some(values) = values else { bail!("topk: the selector wrote no values") };
        let tensor = |storage| Tensor::from_storage(storage, &shape[..], BackpropOp::none(), false);
        Ok((tensor(values), tensor(indices)))
    }

    /// Writes the values and the indices of the k best scores of each row into given tensors; k is their last
    /// dimension.
    ///
    /// It allocates no tensor and copies none, so a CUDA graph can capture it. Before a capture, call it once with
    /// the same shapes on the same stream, which compiles and loads the kernel and makes the workspace, and turn off
    /// the tracking by events (`CudaDevice::disable_event_tracking`) before the tensors are made. During a capture,
    /// a call that needs one of these is refused and the capture goes on.
    ///
    /// As all that candle does in place, it is not differentiated.
    ///
    /// # Errors
    /// As for [`topk()`], and: the last dimension of the scores has another stride than 1; a tensor to write has
    /// another shape than `[.., k]` with the other dimensions of the scores, is not contiguous, or is on another device;
    /// the values have another dtype than the scores; the indices are not `u32`; two of the tensors share memory.
    pub fn topk_into(&self, scores: &Tensor, values: &Tensor, indices: &Tensor) -> Result<()> {
        let k = op::check_shape(scores.dims(), indices.layout(), "indices")?;
        let k_of_values = op::check_shape(scores.dims(), values.layout(), "values")?;
        if k_of_values != k {
            bail!("topk: the values have k = {k_of_values}, and the indices k = {k}");
        }
        element::check(scores.dtype())?;
        for (what, tensor, dtype) in
            [("values", values, scores.dtype()), ("indices", indices, DType::U32)]
        {
            if tensor.dtype() != dtype {
                let (given, dtype) = (tensor.dtype().as_str(), dtype.as_str());
                bail!("topk: the {what} to write are {given}, not {dtype}");
            }
            same_device(what, tensor.device(), scores.device())?;
        }
        Matrices::in_place(scores.layout())?;
        Write { selector: self, indices }.run(scores, values)
    }

    /// The selection of the indices alone, as an operation of candle's: for `Tensor::apply_op1_no_bwd`, and in place for
    /// `Tensor::inplace_op2`.
    pub fn indices(&self, k: usize) -> Indices {
        Indices { selector: self.clone(), k }
    }

    fn kind(&self, values: bool) -> &Kind {
        if values { &self.inner.both } else { &self.inner.indices }
    }

    /// The indices and, if asked for, the values.
    pub(crate) fn on_cpu(
        &self,
        scores: &CpuStorage,
        layout: &Layout,
        k: usize,
        values: bool,
    ) -> Result<(CpuStorage, Option<CpuStorage>)> {
        cpu::answer(&self.kind(values).host, scores, &Matrices::in_place(layout)?, k)
    }

    /// Writes the indices and, if given, the values, each from an element of its storage on.
    pub(crate) fn write_cpu(
        &self,
        (scores, layout): (&CpuStorage, &Layout),
        k: usize,
        indices: (&mut CpuStorage, usize),
        values: Option<(&mut CpuStorage, usize)>,
    ) -> Result<()> {
        let host = &self.kind(values.is_some()).host;
        cpu::write(host, scores, &Matrices::in_place(layout)?, k, indices, values)
    }

    /// As [`Selector::on_cpu`], on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) fn on_gpu(
        &self,
        scores: &CudaStorage,
        layout: &Layout,
        k: usize,
        values: bool,
    ) -> Result<(CudaStorage, Option<CudaStorage>)> {
        let Kind { host, gpu } = self.kind(values);
        crate::gpu::answer(gpu, host.spec(), scores, &Matrices::in_place(layout)?, k)
    }

    /// As [`Selector::write_cpu`], on a GPU.
    #[cfg(feature = "cuda")]
    pub(crate) fn write_gpu(
        &self,
        (scores, layout): (&CudaStorage, &Layout),
        k: usize,
        indices: (&mut CudaStorage, usize),
        values: Option<(&mut CudaStorage, usize)>,
    ) -> Result<()> {
        let Kind { host, gpu } = self.kind(values.is_some());
        let matrices = Matrices::in_place(layout)?;
        crate::gpu::write(gpu, host.spec(), scores, &matrices, k, indices, values)
    }

    #[cfg(not(feature = "cuda"))]
    pub(crate) fn on_gpu(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: usize,
        _: bool,
    ) -> Result<(CudaStorage, Option<CudaStorage>)> {
        Err(Error::NotCompiledWithCudaSupport)
    }

    #[cfg(not(feature = "cuda"))]
    pub(crate) fn write_gpu(
        &self,
        _: (&CudaStorage, &Layout),
        _: usize,
        _: (&mut CudaStorage, usize),
        _: Option<(&mut CudaStorage, usize)>,
    ) -> Result<()> {
        Err(Error::NotCompiledWithCudaSupport)
    }
}

/// The scores, or a copy of them where they cannot be read in place, or only by too many launches.
fn in_place_or_copied(scores: &Tensor) -> Result<Tensor> {
    match Matrices::of(scores.layout()) {
        #[cfg(feature = "cuda")]
        Some(matrices)
            if scores.device().is_cuda() && matrices.starts.len() > crate::gpu::MOST_LAUNCHES =>
        {
            scores.contiguous()
        }
        Some(_) => Ok(scores.clone()),
        None => scores.contiguous(),
    }
}

fn same_device(what: &str, given: &Device, scores: &Device) -> Result<()> {
    if !given.same_device(scores) {
        bail!("topk: the {what} to write are on {given:?}, and the scores on {scores:?}");
    }
    Ok(())
}

pub(crate) fn metal() -> Error {
    Error::Msg("topk: the scores are on Metal; topkit selects on the CPU and on CUDA".into()).bt()
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

//! The selection from tensors of a GPU, by topkit's kernels on the stream of their device.
//!
//! One engine serves a CUDA context for the life of the process, so that its kernels are found and loaded once. A
//! selector has workspaces for each stream, and for each thread where the stream is the thread's own, as candle's
//! default stream is; topkit keeps them.

use crate::element::{Element, with_element};
use crate::matrix::{Matrices, narrow};
use candle_core::backend::BackendStorage;
use candle_core::{CudaStorage, Error, Result};
use std::sync::{Arc, Mutex, PoisonError};
use topkit::cudarc::driver::{CudaContext, CudaSlice, CudaViewMut};
use topkit::{CudaStream, Engine, Output, Rows, Selector, SelectorSpec};

/// The most launches that scores take before `topk` copies them instead.
pub(crate) const MOST_LAUNCHES: usize = 16;

/// The engine of each context that was seen.
static ENGINES: Mutex<Vec<Engine>> = Mutex::new(Vec::new());

fn engine(context: &Arc<CudaContext>) -> Result<Engine> {
    // An engine is whole before it is added, so a panic elsewhere leaves the list sound.
    let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = engines.iter().find(|engine| engine.context() == context) {
        return Ok(engine.clone());
    }
    let engine = Engine::on(context.clone()).map_err(Error::wrap)?;
    engines.push(engine.clone());
    Ok(engine)
}

/// The selectors of one spec, by context.
#[derive(Default)]
pub(crate) struct Selectors {
    of: Mutex<Vec<(Arc<CudaContext>, Selector)>>,
}

impl Selectors {
    fn on(&self, context: &Arc<CudaContext>, spec: &SelectorSpec) -> Result<Selector> {
        let mut selectors = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, selector)) = selectors.iter().find(|(of, _)| of == context) {
            return Ok(selector.clone());
        }
        let selector = engine(context)?.selector(spec.clone()).map_err(Error::wrap)?;
        selectors.push((context.clone(), selector.clone()));
        Ok(selector)
    }
}

/// The indices of a tensor's rows, and their values if the spec has them.
pub(crate) fn answer(
    selectors: &Selectors,
    spec: &SelectorSpec,
    scores: &CudaStorage,
    matrices: &Matrices,
    k: usize,
) -> Result<(CudaStorage, Option<CudaStorage>)> {
    let device = scores.device().clone();
    let stream = device.cuda_stream();
    let selector = selectors.on(stream.context(), spec)?;
    let count = matrices.starts.len() * matrices.rows * k;
    // SAFETY: the launches write every element, and on an error nobody has seen the memory.
    let mut indices = unsafe { device.alloc::<u32>(count) }?;
    let values = with_element!(scores.dtype(), T => {
        let mut values: Option<CudaSlice<T>> = match spec.semantics.values {
            // SAFETY: as above.
            true => Some(unsafe { device.alloc::<T>(count) }?),
            false => None,
        };
        let scores = scores.as_cuda_slice::<T>()?;
        let (indices, values_of) = (indices.as_view_mut(), values.as_mut());
        let values_of = values_of.map(|values| values.as_view_mut());
        select(&selector, &stream, scores, matrices, k, indices, values_of)?;
        Ok(values.map(|values| CudaStorage::wrap_cuda_slice(values, device.clone())))
    })?;
    Ok((CudaStorage::wrap_cuda_slice(indices, device), values))
}

/// As [`answer`], into the storage of given tensors, from these elements on. It allocates nothing.
pub(crate) fn write(
    selectors: &Selectors,
    spec: &SelectorSpec,
    scores: &CudaStorage,
    matrices: &Matrices,
    k: usize,
    (indices, first_index): (&mut CudaStorage, usize),
    values: Option<(&mut CudaStorage, usize)>,
) -> Result<()> {
    let stream = scores.device().cuda_stream();
    let selector = selectors.on(stream.context(), spec)?;
    let mut indices = indices.as_cuda_slice_mut::<u32>()?.as_view_mut();
    let indices = tail(&mut indices, first_index)?;
    with_element!(scores.dtype(), T => {
        let mut values = match values {
            Some((values, first)) => Some((values.as_cuda_slice_mut::<T>()?.as_view_mut(), first)),
            None => None,
        };
        let values = match &mut values {
            Some((values, first)) => Some(tail(values, *first)?),
            None => None,
        };
        select(&selector, &stream, scores.as_cuda_slice::<T>()?, matrices, k, indices, values)
    })
}

fn select<T: Element>(
    selector: &Selector,
    stream: &Arc<CudaStream>,
    scores: &CudaSlice<T>,
    matrices: &Matrices,
    k: usize,
    mut indices: CudaViewMut<'_, u32>,
    mut values: Option<CudaViewMut<'_, T>>,
) -> Result<()> {
    let &Matrices { rows, columns, row_stride, .. } = matrices;
    let (narrow, wide) = (narrow(k)?, rows * k);
    for (matrix, &start) in matrices.starts.iter().enumerate() {
        let missing = || Error::Msg(format!("topk: the scores end before element {start}")).bt();
        let scores = scores.try_slice(start..).ok_or_else(missing)?;
        let mut indices = tail(&mut indices, matrix * wide)?;
        let mut values = match &mut values {
            Some(values) => Some(tail(values, matrix * wide)?),
            None => None,
        };
        let mut output = Output::new(&mut indices);
        if let Some(values) = &mut values {
            output = output.values(values);
        }
        let scores = Rows::strided(&scores, rows, columns, row_stride);
        selector.launch(stream, &scores, narrow, output).map_err(Error::wrap)?;
    }
    Ok(())
}

/// The elements from one on.
fn tail<'a, T>(elements: &'a mut CudaViewMut<'_, T>, first: usize) -> Result<CudaViewMut<'a, T>> {
    let missing = || Error::Msg(format!("topk: the tensor to write ends before element {first}"));
    elements.try_slice_mut(first..).ok_or_else(|| missing().bt())
}

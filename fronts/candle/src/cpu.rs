//! The selection from tensors of the CPU, by topkit's host backend.

use crate::element::{Element, with_element};
use crate::matrix::{Matrices, narrow};
use candle_core::{CpuStorage, Error, Result, WithDType};
use topkit::{Output, Rows, Score, host};

/// The indices of a tensor's rows, and their values if the selector has them.
pub(crate) fn answer(
    selector: &host::Selector,
    scores: &CpuStorage,
    matrices: &Matrices,
    k: usize,
) -> Result<(CpuStorage, Option<CpuStorage>)> {
    let count = matrices.starts.len() * matrices.rows * k;
    let mut indices = vec![0u32; count];
    let values = with_element!(dtype(scores), T => {
        let mut values = selector.spec().semantics.values.then(|| vec![T::FILL; count]);
        let scores = scores.as_slice::<T>()?;
        select(selector, scores, matrices, k, &mut indices, values.as_deref_mut())?;
        Ok(values.map(T::to_cpu_storage_owned))
    })?;
    Ok((CpuStorage::U32(indices), values))
}

/// As [`answer`], into the storage of given tensors, from these elements on.
pub(crate) fn write(
    selector: &host::Selector,
    scores: &CpuStorage,
    matrices: &Matrices,
    k: usize,
    (indices, first_index): (&mut CpuStorage, usize),
    values: Option<(&mut CpuStorage, usize)>,
) -> Result<()> {
    let indices = tail(u32::elements_mut(indices)?, first_index);
    with_element!(dtype(scores), T => {
        let values = match values {
            Some((values, first)) => Some(tail(T::elements_mut(values)?, first)),
            None => None,
        };
        select(selector, scores.as_slice::<T>()?, matrices, k, indices, values)
    })
}

fn select<T: Element>(
    selector: &host::Selector,
    scores: &[T],
    matrices: &Matrices,
    k: usize,
    mut indices: &mut [u32],
    mut values: Option<&mut [T]>,
) -> Result<()> {
    let &Matrices { rows, columns, row_stride, .. } = matrices;
    let narrow = narrow(k)?;
    for &start in &matrices.starts {
        let scores = scores.get(start..).unwrap_or_default();
        let mut output = Output::host(&mut *indices);
        if let Some(values) = values.as_deref_mut() {
            output = output.values(values);
        }
        let scores = Rows::host(scores, rows, columns).row_stride(row_stride);
        selector.launch(&scores, narrow, output).map_err(Error::wrap)?;
        indices = tail(indices, rows * k);
        values = values.map(|values| tail(values, rows * k));
    }
    Ok(())
}

/// The elements from one on; none if there are fewer, which topkit then refuses.
fn tail<T>(elements: &mut [T], first: usize) -> &mut [T] {
    elements.get_mut(first..).unwrap_or_default()
}

fn dtype(storage: &CpuStorage) -> candle_core::DType {
    candle_core::backend::BackendStorage::dtype(storage)
}

//! The small interface by which a benchmark loads kernels of several origins as shared libraries
//! and measures them the same way: `peer_count`, `peer_supports`, `peer_run` and their like. Only
//! with the feature `peer`.
//!
//! The interface has no handles, so the selectors are kept here, for the life of the process: one
//! for each GPU, dtype and kind of rows, with values and without. It has one kernel, the one of the plan. A failure returns 0, null
//! or a status, and `topkit_last_error` has the text.

use crate::abi::Launch;
use crate::failure::Failure;
use crate::{context, convert, last_error};
use std::collections::BTreeMap;
use std::ffi::{c_char, c_int, c_void};
use std::sync::{Mutex, PoisonError};
use topkit::cudarc::driver::sys::CUstream;
use topkit::{
    DType, Selector,
    spec::{Fill, KSet, RowShape, Semantics},
};

/// A GPU, the type of the scores, whether rows have lengths, and whether values are written.
type Key = (usize, DType, bool, bool);

static SELECTORS: Mutex<BTreeMap<Key, Selector>> = Mutex::new(BTreeMap::new());

/// The number of kernels.
// SAFETY: one library that a benchmark loads has this name, and the benchmark loads each library into a
// namespace of its own.
#[unsafe(no_mangle)]
pub extern "C" fn peer_count() -> c_int {
    1
}

/// The name of a kernel, or null.
// SAFETY: as for `peer_count`.
#[unsafe(no_mangle)]
pub extern "C" fn peer_name(variant: c_int) -> *const c_char {
    if variant == 0 { c"topkit".as_ptr() } else { std::ptr::null() }
}

/// 1 if the kernel serves the problem on the current GPU. It compiles and loads it, so that the
/// first run can be captured.
// SAFETY: as for `peer_count`.
#[unsafe(no_mangle)]
pub extern "C" fn peer_supports(
    variant: c_int,
    dtype: c_int,
    rows: i64,
    columns: i64,
    k: c_int,
    lengths_given: c_int,
) -> c_int {
    let supported = last_error::result(|| {
        let dtype = self::dtype(variant, dtype)?;
        let problem = convert::shape(dtype, rows, columns, k)?;
        let selector = selector(dtype, lengths_given != 0, false)?;
        let _restore = context::enter(selector.toolchain())?;
        selector.prepare(&problem)?;
        Ok(())
    });
    c_int::from(supported.is_ok())
}

/// Bytes of workspace that a run of the problem needs, with lengths or without.
// SAFETY: as for `peer_count`.
#[unsafe(no_mangle)]
pub extern "C" fn peer_workspace(
    variant: c_int,
    dtype: c_int,
    rows: i64,
    columns: i64,
    k: c_int,
) -> usize {
    let bytes = last_error::result(|| {
        let dtype = self::dtype(variant, dtype)?;
        let problem = convert::shape(dtype, rows, columns, k)?;
        let mut most = 0;
        for ragged in [false, true] {
            most = most.max(selector(dtype, ragged, false)?.plan(&problem)?.workspace_bytes);
        }
        Ok(most)
    });
    bytes.unwrap_or(0)
}

/// The row stride that the kernel needs: any.
// SAFETY: as for `peer_count`.
#[unsafe(no_mangle)]
pub extern "C" fn peer_stride(_variant: c_int, _dtype: c_int, columns: i64) -> i64 {
    columns
}

/// Enqueues a selection; 0 when it was. A kernel that writes values is compiled at its first run.
///
/// # Safety
/// The addresses are valid on the current GPU for the shape, until the stream has passed the launch;
/// `stream` is of its primary context.
// SAFETY: as for `peer_count`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn peer_run(
    variant: c_int,
    dtype: c_int,
    scores: *const c_void,
    rows: i64,
    columns: i64,
    row_stride: i64,
    lengths: *const i32,
    k: c_int,
    indices: *mut i32,
    values: *mut c_void,
    workspace: *mut c_void,
    workspace_bytes: usize,
    stream: CUstream,
) -> c_int {
    last_error::call(|| {
        let dtype = self::dtype(variant, dtype)?;
        let launch = Launch {
            size: size_of::<Launch>(),
            rows,
            columns,
            scores,
            row_stride,
            row_starts: std::ptr::null(),
            row_lengths: lengths,
            indices: indices.cast(),
            index_stride: 0,
            workspace,
            workspace_bytes,
            k,
            reserved: 0,
            values,
            value_stride: 0,
            counts: std::ptr::null_mut(),
            ..Launch::EMPTY
        };
        let launch = convert::launch(dtype, Fill::Standard, &launch)?;
        let selector = selector(dtype, !lengths.is_null(), !values.is_null())?;
        let _restore = context::enter(selector.toolchain())?;
        // SAFETY: addresses and stream are as the caller promises.
        Ok(unsafe { selector.launch_raw(stream, &launch) }?)
    })
}

/// The dtype of a number of the interface, which counts from 0 in the order of the library's table.
fn dtype(variant: c_int, given: c_int) -> Result<DType, Failure> {
    if variant != 0 {
        return Err(Failure::Code { what: "variant", given: variant, allowed: "0".into() });
    }
    // The codes of C, from 0 on.
    DType::from_c_code(given.saturating_add(1)).ok_or_else(|| {
        let codes = DType::ALL.map(|dtype| format!("{} ({dtype})", dtype.c_code() - 1));
        Failure::Code { what: "dtype", given, allowed: codes.join(", ") }
    })
}

/// The selector of the current GPU, or of GPU 0 if none is current, as in the CUDA runtime.
fn selector(dtype: DType, ragged: bool, values: bool) -> Result<Selector, Failure> {
    let current = context::ordinal()?;
    let ordinal = current.unwrap_or(0);
    // A panic elsewhere leaves the map whole: an entry is made before it is put in.
    let mut selectors = SELECTORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(selector) = selectors.get(&(ordinal, dtype, ragged, values)) {
        return Ok(selector.clone());
    }
    let known = selectors.iter().find(|((other, ..), _)| *other == ordinal);
    let toolchain = match (known, current) {
        (Some((_, selector)), _) => selector.toolchain().clone(),
        (None, Some(_)) => context::open_current()?.toolchain().clone(),
        (None, None) => context::open(ordinal)?.toolchain().clone(),
    };
    let rows = if ragged { RowShape::Ragged } else { RowShape::Dense };
    let semantics = Semantics { rows, values, ..Semantics::DEFAULT };
    let every_k = KSet::from(1..=i32::MAX as u32);
    let selector = toolchain.selector(convert::declare(dtype, every_k, semantics)?)?;
    selectors.insert((ordinal, dtype, ragged, values), selector.clone());
    Ok(selector)
}

//! Peers: kernels of other libraries, loaded from shared objects and measured beside ours.
//!
//! The interface is six C functions over numbers and pointers. A peer launches on the given stream and can be
//! captured in a CUDA graph; it neither waits nor allocates. Device addresses are valid for peers that use the
//! CUDA runtime, because both sides use the device's primary context: our driver bindings retain it, and the
//! runtime of a peer uses it by default.
//!
//! A library that cannot be loaded, or lacks a function, is refused with its path and the
//! function's name before anything is measured.

use crate::Error;
use crate::cell::Cell;
use libloading::Library;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use topkit::DType;
use topkit::cudarc::driver::sys::{CUdeviceptr, CUstream};

/// Variants in the library; they are numbered from 0.
type Count = unsafe extern "C" fn() -> c_int;
/// The name of a variant, for example `vllm.persistent`.
type Name = unsafe extern "C" fn(variant: c_int) -> *const c_char;
/// 1 if the variant serves this problem on the current device; `lengths_given` is 1 where lengths
/// are passed and must be honoured.
type Supports = unsafe extern "C" fn(
    variant: c_int,
    dtype: c_int,
    rows: i64,
    cols: i64,
    k: c_int,
    lengths_given: c_int,
) -> c_int;
/// Bytes of device memory that it needs, set to 0 once before its first launch.
type Workspace =
    unsafe extern "C" fn(variant: c_int, dtype: c_int, rows: i64, cols: i64, k: c_int) -> usize;
/// The row stride that it requires, in scores; `cols` if any will do.
type Stride = unsafe extern "C" fn(variant: c_int, dtype: c_int, cols: i64) -> i64;
/// Enqueues it. `lengths` may be null, `out_val` always is here. 0 says that it was enqueued.
type Run = unsafe extern "C" fn(
    variant: c_int,
    dtype: c_int,
    x: *const c_void,
    rows: i64,
    cols: i64,
    stride: i64,
    lengths: *const i32,
    k: c_int,
    out_idx: *mut i32,
    out_val: *mut c_void,
    workspace: *mut c_void,
    workspace_bytes: usize,
    stream: CUstream,
) -> c_int;

/// One variant of a library.
#[derive(Clone)]
pub struct Peer {
    /// As its library calls it.
    pub name: String,
    variant: c_int,
    supports: Supports,
    workspace: Workspace,
    stride: Stride,
    run: Run,
}

/// Device memory for a launch of a peer.
#[derive(Debug, Clone, Copy)]
pub struct Buffers {
    /// The scores.
    pub scores: CUdeviceptr,
    /// From row to row, in scores.
    pub stride: usize,
    /// The lengths, or 0.
    pub lengths: CUdeviceptr,
    /// The indices.
    pub indices: CUdeviceptr,
    /// [`Peer::workspace_bytes`] of memory.
    pub workspace: CUdeviceptr,
}

impl Peer {
    /// Loads a library and gives its variants.
    pub fn load(path: &Path) -> Result<Vec<Peer>, Error> {
        let place = path.display();
        let refused = |error: &dyn std::error::Error| {
            let reason = error.source().unwrap_or(error);
            Error::Environment(format!("the peer library {place} cannot be loaded: {reason}"))
        };
        // The system loader would look for a bare name elsewhere, and not here.
        let file = std::path::absolute(path).map_err(|error| refused(&error))?;
        // SAFETY: the person who named the library answers for its initialisers.
        let library = unsafe { Library::new(file) }.map_err(|error| refused(&error))?;
        // Unloading a library that contains a CUDA runtime crashes, so it stays loaded.
        let library: &'static Library = Box::leak(Box::new(library));
        let count = find::<Count>(library, path, "peer_count")?;
        let name = find::<Name>(library, path, "peer_name")?;
        let unnamed = Peer {
            name: String::new(),
            variant: 0,
            supports: find(library, path, "peer_supports")?,
            workspace: find(library, path, "peer_workspace")?,
            stride: find(library, path, "peer_stride")?,
            run: find(library, path, "peer_run")?,
        };
        // SAFETY: the function has this type by the interface.
        let count = unsafe { count() };
        if count < 1 {
            let message = format!("the peer library {place} says that it has {count} variants");
            return Err(Error::Environment(message));
        }
        let named = |variant| {
            // SAFETY: as above, and the number is below the count.
            let text = unsafe { name(variant) };
            let name = if text.is_null() {
                format!("{place} {variant}")
            } else {
                // SAFETY: it is a C string by the interface, and the library is never unloaded.
                unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
            };
            Peer { name, variant, ..unnamed.clone() }
        };
        Ok((0..count).map(named).collect())
    }

    /// Whether it serves a cell.
    pub fn supports(&self, cell: &Cell) -> bool {
        let Ok(k) = c_int::try_from(cell.k) else { return false };
        let dtype = code(cell.dtype);
        let ragged = c_int::from(cell.ragged());
        let (rows, cols) = (cell.rows as i64, cell.cols as i64);
        // SAFETY: the function has this type by the interface, and asks for nothing but numbers.
        unsafe { (self.supports)(self.variant, dtype, rows, cols, k, ragged) == 1 }
    }

    /// Bytes of device memory that it needs for a cell that it serves.
    pub fn workspace_bytes(&self, cell: &Cell) -> usize {
        let dtype = code(cell.dtype);
        let (rows, cols, k) = (cell.rows as i64, cell.cols as i64, cell.k as c_int);
        // SAFETY: as above.
        unsafe { (self.workspace)(self.variant, dtype, rows, cols, k) }
    }

    /// The row stride that it requires, or why that makes no sense.
    pub fn stride(&self, cell: &Cell) -> Result<usize, String> {
        let dtype = code(cell.dtype);
        // SAFETY: as above.
        let stride = unsafe { (self.stride)(self.variant, dtype, cell.cols as i64) };
        let least = cell.cols;
        usize::try_from(stride)
            .ok()
            .filter(|&stride| (least..=4 * least + 4096).contains(&stride))
            .ok_or_else(|| format!("it requires a row stride of {stride} for {least} columns"))
    }

    /// Enqueues it.
    ///
    /// # Safety
    /// The buffers are as large as the cell and the peer's own answers say, on the device whose
    /// context is current, until the stream has passed this launch.
    pub unsafe fn launch(
        &self,
        cell: &Cell,
        buffers: &Buffers,
        stream: CUstream,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises; the types match the interface.
        let status = unsafe {
            (self.run)(
                self.variant,
                code(cell.dtype),
                buffers.scores as *const c_void,
                cell.rows as i64,
                cell.cols as i64,
                buffers.stride as i64,
                buffers.lengths as *const i32,
                cell.k as c_int,
                buffers.indices as *mut i32,
                std::ptr::null_mut(),
                buffers.workspace as *mut c_void,
                self.workspace_bytes(cell),
                stream,
            )
        };
        match status {
            0 => Ok(()),
            status => {
                let message = format!("{} refused {cell} with status {status}", self.name);
                Err(Error::Environment(message))
            }
        }
    }
}

/// The code of a dtype in the interface: C's code, counted from 0.
fn code(dtype: DType) -> c_int {
    dtype.c_code() - 1
}

fn find<F: Copy>(library: &'static Library, path: &Path, name: &str) -> Result<F, Error> {
    // SAFETY: every caller names the type that the interface gives to the function.
    match unsafe { library.get::<F>(name.as_bytes()) } {
        Ok(function) => Ok(*function),
        Err(_) => Err(Error::Environment(format!(
            "the peer library {} has no function {name}; it needs peer_count, peer_name, \
             peer_supports, peer_workspace, peer_stride and peer_run",
            path.display()
        ))),
    }
}

//! The interpreter's backend: a GPU that is interpreted, with its loaded kernels.
//!
//! It has the limits of a GPU of sm_90 with few multiprocessors. `stream` has its contexts and streams, `slice`
//! its buffers. A kernel that a driver would refuse is one that the caller names.

use super::launch::{Interpreter, Kernel, MULTIPROCESSORS};
use super::slice::Interpreted;
use super::stream::{Context, Work, lock};
use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::plan::{GpuTable, Limits};
use crate::problem::Problem;
use cudarc::driver::sys::CUstream;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use topkit_codegen::{Arch, KernelKind, SelectorSpec, Variant, render};

/// A GPU that is interpreted. [`Gpu::selector`] makes a selector that launches on it. Cheap to clone.
///
/// ```no_run
/// use topkit::interpret::{Gpu, Interpreter};
/// use topkit::{DType, Rows, SelectorSpec};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let gpu = Gpu::new(Interpreter::new()?);
/// let stream = gpu.context().new_stream();
/// let scores = stream.clone_htod(&vec![0.5f32; 4 * 1000])?;
/// let mut indices = stream.alloc::<i32>(4 * 8)?;
///
/// let topk = gpu.selector(SelectorSpec::builder("Example").dtype([DType::F32]).build()?)?;
/// topk.launch(&stream, &Rows::interpreted(&scores, 4, 1000), 8, &mut indices)?;
/// assert_eq!(stream.clone_dtoh(&indices)?.len(), 32);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Gpu {
    context: Arc<Context>,
    interpreter: Interpreter,
    limits: Limits,
    refused: Arc<[KernelKind]>,
    table: Option<Arc<GpuTable>>,
    loaded: Arc<Mutex<HashMap<Variant, Arc<Kernel>>>>,
}

impl Gpu {
    /// A GPU in a context of its own, with no buffer and no kernel. The seed of the interpreter is the
    /// schedule of every launch.
    pub fn new(interpreter: Interpreter) -> Gpu {
        let limits =
            Limits { multiprocessors: MULTIPROCESSORS, ..Limits::of_arch(Arch::of_device(9, 0)) };
        Gpu {
            context: Context::new(),
            interpreter,
            limits,
            refused: Arc::default(),
            table: None,
            loaded: Arc::default(),
        }
    }

    /// The same with nothing loaded, and a driver that refuses these kernels.
    pub fn refusing(&self, kernels: &[KernelKind]) -> Gpu {
        Gpu { refused: kernels.into(), loaded: Arc::default(), ..self.clone() }
    }

    /// The same with a measured table in which each of these variants is the fastest for its problem:
    /// selectors that are made from now on go by it.
    pub fn measured(&self, fastest: &[(Problem, Variant)]) -> Gpu {
        let table = GpuTable::of_fastest("an interpreted GPU", fastest);
        Gpu { table: Some(Arc::new(table)), ..self.clone() }
    }

    /// The context of its streams and buffers.
    pub fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// The kernels that are loaded.
    pub fn loaded_kernels(&self) -> usize {
        lock(&self.loaded).len()
    }
}

impl Backend for Gpu {
    type Memory = Interpreted;
    type Kernel = Kernel;

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn table(&self) -> Option<Arc<GpuTable>> {
        self.table.clone()
    }

    fn loaded(&self, variant: &Variant) -> Option<Arc<Kernel>> {
        lock(&self.loaded).get(variant).cloned()
    }

    fn load(&self, spec: &SelectorSpec, variant: &Variant) -> Result<Arc<Kernel>, Error> {
        let mut loaded = lock(&self.loaded);
        if let Some(kernel) = loaded.get(variant) {
            return Ok(kernel.clone());
        }
        let source = render(spec, variant)?;
        if self.refused.contains(&variant.kernel) {
            let (arch, log) = (Arch::of_device(9, 0), String::new());
            let reason = "the test's driver refuses it".to_owned();
            return Err(Error::Module { entry: source.entry, arch, reason, log });
        }
        let kernel = Arc::new(self.interpreter.load(&source)?);
        loaded.insert(*variant, kernel.clone());
        Ok(kernel)
    }

    fn context(&self) -> Result<&Context, Error> {
        Ok(&self.context)
    }

    unsafe fn is_capturing(&self, stream: CUstream) -> Result<bool, Error> {
        Ok(self.context.device().is_capturing(stream))
    }

    unsafe fn launch(&self, kernel: &Arc<Kernel>, call: &Call<'_>) -> Result<(), Error> {
        let work = Work {
            kernel: kernel.clone(),
            plan: *call.plan,
            args: call.args.to_vec(),
            raw: *call.launch,
            program: call.program.cloned(),
        };
        Ok(self.context.device().enqueue(call.stream, work)?)
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu").field("limits", &self.limits).finish_non_exhaustive()
    }
}

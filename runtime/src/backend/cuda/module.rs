//! A compiled kernel, loaded into a context.
//!
//! Loading asks the driver once how many CTAs of the kernel the GPU can run at the same time. A kernel
//! whose CTAs must run at the same time and do not fit is refused: its launch would hang or fail.
//! [`Error::Module`] and [`Error::Room`] blame the kernel (see `blame`); every other failure of the
//! driver is [`Error::Cuda`].

use crate::backend::cuda::blame;
use crate::backend::cuda::device::Device;
use crate::error::{Error, driver_words};
use cudarc::driver::{CudaContext, DriverError, sys};
use std::ffi::{CString, c_uint, c_void};
use std::sync::Arc;
use topkit_codegen::Arch;

/// A kernel that can be launched. Its module stays loaded when this is dropped: see [`crate::backend::cuda::modules`].
pub(crate) struct LoadedKernel {
    context: Arc<CudaContext>,
    entry: String,
    arch: Arch,
    function: sys::CUfunction,
    shape: LaunchShape,
    /// The module, as long as the kernel may turn out unusable.
    unproven: Option<sys::CUmodule>,
}

// SAFETY: a module and its functions are handles that any thread may use once the context is
// current on it, and `launch` and `drop` make it so.
unsafe impl Send for LoadedKernel {}
// SAFETY: as above; the handles are never changed after loading.
unsafe impl Sync for LoadedKernel {}

impl std::fmt::Debug for LoadedKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedKernel").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// What every launch of a kernel has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaunchShape {
    /// Threads of a CTA.
    pub(crate) threads: u32,
    /// CTAs of a cluster; 1 for a launch without clusters.
    pub(crate) cluster: u32,
    /// Bytes of shared memory beside the kernel's variables.
    pub(crate) shared_bytes: u32,
}

/// The largest cluster that every GPU with clusters has.
const PORTABLE_CLUSTER: u32 = 8;

/// The attributes of a launch, of which the first `len` are given to the driver.
struct Attributes {
    all: [sys::CUlaunchAttribute; 2],
    len: usize,
}

impl LaunchShape {
    /// The attributes of a launch. With programmatic dependent launch (PDL) a kernel may start before the
    /// preceding kernel on the stream has ended, so only kernels that wait for that end themselves use it.
    fn attributes(&self, pdl: bool) -> Attributes {
        use sys::CUlaunchAttributeID as Id;
        use sys::CUlaunchAttributeValue as Value;
        let attribute = |id, value| sys::CUlaunchAttribute { id, pad: Default::default(), value };
        let unused = attribute(Id::CU_LAUNCH_ATTRIBUTE_IGNORE, Value { priority: 0 });
        let mut attributes = Attributes { all: [unused; 2], len: 0 };
        let mut give = |id, value| {
            attributes.all[attributes.len] = attribute(id, value);
            attributes.len += 1;
        };
        if self.cluster > 1 {
            let cluster =
                sys::CUlaunchAttributeValue_union__bindgen_ty_1 { x: self.cluster, y: 1, z: 1 };
            give(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, Value { clusterDim: cluster });
        }
        if pdl {
            let id = Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
            give(id, Value { programmaticStreamSerializationAllowed: 1 });
        }
        attributes
    }

    /// A launch of this shape; the attributes must outlive its use.
    fn config(
        &self,
        grid: u32,
        stream: sys::CUstream,
        attributes: &mut Attributes,
    ) -> sys::CUlaunchConfig {
        sys::CUlaunchConfig {
            gridDimX: grid,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: self.shared_bytes,
            hStream: stream,
            attrs: attributes.all.as_mut_ptr(),
            numAttrs: attributes.len as c_uint,
        }
    }
}

impl LoadedKernel {
    /// Loads a cubin. A refusal carries the driver's log.
    pub(crate) fn load(
        device: &Device,
        entry: &str,
        cubin: &[u8],
        shape: LaunchShape,
    ) -> Result<LoadedKernel, Error> {
        let (context, arch) = (&device.context, device.facts.arch);
        let _span = tracing::info_span!("load", entry).entered();
        context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
        let digest = crate::backend::cuda::modules::digest(entry, cubin);
        let of = |function, unproven| {
            let (context, entry) = (context.clone(), entry.to_owned());
            LoadedKernel { context, entry, arch, function, shape, unproven }
        };
        if let Some(function) = crate::backend::cuda::modules::find(context, &digest) {
            return Ok(of(function, None));
        }
        let mut log = vec![0u8; 16 * 1024];
        let mut options = [
            sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER,
            sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
        ];
        // The driver takes each option's value in the place of a pointer.
        let mut values = [log.as_mut_ptr().cast::<c_void>(), log.len() as *mut c_void];
        let mut module = std::ptr::null_mut();
        // SAFETY: the image is a whole cubin, the option arrays have the length given, and the
        // log buffer outlives the call.
        let status = unsafe {
            sys::cuModuleLoadDataEx(
                &mut module,
                cubin.as_ptr().cast(),
                options.len() as c_uint,
                options.as_mut_ptr(),
                values.as_mut_ptr(),
            )
        };
        let refused = |error: DriverError, log: &[u8]| {
            let end = log.iter().position(|&byte| byte == 0).unwrap_or(log.len());
            let log = String::from_utf8_lossy(&log[..end]).into_owned();
            let reason = driver_words(error);
            match blame::is_unloadable(error.0) {
                true => Error::Module { entry: entry.to_owned(), arch, reason, log },
                false => Error::Cuda { doing: "load a compiled kernel", reason },
            }
        };
        status.result().map_err(|error| refused(error, &log))?;
        // From here the module is unloaded on every error.
        let mut kernel = of(std::ptr::null_mut(), Some(module));
        let name = CString::new(entry).map_err(|_| Error::Module {
            entry: entry.to_owned(),
            arch,
            reason: "its name holds a NUL byte".into(),
            log: String::new(),
        })?;
        // SAFETY: the module was just loaded, and the name is a C string.
        unsafe { sys::cuModuleGetFunction(&mut kernel.function, module, name.as_ptr()) }
            .result()
            .map_err(|error| refused(error, &[]))?;
        if shape.shared_bytes > 0 {
            kernel.take_shared_memory().map_err(|error| match blame::is_too_large(error.0) {
                true => Error::Module {
                    entry: entry.to_owned(),
                    arch,
                    reason: driver_words(error),
                    log: format!("it asked for {} bytes of shared memory", shape.shared_bytes),
                },
                false => Error::cuda("take the shared memory that the kernel needs")(error),
            })?;
        }
        if shape.cluster > 1 {
            let clusters = room(kernel.active_clusters())
                .map_err(Error::cuda("tell how many clusters fit on the GPU"))?;
            let room = clusters.saturating_mul(shape.cluster);
            if room < shape.cluster {
                let needed = shape.cluster;
                return Err(Error::Room { entry: entry.to_owned(), needed, room });
            }
        }
        let function = crate::backend::cuda::modules::keep(context, digest, kernel.function);
        if function == kernel.function {
            kernel.unproven = None;
            return Ok(kernel);
        }
        // Another engine of the context was faster. This module is unloaded as `kernel` is dropped;
        // nobody has its function, so it was never launched.
        Ok(of(function, None))
    }

    /// Lets every launch have its shared memory: more than 48 KB must be asked for.
    fn take_shared_memory(&self) -> Result<(), DriverError> {
        let attribute = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let bytes = i32::try_from(self.shape.shared_bytes).unwrap_or(i32::MAX);
        // SAFETY: the function is live.
        unsafe { sys::cuFuncSetAttribute(self.function, attribute, bytes) }.result()
    }

    /// Clusters that the GPU holds at once.
    fn active_clusters(&self) -> Result<u32, DriverError> {
        if self.shape.cluster > PORTABLE_CLUSTER {
            let attribute =
                sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED;
            // SAFETY: the function is live.
            unsafe { sys::cuFuncSetAttribute(self.function, attribute, 1) }.result()?;
        }
        let mut attributes = self.shape.attributes(false);
        let config = self.shape.config(self.shape.cluster, std::ptr::null_mut(), &mut attributes);
        let mut clusters = 0;
        // SAFETY: the function is live, the attributes outlive the call, and the pointer is valid
        // for one integer.
        unsafe { sys::cuOccupancyMaxActiveClusters(&mut clusters, self.function, &config) }
            .result()?;
        Ok(u32::try_from(clusters).unwrap_or(0))
    }

    /// Enqueues the kernel with its one argument.
    ///
    /// # Safety
    /// `args` are the bytes of the struct that the kernel takes, its pointers are valid on the device until
    /// the stream has passed this launch, `stream` belongs to this kernel's context, and a kernel that is
    /// launched with `pdl` waits for the preceding kernel before it touches memory.
    pub(crate) unsafe fn launch(
        &self,
        grid: u32,
        pdl: bool,
        stream: sys::CUstream,
        args: &[u8],
    ) -> Result<(), Error> {
        self.context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
        let mut parameters = [args.as_ptr().cast_mut().cast::<c_void>()];
        let mut attributes = self.shape.attributes(pdl);
        let config = self.shape.config(grid, stream, &mut attributes);
        // SAFETY: the function is live; the driver copies the argument before it returns.
        unsafe {
            sys::cuLaunchKernelEx(
                &config,
                self.function,
                parameters.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        }
        .result()
        .map_err(|error| match blame::is_unlaunchable(error.0) {
            true => Error::Module {
                entry: self.entry.clone(),
                arch: self.arch,
                reason: driver_words(error),
                log: format!(
                    "it was to be launched as {grid} CTAs of {} threads",
                    config.blockDimX
                ),
            },
            false => Error::cuda("launch the kernel")(error),
        })
    }
}

/// The clusters for which there is room. A GPU may answer with an error in place of 0 where they are
/// larger than it can ever hold.
fn room(active: Result<u32, DriverError>) -> Result<u32, DriverError> {
    match active {
        Err(error) if blame::is_too_large(error.0) => Ok(0),
        active => active,
    }
}

impl Drop for LoadedKernel {
    fn drop(&mut self) {
        let Some(module) = self.unproven else { return };
        let unload = || {
            self.context.bind_to_thread()?;
            // SAFETY: the module is live, and its kernel was never launched.
            unsafe { sys::cuModuleUnload(module) }.result()
        };
        if let Err(error) = unload() {
            tracing::warn!("a kernel was not unloaded: {}", driver_words(error));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sys::CUlaunchAttributeID as Id;

    const PLAIN: LaunchShape = LaunchShape { threads: 512, cluster: 1, shared_bytes: 0 };

    fn given(shape: LaunchShape, pdl: bool) -> Vec<Id> {
        let mut attributes = shape.attributes(pdl);
        let config = shape.config(64, std::ptr::null_mut(), &mut attributes);
        assert_eq!((config.gridDimX, config.blockDimX), (64, 512));
        attributes.all[..config.numAttrs as usize].iter().map(|attribute| attribute.id).collect()
    }

    #[test]
    fn clusters_that_a_gpu_answers_with_an_error_have_no_room_there() {
        let answered = |answer| room(Err(DriverError(answer)));
        for answer in [
            sys::CUresult::CUDA_ERROR_INVALID_CLUSTER_SIZE,
            sys::CUresult::CUDA_ERROR_INVALID_VALUE,
            sys::CUresult::CUDA_ERROR_NOT_SUPPORTED,
            sys::CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
        ] {
            assert_eq!(answered(answer), Ok(0));
        }
        assert_eq!(room(Ok(7)), Ok(7));
        let lost = sys::CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED;
        assert_eq!(answered(lost), Err(DriverError(lost)));
    }

    #[test]
    fn a_launch_gives_the_attributes_of_its_shape() {
        assert_eq!(given(PLAIN, false), []);
        let cluster = LaunchShape { cluster: 16, ..PLAIN };
        let early = Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
        assert_eq!(given(PLAIN, true), [early]);
        assert_eq!(given(cluster, false), [Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION]);
        assert_eq!(given(cluster, true), [Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, early]);
        // SAFETY: the first attribute is the cluster's dimension.
        let dimension = unsafe { cluster.attributes(true).all[0].value.clusterDim };
        assert_eq!((dimension.x, dimension.y, dimension.z), (16, 1, 1));
    }
}

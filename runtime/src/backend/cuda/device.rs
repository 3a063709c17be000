//! A GPU with its context, name, architecture and limits, read from the driver once. A driver that is
//! missing or does not answer is an error.

use crate::error::Error;
use crate::library;
use crate::plan::Limits;
use cudarc::driver::sys::CUdevice_attribute as Attribute;
use cudarc::driver::{CudaContext, result};
use std::sync::Arc;
use topkit_codegen::{Arch, Variant};

/// A context and the facts of its device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) context: Arc<CudaContext>,
    pub(crate) facts: DeviceFacts,
}

/// The facts of a GPU, from the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceFacts {
    /// The product name: `NVIDIA H200`.
    pub name: String,
    /// The architecture to compile for, with every feature the device has.
    pub arch: Arch,
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Threads that a multiprocessor holds.
    pub threads_per_multiprocessor: u32,
    /// 32-bit registers of a multiprocessor.
    pub registers_per_multiprocessor: u32,
    /// Bytes of shared memory of a multiprocessor.
    pub shared_bytes_per_multiprocessor: u32,
    /// Bytes of shared memory a CTA may opt in to.
    pub shared_bytes_per_cta: u32,
    /// Whether CTAs can be launched in clusters.
    pub clusters: bool,
    /// Bytes of L2 cache.
    pub l2_bytes: u64,
    /// Bytes of device memory.
    pub memory_bytes: u64,
    /// The bandwidth of the memory at its highest clock, in GB/s; 0 if the driver does not tell.
    pub gigabytes_per_second: u32,
    /// The newest CUDA that the driver serves: `(13, 0)`.
    pub driver: (u32, u32),
}

impl DeviceFacts {
    /// The limits that plans respect.
    pub fn limits(&self) -> Limits {
        Limits {
            multiprocessors: self.multiprocessors,
            threads_per_multiprocessor: self.threads_per_multiprocessor,
            registers_per_multiprocessor: self.registers_per_multiprocessor,
            shared_bytes_per_multiprocessor: self.shared_bytes_per_multiprocessor,
            shared_bytes_per_cta: self.shared_bytes_per_cta,
            clusters: self.clusters,
            most_cluster: if self.clusters { *Variant::CLUSTERS.end() } else { 1 },
            // A launch with PDL can be captured in a graph since CUDA 12.3.
            pdl: self.arch.capability() >= (9, 0) && self.driver >= (12, 3),
            gigabytes_per_second: self.gigabytes_per_second,
            stand_in: None,
        }
    }
}

impl Device {
    /// The device of that ordinal, in its primary context.
    pub(crate) fn open(ordinal: usize) -> Result<Device, Error> {
        // The bindings panic where the driver is missing.
        library::probe_driver()?;
        let context = CudaContext::new(ordinal).map_err(Error::cuda("open the GPU"))?;
        Device::of(context)
    }

    /// The device of a context that the caller has.
    pub(crate) fn of(context: Arc<CudaContext>) -> Result<Device, Error> {
        library::probe_driver()?;
        let ask = |attribute: Attribute| {
            let value =
                context.attribute(attribute).map_err(Error::cuda("read a device attribute"))?;
            Ok::<u32, Error>(u32::try_from(value).unwrap_or(0))
        };
        let major = ask(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = ask(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        let facts = DeviceFacts {
            name: context.name().map_err(Error::cuda("read the device's name"))?,
            arch: Arch::of_device(major, minor),
            multiprocessors: ask(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
            threads_per_multiprocessor: ask(
                Attribute::CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR,
            )?,
            registers_per_multiprocessor: ask(
                Attribute::CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR,
            )?,
            shared_bytes_per_multiprocessor: ask(
                Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR,
            )?,
            shared_bytes_per_cta: ask(
                Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN,
            )?,
            clusters: ask(Attribute::CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH)? != 0,
            l2_bytes: u64::from(ask(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)?),
            memory_bytes: context.total_mem().map_err(Error::cuda("read the device's memory"))?
                as u64,
            gigabytes_per_second: gigabytes_per_second(
                ask(Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE)?,
                ask(Attribute::CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH)?,
            ),
            driver: driver_version()?,
        };
        Ok(Device { context, facts })
    }
}

/// The GPUs of this machine, in the driver's order.
///
/// # Errors
/// The driver is missing, too old, or refuses to answer. A machine with a driver and no GPU gives none.
pub fn devices() -> Result<Vec<DeviceFacts>, Error> {
    library::probe_driver()?;
    match result::init() {
        Err(error) if error.0 == cudarc::driver::sys::CUresult::CUDA_ERROR_NO_DEVICE => {
            return Ok(Vec::new());
        }
        outcome => outcome.map_err(Error::cuda("initialise"))?,
    }
    let count = CudaContext::device_count().map_err(Error::cuda("count the GPUs"))?;
    (0..usize::try_from(count).unwrap_or(0))
        .map(|ordinal| Ok(Device::open(ordinal)?.facts))
        .collect()
}

/// Of a clock in kHz and a bus in bits; data goes with both edges of the clock.
fn gigabytes_per_second(clock: u32, bus: u32) -> u32 {
    let bytes = 2 * u64::from(clock) * 1000 * u64::from(bus / 8);
    u32::try_from(bytes / 1_000_000_000).unwrap_or(0)
}

fn driver_version() -> Result<(u32, u32), Error> {
    let mut version = 0;
    // SAFETY: the pointer is valid for one integer.
    unsafe { cudarc::driver::sys::cuDriverGetVersion(&mut version) }
        .result()
        .map_err(Error::cuda("read its version"))?;
    let version = u32::try_from(version).unwrap_or(0);
    Ok((version / 1000, version % 1000 / 10))
}

//! Kernels on a GPU, by the CUDA driver: devices, contexts, loaded modules and launches.

pub(crate) mod blame;
pub(crate) mod capture;
pub(crate) mod device;
mod memory;
pub(crate) mod module;
pub(crate) mod modules;

//! The limits of a GPU, as far as a plan needs them: which launches it accepts and how much of them fits
//! on a multiprocessor. Plain data.
//!
//! `DeviceFacts::limits` in `backend` makes it for a GPU. [`Limits::of_arch`] has the numbers of a typical
//! GPU of the architecture, which an explanation names. It asks no device and cannot fail.

use topkit_codegen::{Arch, LaunchKind, Variant};

/// The limits of a GPU: which launches it accepts, and how much of them fits on a multiprocessor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[non_exhaustive]
pub struct Limits {
    /// Streaming multiprocessors.
    pub multiprocessors: u32,
    /// Resident threads of a multiprocessor.
    pub threads_per_multiprocessor: u32,
    /// 32-bit registers of a multiprocessor.
    pub registers_per_multiprocessor: u32,
    /// Bytes of shared memory of a multiprocessor.
    pub shared_bytes_per_multiprocessor: u32,
    /// Bytes of shared memory that a CTA may have.
    pub shared_bytes_per_cta: u32,
    /// Whether CTAs can be launched in clusters.
    pub clusters: bool,
    /// CTAs of a cluster, at most: 16, or 1 without clusters. A GPU that has no room for so many
    /// refuses the kernel when it is loaded, and plans name another one.
    pub most_cluster: u32,
    /// Programmatic dependent launch (PDL): from compute capability 9.0 and CUDA 12.3 on.
    pub pdl: bool,
    /// Memory bandwidth, in GB/s; 0 where no GPU was asked.
    pub gigabytes_per_second: u32,
    /// The GPU that these are the numbers of, where none was asked: `an H200-like device`.
    pub stand_in: Option<&'static str>,
}

/// A typical GPU from a compute capability on.
struct Typical {
    from: (u32, u32),
    device: &'static str,
    multiprocessors: u32,
    /// Threads and KB of shared memory of a multiprocessor (CUDA C++ Programming Guide, technical
    /// specifications per compute capability).
    threads: u32,
    shared_kb: u32,
}

/// A typical GPU: its first compute capability, name, multiprocessors, and their threads and KB.
const fn typical(
    from: (u32, u32),
    device: &'static str,
    multiprocessors: u32,
    threads: u32,
    shared_kb: u32,
) -> Typical {
    Typical { from, device, multiprocessors, threads, shared_kb }
}

const NEWEST_FIRST: &[Typical] = &[
    typical((12, 0), "an RTX 5090-like device", 170, 1536, 100),
    typical((10, 0), "a B200-like device", 148, 2048, 228),
    typical((9, 0), "an H200-like device", 132, 2048, 228),
    typical((8, 9), "an RTX 4090-like device", 128, 1536, 100),
    typical((8, 6), "an A40-like device", 84, 1536, 100),
    typical((8, 0), "an A100-like device", 108, 2048, 164),
    typical((7, 5), "a T4-like device", 40, 1024, 64),
    typical((7, 0), "a V100-like device", 80, 2048, 96),
];
const OLDEST: &Typical = &typical((6, 0), "a P100-like device", 56, 2048, 64);

impl Limits {
    /// The limits of a typical GPU of an architecture, for plans without a GPU.
    pub fn of_arch(arch: Arch) -> Limits {
        let capability = arch.capability();
        let typical =
            NEWEST_FIRST.iter().find(|typical| capability >= typical.from).unwrap_or(OLDEST);
        Limits {
            multiprocessors: typical.multiprocessors,
            threads_per_multiprocessor: typical.threads,
            registers_per_multiprocessor: 64 * 1024,
            shared_bytes_per_multiprocessor: typical.shared_kb * 1024,
            shared_bytes_per_cta: 1024
                * match capability {
                    (8.., _) => typical.shared_kb - 1,
                    (7, _) => typical.shared_kb,
                    _ => 48,
                },
            clusters: capability >= (9, 0),
            most_cluster: if capability >= (9, 0) { *Variant::CLUSTERS.end() } else { 1 },
            pdl: capability >= (9, 0),
            gigabytes_per_second: 0,
            stand_in: Some(typical.device),
        }
    }

    /// The feature that a launch of this kind needs and the GPU lacks.
    pub(crate) fn lacks(&self, launch: LaunchKind) -> Option<&'static str> {
        match launch {
            LaunchKind::ClusterPerRow if !self.clusters => Some("thread block clusters"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_architecture_stands_for_a_usual_gpu() {
        for (arch, name, multiprocessors) in [
            ("sm_120f", "RTX 5090", 170),
            ("sm_110a", "B200", 148),
            ("sm_103a", "B200", 148),
            ("sm_90a", "H200", 132),
            ("sm_89", "4090", 128),
            ("sm_87", "A40", 84),
            ("sm_80", "A100", 108),
            ("sm_75", "T4", 40),
            ("sm_50", "P100", 56),
        ] {
            let limits = Limits::of_arch(arch.parse().unwrap());
            assert!(limits.stand_in.unwrap().contains(name), "{arch}: {limits:?}");
            assert_eq!(limits.multiprocessors, multiprocessors, "{arch}");
        }
    }

    #[test]
    fn what_a_gpu_lacks_is_named() {
        let lacks = |arch: &str, launch| Limits::of_arch(arch.parse().unwrap()).lacks(launch);
        for launch in [LaunchKind::CtaPerRow, LaunchKind::ClusterPerRow, LaunchKind::CtasPerRow] {
            assert_eq!(lacks("sm_90", launch), None);
        }
        assert_eq!(lacks("sm_89", LaunchKind::ClusterPerRow), Some("thread block clusters"));
        assert_eq!(lacks("sm_89", LaunchKind::CtasPerRow), None);
        assert_eq!(lacks("sm_52", LaunchKind::CtaPerRow), None);
    }
}

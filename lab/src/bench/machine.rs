//! Describes the machine for the document. Facts that the system does not report are left out.

use super::record::Machine;
use topkit::Engine;

impl Machine {
    /// The machine of an engine that has a GPU.
    pub fn of(engine: &Engine) -> Machine {
        let nvrtc = engine.nvrtc().map_or_else(
            |_| "none".to_owned(),
            |nvrtc| format!("{}.{}", nvrtc.version().0, nvrtc.version().1),
        );
        let facts = engine.device();
        let cuda = facts.driver;
        Machine {
            device: facts.name.clone(),
            arch: engine.arch().to_string(),
            multiprocessors: facts.multiprocessors,
            l2_bytes: facts.l2_bytes,
            memory_bytes: facts.memory_bytes,
            driver: std::fs::read_to_string("/proc/driver/nvidia/version")
                .ok()
                .and_then(|text| version(&text).map(str::to_owned)),
            cuda: format!("{}.{}", cuda.0, cuda.1),
            nvrtc,
        }
    }
}

/// The version of the driver in its own description: the first word of digits and dots.
fn version(text: &str) -> Option<&str> {
    let version =
        |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.split_whitespace().find(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_found_in_the_drivers_description() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 2025\n\
                    GCC version:  gcc version 12.2.0\n";
        assert_eq!(version(text), Some("580.65.06"));
        assert_eq!(version("nothing"), None);
    }
}

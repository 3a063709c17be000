//! The GPU, driver, compiler and space of measured times. They decide whether the times may be used
//! here.
//!
//! It asks no device; the engine does. Times of another GPU, driver, compiler or space are foreign, and
//! their reader says so.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The GPU, driver, compiler and space with which times were measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The product name of the GPU.
    pub device: String,
    /// Its architecture: `sm_90a`.
    pub arch: String,
    /// Its streaming multiprocessors.
    pub multiprocessors: u32,
    /// The newest CUDA that its driver serves: `13.0`.
    pub driver: String,
    /// The compiler: `nvrtc 13.0`.
    pub compiler: String,
    /// A digest of the sizes and reasons that decide which variants are measured.
    pub space: String,
}

impl Provenance {
    /// A short name of it, the same for the same provenance everywhere.
    pub fn run(&self) -> String {
        let Provenance { device, arch, multiprocessors, driver, compiler, space } = self;
        hex(&format!("{device}\n{arch}\n{multiprocessors}\n{driver}\n{compiler}\n{space}"))
    }

    /// The differences between this provenance and another, in words; `None` if there is none.
    pub fn differs(&self, here: &Provenance) -> Option<String> {
        let multiprocessors = [self, here].map(|side| side.multiprocessors.to_string());
        [
            ("GPU", &self.device, &here.device),
            ("architecture", &self.arch, &here.arch),
            ("number of multiprocessors", &multiprocessors[0], &multiprocessors[1]),
            ("driver", &self.driver, &here.driver),
            ("compiler", &self.compiler, &here.compiler),
            ("space of variants", &self.space, &here.space),
        ]
        .into_iter()
        .find(|(_, there, here)| there != here)
        .map(|(what, there, here)| format!("its {what} is {there}, not {here}"))
    }
}

/// The first 16 digits of the SHA-256 of a text.
pub(crate) fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
pub(crate) fn sample() -> Provenance {
    Provenance {
        device: "NVIDIA Sample".into(),
        arch: "sm_90a".into(),
        multiprocessors: 132,
        driver: "13.0".into(),
        compiler: "nvrtc 13.0".into(),
        space: super::space::hash(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_differs_is_named_and_makes_another_run() {
        let here = sample();
        assert_eq!(here.differs(&here), None);
        let others = [
            ("GPU", Provenance { device: "Other".into(), ..sample() }),
            ("architecture", Provenance { arch: "sm_80".into(), ..sample() }),
            ("multiprocessors", Provenance { multiprocessors: 1, ..sample() }),
            ("driver", Provenance { driver: "12.0".into(), ..sample() }),
            ("compiler", Provenance { compiler: "nvrtc 12.0".into(), ..sample() }),
            ("space", Provenance { space: "0".into(), ..sample() }),
        ];
        for (word, other) in others {
            assert!(other.differs(&here).unwrap().contains(word), "{word}");
            assert_ne!(other.run(), here.run(), "{word}");
        }
    }
}

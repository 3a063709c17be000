//! A GPU architecture as the compiler names it: `sm_80`, `sm_90a`, `sm_120f`.

use std::fmt;
use std::str::FromStr;

/// A GPU architecture: compute capability and feature-set suffix.
///
/// It only names the target of a compile. The features of a GPU are asked of the GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arch {
    major: u32,
    minor: u32,
    suffix: Option<Suffix>,
}

/// Which code of its compute capability an architecture may use beyond the portable set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Suffix {
    /// `a`: this capability alone.
    Specific,
    /// `f`: the capabilities of one group, as CUDA's guide lists them.
    Group,
}

/// Compute capabilities of GPUs that are part of a system on a chip.
const TEGRA: [(u32, u32); 7] = [(5, 3), (6, 2), (7, 2), (8, 7), (8, 8), (10, 1), (11, 0)];

/// A text that names no architecture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a GPU architecture; {hint}")]
pub struct ArchError {
    text: String,
    hint: &'static str,
}

const FORM: &str = "write it like sm_80, sm_90a or sm_120f";
const NO_SPECIFIC: &str = "the suffix `a` begins with sm_90a; leave it out";
const NO_GROUP: &str = "the suffix `f` begins with sm_100f; leave it out";

impl Arch {
    /// The portable architecture of a compute capability: `Arch::new(8, 6)` is `sm_86`.
    pub const fn new(major: u32, minor: u32) -> Arch {
        Arch { major, minor, suffix: None }
    }

    /// The architecture of a device, with every feature that it has: `sm_90a` for 9.0.
    /// The `a` suffix begins with 9.0.
    pub const fn of_device(major: u32, minor: u32) -> Arch {
        let suffix = if major >= 9 { Some(Suffix::Specific) } else { None };
        Arch { major, minor, suffix }
    }

    /// The compute capability, as `(major, minor)`.
    pub const fn capability(self) -> (u32, u32) {
        (self.major, self.minor)
    }

    /// Whether machine code for this architecture also runs as code for `wanted`, by the rules of the
    /// CUDA programming guide: it is the same architecture, or an earlier one of the same major version
    /// without a suffix (`sm_80` for `sm_86`, `sm_120` for `sm_121a`) or, if the wanted one has a suffix
    /// too, with a group's suffix (`sm_100f` for `sm_103a`). Code with `a` runs as no other, and neither
    /// does code for or of a GPU of the Tegra line.
    pub fn runs_as(self, wanted: Arch) -> bool {
        let portable = match self.suffix {
            None => true,
            Some(Suffix::Group) => wanted.suffix.is_some(),
            Some(Suffix::Specific) => false,
        };
        let near = self.major == wanted.major && self.minor <= wanted.minor;
        let tegra = [self, wanted].iter().any(|arch| TEGRA.contains(&arch.capability()));
        self == wanted || (portable && near && !tegra)
    }

    /// The least version of NVRTC that compiles every kernel for it: `(12, 1)` for `sm_90a`. A later
    /// one may have left it out, and of an architecture that is newer than these NVRTC itself knows.
    pub fn least_nvrtc(self) -> (i32, i32) {
        let capability = match self.capability() {
            (0..=7, _) | (8, 0..=7) => (11, 7),
            (8, 9) => (11, 8),
            // The first with `st.async`.
            (9, _) => (12, 1),
            (10, 3) | (12, 1) => (12, 9),
            (8, _) | (11, _) => (13, 0),
            _ => (12, 8),
        };
        match self.suffix {
            Some(Suffix::Group) => capability.max((12, 9)),
            _ => capability,
        }
    }

    /// The name of its virtual architecture, for PTX: `compute_90a`.
    pub fn virtual_name(self) -> String {
        self.to_string().replacen("sm_", "compute_", 1)
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.suffix {
            None => "",
            Some(Suffix::Specific) => "a",
            Some(Suffix::Group) => "f",
        };
        write!(f, "sm_{}{}{suffix}", self.major, self.minor)
    }
}

impl FromStr for Arch {
    type Err = ArchError;

    fn from_str(text: &str) -> Result<Arch, ArchError> {
        let parse = || {
            let name = text.strip_prefix("sm_")?;
            let (digits, suffix) = match name.as_bytes().last()? {
                b'a' => (&name[..name.len() - 1], Some(Suffix::Specific)),
                b'f' => (&name[..name.len() - 1], Some(Suffix::Group)),
                _ => (name, None),
            };
            let plain =
                (2..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
            let number: u32 = plain.then(|| digits.parse().ok())??;
            (number >= 50).then_some(Arch { major: number / 10, minor: number % 10, suffix })
        };
        let error = |hint| ArchError { text: text.to_owned(), hint };
        let arch = parse().ok_or_else(|| error(FORM))?;
        match arch.suffix {
            Some(Suffix::Specific) if arch.major < 9 => Err(error(NO_SPECIFIC)),
            Some(Suffix::Group) if arch.major < 10 => Err(error(NO_GROUP)),
            _ => Ok(arch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["sm_75", "sm_80", "sm_90", "sm_90a", "sm_100a", "sm_103f", "sm_120"] {
            assert_eq!(name.parse::<Arch>().unwrap().to_string(), name);
        }
        assert_eq!("sm_90a".parse::<Arch>().unwrap().virtual_name(), "compute_90a");
        assert_eq!(Arch::of_device(8, 6).to_string(), "sm_86");
        assert_eq!(Arch::of_device(9, 0).to_string(), "sm_90a");
    }

    #[test]
    fn code_stands_in_where_cuda_says_that_it_runs() {
        let stands_in = |code: &str, wanted: &str| {
            code.parse::<Arch>().unwrap().runs_as(wanted.parse().unwrap())
        };
        for (code, wanted) in [
            ("sm_80", "sm_80"),
            ("sm_80", "sm_86"),
            ("sm_80", "sm_89"),
            ("sm_87", "sm_87"),
            ("sm_90a", "sm_90a"),
            ("sm_90", "sm_90a"),
            ("sm_120", "sm_121a"),
            ("sm_100f", "sm_103a"),
        ] {
            assert!(stands_in(code, wanted), "{code} {wanted}");
        }
        for (code, wanted) in [
            ("sm_86", "sm_80"),
            ("sm_80", "sm_90"),
            ("sm_80", "sm_87"),
            ("sm_87", "sm_89"),
            ("sm_90a", "sm_90"),
            ("sm_90a", "sm_100a"),
            ("sm_100a", "sm_103a"),
            ("sm_100f", "sm_103"),
            ("sm_100f", "sm_120a"),
            ("sm_100", "sm_101a"),
        ] {
            assert!(!stands_in(code, wanted), "{code} {wanted}");
        }
    }

    #[test]
    fn a_suffix_that_the_architecture_does_not_have_is_refused() {
        for (text, hint) in [
            ("sm_75a", "begins with sm_90a"),
            ("sm_80a", "begins with sm_90a"),
            ("sm_89a", "begins with sm_90a"),
            ("sm_89f", "begins with sm_100f"),
            ("sm_90f", "begins with sm_100f"),
        ] {
            let error = text.parse::<Arch>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains(hint), "{error}");
        }
    }

    #[test]
    fn the_least_compiler_of_an_architecture_is_known() {
        for (name, least) in [
            ("sm_75", (11, 7)),
            ("sm_86", (11, 7)),
            ("sm_87", (11, 7)),
            ("sm_88", (13, 0)),
            ("sm_89", (11, 8)),
            ("sm_90", (12, 1)),
            ("sm_90a", (12, 1)),
            ("sm_100a", (12, 8)),
            ("sm_100f", (12, 9)),
            ("sm_103a", (12, 9)),
            ("sm_110a", (13, 0)),
            ("sm_120", (12, 8)),
            ("sm_121a", (12, 9)),
        ] {
            assert_eq!(name.parse::<Arch>().unwrap().least_nvrtc(), least, "{name}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "sm_",
            "90a",
            "sm_9",
            "sm_a",
            "sm_90b",
            "sm_+90",
            "sm_90 ",
            "compute_90",
            "sm_1000",
            "sm_00",
        ] {
            let error = text.parse::<Arch>().unwrap_err().to_string();
            assert!(error.contains("sm_90a"), "{text}: {error}");
        }
    }
}

//! The registers, spills and shared memory of a kernel, read from the assembler's report in the build log.
//!
//! A log without the report gives nothing; nothing is guessed.

use std::fmt;

/// Registers, spills and shared memory of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resources {
    /// Registers a thread.
    pub registers: u32,
    /// Bytes a thread writes to local memory for want of registers.
    pub spill_stores: u32,
    /// Bytes a thread reads back.
    pub spill_loads: u32,
    /// Static shared memory, bytes a CTA. A filter's launch asks for more beside it:
    /// [`Variant::ring_bytes`](crate::Variant::ring_bytes).
    pub shared_bytes: u32,
}

impl Resources {
    /// Reads them from a build log; `None` when the log does not tell.
    pub fn from_log(log: &str) -> Option<Resources> {
        Some(Resources {
            registers: number_before(log, " registers")?,
            spill_stores: most_before(log, " bytes spill stores")?,
            spill_loads: most_before(log, " bytes spill loads")?,
            shared_bytes: number_before(log, " bytes smem").unwrap_or(0),
        })
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Resources { registers, spill_stores, spill_loads, shared_bytes } = self;
        write!(f, "{registers} registers, ")?;
        if spill_stores + spill_loads == 0 {
            f.write_str("no spills, ")?;
        } else {
            write!(f, "spills {spill_stores} B out and {spill_loads} B in, ")?;
        }
        write!(f, "{shared_bytes} B shared memory")
    }
}

/// The lines of a build log that warn.
pub(crate) fn warnings(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("warning")).collect()
}

/// The greatest of the numbers before each occurrence: a kernel and the functions it calls are
/// reported one by one.
fn most_before(log: &str, what: &str) -> Option<u32> {
    let ends = log.match_indices(what).map(|(at, _)| at + what.len());
    ends.filter_map(|end| number_before(&log[..end], what)).max()
}

/// The number before the last occurrence.
fn number_before(log: &str, what: &str) -> Option<u32> {
    let before = &log[..log.rfind(what)?];
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before[digits..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "ptxas info    : Compiling entry function 'f' for 'sm_90a'\n\
        ptxas         .     24 bytes stack frame, 28 bytes spill stores, 48 bytes spill loads\n\
        ptxas info    : Used 40 registers, used 1 barriers, 26720 bytes smem, 400 bytes cmem[0]\n";

    #[test]
    fn the_report_of_the_assembler_is_read() {
        let resources = Resources::from_log(LOG).unwrap();
        let expected =
            Resources { registers: 40, spill_stores: 28, spill_loads: 48, shared_bytes: 26720 };
        assert_eq!(resources, expected);
        assert!(resources.to_string().contains("spills 28 B out and 48 B in"));
    }

    #[test]
    fn a_function_that_spills_counts() {
        let log = format!(
            "{LOG}ptxas . 0 bytes stack frame, 40 bytes spill stores, 8 bytes spill loads\n"
        );
        let resources = Resources::from_log(&log).unwrap();
        assert_eq!((resources.spill_stores, resources.spill_loads), (40, 48));
    }

    #[test]
    fn a_kernel_without_shared_memory_has_none() {
        let log = LOG.replace(", 26720 bytes smem", "");
        assert_eq!(Resources::from_log(&log).unwrap().shared_bytes, 0);
    }

    #[test]
    fn a_log_that_does_not_tell_gives_nothing() {
        assert_eq!(Resources::from_log(""), None);
        assert_eq!(Resources::from_log("nothing about registers"), None);
    }

    #[test]
    fn only_warnings_are_warnings() {
        assert_eq!(warnings(LOG), Vec::<&str>::new());
        assert_eq!(
            warnings("a.cuh(3): warning #177-D: unused"),
            ["a.cuh(3): warning #177-D: unused"]
        );
    }
}

//! The host memory that a launch takes, and whether this machine has it.
//!
//! Every byte that a kernel may write is watched, which takes some sixty bytes of the host. So memory is
//! planned before any of it is asked for, and too much is refused in words: a system that hands out more
//! than it has would end the process later. It allocates nothing. Where the system does not say what
//! it has, nothing is refused.

use super::fault::Fault;
use super::shadow::Cell;
use super::space::Region;
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Host bytes of a byte that kernels may write: itself, whether it was written, and who used it.
const WATCHED: u64 = 2 + size_of::<Cell>() as u64;

/// What a selection keeps in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selection {
    pub rows: usize,
    /// Bytes of scores that are copied, or still have to be made.
    pub scores: usize,
    /// Bytes from one row of the output to the next.
    pub output_row: usize,
    pub workspace: usize,
}

impl Selection {
    /// Refuses a selection that this machine has no memory for.
    pub fn check(&self) -> Result<(), Fault> {
        within(self.bytes(), available())
    }

    fn bytes(&self) -> u64 {
        let Selection { rows, scores, output_row, workspace } = self;
        let [rows, scores, output_row, workspace] =
            [*rows, *scores, *output_row, *workspace].map(|size| size as u64);
        // A row of scores and a row of the output are a window each.
        let windows = rows.saturating_mul(2 * size_of::<(Range<usize>, Region)>() as u64);
        let written = rows.saturating_mul(output_row).saturating_add(workspace);
        written.saturating_mul(WATCHED).saturating_add(windows).saturating_add(scores)
    }
}

/// Refuses a launch for which so many bytes would have to be watched beyond what is there already.
pub(super) fn check_watched(bytes: usize) -> Result<(), Fault> {
    within((bytes as u64).saturating_mul(size_of::<Cell>() as u64), available())
}

fn within(needed: u64, available: Option<u64>) -> Result<(), Fault> {
    let Some(available) = available.filter(|available| needed > *available) else { return Ok(()) };
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    Err(Fault::Launch {
        what: format!(
            "it takes {:.1} GB of this machine's memory, {WATCHED} bytes for each byte of the answer \
             and of the workspace, and {:.1} GB are left; ask for a smaller k, or for fewer or \
             shorter rows",
            gigabytes(needed),
            gigabytes(available)
        ),
    })
}

/// Bytes that this process may still have: of the machine, of its control groups, and of its limit.
fn available() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        Some(kilobytes(&text, "MemAvailable:")? + kilobytes(&text, "SwapFree:").unwrap_or(0))
    });
    let groups = fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| {
        let limits = text.lines().flat_map(group_limits);
        limits.min()
    });
    let process = getrlimit(Resource::As).current.map(|limit| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        limit.saturating_sub(kilobytes(&status, "VmSize:").unwrap_or(0))
    });
    [machine, groups, process].into_iter().flatten().min()
}

/// The bytes of a line like `MemAvailable:   23208500 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The limits on memory of a control group and those above it: `0::/path` names one of version 2, and
/// `4:memory:/path` one of version 1.
fn group_limits(line: &str) -> Vec<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (root, file) = match fields.next() {
        Some("") => ("/sys/fs/cgroup", "memory.max"),
        Some("memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        _ => return Vec::new(),
    };
    let path = fields.next().unwrap_or_default().trim_start_matches('/');
    // In a container its own group may be mounted as the root.
    let groups = Path::new(path).ancestors();
    let limit = |group: &Path| {
        let text = fs::read_to_string(Path::new(root).join(group).join(file)).ok()?;
        text.trim().parse::<u64>().ok() // `max` is no limit
    };
    groups.filter_map(limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_takes_memory_for_all_that_is_watched() {
        let k = 100_000_000usize;
        let selection = Selection { rows: 1, scores: 2800, output_row: k * 4, workspace: 0 };
        assert!(selection.bytes() > 4 * k as u64 * 50 && selection.bytes() < 4 * k as u64 * 100);
        let error = within(selection.bytes(), Some(8_000_000_000)).unwrap_err().to_string();
        assert!(error.contains("and 8.0 GB are left; ask for a smaller k, or"), "{error}");
        assert_eq!(within(selection.bytes(), Some(selection.bytes())), Ok(()));
        assert_eq!(within(u64::MAX, None), Ok(()));
        let all = Selection { rows: usize::MAX, output_row: usize::MAX, ..selection };
        assert_eq!(all.bytes(), u64::MAX);
        assert!(all.check().is_err());
    }

    #[test]
    fn the_system_says_what_it_has() {
        let available = available().expect("Linux says what it has");
        assert!(available > 1 << 20, "{available}");
        let text = "MemFree:  5 kB\nMemAvailable:   23208500 kB\n";
        assert_eq!(kilobytes(text, "MemAvailable:"), Some(23_208_500 * 1024));
        assert_eq!(kilobytes(text, "SwapFree:"), None);
    }
}

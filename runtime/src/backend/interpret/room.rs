//! The host memory that a launch takes, and whether this machine has it.
//!
//! Checking a byte that a kernel may write takes some sixty bytes of the host. So the memory of a launch
//! is computed before any of it is allocated, and too large a launch is refused with a message: a system
//! that overcommits memory would kill the process later. If the system does not tell its memory, nothing
//! is refused.

use super::shadow::Cell;
use super::space::Region;
use crate::error::Fault;
use rustix::process::{Resource, getrlimit};
use std::fs;
use std::ops::Range;
use std::path::Path;

/// Host bytes of a byte that kernels may write: itself, whether it was written, and who used it.
const WATCHED: u64 = 2 + size_of::<Cell>() as u64;

/// Host bytes of the start or the length of a row.
const SPAN: u64 = size_of::<i32>() as u64;

/// What a selection keeps in memory.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Selection {
    pub rows: usize,
    /// Bytes of scores that are copied, or still have to be made.
    pub scores: usize,
    /// Bytes from one row of the output to the next.
    pub output_row: usize,
    /// How many numbers each row has of its own: its start, its length.
    pub spans: usize,
    pub workspace: usize,
}

impl Selection {
    /// Refuses a selection that this machine has no memory for.
    pub fn check(&self) -> Result<(), Fault> {
        within(self.bytes(), available())
    }

    fn bytes(&self) -> u64 {
        let Selection { rows, scores, output_row, spans, workspace } = self;
        let [rows, scores, output_row, spans, workspace] =
            [*rows, *scores, *output_row, *spans, *workspace].map(|size| size as u64);
        // A row of scores, a row of the output, and the start and the length of a row are a window each,
        // and a row of their buffer: the allocation and the space that is made of it know both.
        let window = size_of::<(Range<usize>, Region, Range<usize>, Range<usize>)>() as u64;
        let of_row = (2 + spans).saturating_mul(window).saturating_add(spans.saturating_mul(SPAN));
        let windows = rows.saturating_mul(of_row);
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
        let left = text.lines().filter_map(|line| group_left(Path::new("/sys/fs/cgroup"), line));
        left.min()
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

/// The files of a control group that tell of memory, and the line of the cache that it gives back when
/// memory is short.
struct GroupFiles {
    limit: &'static str,
    usage: &'static str,
    cache: &'static str,
}

const VERSION_2: GroupFiles =
    GroupFiles { limit: "memory.max", usage: "memory.current", cache: "inactive_file " };
const VERSION_1: GroupFiles = GroupFiles {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: "total_inactive_file ",
};

/// The bytes that are left to a control group, of its own limit and of those above it: `0::/path` names
/// one of version 2 below the root, and `4:memory:/path` one of version 1.
fn group_left(root: &Path, line: &str) -> Option<u64> {
    let mut fields = line.splitn(3, ':').skip(1);
    let (root, files) = match fields.next() {
        Some("") => (root.to_owned(), VERSION_2),
        Some("memory") => (root.join("memory"), VERSION_1),
        _ => return None,
    };
    let path = fields.next().unwrap_or_default().trim_start_matches('/');
    // In a container its own group may be mounted as the root.
    let groups = Path::new(path).ancestors();
    groups.filter_map(|group| files.left(&root.join(group))).min()
}

impl GroupFiles {
    /// What is left of the limit of one group; `None` where it has none.
    fn left(&self, group: &Path) -> Option<u64> {
        let read = |file: &str| fs::read_to_string(group.join(file)).ok();
        let number = |text: &str| text.trim().parse::<u64>().ok();
        let limit = number(&read(self.limit)?)?; // `max` is no limit
        let usage = read(self.usage).and_then(|text| number(&text)).unwrap_or(0);
        let stat = read("memory.stat").unwrap_or_default();
        let cache = stat.lines().find_map(|line| line.strip_prefix(self.cache));
        let cache = cache.and_then(number).unwrap_or(0);
        Some(limit.saturating_sub(usage.saturating_sub(cache)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_takes_memory_for_all_that_is_watched() {
        let k = 100_000_000usize;
        let selection =
            Selection { rows: 1, scores: 2800, output_row: k * 4, spans: 0, workspace: 0 };
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

    #[test]
    fn what_a_control_group_uses_is_not_left() {
        let root = tempfile::tempdir().unwrap();
        let write = |group: &str, files: [(&str, &str); 3]| {
            let group = root.path().join(group);
            fs::create_dir_all(&group).unwrap();
            for (name, text) in files {
                fs::write(group.join(name), text).unwrap();
            }
        };
        let left = |line| group_left(root.path(), line);
        let stat = "anon 500\nfile 300\ninactive_file 200\nactive_file 100\n";
        write(
            "a/b",
            [("memory.max", "1000\n"), ("memory.current", "800\n"), ("memory.stat", stat)],
        );
        assert_eq!(left("0::/a/b"), Some(400));
        assert_eq!(left("0::/a"), None);
        // The group above it has less; its cache is not used up.
        write("a", [("memory.max", "700"), ("memory.current", "650"), ("memory.stat", "anon 650")]);
        assert_eq!(left("0::/a/b"), Some(50));
        write("a", [("memory.max", "max"), ("memory.current", "650"), ("memory.stat", "")]);
        assert_eq!(left("0::/a/b"), Some(400));
        // As seen in a container whose group is mounted as the root.
        write("", [("memory.max", "900"), ("memory.current", "100"), ("memory.stat", "")]);
        assert_eq!(left("0::/not/here"), Some(800));
        let stat = "inactive_file 1\ntotal_inactive_file 300\n";
        let files = ["memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat"];
        write("memory/c", [(files[0], "1000"), (files[1], "900"), (files[2], stat)]);
        assert_eq!(left("4:memory:/c"), Some(400));
        // Used beyond the limit, as for a moment.
        write("memory/c", [(files[0], "1000"), (files[1], "1900"), (files[2], "")]);
        assert_eq!(left("4:memory:/c"), Some(0));
        assert_eq!(left("5:cpu:/c"), None);
    }

    #[test]
    fn starts_lengths_and_the_extents_of_rows_are_counted() {
        let dense = Selection { rows: 1000, ..Selection::default() };
        let ragged = Selection { spans: 2, ..dense };
        let of_window = size_of::<Region>() + 3 * size_of::<Range<usize>>();
        assert!(dense.bytes() >= 1000 * 2 * of_window as u64);
        assert!(ragged.bytes() >= 1000 * (4 * of_window + 2 * size_of::<i32>()) as u64);
    }
}

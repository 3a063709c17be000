//! A selection in watched memory: which bytes each block may touch, by the shape of the launch.
//!
//! A block may read the scores of the row that it serves, from the row's start and as many as its length
//! says, what lies beside these, and the row's start, length and k; it may write the row's k indices, values and columns, and its count. Every other byte of every buffer is
//! out of bounds for it: other rows, the elements between rows, and buffers that the launch does not name. The
//! slices of a program's fields are open to every block.
//! A kernel that sorts its winners may write their indices more than once, every other place of an output once.
//! A place of the output that nobody wrote, and a workspace that is not left as it was found, are faults.

use super::launch::{Kernel, Launch};
use super::memory::{Buffer, Memory, disjoint};
use crate::backend::launch::RawLaunch;
use crate::error::Fault;
use crate::problem::args::ProgramArgs;
use std::ops::Range;
use topkit_codegen::{Mask, Semantics};

/// The buffers of a selection, in a memory that has others too.
pub(super) struct Selection<'a> {
    pub raw: &'a RawLaunch,
    /// What the kernel selects.
    pub semantics: &'a Semantics,
    /// Bytes of the workspace, of which the first `zeroed` are zero before and after.
    pub workspace: usize,
    pub zeroed: usize,
    /// The values of the program's fields: every block may read their slices, and write those that the
    /// program writes.
    pub program: Option<&'a ProgramArgs>,
}

/// What a launch does with a buffer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Output,
    Workspace,
    Input,
    /// A slice that a program reads.
    Read,
    /// A slice that a program writes.
    Written,
}

impl Role {
    fn is_read_only(self) -> bool {
        [Role::Input, Role::Read].contains(&self)
    }
}

/// A buffer that a launch names, and the bytes that are open of it, row by row.
struct Used {
    what: String,
    role: Role,
    buffer: Buffer,
    /// Bytes of an element.
    element: usize,
    rows: Vec<Range<usize>>,
}

impl Selection<'_> {
    /// Runs the kernel; the memory is as open as before when it ends.
    pub fn run(
        &self,
        kernel: &Kernel,
        launch: &Launch,
        args: &[u8],
        memory: &mut Memory,
    ) -> Result<(), Fault> {
        let used = self.used(memory)?;
        let open: Vec<_> = memory
            .allocations
            .iter_mut()
            .map(|it| (std::mem::take(&mut it.windows), it.rows.split_off(0), it.writable))
            .collect();
        for used in &used {
            used.open(memory);
        }
        // A program may drop elements, whose places a sort puts last.
        let sorts = self.semantics.rewrites() || self.program.is_some();
        memory.allocations[used[0].buffer.0].rewritten = sorts;
        let ran = kernel.launch(launch, args, memory).and_then(|_| self.check(&used, memory));
        for (allocation, (windows, rows, writable)) in memory.allocations.iter_mut().zip(open) {
            (allocation.windows, allocation.rows, allocation.writable) = (windows, rows, writable);
            allocation.rewritten = false;
        }
        ran
    }

    /// The buffers of the launch, the output first and then its workspace.
    fn used(&self, memory: &Memory) -> Result<Vec<Used>, Fault> {
        let RawLaunch { rows, columns, k, row_stride, index_stride, .. } = *self.raw;
        let RawLaunch { scores, row_starts, row_lengths, indices, workspace, .. } = *self.raw;
        let RawLaunch { values, value_stride, counts, .. } = *self.raw;
        let index = self.semantics.index.bytes() as usize;
        let spans = self.spans(memory);
        let first = |row: usize, stride: i64| row as i64 * stride;
        let find = |what: &str, role, address, element, rows: &[(i64, usize)]| {
            find(memory, what, role, address, element, rows)
        };
        let places: Vec<_> = (0..rows).map(|row| (first(row, index_stride), k as usize)).collect();
        let mut used = vec![find("indices", Role::Output, indices, index, &places)?];
        if values != 0 {
            let places: Vec<_> =
                (0..rows).map(|row| (first(row, value_stride), k as usize)).collect();
            let element = self.raw.dtype.bytes() as usize;
            used.push(find("values", Role::Output, values, element, &places)?);
        }
        if counts != 0 {
            let places: Vec<_> = (0..rows).map(|row| (row as i64, 1)).collect();
            used.push(find("counts", Role::Output, counts, size_of::<i32>(), &places)?);
        }
        let RawLaunch { raw_columns, raw_column_stride, .. } = *self.raw;
        if raw_columns != 0 {
            let places: Vec<_> =
                (0..rows).map(|row| (first(row, raw_column_stride), k as usize)).collect();
            used.push(find("raw columns", Role::Output, raw_columns, size_of::<i32>(), &places)?);
        }
        if self.workspace > 0 {
            let whole = [(0, self.workspace)];
            used.push(find("the workspace", Role::Workspace, workspace, 1, &whole)?);
        }
        if self.raw.shards > 0 {
            used.extend(self.of_shards(memory)?);
            used.extend(self.beside(memory, &spans)?);
        } else if columns > 0 {
            let of_row = |(row, &(start, len)): (_, &_)| (first(row, row_stride) + start, len);
            let scores_of: Vec<_> = spans.iter().enumerate().map(of_row).collect();
            let element = self.raw.dtype.bytes() as usize;
            used.push(find("scores", Role::Input, scores, element, &scores_of)?);
            used.extend(self.beside(memory, &spans)?);
        }
        for (what, address, element) in [
            ("row starts", row_starts, size_of::<i32>()),
            ("row lengths", row_lengths, size_of::<i32>()),
            ("the k of rows", self.raw.row_ks, size_of::<i32>()),
            ("row offsets", self.raw.row_offsets, index),
        ] {
            if address != 0 {
                let entries: Vec<_> = (0..rows).map(|row| (row as i64, 1)).collect();
                used.push(find(what, Role::Input, address, element, &entries)?);
            }
        }
        for (name, writes, element, address, length) in
            self.program.into_iter().flat_map(ProgramArgs::slices)
        {
            if length > 0 {
                let role = if writes { Role::Written } else { Role::Read };
                used.push(find(name, role, address, element, &[(0, length)])?);
            }
        }
        for (at, written) in used.iter().enumerate() {
            let mut before = used[..at].iter();
            let inputs = |other: &Used| other.role.is_read_only() && written.role.is_read_only();
            let other = before.find(|other| other.buffer == written.buffer && !inputs(other));
            if let Some(other) = other {
                let what = format!("{} and {} are in one buffer", other.what, written.what);
                return Err(Fault::Launch { what });
            }
        }
        Ok(used)
    }

    /// The scores of shards, their ids and their counts. No row has a range of these of its own.
    fn of_shards(&self, memory: &Memory) -> Result<Vec<Used>, Fault> {
        let &RawLaunch { rows, shards, row_stride, shard_stride, ids, id_stride, .. } = self.raw;
        let RawLaunch { shard_counts, shard_count_stride, shard_id_stride, .. } = *self.raw;
        let width = self.raw.width();
        let count = |shard: usize, row: usize| match shard_counts {
            0 => width,
            counts => {
                let at = shard as i64 * shard_count_stride + row as i64;
                let count = memory.number(counts.wrapping_add_signed(4 * at));
                (count.unwrap_or(0).max(0) as usize).min(width)
            }
        };
        let parts = |shard_stride: i64, row_stride: i64| -> Vec<_> {
            let of_shard = |shard| {
                let first = move |row| shard as i64 * shard_stride + row as i64 * row_stride;
                (0..rows).map(move |row| (first(row), count(shard, row)))
            };
            (0..shards).flat_map(of_shard).filter(|(_, candidates)| *candidates > 0).collect()
        };
        let mut used = Vec::new();
        let element = self.raw.dtype.bytes() as usize;
        for (what, address, element, parts) in [
            ("scores", self.raw.scores, element, parts(shard_stride, row_stride)),
            ("ids", ids, self.semantics.index.bytes() as usize, parts(shard_id_stride, id_stride)),
            (
                "the counts of shards",
                shard_counts,
                size_of::<i32>(),
                (0..shards).map(|shard| (shard as i64 * shard_count_stride, rows)).collect(),
            ),
        ] {
            if address != 0 && !parts.is_empty() {
                used.push(find(memory, what, Role::Read, address, element, &parts)?);
            }
        }
        Ok(used)
    }

    /// The inputs that lie beside the scores: of each row's columns, their ids, their pages and their marks.
    fn beside(&self, memory: &Memory, spans: &[(i64, usize)]) -> Result<Vec<Used>, Fault> {
        let &RawLaunch {
            ids, id_stride, pages, page_stride, page_shift, mask, mask_stride, ..
        } = self.raw;
        let part = |stride: i64, of: fn(i64, i64) -> (i64, i64)| {
            let rows = spans.iter().enumerate().map(move |(row, &(start, len))| {
                let (from, to) = if len == 0 { (0, 0) } else { of(start, start + len as i64) };
                (row as i64 * stride + from, (to - from) as usize)
            });
            rows.collect::<Vec<_>>()
        };
        let mut used = Vec::new();
        if ids != 0 && self.raw.shards == 0 {
            let rows = part(id_stride, |from, to| (from, to));
            let element = self.semantics.index.bytes() as usize;
            used.push(find(memory, "ids", Role::Input, ids, element, &rows)?);
        }
        if pages != 0 {
            let of_row = |(row, &(_, len)): (usize, &(i64, usize))| {
                (row as i64 * page_stride, len.div_ceil(1 << page_shift))
            };
            let rows: Vec<_> = spans.iter().enumerate().map(of_row).collect();
            used.push(find(memory, "the page table", Role::Input, pages, size_of::<i32>(), &rows)?);
        }
        if mask != 0 && self.semantics.mask == Mask::Bits {
            let rows = part(mask_stride, |from, to| (from / 32, (to + 31) / 32));
            used.push(find(memory, "the mask", Role::Input, mask, size_of::<u32>(), &rows)?);
        } else if mask != 0 {
            let rows = part(mask_stride, |from, to| (from, to));
            used.push(find(memory, "the mask", Role::Input, mask, 1, &rows)?);
        }
        Ok(used)
    }

    /// The start and the length of each row, as a kernel clamps them. A row whose start or length nobody
    /// has written has no scores: the kernel's own read of it is the fault.
    fn spans(&self, memory: &Memory) -> Vec<(i64, usize)> {
        let RawLaunch { rows, columns, row_starts, row_lengths, .. } = *self.raw;
        let number = |address: u64, row: usize, without: usize| match address {
            0 => without,
            address => memory.number(address + 4 * row as u64).unwrap_or(0).max(0) as usize,
        };
        let of_row = |row| {
            let start = number(row_starts, row, 0).min(columns);
            (start as i64, number(row_lengths, row, columns).min(columns - start))
        };
        (0..rows).map(of_row).collect()
    }

    fn check(&self, used: &[Used], memory: &Memory) -> Result<(), Fault> {
        for Used { what, role, buffer, rows, element } in used {
            match role {
                Role::Input | Role::Read | Role::Written => {}
                Role::Workspace => restored(&memory.bytes(*buffer, rows[0].start, self.zeroed))?,
                Role::Output => {
                    let written = &memory.allocations[buffer.0].initialised;
                    for (row, bytes) in rows.iter().enumerate() {
                        let missing = written[bytes.clone()].iter().position(|&byte| !byte);
                        let Some(byte) = missing else { continue };
                        let place = byte / element;
                        let what = match what.as_str() {
                            "indices" => format!("place {place} of row {row}"),
                            _ => format!("place {place} of row {row} of the {what}"),
                        };
                        return Err(Fault::Unwritten { what });
                    }
                }
            }
        }
        Ok(())
    }
}

impl Used {
    /// Opens its bytes to the launch that comes.
    fn open(&self, memory: &mut Memory) {
        let allocation = &mut memory.allocations[self.buffer.0];
        allocation.name.clone_from(&self.what);
        allocation.writable = !self.role.is_read_only();
        // One buffer may be several inputs.
        let is_first = allocation.windows.is_empty();
        allocation.rows = match self.role {
            Role::Output | Role::Input if is_first => self.rows.clone(),
            _ => Vec::new(),
        };
        let both: Vec<_> = allocation.windows.iter().chain(&self.rows).cloned().collect();
        allocation.windows = disjoint(&both);
        if self.role == Role::Output {
            for row in &self.rows {
                allocation.initialised[row.clone()].fill(false);
            }
        }
    }
}

/// The buffer at an address, and the bytes of its rows: each is some elements from a first element on,
/// counted from the address.
fn find(
    memory: &Memory,
    what: &str,
    role: Role,
    address: u64,
    element: usize,
    rows: &[(i64, usize)],
) -> Result<Used, Fault> {
    let refused = |what: String| Fault::Launch { what };
    let buffer = memory.at(address, element);
    let buffer = buffer.ok_or_else(|| refused(format!("the address of {what} is nobody's")))?;
    let allocation = &memory.allocations[buffer.0];
    let offset = (address as usize - allocation.start) as i64;
    let bytes_of = |&(first, len): &(i64, usize)| {
        if len == 0 {
            return Some(0..0);
        }
        let from = first.checked_mul(element as i64)?.checked_add(offset)?;
        let from = usize::try_from(from).ok()?;
        let end = len.checked_mul(element)?.checked_add(from)?;
        (end <= allocation.len).then_some(from..end)
    };
    let mut windows = Vec::with_capacity(rows.len());
    for (row, elements) in rows.iter().enumerate() {
        let outside = || refused(format!("row {row} of {what} is not in its buffer"));
        windows.push(bytes_of(elements).ok_or_else(outside)?);
    }
    Ok(Used { what: what.to_owned(), role, buffer, element, rows: windows })
}

/// The workspace is as every launch finds it.
fn restored(workspace: &[u8]) -> Result<(), Fault> {
    let left: Vec<(usize, &u8)> = workspace.iter().enumerate().filter(|(_, b)| **b != 0).collect();
    let Some((first, byte)) = left.first() else { return Ok(()) };
    let count = left.len();
    Err(Fault::Workspace {
        what: format!(
            "the launch leaves {count} of {} bytes changed, the first at byte {first}, {byte:#04x}; \
             it found them all zero, as the next launch must",
            workspace.len()
        ),
    })
}

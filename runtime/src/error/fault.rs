//! The faults of a kernel, each with its line and thread.
//!
//! A launch ends at its first fault. If a kernel has several, the order of threads decides which is first.

use std::fmt;

/// A line of a template, of a kernel's own text, or of the source of a selector's functions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Line {
    /// As `#line` names it: `templates/device/scan.cuh`.
    pub file: String,
    /// From 1; 0 where the compiler left no trace of it.
    pub line: u32,
}

/// A thread at a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Site {
    /// `blockIdx.x`.
    pub block: u32,
    /// `threadIdx.x`.
    pub thread: u32,
    /// An asynchronous copy that the thread began, rather than the thread.
    pub asynchronous: bool,
    /// The line.
    pub line: Line,
}

/// Why a launch ended early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// An access outside every buffer and variable, or outside the array that was subscripted.
    #[error("{at}: out of bounds: {what}")]
    OutOfBounds {
        /// Who and where.
        at: Site,
        /// The access, and the nearest buffer or variable.
        what: String,
    },
    /// An operation of a selector's own functions for which Rust panics, other than an index that no element has.
    #[error("{at}: {what}")]
    Arithmetic {
        /// Who and where.
        at: Site,
        /// The operation.
        what: String,
    },
    /// An address that is not a multiple of what the access needs.
    #[error("{at}: misaligned: {what}")]
    Misaligned {
        /// Who and where.
        at: Site,
        /// The address and the need.
        what: String,
    },
    /// A read of memory that nobody has written.
    #[error("{at}: uninitialised: {what}")]
    Uninitialised {
        /// Who and where.
        at: Site,
        /// What was read.
        what: String,
    },
    /// A barrier that not all of its threads reach, or that they reach at different lines.
    #[error("{at}: barrier divergence: {what}")]
    BarrierDivergence {
        /// One thread that waits.
        at: Site,
        /// Who else waits where, and who does not.
        what: String,
    },
    /// A warp collective whose mask is not the set of its callers.
    #[error("{at}: mask: {what}")]
    Mask {
        /// One caller.
        at: Site,
        /// Its mask, and who is missing.
        what: String,
    },
    /// Two accesses, one of them a plain write or not atomic enough, that nothing orders.
    #[error("{at}: data race: {what}, by {other}; no barrier or fence orders the two")]
    Race {
        /// The later access, in this schedule.
        at: Site,
        /// The earlier one.
        other: Box<Site>,
        /// What was accessed and how.
        what: String,
    },
    /// Shared memory of another CTA was used without a cluster barrier that keeps it alive.
    #[error("{at}: cluster barrier: {what}")]
    ClusterBarrier {
        /// Who and where.
        at: Site,
        /// What is not ordered.
        what: String,
    },
    /// The CTA asks for more shared memory than a GPU grants.
    #[error("shared memory: {what}")]
    SharedMemory {
        /// The sizes.
        what: String,
    },
    /// Every thread waits, and none can go on.
    #[error("{at}: deadlock: {what}")]
    Deadlock {
        /// One thread that waits.
        at: Site,
        /// Who waits for what.
        what: String,
    },
    /// The launch takes more steps than allowed: most likely a thread that spins for ever.
    #[error("{at}: no end after {steps} accesses and calls; does this thread spin?")]
    Endless {
        /// The thread that took the last of them.
        at: Site,
        /// The limit.
        steps: u64,
    },
    /// A primitive used against its rules, a place of an output written twice, a source that is not pure, or
    /// `__trap`.
    #[error("{at}: {what}")]
    Misuse {
        /// Who and where.
        at: Site,
        /// Which rule.
        what: String,
    },
    /// A place of the output that no thread wrote.
    #[error("not written: {what}")]
    Unwritten {
        /// Which place.
        what: String,
    },
    /// The workspace is not as the launch found it, so that the next launch would go wrong.
    #[error("workspace: {what}")]
    Workspace {
        /// Which byte, and what it holds.
        what: String,
    },
    /// The launch itself makes no sense.
    #[error("the launch cannot be carried out: {what}")]
    Launch {
        /// Why.
        what: String,
    },
}

impl Fault {
    /// Where the fault is, if it is at a line.
    pub fn site(&self) -> Option<&Site> {
        match self {
            Fault::OutOfBounds { at, .. }
            | Fault::Arithmetic { at, .. }
            | Fault::Misaligned { at, .. }
            | Fault::Uninitialised { at, .. }
            | Fault::BarrierDivergence { at, .. }
            | Fault::Mask { at, .. }
            | Fault::Race { at, .. }
            | Fault::ClusterBarrier { at, .. }
            | Fault::Deadlock { at, .. }
            | Fault::Endless { at, .. }
            | Fault::Misuse { at, .. } => Some(at),
            Fault::SharedMemory { .. }
            | Fault::Unwritten { .. }
            | Fault::Workspace { .. }
            | Fault::Launch { .. } => None,
        }
    }

    /// The class in one word, for tables: `race`, `mask`, ...
    pub fn class(&self) -> &'static str {
        match self {
            Fault::OutOfBounds { .. } => "bounds",
            Fault::Arithmetic { .. } => "arithmetic",
            Fault::Misaligned { .. } => "alignment",
            Fault::Uninitialised { .. } => "uninitialised",
            Fault::BarrierDivergence { .. } => "divergence",
            Fault::Mask { .. } => "mask",
            Fault::Race { .. } => "race",
            Fault::ClusterBarrier { .. } => "cluster",
            Fault::SharedMemory { .. } => "shared",
            Fault::Deadlock { .. } => "deadlock",
            Fault::Endless { .. } => "endless",
            Fault::Misuse { .. } => "misuse",
            Fault::Unwritten { .. } => "unwritten",
            Fault::Workspace { .. } => "workspace",
            Fault::Launch { .. } => "launch",
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            f.write_str("an unknown line")
        } else {
            write!(f, "{}:{}", self.file, self.line)
        }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let copy = if self.asynchronous { "an asynchronous copy of " } else { "" };
        let Site { block, thread, line, .. } = self;
        write!(f, "{line}: {copy}block {block}, thread {thread}")
    }
}

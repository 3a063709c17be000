//! A lock between processes, so that only one of them compiles a kernel.
//!
//! The lock only saves work: an entry is published whole with or without it. A process that
//! does not get the lock in time, or on a file system without locks, goes on without it. The system frees
//! the lock when its process dies. Lock files stay, empty: removing one would let two processes have it.

use fs4::{FileExt, TryLockError};
use std::fs::File;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// A lock that this process has; dropping it frees it.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// Takes the lock of a file, which is made if it is missing. `Ok(None)` says that another process had
/// the lock all the time.
pub(super) fn acquire(path: &Path, timeout: Duration) -> io::Result<Option<Lock>> {
    let file = File::options().write(true).create(true).truncate(false).open(path)?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match FileExt::try_lock(&file) {
            Ok(()) => return Ok(Some(Lock { _file: file })),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let left = timeout.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

const LONGEST_PAUSE: Duration = Duration::from_millis(20);

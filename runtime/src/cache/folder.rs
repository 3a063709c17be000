//! Makes the folders of the disk cache, and refuses those that somebody else could have filled.
//!
//! What lies in the cache is run on the GPU, and its digests show damage, not intent. So a folder
//! must belong to this user or to root, must not be open to everybody, and must not be a link. A
//! group may share one: that is its owner's decision. Nothing is ever changed on a folder that
//! was there before.

use super::disk::DiskError;
use std::fs::{self, DirBuilder};
use std::path::Path;

/// Makes a folder for this user alone, with its parents, unless it is there; then checks it.
pub(super) fn prepare(path: &Path) -> Result<(), DiskError> {
    match path.symlink_metadata() {
        Ok(_) => check(path),
        Err(_) => {
            let mut builder = DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(path).map_err(|error| DiskError::io("create", path, error))?;
            // Between the look and the creation somebody else may have made it.
            check(path)
        }
    }
}

/// Refuses a folder whose content could be another user's.
fn check(path: &Path) -> Result<(), DiskError> {
    let metadata =
        path.symlink_metadata().map_err(|error| DiskError::io("look at", path, error))?;
    let refused = |reason: String| DiskError::Refused { path: path.to_owned(), reason };
    if metadata.is_symlink() {
        let target = fs::read_link(path).unwrap_or_default();
        return Err(refused(format!("it is a symbolic link to {}", target.display())));
    }
    if !metadata.is_dir() {
        return Err(refused("it is not a folder".to_owned()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if let Some(reason) = fault(metadata.uid(), metadata.mode(), user()) {
            return Err(refused(reason));
        }
    }
    Ok(())
}

/// Why a folder of this owner and mode is not safe for this user.
#[cfg(unix)]
fn fault(owner: u32, mode: u32, user: Option<u32>) -> Option<String> {
    const ROOT: u32 = 0;
    if user.is_some_and(|user| owner != user) && owner != ROOT {
        return Some(format!("it belongs to another user (id {owner})"));
    }
    (mode & 0o002 != 0).then(|| format!("every user may write to it (mode {:o})", mode & 0o7777))
}

/// The id of this process's user, where the system tells it without a foreign call.
#[cfg(unix)]
fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(fs::metadata("/proc/self").ok()?.uid())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_folders_of_this_user_or_root_are_safe() {
        let me = Some(1000);
        assert_eq!(fault(1000, 0o40700, me), None);
        assert_eq!(fault(1000, 0o40775, me), None);
        assert_eq!(fault(0, 0o40755, me), None);
        assert!(fault(1001, 0o40700, me).unwrap().contains("1001"));
        assert!(fault(1000, 0o40700, Some(0)).unwrap().contains("1000"));
        assert!(fault(1000, 0o40777, me).unwrap().contains("777"));
        assert!(fault(0, 0o41777, me).unwrap().contains("1777"));
        assert!(fault(1000, 0o40702, None).unwrap().contains("702"));
    }
}

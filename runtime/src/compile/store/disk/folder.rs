//! Makes the folders of the disk cache, and refuses folders that another user could have written to.
//!
//! Kernels of the cache run on the GPU, and digests show damage, not intent. So a folder, and every file
//! in it, must belong to this user or to root, nobody else may write to it, and it must not be a link. The
//! folders above the cache are not checked. Nothing is changed on a folder that was there before.

use super::DiskError;
use std::fs::{self, DirBuilder, Metadata};
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
            // Another process may have made it between the check and the creation.
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
    danger(&metadata).map_or(Ok(()), |reason| Err(refused(reason)))
}

/// Whether nobody else could have written this file or folder.
pub(crate) fn is_safe(metadata: &Metadata) -> bool {
    danger(metadata).is_none()
}

/// Why another user could have written this file or folder; `None` if nobody could.
pub(super) fn danger(metadata: &Metadata) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        fault(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
    }
    #[cfg(not(unix))]
    {
        // There, a user's folders belong to that user alone by default.
        let _ = metadata;
        None
    }
}

/// Why something of this owner and mode is not safe for this user.
#[cfg(unix)]
fn fault(owner: u32, mode: u32, user: u32) -> Option<String> {
    const ROOT: u32 = 0;
    let who = match mode {
        _ if owner != user && owner != ROOT => {
            return Some(format!("it belongs to another user (id {owner})"));
        }
        _ if mode & 0o002 != 0 => "every user",
        _ if mode & 0o020 != 0 => "its group",
        _ => return None,
    };
    let mode = mode & 0o7777;
    Some(format!("{who} may write to it (mode {mode:o}; `chmod go-w` takes that right away)"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_what_this_user_or_root_alone_can_write_is_safe() {
        let me = 1000;
        assert_eq!(fault(1000, 0o40700, me), None);
        assert_eq!(fault(1000, 0o40755, me), None);
        assert_eq!(fault(0, 0o40755, me), None);
        assert!(fault(1001, 0o40700, me).unwrap().contains("1001"));
        assert!(fault(1000, 0o40700, 0).unwrap().contains("1000"));
        for (mode, words) in [
            (0o40777, "every user may write to it (mode 777;"),
            (0o41777, "mode 1777"),
            (0o40702, "every user"),
            (0o40770, "its group may write to it (mode 770;"),
            (0o100664, "mode 664"),
        ] {
            for owner in [me, 0] {
                let fault = fault(owner, mode, me).unwrap();
                assert!(fault.contains(words) && fault.contains("chmod go-w"), "{fault}");
            }
        }
    }
}

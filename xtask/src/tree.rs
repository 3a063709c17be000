//! The files of a commit, or those of the working tree, for `cargo xtask replay`.
//!
//! A commit is checked out as a git worktree of its own, which is removed with the value. What a
//! killed run has left at the place is removed by the next. The working tree is taken as it is.

use crate::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What prints the kernels of a commit; commits without it cannot be compared.
const LISTER: &str = "codegen/examples/every_kernel.rs";

/// A folder with the sources of one side.
#[derive(Debug)]
pub struct Tree {
    /// What it is, for people: `1a2b3c4 First line of the message`.
    pub title: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The repository from which it is removed in the end.
    checked_out_of: Option<PathBuf>,
}

impl Tree {
    /// The files as they are now.
    pub fn working(root: &Path) -> Tree {
        let title = "the working tree".to_owned();
        Tree { title, folder: root.to_owned(), checked_out_of: None }
    }

    /// The files of a commit, checked out into the folder.
    pub fn of(root: &Path, commit: &str, folder: PathBuf) -> Result<Tree> {
        let id = resolve(root, commit)?;
        let title = git(root, &["log", "-1", "--format=%h %s", &id])?.trim().to_owned();
        if git(root, &["cat-file", "-e", &format!("{id}:{LISTER}")]).is_err() {
            let message = format!(
                "{title}: this commit cannot be compared, it has no {LISTER}; name a later one"
            );
            return Err(message.into());
        }
        remove(root, &folder)?;
        let path = folder.display().to_string();
        // Removed also where the checkout fails half-way.
        let tree = Tree { title, folder, checked_out_of: Some(root.to_owned()) };
        // Forced, since git may still know a folder that is gone.
        git(root, &["worktree", "add", "--force", "--detach", "--quiet", &path, &id])?;
        Ok(tree)
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if let Some(root) = &self.checked_out_of
            && let Err(error) = remove(root, &self.folder)
        {
            eprintln!("{} is left over: {error}", self.folder.display());
        }
    }
}

/// The full id of a commit.
fn resolve(root: &Path, commit: &str) -> Result<String> {
    // Tells a folder that is no repository from a name that is no commit.
    git(root, &["rev-parse", "--git-dir"])?;
    let name = format!("{commit}^{{commit}}");
    let id = git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]);
    let id = id.map_err(|_| {
        format!("git knows no commit {commit}; name one by its id, a branch or HEAD~2, say")
    })?;
    Ok(id.trim().to_owned())
}

fn remove(root: &Path, folder: &Path) -> Result<()> {
    let path = folder.display().to_string();
    // Fails if git does not know the folder; only its absence matters.
    let removed = git(root, &["worktree", "remove", "--force", "--force", &path]);
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|error| match removed {
            Ok(_) => error.to_string(),
            Err(git) => format!("{error}; {git}"),
        })?;
    }
    Ok(())
}

/// Runs git in a repository and gives what it prints.
fn git(root: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.current_dir(root).args(arguments);
    // A hook has these set for the repository that it runs in.
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(variable);
    }
    let words = crate::cargo::words(&command);
    let output = command.output().map_err(|error| format!("`{words}`: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{words}`: {}: {}", output.status, said.trim()).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A repository of two commits, the second of which can be compared.
    fn repository() -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git(root, &["init", "--quiet"]).unwrap();
        let commit = |message: &str| {
            git(root, &["add", "--all"]).unwrap();
            let who = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"];
            let what = ["-c", "commit.gpgsign=false", "commit", "--quiet", "-m", message];
            git(root, &[&who[..], &what].concat()).unwrap();
        };
        fs::write(root.join("file"), "one").unwrap();
        commit("Before");
        fs::create_dir_all(root.join("codegen/examples")).unwrap();
        fs::write(root.join(LISTER), "").unwrap();
        commit("After");
        fs::write(root.join("file"), "changed since").unwrap();
        folder
    }

    fn worktrees(root: &Path) -> usize {
        git(root, &["worktree", "list", "--porcelain"]).unwrap().matches("worktree ").count()
    }

    #[test]
    fn a_commit_is_there_until_it_is_dropped() {
        let repository = repository();
        let root = repository.path();
        let tree = Tree::of(root, "HEAD", root.join("target/tree")).unwrap();
        assert!(tree.title.ends_with(" After"), "{}", tree.title);
        assert_eq!(fs::read_to_string(tree.folder.join("file")).unwrap(), "one");
        assert_eq!(worktrees(root), 2);
        let folder = tree.folder.clone();
        drop(tree);
        assert!(!folder.exists());
        assert_eq!(worktrees(root), 1);
    }

    #[test]
    fn what_a_killed_run_left_is_no_hindrance() {
        let repository = repository();
        let root = repository.path();
        let folder = root.join("target/tree");
        std::mem::forget(Tree::of(root, "HEAD", folder.clone()).unwrap());
        drop(Tree::of(root, "HEAD", folder.clone()).unwrap());
        // The folder is gone and git does not know; and the folder is there and git does not know.
        std::mem::forget(Tree::of(root, "HEAD", folder.clone()).unwrap());
        fs::remove_dir_all(&folder).unwrap();
        drop(Tree::of(root, "HEAD", folder.clone()).unwrap());
        fs::create_dir_all(folder.join("of somebody")).unwrap();
        drop(Tree::of(root, "HEAD", folder.clone()).unwrap());
        assert!(!folder.exists());
        assert_eq!(worktrees(root), 1);
    }

    #[test]
    fn what_cannot_be_compared_is_told_and_leaves_nothing() {
        let repository = repository();
        let root = repository.path();
        let of = |commit: &str| {
            Tree::of(root, commit, root.join("tree")).map(drop).unwrap_err().to_string()
        };
        assert!(of("HEAD^").contains("Before: this commit cannot be compared"), "{}", of("HEAD^"));
        for unknown in ["nobody", "HEAD~7", "--all", ""] {
            assert!(of(unknown).contains(&format!("no commit {unknown};")), "{}", of(unknown));
        }
        assert!(!root.join("tree").exists());
        assert_eq!(worktrees(root), 1);
        let nowhere = tempfile::tempdir().unwrap();
        let error = Tree::of(nowhere.path(), "HEAD", nowhere.path().join("tree")).unwrap_err();
        assert!(error.to_string().contains("not a git repository"), "{error}");
    }
}

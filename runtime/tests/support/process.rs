//! Copies of the test program. A test that needs other processes starts copies of itself: a copy
//! runs the same test function, which sees from [`role`] that it is one.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const FOLDER: &str = "TOPKIT_TEST_FOLDER";
const ROLE: &str = "TOPKIT_TEST_ROLE";

/// In a copy, the folder and the role that it was given; `None` in the test itself.
pub fn role() -> Option<(PathBuf, String)> {
    Some((env::var_os(FOLDER)?.into(), env::var(ROLE).ok()?))
}

/// A running copy; it dies with this value.
pub struct Copy(Option<Child>);

impl Copy {
    /// Starts a copy that runs the test of this name alone.
    pub fn of(test: &str, folder: &Path, role: &str) -> Copy {
        Copy::start(Command::new(env::current_exe().unwrap()), test, folder, role)
    }

    /// The same under a limit: no file may grow beyond some 32 KB, and a write that would is an
    /// error, as on a full disk.
    pub fn with_small_files(test: &str, folder: &Path, role: &str) -> Copy {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ && ulimit -f 64 && exec \"$@\"", "sh"]);
        shell.arg(env::current_exe().unwrap());
        Copy::start(shell, test, folder, role)
    }

    fn start(mut command: Command, test: &str, folder: &Path, role: &str) -> Copy {
        let only: [&OsStr; 4] = [
            test.as_ref(),
            "--exact".as_ref(),
            "--nocapture".as_ref(),
            "--test-threads=1".as_ref(),
        ];
        command.args(only).env(FOLDER, folder).env(ROLE, role);
        Copy(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// Waits for its end, which must be a good one, with the one test run.
    pub fn join(mut self) {
        let child = self.0.take().unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success() && out.contains("1 passed"), "{status}\n{out}\n{err}");
    }

    /// Ends it with a signal that it cannot see coming.
    pub fn kill(self) {
        drop(self);
    }

    /// Whether it is still running.
    pub fn is_alive(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// Waits until it is so; fails the test when it does not come to be.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

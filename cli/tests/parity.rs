//! `topkit run` against the selection of other libraries, over files that numpy writes: `parity/parity.py`.

use crate::support::{Place, wrapped};
use std::path::Path;
use std::process::Command;

/// Runs the script, and gives the number of its comparisons.
fn compare(library: &str) -> u64 {
    let place = Place::new();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity/parity.py");
    let folder = place.path("").to_str().unwrap().to_owned();
    let mut python = Command::new("python3");
    python.arg(script).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut command = wrapped(python, &place.command(&[&folder, library]));
    let output = command.output().expect("python3 is needed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}\nIt needs python3 with numpy and ml_dtypes, which `cargo xtask test` fetches, and with {library}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.trim().parse().expect("the script prints a number")
}

#[cfg(feature = "numpy")]
#[test]
fn the_winners_are_numpys() {
    assert_eq!(compare("numpy"), 880);
}

#[cfg(feature = "torch")]
#[test]
fn the_winners_are_torchs() {
    assert_eq!(compare("torch"), 440);
}

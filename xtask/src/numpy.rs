//! Fetches the numpy and the ml_dtypes with which the program's tests compare: always these versions, so that the
//! same answers are compared everywhere.

use crate::{Result, cargo, pip};
use std::env;
use std::ffi::OsString;

const PACKAGES: [&str; 2] = ["numpy==2.4.6", "ml_dtypes==0.6.0"];
const VARIABLE: &str = "PYTHONPATH";

/// What to add to the environment of a command so that python3 finds them.
pub fn provide() -> Result<(&'static str, OsString)> {
    let home = cargo::target()?.join("python").join(PACKAGES.join("-").replace("==", "-"));
    if !home.is_dir() {
        let remedy = "Both need Python 3.11 or later. Without them, run `cargo test --workspace \
                      --features nvrtc,interpret`, which compares with nothing.";
        pip::fetch(&home, &PACKAGES, remedy)?;
    }
    let own = env::var_os(VARIABLE).unwrap_or_default();
    let folders = std::iter::once(home).chain(env::split_paths(&own));
    Ok((VARIABLE, env::join_paths(folders)?))
}

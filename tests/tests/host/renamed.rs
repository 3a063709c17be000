//! `topk_kernel!` where the library has another name, in modules and functions, and in each edition of Rust.

use super::refused::{library, package};
use std::env;
use std::ffi::OsString;
use std::process::Command;

#[test]
fn declarations_compile_under_another_name_and_in_each_edition() {
    let (library, folder) = library();
    let out = tempfile::tempdir().unwrap();
    let of = |name: &str, path: &std::path::Path| {
        let mut option = OsString::from(name);
        option.push(path);
        option
    };
    for edition in ["2018", "2021", "2024"] {
        let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition", edition, "--crate-type", "lib", "--emit", "metadata", "--extern"]);
        rustc.arg(of("selection=", &library)).arg("-L").arg(of("dependency=", &folder));
        rustc.arg("--out-dir").arg(out.path()).arg("macro/renamed/lib.rs");
        let output = rustc.current_dir(package()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.is_empty(), "{edition}: {said}");
    }
}

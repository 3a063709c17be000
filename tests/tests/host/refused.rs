//! What `topk_kernel!` says of a declaration that it refuses.
//!
//! Each case is compiled by rustc alone, with the library that this suite was built with, so the cases
//! need no build of their own. The messages are kept beside the cases. They are rustc's rendering, so
//! they hold for the toolchain that wrote them.

use expect_test::expect_file;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "macro/fail";

/// The files of the cases of an extension, in alphabetical order; relative to the package.
fn files(extension: &str) -> Vec<PathBuf> {
    let listing = fs::read_dir(package().join(FOLDER)).unwrap();
    let names = listing.map(|file| PathBuf::from(file.unwrap().file_name()));
    let names = names.filter(|name| name.extension() == Some(OsStr::new(extension)));
    let mut files: Vec<_> = names.map(|name| Path::new(FOLDER).join(name)).collect();
    files.sort();
    files
}

pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The library beside this suite, and the folder of both. A build with other features may be there too;
/// the last one that cargo built is of the sources as they are.
pub fn library() -> (PathBuf, PathBuf) {
    let folder = env::current_exe().unwrap().parent().unwrap().to_owned();
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libtopkit-") && name.ends_with(".rlib")
    };
    let built = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).filter(is_library);
    let last = built.max_by_key(|path| path.metadata().unwrap().modified().unwrap());
    (last.expect("cargo puts the library beside its tests"), folder)
}

/// What rustc says of a case, without its summary.
fn refusal(case: &Path, library: &Path, folder: &Path) -> String {
    let out = tempfile::tempdir().unwrap();
    let mut topkit = OsString::from("topkit=");
    topkit.push(library);
    let mut dependencies = OsString::from("dependency=");
    dependencies.push(folder);
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--crate-type", "bin", "--emit", "metadata"]);
    rustc.args(["--diagnostic-width", "140", "--color", "never", "--extern"]).arg(topkit);
    rustc.arg("-L").arg(dependencies).arg("--out-dir").arg(out.path());
    let output = rustc.arg(case).current_dir(package()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}: {said}", case.display());
    let (said, summary) = said.split_once("\nerror: aborting due to").unwrap();
    let about_codes =
        |line: &&str| line.starts_with("Some errors have") || line.starts_with("For more");
    let summary = summary.trim().lines().filter(|line| !line.is_empty() && !about_codes(line));
    assert_eq!(summary.count(), 1, "{}: {said}", case.display());
    // Lines of the library are not the user's.
    let of_library = |line: &str| match line.split_once(".rs:") {
        Some((file, _)) if file.contains("runtime/src/") => format!("{file}.rs\n"),
        _ => format!("{line}\n"),
    };
    said.lines().map(of_library).collect::<String>().trim_end_matches('\n').to_owned() + tail(said)
}

/// The end of a text without its last line break, as it was.
fn tail(said: &str) -> &str {
    &said[said.trim_end_matches('\n').len()..]
}

#[test]
fn each_declaration_is_refused_with_its_message() {
    let (library, folder) = library();
    let cases = files("rs");
    assert!(!cases.is_empty(), "no case in {FOLDER}");
    for case in &cases {
        let said = refusal(case, &library, &folder);
        expect_file![package().join(case.with_extension("stderr"))].assert_eq(&said);
    }
    let messages = cases.iter().map(|case| case.with_extension("stderr"));
    assert_eq!(files("stderr"), messages.collect::<Vec<_>>(), "a message without a case");
}

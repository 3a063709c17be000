//! The example of the README: it is the file that is built here, it compiles as C99 and as C++
//! without a warning, and on a machine that cannot run it, it says why.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use support::{Language, Library, in_package};

#[test]
fn the_example_of_the_readme_is_the_one_that_is_built() {
    let read = |path| std::fs::read_to_string(in_package(path)).unwrap();
    let (readme, example) = (read("README.md"), read("examples/select.c"));
    assert!(readme.contains(&format!("```c\n{example}```\n")), "README.md differs from select.c");
}

#[test]
fn the_example_selects_or_says_what_is_missing() {
    let library = Library::build("");
    for language in Language::ALL {
        let sources = ["examples/select.c", "tests/c/cuda/cuda_runtime.c"];
        let run = library.program(language, &sources, &["tests/c/cuda"]).output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
        match run.status.code() {
            Some(0) => assert!(stdout.contains("\n0 of 65536 indices are wrong\n"), "{stdout}"),
            code => {
                assert_eq!(code, Some(1), "{stdout}{stderr}");
                let words = ["libcuda was not found", "libnvrtc was not found", "the GPUs: "];
                assert!(stderr.starts_with("topkit: "), "{stderr}");
                assert!(words.iter().any(|words| stderr.contains(words)), "{stderr}");
            }
        }
    }
}

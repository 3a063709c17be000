//! What ARCHITECTURE.md states as absent, looked for in the sources: comments, strings and tests are
//! not taken for code. Each rule names the files that are its exceptions; one without need of it fails.

use crate::tokens::sources;
use crate::tree::{files, read};
use proc_macro2::{Delimiter, TokenTree};

struct Absent {
    what: &'static str,
    crates: &'static [&'static str],
    /// Tokens with a space between them.
    words: &'static [&'static str],
    /// Files, and folders with a slash at the end.
    but_in: &'static [&'static str],
}

const PURE: &[&str] = &[
    "std :: fs",
    "std :: io",
    "std :: env",
    "std :: process",
    "std :: net",
    "std :: thread",
    "std :: time",
    "Instant :: now",
    "SystemTime :: now",
    "cudarc ::",
];

const ABSENT: &[Absent] = &[
    Absent {
        what: "IO, environment, clock or CUDA in what generates text",
        crates: &["codegen", "dsl"],
        words: PURE,
        but_in: &[],
    },
    Absent {
        what: "printing in a library",
        crates: &["codegen", "dsl", "runtime", "capi", "lab"],
        words: &["println !", "eprintln !", "print !", "eprint !", "dbg !"],
        but_in: &[],
    },
    Absent {
        what: "the environment",
        crates: &["runtime", "capi", "lab"],
        words: &["env :: var", "env :: var_os", "env :: vars", "env :: vars_os"],
        but_in: &["runtime/src/engine/config.rs", "runtime/src/library/environment.rs"],
    },
    Absent {
        what: "a child process",
        crates: &["runtime", "capi", "lab"],
        words: &["Command :: new"],
        but_in: &["runtime/src/backend/interpret/compile.rs", "runtime/src/compile/sass.rs"],
    },
    Absent {
        what: "a clock",
        crates: &["runtime", "capi"],
        words: &["Instant :: now", "SystemTime :: now"],
        but_in: &[
            "runtime/src/compile/sass.rs",
            "runtime/src/compile/store/disk/",
            "runtime/src/measure/",
            "runtime/src/select/warmup.rs",
            "runtime/src/tune/",
        ],
    },
    Absent {
        what: "a panic",
        crates: &["codegen", "dsl", "runtime", "capi", "lab", "cli"],
        words: &[
            ". unwrap (",
            "panic !",
            "todo !",
            "unimplemented !",
            ". unwrap_err (",
            "assert !",
        ],
        but_in: &[
            // While it is compiled.
            "capi/src/lib.rs",
            // On a row that is not there, as its documentation says.
            "runtime/src/backend/rows.rs",
            "lab/src/check.rs",
            // A buffer larger than the address space.
            "runtime/src/backend/interpret/memory.rs",
        ],
    },
    Absent {
        what: "`expect` or `unreachable!`, which only an invariant allows",
        crates: &["codegen", "dsl", "runtime", "capi", "lab", "cli"],
        words: &[". expect (", "unreachable !"],
        but_in: &["runtime/src/tune/gpu.rs", "runtime/src/tune/tuner.rs"],
    },
    Absent {
        what: "unsafe code",
        crates: &["codegen", "dsl", "runtime", "lab", "cli"],
        words: &["unsafe"],
        but_in: &[
            "cli/src/commands/run/gpu.rs",
            "lab/src/bench/",
            "runtime/src/backend/cuda/",
            // Slices at the addresses of a launch; the rest of the host has none.
            "runtime/src/backend/host/cpu.rs",
            "runtime/src/backend/interpret/",
            "runtime/src/backend/launch/bytes.rs",
            "runtime/src/backend/mod.rs",
            "runtime/src/compile/nvrtc/",
            "runtime/src/engine/backend.rs",
            "runtime/src/error/mod.rs",
            "runtime/src/library/",
            "runtime/src/measure/",
            "runtime/src/select/",
            "runtime/src/tune/gpu.rs",
        ],
    },
];

/// The code on one line, a space after each token.
fn flat(tokens: &[TokenTree]) -> String {
    let mut text = String::from(" ");
    append(tokens, &mut text);
    text
}

fn append(tokens: &[TokenTree], text: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("( ", ") "),
                    Delimiter::Brace => ("{ ", "} "),
                    Delimiter::Bracket => ("[ ", "] "),
                    Delimiter::None => ("", ""),
                };
                text.push_str(open);
                append(&group.stream().into_iter().collect::<Vec<_>>(), text);
                text.push_str(close);
            }
            // A path's two colons are one mark.
            TokenTree::Punct(mark) if mark.as_char() == ':' && text.ends_with(" : ") => {
                text.truncate(text.len() - 2);
                text.push_str(":: ");
            }
            TokenTree::Literal(_) => text.push_str("\"\" "),
            token => {
                text.push_str(&token.to_string());
                text.push(' ');
            }
        }
    }
}

#[test]
fn what_is_absent_is_absent() {
    let mut wrong = Vec::new();
    for Absent { what, crates, words, but_in } in ABSENT {
        let mut unneeded = but_in.to_vec();
        for file in crates.iter().flat_map(|name| sources(name)) {
            let code = flat(&file.tokens);
            let found = words.iter().find(|words| code.contains(&format!(" {words} ")));
            let Some(found) = found else { continue };
            let is_in = |place: &&str| match place.ends_with('/') {
                true => file.path.starts_with(place),
                false => file.path == *place,
            };
            if but_in.iter().any(is_in) {
                unneeded.retain(|place| !is_in(place));
            } else {
                wrong.push(format!("{}: {what} (`{found}`)", file.path));
            }
        }
        wrong.extend(unneeded.iter().map(|place| format!("{place} needs no exception for {what}")));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Inline PTX and what the interpreter is given in its place.
#[test]
fn ptx_is_in_its_room() {
    let ptx = |line: &str| {
        let code = line.split("//").next().unwrap();
        code.contains("asm(") || code.contains("asm volatile") || code.starts_with("#if")
    };
    let blocks = files("templates").into_iter().filter(|path| path.ends_with(".cuh"));
    let found: Vec<String> = blocks
        .filter(|path| !path.starts_with("templates/ptx/") && read(path).lines().any(ptx))
        .collect();
    assert!(found.is_empty(), "PTX or `#if` outside templates/ptx: {found:?}");
}

#[test]
fn code_is_told_from_text() {
    let tokens = |text: &str| text.parse::<proc_macro2::TokenStream>().unwrap();
    let text = "fn f() { let s = \"panic!()\"; std::env::var(\"x\").unwrap() } // todo!()";
    let code = flat(&tokens(text).into_iter().collect::<Vec<_>>());
    assert!(code.contains(" env :: var ( ") && code.contains(" . unwrap ( "), "{code}");
    assert!(!code.contains("panic") && !code.contains("todo"), "{code}");
}

//! The disassembler as a child process: its arguments, and its failures. Scripts in `tools/` stand for
//! NVIDIA's programs. Needs nothing but a shell.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use topkit::inspect::{Disassembler, SassError};

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(name)
}

#[test]
fn the_program_gets_the_machine_code_and_its_own_options() {
    let nvdisasm = Disassembler::at(tool("nvdisasm")).disassemble(b"\x7fELF and more").unwrap();
    assert!(nvdisasm.starts_with("arguments: --print-code /"), "{nvdisasm}");
    assert!(nvdisasm.ends_with("kernel.cubin\n13 bytes of ELF\n"), "{nvdisasm}");
    let cuobjdump = Disassembler::at(tool("cuobjdump")).disassemble(b"\x7fELF and more").unwrap();
    assert!(cuobjdump.starts_with("arguments: --dump-sass /"), "{cuobjdump}");
}

#[test]
fn a_failure_has_the_programs_own_words() {
    let error = Disassembler::at(tool("nvdisasm")).disassemble(b"fail").unwrap_err();
    assert!(matches!(error, SassError::Failed { .. }), "{error}");
    let error = error.to_string();
    assert!(error.contains("3") && error.contains("no known machine code"), "{error}");
    let error = Disassembler::at(tool("nvdisasm")).disassemble(b"none").unwrap_err().to_string();
    assert!(error.contains("it said nothing"), "{error}");
}

#[test]
fn a_program_that_does_not_end_is_stopped() {
    let start = Instant::now();
    let limited = Disassembler::at(tool("nvdisasm")).limit(Duration::from_millis(300));
    let error = limited.disassemble(b"sleep").unwrap_err();
    assert!(matches!(error, SassError::Slow { .. }), "{error}");
    assert!(error.to_string().contains("300ms"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_program_that_cannot_be_run_is_named() {
    let error = Disassembler::at(tool("absent")).disassemble(b"").unwrap_err();
    assert!(matches!(error, SassError::Run { .. }), "{error}");
    assert!(error.to_string().contains("tools/absent could not be run"), "{error}");
}

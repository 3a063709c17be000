//! Every kernel that this commit renders, for `cargo xtask replay`, which builds and runs it at each
//! of the commits that it compares.
//!
//! Without an argument it prints `SYMBOL SHA-256`, a line a kernel. With a folder it reads symbols
//! from stdin and writes `FOLDER/SYMBOL.cu` for each. A symbol that is not known is an error.

use std::error::Error;
use std::io::{BufWriter, Write, stdin, stdout};
use std::path::PathBuf;
use topkit_codegen::{SelectorSpec, Variant, render};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        let mut out = BufWriter::new(stdout().lock());
        for variant in Variant::all() {
            let source = render(&SelectorSpec::of(&variant), &variant)?;
            writeln!(out, "{} {}", source.entry, source.digest)?;
        }
        return Ok(out.flush()?);
    };
    for symbol in stdin().lines() {
        let symbol = symbol?;
        let variant = Variant::from_symbol(&symbol)?;
        std::fs::write(
            folder.join(format!("{symbol}.cu")),
            render(&SelectorSpec::of(&variant), &variant)?.text,
        )?;
    }
    Ok(())
}

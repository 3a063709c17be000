//! Tests of the whole macro on token streams; they need neither `topkit` nor a GPU.
//!
//! How the faults look in a terminal is seen in `tests/macro/fail` at the root of the repository.

mod expansion;
mod faults;
mod reference;

use crate::declare;
use proc_macro2::TokenStream;

/// The items, and a line for each fault: `line:column token: message (hint: ..)`.
fn declared(source: &str) -> (TokenStream, String) {
    let tokens = source.parse().expect("the test's source is a token stream");
    let (items, diagnostics) = declare(tokens);
    let lines = diagnostics.iter().map(|diagnostic| {
        let (line, column) = diagnostic.position();
        format!("{line}:{column} {}: {diagnostic}\n", diagnostic.place())
    });
    (items, lines.collect())
}

/// The faults of a declaration with these entries; its body begins at line 2.
fn faults(entries: &str) -> String {
    declared(&format!("pub kernel Top {{\n{entries}\n}}")).1
}

//! Compiles most mutants of a kernel as one text: each site calls back for the number of the mutant to run,
//! which the thread that runs the kernel has set. So a mutant costs no compile of its own.
//!
//! A constant cannot call back, and neither can the name of a method: each of these mutants is a text of
//! its own.

use super::rules::Mutation;
use super::sites::Site;
use std::cell::Cell;
use std::fmt::Write;

thread_local! {
    static MEANT: Cell<u32> = const { Cell::new(0) };
}

/// Called by the compiled text. The interpreter runs a launch on the thread that asks for it.
extern "C" fn meant() -> u32 {
    MEANT.get()
}

/// Runs something while kernels of this thread are the mutant of a number; 0 is none.
pub fn as_mutant<R>(number: u32, run: impl FnOnce() -> R) -> R {
    MEANT.set(number);
    let result = run();
    MEANT.set(0);
    result
}

/// Whether a site's mutants can be told apart while the kernel runs.
pub fn asks(site: &Site) -> bool {
    let constant = site.name.ends_with("_MASK");
    let method = ["wait", "announce", "send"].contains(&site.name.as_str());
    !constant && !method
}

/// The text in which each of these sites is the mutant that is meant, or else itself. Sites stand in
/// the order of the text; one may lie within another.
pub fn switched(text: &str, sites: &[(&Site, Vec<(u32, &Mutation)>)]) -> String {
    let mut out = String::new();
    let address = meant as extern "C" fn() -> u32 as usize;
    let ask = format!("reinterpret_cast<unsigned (*)()>({address}ull)()");
    write_part(&mut out, text, 0..text.len(), sites, &ask);
    out
}

fn write_part(
    out: &mut String,
    text: &str,
    part: std::ops::Range<usize>,
    sites: &[(&Site, Vec<(u32, &Mutation)>)],
    ask: &str,
) {
    let mut at = part.start;
    let mut rest = sites;
    while let Some(((site, mutations), later)) = rest.split_first() {
        let within =
            later.iter().take_while(|(inner, _)| inner.range.start < site.range.end).count();
        let (inner, later) = later.split_at(within);
        out.push_str(&text[at..site.range.start]);
        let itself = one_line(&text[site.range.clone()]);
        for (number, mutation) in mutations {
            let mutant = one_line(&mutation.text);
            let _ =
                write!(out, "({ask} == {number}u ? static_cast<decltype({itself})>({mutant}) : ");
        }
        write_part(out, text, site.range.clone(), inner, ask);
        out.extend(mutations.iter().map(|_| ')'));
        at = site.range.end;
        rest = later;
    }
    out.push_str(&text[at..part.end]);
}

/// Keeps the line numbers after it.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

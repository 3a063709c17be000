//! A fault of the user's functions: its tokens, what is wrong there, and what to write instead.
//!
//! The macro reports a [`FunctionFault`] at its tokens. Of functions that are a string, [`FunctionsError`] prints each fault
//! with the line that it is in.

use super::tree::Place;
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::fmt;

/// One fault, at the tokens that it is about.
#[derive(Debug, Clone)]
pub struct FunctionFault {
    place: TokenStream,
    text: String,
    hint: String,
}

impl FunctionFault {
    pub(super) fn new(
        place: impl ToTokens,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> FunctionFault {
        FunctionFault { place: place.into_token_stream(), text: text.into(), hint: hint.into() }
    }

    /// The tokens that it is about.
    pub const fn place(&self) -> &TokenStream {
        &self.place
    }

    /// What is wrong.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What to write instead.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Where its first token starts and, if that is in the same line, where its last one ends.
    fn span(&self) -> (Place, usize) {
        let start = place_of(&self.place);
        let last = self.place.clone().into_iter().last();
        let end = last.map_or_else(Span::call_site, |token| token.span()).end();
        let same = end.line == start.line && end.column > start.column;
        (start, if same { end.column } else { start.column + 1 })
    }
}

/// Where the first of some tokens starts.
pub(super) fn place_of(tokens: &TokenStream) -> Place {
    let first = tokens.clone().into_iter().next();
    let start = first.map_or_else(Span::call_site, |token| token.span()).start();
    Place { line: start.line, column: start.column }
}

/// A fault as a string's reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    start: Place,
    end: usize,
    line: String,
    text: String,
    hint: String,
}

/// All faults of functions that were given as a string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FunctionsError {
    told: Vec<Told>,
}

impl FunctionsError {
    pub(super) fn new(source: &str, faults: &[FunctionFault]) -> FunctionsError {
        let tell = |fault: &FunctionFault| {
            let (start, end) = fault.span();
            let line = source.lines().nth(start.line.saturating_sub(1)).unwrap_or_default();
            let (text, hint) = (fault.text.clone(), fault.hint.clone());
            Told { start, end, line: line.to_owned(), text, hint }
        };
        let mut told: Vec<Told> = faults.iter().map(tell).collect();
        told.sort_by_key(|told| told.start);
        told.dedup();
        FunctionsError { told }
    }

    /// A fault that is in no line of the source.
    pub(crate) fn of_all(text: &str) -> FunctionsError {
        let place = Place::default();
        let (text, hint) = (text.to_owned(), String::new());
        FunctionsError {
            told: vec![Told { start: place, end: 0, line: String::new(), text, hint }],
        }
    }

    /// How many faults there are.
    pub fn count(&self) -> usize {
        self.told.len()
    }
}

impl fmt::Display for FunctionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, told) in self.told.iter().enumerate() {
            let Told { start, end, line, text, hint } = told;
            if i > 0 {
                f.write_str("\n\n")?;
            }
            let number = start.line.to_string();
            let margin = " ".repeat(number.len());
            let marks = "^".repeat(end - start.column);
            let before = " ".repeat(start.column);
            if start.line == 0 {
                write!(f, "error: {text}")?;
                continue;
            }
            writeln!(f, "error: {text}")?;
            writeln!(f, "{margin}--> line {number}, column {}", start.column + 1)?;
            writeln!(f, "{margin} |\n{number} | {line}")?;
            write!(f, "{margin} | {before}{marks} {hint}")?;
        }
        Ok(())
    }
}

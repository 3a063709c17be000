//! The text of every fault: what is wrong, where, and what to write instead.
//!
//! The faults of a spec come from its one check in `topkit-codegen`; here are those that only the
//! macro can see. Nothing here decides whether something is a fault.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;
use topkit_codegen::{Fault, Key};

/// One fault, at the tokens it is about.
#[derive(Debug)]
pub struct Problem {
    place: TokenStream,
    text: String,
    hint: String,
}

impl Problem {
    pub fn new(place: impl ToTokens, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Problem { place: place.into_token_stream(), text: text.into(), hint: hint.into() }
    }

    /// Line and column of the first token.
    pub fn position(&self) -> (usize, usize) {
        let first = self.place.clone().into_iter().next();
        let start = first.map_or_else(Span::call_site, |token| token.span()).start();
        (start.line, start.column)
    }

    pub fn to_compile_error(&self) -> TokenStream {
        syn::Error::new_spanned(&self.place, self).to_compile_error()
    }

    #[cfg(test)]
    pub fn place(&self) -> &TokenStream {
        &self.place
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (hint: {})", self.text, self.hint)
    }
}

const EXAMPLE: &str = "`pub kernel Name { dtype: f32 }`";

/// A value of that key, as one would write it.
fn example(key: Key) -> &'static str {
    match key {
        Key::Dtype => "`dtype: [f32, bf16]`",
        Key::K => "`k: 512`, `k: [512, 1024]` or `k: 1..=2048`",
        Key::VecSize => "`vec_size: 8` or `vec_size: [4, 8]`",
        Key::Bins => "`bins: 2048` or `bins: [1024, 2048]`",
        Key::Threads => "`threads: 512` or `threads: [512, 1024]`",
        Key::Select => "`select: largest`",
        Key::Nan => "`nan: highest`",
        Key::Ties => "`ties: any`",
        Key::Order => "`order: unsorted`",
        Key::Index => "`index: i32`",
        Key::Values => "`values: false`",
        Key::Rows => "`rows: ragged`",
    }
}

/// The name that the writer may have meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Takes `vector_size` for `vec_size`, and not `block_size`.
    const ALIKE: f64 = 0.8;
    let written = written.to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&written, name), name))
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// `a, b or c`, each in backticks.
fn one_of<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

// A declaration as a whole.

pub fn no_kernel(place: TokenStream) -> Problem {
    Problem::new(place, "no kernel is declared here", format!("write {EXAMPLE}"))
}

pub fn malformed(error: &syn::Error) -> Problem {
    // An error knows where it is but not its tokens; any token there will do.
    let place = Ident::new("here", error.span());
    Problem::new(place, format!("cannot read this: {error}"), format!("write {EXAMPLE}"))
}

pub fn malformed_attribute(place: TokenStream) -> Problem {
    Problem::new(place, "this is not an attribute", "write `#[name]`, `#[name(..)]` or remove it")
}

pub fn not_kernel(place: impl ToTokens) -> Problem {
    Problem::new(place, "expected the word `kernel` here", format!("write {EXAMPLE}"))
}

pub fn missing_kernel(name: &Ident) -> Problem {
    let hint = format!("write `kernel {name} {{ .. }}`");
    Problem::new(name, format!("`kernel` is missing before `{name}`"), hint)
}

pub fn missing_name(kernel: &Ident) -> Problem {
    Problem::new(kernel, "the kernel has no name", format!("write {EXAMPLE}"))
}

pub fn before_body(place: TokenStream) -> Problem {
    let hint = format!("a kernel takes no parameters; write {EXAMPLE}");
    Problem::new(place, "nothing may stand between the name and the braces", hint)
}

pub fn missing_body(place: TokenStream) -> Problem {
    Problem::new(place, "the kernel has no keys in braces", format!("write {EXAMPLE}"))
}

// Keys.

pub fn attribute_on_key(place: impl ToTokens) -> Problem {
    let hint = "use a `//` comment here, and put attributes above the kernel";
    Problem::new(place, "a key takes no attributes or doc comments", hint)
}

pub fn not_a_key(place: impl ToTokens) -> Problem {
    Problem::new(place, "expected a key here", "an entry is `key: value,`")
}

pub fn unknown_key(key: &Ident, nearest: Option<Key>) -> Problem {
    let names: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
    let hint = match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("the keys are {}", one_of(&names).replace(" or ", " and ")),
    };
    Problem::new(key, format!("there is no key `{key}`"), hint)
}

pub fn duplicate_key(key: &Ident) -> Problem {
    Problem::new(key, format!("`{key}` is given twice"), "keep one of them")
}

pub fn missing_dtype(name: &Ident) -> Problem {
    let text = format!("`{name}` has no `dtype`, the one key without a default");
    Problem::new(name, text, "add for example `dtype: [f32, bf16, f16]`")
}

pub fn missing_colon(place: impl ToTokens, key: &Ident) -> Problem {
    Problem::new(place, format!("`:` is missing after `{key}`"), "an entry is `key: value,`")
}

pub fn missing_value(key: &Ident) -> Problem {
    let hint = match Key::from_name(&key.to_string()) {
        Some(key) => format!("write for example {}", example(key)),
        None => "an entry is `key: value,`".into(),
    };
    Problem::new(key, format!("`{key}` has no value"), hint)
}

pub fn missing_comma(next: &Ident) -> Problem {
    Problem::new(next, format!("a comma is missing before `{next}`"), "an entry is `key: value,`")
}

pub fn not_a_comma(semicolon: impl ToTokens) -> Problem {
    Problem::new(semicolon, "entries are separated by commas", "write `,`")
}

// Values.

pub fn unknown_choice(key: Key, written: &Ident, known: &[String]) -> Problem {
    let takes = format!("`{key}` takes {}", one_of(known));
    let hint = match nearest(&written.to_string(), known.iter().map(String::as_str)) {
        Some(nearest) => format!("did you mean `{nearest}`? {takes}"),
        None => takes,
    };
    Problem::new(written, format!("`{key}` has no choice `{written}`"), hint)
}

pub fn not_a_choice(key: Key, place: TokenStream, known: &[String]) -> Problem {
    let hint = format!("`{key}` takes the bare word {}", one_of(known));
    Problem::new(place, format!("this is not a value of `{key}`"), hint)
}

pub fn single(key: Key, place: TokenStream, known: &[String]) -> Problem {
    let text = format!("`{key}` takes one value: it is the same for every kernel of the selector");
    Problem::new(place, text, format!("write {}", one_of(known)))
}

pub fn not_an_integer(key: Key, place: TokenStream) -> Problem {
    let hint = format!("write for example {}", example(key));
    Problem::new(place, format!("`{key}` takes plain positive integers"), hint)
}

pub fn suffix(key: Key, place: TokenStream, digits: &str) -> Problem {
    Problem::new(
        place,
        format!("`{key}` takes integers without a suffix"),
        format!("write `{digits}`"),
    )
}

pub fn too_large(key: Key, place: TokenStream) -> Problem {
    let hint = match key {
        Key::K => "a row has at most 2147483647 columns".into(),
        _ => format!("write for example {}", example(key)),
    };
    Problem::new(place, format!("this integer is too large for `{key}`"), hint)
}

pub fn range(key: Key, place: TokenStream) -> Problem {
    let hint = format!("name each value: {}", example(key));
    Problem::new(place, format!("`{key}` takes no range"), hint)
}

pub fn open_range(key: Key, place: TokenStream) -> Problem {
    let hint = format!("write for example {}", example(key));
    Problem::new(place, "a range needs both of its ends", hint)
}

pub fn exclusive_range(place: TokenStream, first: u32, end: u32) -> Problem {
    let text =
        format!("`{first}..{end}` leaves out {end}; a range of `k` includes both of its ends");
    // The hint must not lead into the next fault: k starts at 1.
    let (first, end) = (first.max(1), end.max(1));
    let hint = if first < end {
        format!("write `k: {first}..={}`, or `k: {first}..={end}` if {end} counts", end - 1)
    } else {
        format!("write `k: {end}..={first}`")
    };
    Problem::new(place, text, hint)
}

/// A fault that the spec's own check found.
pub fn spec_fault(fault: Fault, place: TokenStream) -> Problem {
    Problem::new(place, fault.message, fault.hint)
}

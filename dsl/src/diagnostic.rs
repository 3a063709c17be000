//! The text of every fault: the fault, its token, and a hint for the correct text.
//!
//! `topkit-codegen` checks specs and words their faults; this module words the faults that only the macro
//! sees. Nothing here decides whether something is a fault.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use topkit_codegen::{DType, Fault, FunctionFault, Key, KeyKind};

/// The word before the braces of the tuning axes.
pub const TUNING: &str = "tuning";

/// The word before the braces of the arguments.
pub const ARGS: &str = "args";

/// The key of the library's path.
pub const CRATE: &str = "crate";

/// One fault, at the tokens it is about.
#[derive(Debug)]
pub struct Diagnostic {
    place: TokenStream,
    text: String,
    hint: String,
}

impl Diagnostic {
    pub fn new(place: impl ToTokens, text: impl Into<String>, hint: impl Into<String>) -> Self {
        Diagnostic { place: place.into_token_stream(), text: text.into(), hint: hint.into() }
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

impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (hint: {})", self.text, self.hint)
    }
}

const EXAMPLE: &str = "`pub kernel Name { dtype: f32 }`";

/// A value of that key, as one would write it.
fn example(key: Key) -> String {
    match key.kind() {
        KeyKind::Dtype => format!("`dtype: {}`", DType::EXAMPLE),
        KeyKind::K => "`k: 512`, `k: [512, 1024]` or `k: 1..=2048`".into(),
        KeyKind::Tuning(row) => {
            let sizes: Vec<String> = row.default_sizes().iter().map(u32::to_string).collect();
            let last = sizes.last().map_or("", String::as_str);
            format!("`{key}: {last}` or `{key}: [{}]`", sizes.join(", "))
        }
        KeyKind::Semantic(row) => format!("`{key}: {}`", row.default_word()),
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

pub fn no_kernel(place: TokenStream) -> Diagnostic {
    Diagnostic::new(place, "no kernel is declared here", format!("write {EXAMPLE}"))
}

pub fn malformed(error: &syn::Error) -> Diagnostic {
    // An error knows where it is but not its tokens; any token there will do.
    let place = Ident::new("here", error.span());
    Diagnostic::new(place, format!("cannot read this: {error}"), format!("write {EXAMPLE}"))
}

pub fn malformed_attribute(place: TokenStream) -> Diagnostic {
    Diagnostic::new(
        place,
        "this is not an attribute",
        "write `#[name]`, `#[name(..)]` or remove it",
    )
}

pub fn not_kernel(place: impl ToTokens) -> Diagnostic {
    Diagnostic::new(place, "expected the word `kernel` here", format!("write {EXAMPLE}"))
}

pub fn missing_kernel(name: &Ident) -> Diagnostic {
    let hint = format!("write `kernel {name} {{ .. }}`");
    Diagnostic::new(name, format!("`kernel` is missing before `{name}`"), hint)
}

pub fn missing_name(kernel: &Ident) -> Diagnostic {
    Diagnostic::new(kernel, "the kernel has no name", format!("write {EXAMPLE}"))
}

pub fn before_body(place: TokenStream) -> Diagnostic {
    let hint = format!("a kernel takes no parameters; write {EXAMPLE}");
    Diagnostic::new(place, "nothing may follow the name but the braces", hint)
}

pub fn missing_body(place: TokenStream) -> Diagnostic {
    Diagnostic::new(place, "the kernel has no keys in braces", format!("write {EXAMPLE}"))
}

// Keys.

pub fn attribute_on_key(place: impl ToTokens) -> Diagnostic {
    let hint = "use a `//` comment here, and put attributes above the kernel";
    Diagnostic::new(place, "a key takes no attributes or doc comments", hint)
}

pub fn not_a_key(place: impl ToTokens) -> Diagnostic {
    Diagnostic::new(place, "expected a key here", "an entry is `key: value,`")
}

pub fn unknown_key(key: &Ident, nearest: Option<Key>, in_tuning: bool) -> Diagnostic {
    let keys = Key::ALL.iter().filter(|key| is_tuning(**key) == in_tuning);
    let names: Vec<&str> = keys.map(|key| key.name()).collect();
    let hint = match nearest {
        Some(nearest) if is_tuning(nearest) == in_tuning => format!("did you mean `{nearest}`?"),
        Some(nearest) if in_tuning => {
            format!("did you mean `{nearest}`? It belongs outside of `{TUNING} {{ .. }}`")
        }
        Some(nearest) => format!("did you mean `{nearest}`? It belongs in `{TUNING} {{ .. }}`"),
        None if in_tuning => format!("the tuning axes are {}", all_of(&names)),
        None => format!("the keys are {}, and `{TUNING} {{ .. }}`", names_in_ticks(&names)),
    };
    Diagnostic::new(key, format!("there is no key `{key}`"), hint)
}

fn is_tuning(key: Key) -> bool {
    matches!(key.kind(), KeyKind::Tuning(_))
}

fn tuning_names() -> Vec<&'static str> {
    Key::tuning().iter().map(|key| key.name()).collect()
}

/// `a, b and c`, each in backticks.
fn all_of(names: &[&str]) -> String {
    one_of(names).replace(" or ", " and ")
}

fn names_in_ticks(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `value` is the written value, if there is one.
pub fn outside_tuning(place: &Ident, value: Option<String>, key: Key) -> Diagnostic {
    let value = value.unwrap_or_else(|| "..".to_owned()).replace(" ,", ",");
    let hint = format!("write `{TUNING} {{ {key}: {value} }}`, or leave it to the plan");
    Diagnostic::new(place, format!("`{key}` is a tuning axis"), hint)
}

pub fn inside_tuning(key: &Ident) -> Diagnostic {
    let hint = format!("move it out; the tuning axes are {}", all_of(&tuning_names()));
    Diagnostic::new(key, format!("`{key}` is not a tuning axis"), hint)
}

pub fn unknown_block(key: &Ident) -> Diagnostic {
    let hint = match nearest(&key.to_string(), [TUNING, ARGS]) {
        Some(block) => format!("did you mean `{block} {{ .. }}`?"),
        None => format!("only `{TUNING} {{ .. }}` and `{ARGS} {{ .. }}` have braces"),
    };
    Diagnostic::new(key, format!("there is no block `{key}`"), hint)
}

pub fn colon_before_block(block: impl std::fmt::Display, colon: impl ToTokens) -> Diagnostic {
    let hint = format!("write `{block} {{ .. }}`");
    Diagnostic::new(colon, format!("`{block}` takes no colon before its braces"), hint)
}

pub fn args_without_braces(key: &Ident) -> Diagnostic {
    let hint = format!("write for example `{ARGS} {{ scale: f32, bias: [f32] }}`");
    Diagnostic::new(key, "the arguments need braces", hint)
}

pub fn not_a_path(place: TokenStream) -> Diagnostic {
    let hint = "write for example `crate: my_engine::topkit`";
    Diagnostic::new(place, "this is no path of the crate `topkit`", hint)
}

pub fn tuning_without_braces(key: &Ident) -> Diagnostic {
    let hint = format!("write for example `{TUNING} {{ vec_size: [4, 8] }}`");
    Diagnostic::new(key, "the tuning axes need braces", hint)
}

pub fn duplicate_key(key: &Ident) -> Diagnostic {
    Diagnostic::new(key, format!("`{key}` is given twice"), "keep one of them")
}

pub fn missing_dtype(name: &Ident) -> Diagnostic {
    let text = format!("`{name}` has no `dtype`, the one key without a default");
    Diagnostic::new(name, text, format!("add for example `dtype: {}`", DType::EXAMPLE))
}

pub fn missing_colon(place: impl ToTokens, key: &Ident) -> Diagnostic {
    Diagnostic::new(place, format!("`:` is missing after `{key}`"), "an entry is `key: value,`")
}

pub fn missing_value(key: &Ident) -> Diagnostic {
    let hint = match Key::from_name(&key.to_string()) {
        Some(key) => format!("write for example {}", example(key)),
        None => "an entry is `key: value,`".into(),
    };
    Diagnostic::new(key, format!("`{key}` has no value"), hint)
}

pub fn missing_comma(next: &TokenTree) -> Diagnostic {
    Diagnostic::new(
        next,
        format!("a comma is missing before `{next}`"),
        "an entry is `key: value,`",
    )
}

pub fn not_a_comma(semicolon: impl ToTokens) -> Diagnostic {
    Diagnostic::new(semicolon, "entries are separated by commas", "write `,`")
}

// Values.

pub fn unknown_choice(key: Key, written: &Ident, known: &[&str]) -> Diagnostic {
    let takes = format!("`{key}` takes {}", one_of(known));
    let hint = match nearest(&written.to_string(), known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`? {takes}"),
        None => takes,
    };
    Diagnostic::new(written, format!("`{key}` has no value `{written}`"), hint)
}

pub fn not_a_choice(key: Key, place: TokenStream, known: &[&str]) -> Diagnostic {
    let hint = format!("`{key}` takes the bare word {}", one_of(known));
    Diagnostic::new(place, format!("this is not a value of `{key}`"), hint)
}

pub fn single(key: Key, place: TokenStream, known: &[&str]) -> Diagnostic {
    let text = format!("`{key}` takes one value: it is the same for every variant of the selector");
    Diagnostic::new(place, text, format!("write {}", one_of(known)))
}

pub fn not_an_integer(key: Key, place: TokenStream) -> Diagnostic {
    let hint = format!("write for example {}", example(key));
    Diagnostic::new(place, format!("`{key}` takes plain positive integers"), hint)
}

pub fn suffix(key: Key, place: TokenStream, digits: &str) -> Diagnostic {
    Diagnostic::new(
        place,
        format!("`{key}` takes integers without a suffix"),
        format!("write `{digits}`"),
    )
}

pub fn too_large(key: Key, place: TokenStream) -> Diagnostic {
    let hint = match key {
        Key::K => "a row has at most 2147483647 columns".into(),
        _ => format!("write for example {}", example(key)),
    };
    Diagnostic::new(place, format!("this integer is too large for `{key}`"), hint)
}

pub fn range(key: Key, place: TokenStream) -> Diagnostic {
    let hint = format!("name each value: {}", example(key));
    Diagnostic::new(place, format!("`{key}` takes no range"), hint)
}

pub fn open_range(key: Key, place: TokenStream) -> Diagnostic {
    let hint = format!("write for example {}", example(key));
    Diagnostic::new(place, "a range needs both of its ends", hint)
}

pub fn exclusive_range(place: TokenStream, first: u32, end: u32) -> Diagnostic {
    let text =
        format!("`{first}..{end}` leaves out {end}; a range of `k` includes both of its ends");
    // The hint must not lead into the next fault: k starts at 1.
    let (first, end) = (first.max(1), end.max(1));
    let hint = if first < end {
        format!("write `k: {first}..={}`, or `k: {first}..={end}` if {end} counts", end - 1)
    } else {
        format!("write `k: {end}..={first}`")
    };
    Diagnostic::new(place, text, hint)
}

/// A fault that the spec's own check found.
pub fn spec_fault(fault: Fault, place: TokenStream) -> Diagnostic {
    Diagnostic::new(place, fault.message, fault.hint)
}

// Functions.

/// A fault that the checker of functions found.
pub fn function_fault(fault: &FunctionFault, declaration: &Ident) -> Diagnostic {
    let place = match fault.place().is_empty() {
        true => declaration.to_token_stream(),
        false => fault.place().clone(),
    };
    Diagnostic::new(place, fault.text(), fault.hint())
}

pub fn args_without_functions(args: &Ident) -> Diagnostic {
    let text = "these arguments are for functions, and there are none";
    Diagnostic::new(args, text, "write for example `fn score(x: f32) -> f32 { x * scale }`")
}

pub fn too_many_args(args: &Ident) -> Diagnostic {
    let text = "the arguments take more than 4096 bytes, which is what a kernel is given";
    Diagnostic::new(args, text, "pass a slice")
}

pub fn not_as_text(functions: TokenStream) -> Diagnostic {
    let text = "these functions mean something else when they are written out as text";
    Diagnostic::new(functions, text, "write them here, and not as fragments of another macro")
}

//! Reads the arguments of a selector's functions: `scale: f32, seq_lens: [i32]`.

use super::cuda::{identifier_fault, is_keyword};
use super::fault::{FunctionFault, FunctionsError};
use super::tree::{Arg, ArgKind};
use super::ty::Type;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Ident, Token};

/// Members that the argument has beside the program's: what every launch passes, and the words of keys.
pub(crate) const MEMBERS: &[&str] = &[
    "core",
    "key_values",
    "key_value_stride",
    "key_counts",
    "key_index_fill",
    "key_value_fill",
    "key_ids",
    "key_id_stride",
    "key_id_scale",
    "key_id_offset",
    "key_row_offsets",
    "key_pages",
    "key_page_stride",
    "key_page_shift",
    "key_raw_columns",
    "key_raw_column_stride",
    "key_mask",
    "key_mask_stride",
    "key_row_ks",
    "key_shard_width",
    "key_shard_stride",
    "key_shard_counts",
    "key_shard_count_stride",
    "key_shard_id_stride",
];

/// An argument as written.
struct Written {
    name: Ident,
    ty: syn::Type,
}

impl Arg {
    /// Reads arguments from tokens; those with a fault are left out.
    pub fn from_tokens(tokens: TokenStream) -> (Vec<Arg>, Vec<FunctionFault>) {
        let read = |input: ParseStream<'_>| {
            let name = Ident::parse_any(input)?;
            input.parse::<Token![:]>()?;
            Ok(Written { name, ty: input.parse()? })
        };
        let list =
            |input: ParseStream<'_>| Punctuated::<_, Token![,]>::parse_terminated_with(input, read);
        let mut faults = Vec::new();
        let written = list.parse2(tokens).unwrap_or_else(|error| {
            let here = Ident::new("here", error.span());
            let hint = "write `name: type`, separated by commas, as `scale: f32, bias: [f32]`";
            faults.push(FunctionFault::new(here, format!("cannot read this: {error}"), hint));
            Punctuated::new()
        });
        let mut args: Vec<Arg> = Vec::new();
        for Written { name, ty } in written {
            let text = name.unraw().to_string();
            let kind = match &ty {
                syn::Type::Slice(slice) => named(&slice.elem).map(ArgKind::Slice),
                ty => named(ty).map(ArgKind::Scalar),
            };
            if args.iter().any(|arg| arg.name == text) {
                let fault = format!("two arguments are called `{text}`");
                faults.push(FunctionFault::new(&name, fault, "rename one of them"));
            } else if let Some((fault, hint)) = field_fault(&text) {
                faults.push(FunctionFault::new(&name, fault, hint));
            } else if let Some(other) = args.iter().find(|arg| lengths(arg, &text, kind)) {
                let fault =
                    format!("`{text}` and `{}` are alike: a slice has a length", other.name);
                faults.push(FunctionFault::new(&name, fault, "rename the one with `_length`"));
            } else if let Some(kind) = kind {
                args.push(Arg { name: text, kind });
            } else {
                let names = Type::ALL.map(Type::name).join(", ");
                let fault = format!("`{text}` has no type that an argument can have");
                let hint = format!("write one of {names}, or a slice of one, as `[f32]`");
                faults.push(FunctionFault::new(ty.to_token_stream(), fault, hint));
            }
        }
        (args, faults)
    }

    /// Reads arguments from their source.
    ///
    /// # Errors
    /// All their faults.
    pub fn parse(source: &str) -> Result<Vec<Arg>, FunctionsError> {
        let (args, faults) = Arg::from_tokens(super::tokens(source)?);
        if faults.is_empty() { Ok(args) } else { Err(FunctionsError::new(source, &faults)) }
    }
}

/// Why the argument of a kernel cannot have a field of that name: what is wrong, and what to do.
fn field_fault(name: &str) -> Option<(String, &'static str)> {
    if MEMBERS.contains(&name) {
        return Some((format!("every kernel has an argument `{name}` already"), "rename it"));
    }
    let fault = identifier_fault(name, "argument")?;
    let (_, hint) = fault.split_once("; ").unwrap_or_default();
    let hint = match hint.is_empty() || is_keyword(name) {
        true => "rename it",
        false => "use a to z, A to Z, digits and single `_`, no digit or `_` first",
    };
    Some((format!("`{name}` is no name that an argument can have in CUDA C++"), hint))
}

/// Whether one of two arguments has the name that the length of the other has in a kernel.
fn lengths(arg: &Arg, name: &str, kind: Option<ArgKind>) -> bool {
    let is_length = |slice: &str, of: Option<ArgKind>, other: &str| {
        matches!(of, Some(ArgKind::Slice(_))) && other.strip_suffix("_length") == Some(slice)
    };
    is_length(&arg.name, Some(arg.kind), name) || is_length(name, kind, &arg.name)
}

fn named(ty: &syn::Type) -> Option<Type> {
    Type::from_name(&ty.to_token_stream().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_or_told_wrong() {
        let args = Arg::parse("scale: f32, pages: [i32], on: bool,").unwrap();
        let kinds = args.iter().map(|arg| (arg.name.as_str(), arg.kind)).collect::<Vec<_>>();
        assert_eq!(
            kinds,
            [
                ("scale", ArgKind::Scalar(Type::F32)),
                ("pages", ArgKind::Slice(Type::I32)),
                ("on", ArgKind::Scalar(Type::Bool)),
            ]
        );
        assert_eq!(Arg::parse(""), Ok(Vec::new()));
        for (source, said) in [
            ("scale f32", "cannot read this: expected `:`"),
            ("scale: f64", "`scale` has no type that an argument can have"),
            ("x: &[f32]", "`x` has no type"),
            ("x: f32, x: i32", "two arguments are called `x`"),
            ("float: f32", "`float` is no name that an argument can have in CUDA C++"),
            ("a__b: f32", "use a to z, A to Z, digits and single `_`"),
            ("core: f32", "every kernel has an argument `core` already"),
            ("x: [f32], x_length: i32", "`x_length` and `x` are alike"),
            ("x_length: i32, x: [f32]", "rename the one with `_length`"),
        ] {
            let error = Arg::parse(source).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}

//! Writes the Rust items of a declaration: the type, its `SPEC` and its methods on an engine.
//!
//! Every path starts at `::topkit` or `::std`, so the caller's scope cannot change its meaning. The spec is
//! valid already; this module checks nothing and prints no CUDA.

mod methods;
mod spec;

use crate::parse::Declaration;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use topkit_codegen::{Key, SelectorSpec};

/// The declared type and its methods.
pub fn items(declaration: &Declaration, spec: &SelectorSpec) -> TokenStream {
    let Declaration { attrs, vis, name, .. } = declaration;
    let cfgs: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let table = table(declaration, spec);
    let spec_doc = format!(" What `{}` declares.", name.unraw());
    let spec = spec::expression(spec);
    let methods = methods::methods();
    quote! {
        #(#attrs)*
        #(#[doc = #table])*
        #[derive(::std::fmt::Debug, ::std::clone::Clone)]
        #vis struct #name {
            selector: ::topkit::Selector,
        }

        #(#cfgs)*
        // Of a type that its declaration deprecates, only the user's own uses are to be reported.
        #[allow(dead_code, deprecated)]
        impl #name {
            #[doc = #spec_doc]
            pub const SPEC: ::topkit::SelectorSpec = #spec;

            #methods
        }
    }
}

/// The content of the declaration, for the type's documentation: one line an element.
fn table(declaration: &Declaration, spec: &SelectorSpec) -> Vec<String> {
    let given = |key: &Key| {
        let entries = declaration.entries.iter().flatten();
        entries.map(|entry| entry.key.unraw()).any(|written| written == key.name())
    };
    let head = ["", " # Declared keys", "", " | key | value |", " |---|---|"];
    let rows = Key::ALL.iter().map(|key| {
        let default = if given(key) { "" } else { " (default)" };
        format!(" | `{key}` | `{}`{default} |", key.written(spec))
    });
    head.map(String::from).into_iter().chain(rows).collect()
}

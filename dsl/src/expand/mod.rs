//! Writes the Rust items of a declaration: the type, its `SPEC` and its methods on an engine.
//!
//! Every path starts at `::std` and at `::topkit` or the path that the declaration gives, so the caller's scope cannot
//! change its meaning. `functions` writes what belongs to the user's functions. The spec is
//! valid already; this module checks nothing and prints no CUDA.

mod functions;
mod methods;
mod spec;

use crate::check::Own;
use crate::parse::Declaration;
use functions::Args;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Attribute;
use syn::ext::IdentExt;
use topkit_codegen::{Key, SelectorSpec};

/// The declared type and its methods.
pub fn items(declaration: &Declaration, spec: &SelectorSpec, own: Option<&Own>) -> TokenStream {
    let Declaration { attrs, vis, name, body } = declaration;
    let library = body.as_ref().and_then(|body| body.library.clone());
    let topkit = &library.unwrap_or_else(|| quote!(::topkit));
    let cfgs = cfgs(declaration);
    let args = Args::of(declaration, own);
    let sound = own.and_then(|own| Some((&own.args, own.sound.as_ref()?)));
    let program = match sound.filter(|_| spec.program.is_some()) {
        Some((args, sound)) => functions::program(sound, args, topkit),
        None => quote!(::std::option::Option::None),
    };
    let rust = sound.map(|(_, sound)| functions::rust(declaration, sound, args.as_ref(), topkit));
    let args_items = args.as_ref().map(|args| args.items(declaration, topkit));
    let table = table(declaration, spec);
    let spec_doc = format!(" What `{}` declares.", name.unraw());
    let spec = spec::expression(spec, &program, topkit);
    let methods = methods::methods(topkit, args.as_ref());
    quote! {
        #(#attrs)*
        #(#[doc = #table])*
        #[derive(::std::fmt::Debug, ::std::clone::Clone)]
        #vis struct #name {
            selector: #topkit::Selector,
        }

        #(#cfgs)*
        // Of a type that its declaration deprecates, only the user's own uses are to be reported.
        #[allow(dead_code, deprecated)]
        impl #name {
            #[doc = #spec_doc]
            pub const SPEC: #topkit::SelectorSpec = #spec;

            #methods
        }

        #args_items
        #rust
    }
}

/// The conditions of a declaration, which hold for all of its items.
fn cfgs(declaration: &Declaration) -> Vec<&Attribute> {
    declaration.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect()
}

/// The content of the declaration, for the type's documentation: one line an element.
fn table(declaration: &Declaration, spec: &SelectorSpec) -> Vec<String> {
    let given = |key: &Key| {
        let entries = declaration.body.iter().flat_map(|body| &body.entries);
        entries.map(|entry| entry.key.unraw()).any(|written| written == key.name())
    };
    let head = ["", " # Declared keys", "", " | key | value |", " |---|---|"];
    let rows = Key::ALL.iter().map(|key| {
        let default = if given(key) { "" } else { " (default)" };
        format!(" | `{key}` | `{}`{default} |", key.written(spec))
    });
    head.map(String::from).into_iter().chain(rows).collect()
}

//! Writes the spec as a constant expression, from the table of keys.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use topkit_codegen::{KSet, Key, SelectorSpec, SemanticKey, Semantics};

pub(super) fn expression(
    spec: &SelectorSpec,
    program: &TokenStream,
    topkit: &TokenStream,
) -> TokenStream {
    let name = &spec.name;
    let dtype = spec.dtype.iter().map(|dtype| {
        // For a value without fields, `Debug` prints its name in Rust.
        let dtype = ident(&format!("{dtype:?}"));
        quote!(#topkit::DType::#dtype)
    });
    let k = match &spec.k {
        KSet::Values(values) => {
            let values = integers(values);
            quote!(#topkit::spec::KSet::Values(#values))
        }
        KSet::Range { first, last } => {
            quote!(#topkit::spec::KSet::Range { first: #first, last: #last })
        }
    };
    let tuning = Key::tuning().iter().map(|key| {
        let (field, sizes) = (ident(key.name()), integers(key.of_spec(spec)));
        quote!(#field: #sizes)
    });
    let semantics = Key::semantic().iter().map(|key| {
        let (field, value) = (ident(key.key().name()), value(key, &spec.semantics, topkit));
        quote!(#field: #value)
    });
    quote! {
        #topkit::SelectorSpec {
            name: ::std::borrow::Cow::Borrowed(#name),
            dtype: ::std::borrow::Cow::Borrowed(&[#(#dtype),*]),
            k: #k,
            #(#tuning,)*
            semantics: #topkit::spec::Semantics {
                #(#semantics,)*
            },
            program: #program,
        }
    }
}

fn integers(values: &[u32]) -> TokenStream {
    quote!(::std::borrow::Cow::Borrowed(&[#(#values),*]))
}

/// The value of a semantic key: `Select::Largest` below `topkit::spec`, or `false`.
fn value(key: &SemanticKey, semantics: &Semantics, topkit: &TokenStream) -> TokenStream {
    match key.path(semantics).split_once("::") {
        Some((of, value)) => {
            let (of, value) = (ident(of), ident(value));
            quote!(#topkit::spec::#of::#value)
        }
        None => {
            let flag = ident(key.path(semantics));
            quote!(#flag)
        }
    }
}

fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

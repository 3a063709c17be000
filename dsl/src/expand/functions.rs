//! Writes the functions of a declaration: the struct of their arguments, their source in the spec, and the functions
//! themselves as Rust, which rustc checks at the user's lines.

use crate::check::{Own, Sound};
use crate::parse::{Body, Declaration};
use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use std::collections::HashMap;
use syn::ext::IdentExt;
use syn::{FnArg, Item, ItemFn, Pat};
use topkit_codegen::{Arg, ArgKind, Type};

/// How the generated items call the functions' arguments.
pub(super) struct Args<'a> {
    pub name: Ident,
    args: &'a [Arg],
}

impl<'a> Args<'a> {
    /// None of a selector without arguments.
    pub fn of(declaration: &Declaration, own: Option<&'a Own>) -> Option<Args<'a>> {
        let args = &own?.args[..];
        let name =
            format_ident!("{}Args", declaration.name.unraw(), span = declaration.name.span());
        (!args.is_empty()).then_some(Args { name, args })
    }

    fn has_slices(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg.kind, ArgKind::Slice(_)))
    }

    /// The struct in a signature, in the memory of a GPU.
    pub fn on_gpu(&self) -> TokenStream {
        let name = &self.name;
        if self.has_slices() { quote!(#name<'_>) } else { name.to_token_stream() }
    }

    /// The same in the memory of the host.
    fn on_host(&self, topkit: &TokenStream) -> TokenStream {
        let name = &self.name;
        match self.has_slices() {
            true => quote!(#name<'_, #topkit::memory::Host>),
            false => name.to_token_stream(),
        }
    }

    /// The struct, which a launch takes.
    pub fn items(&self, declaration: &Declaration, topkit: &TokenStream) -> TokenStream {
        let Declaration { vis, name: selector, .. } = declaration;
        let (name, cfgs) = (&self.name, super::cfgs(declaration));
        let fields = self.args.iter().map(|arg| {
            let (field, doc) = (ident(&arg.name), format!(" `{arg}` of the declaration."));
            let ty = match arg.kind {
                ArgKind::Scalar(ty) => type_of(ty, topkit),
                ArgKind::Slice(ty) => {
                    let ty = type_of(ty, topkit);
                    quote!(&'a dyn #topkit::functions::ArgSlice<#ty, M>)
                }
            };
            quote!(#[doc = #doc] pub #field: #ty)
        });
        let given = self.args.iter().map(|arg| {
            let (field, name) = (ident(&arg.name), &arg.name);
            match arg.kind {
                ArgKind::Scalar(_) => quote!(#topkit::functions::Given::value(#name, self.#field)),
                ArgKind::Slice(_) => quote!(#topkit::functions::Given::slice(#name, self.#field)),
            }
        });
        let doc = format!(
            " The arguments of the functions of [`{}`], which each launch is given.",
            selector.unraw()
        );
        let (declared, applied) = match self.has_slices() {
            true => {
                (quote!(<'a, M: #topkit::memory::Memory = #topkit::memory::Cuda>), quote!(<'_, M>))
            }
            false => (quote!(), quote!()),
        };
        quote! {
            #(#cfgs)*
            #[doc = #doc]
            #[allow(dead_code)]
            #[derive(::std::fmt::Debug, ::std::clone::Clone, ::std::marker::Copy)]
            #vis struct #name #declared {
                #(#fields,)*
            }

            #(#cfgs)*
            impl<M: #topkit::memory::Memory> #topkit::functions::Arguments<M> for #name #applied {
                fn given(&self) -> ::std::vec::Vec<#topkit::functions::Given<'_, M>> {
                    ::std::vec![#(#given),*]
                }
            }
        }
    }
}

/// The program of the spec, as a constant expression.
pub(super) fn program(sound: &Sound, args: &[Arg], topkit: &TokenStream) -> TokenStream {
    let args: Vec<String> = args.iter().map(Arg::to_string).collect();
    let (args, source, file, line) =
        (args.join(", "), &sound.source.text, &sound.source.file, sound.source.line);
    quote! {
        ::std::option::Option::Some({
            fn program() -> &'static #topkit::functions::Program {
                static DECLARED: #topkit::functions::Declared =
                    #topkit::functions::Declared::new(#args, #source, #file, #line);
                DECLARED.program()
            }
            #topkit::functions::Program::declared(program)
        })
    }
}

/// The functions as Rust, and a function of the declared type for each stage.
pub(super) fn rust(
    declaration: &Declaration,
    sound: &Sound,
    args: Option<&Args<'_>>,
    topkit: &TokenStream,
) -> TokenStream {
    let Some(Body { functions, .. }) = &declaration.body else { return TokenStream::new() };
    // It was read before.
    let Ok(file) = syn::parse2::<syn::File>(functions.clone()) else { return TokenStream::new() };
    let names: Vec<String> = file.items.iter().filter_map(name_of).collect();
    let writer = Writer { args, names: &names };
    let items = file.items.into_iter().map(|item| match item {
        Item::Fn(function) => writer.function(function),
        other => other.into_token_stream(),
    });
    let items: Vec<TokenStream> = items.collect();
    let given = args.map(|args| {
        let fields = args.args.iter().map(|arg| {
            let field = ident(&arg.name);
            match arg.kind {
                ArgKind::Scalar(ty) => {
                    let ty = type_of(ty, topkit);
                    quote!(#field: #ty)
                }
                ArgKind::Slice(ty) => {
                    let ty = type_of(ty, topkit);
                    quote!(#field: #topkit::functions::Elements<'a, #ty>)
                }
            }
        });
        let lifetime = args.has_slices().then(|| quote!(<'a>));
        quote!(#[allow(dead_code)] struct Given #lifetime { #(#fields,)* })
    });
    let stages = sound.stages().map(|stage| {
        let name = ident(stage.name());
        let Some(function) = sound.stages.get(stage) else { return TokenStream::new() };
        let params: Vec<(Ident, TokenStream)> =
            function.params().map(|(name, ty)| (ident(name), type_of(ty, topkit))).collect();
        let (names, types): (Vec<_>, Vec<_>) = params.into_iter().unzip();
        let result = type_of(function.result(), topkit);
        let doc =
            format!(" `fn {}` of the declaration as Rust, for tests without a GPU.", stage.name());
        let (taken, made, passed) = match args {
            None => (None, None, None),
            Some(args) => {
                let host = args.on_host(topkit);
                let fields = args.args.iter().map(|arg| {
                    let field = ident(&arg.name);
                    match arg.kind {
                        ArgKind::Scalar(_) => quote!(#field: args.#field),
                        ArgKind::Slice(_) => {
                            quote!(#field: #topkit::functions::Elements::of(args.#field))
                        }
                    }
                });
                (
                    Some(quote!(args: &#host,)),
                    Some(quote!(let given = Given { #(#fields,)* };)),
                    Some(quote!(&given,)),
                )
            }
        };
        quote! {
            #[doc = #doc]
            ///
            /// # Panics
            ///
            /// As Rust does: on an overflow, and on an index that no element has. A kernel goes on, as the language
            /// says.
            pub fn #name(#taken #(#names: #types),*) -> #result {
                #made
                #name(#passed #(#names),*)
            }
        }
    });
    let (name, cfgs) = (&declaration.name, super::cfgs(declaration));
    quote! {
        #(#cfgs)*
        const _: () = {
            #[allow(unused_imports)]
            use #topkit::functions::{bf16, f16};

            #given

            #(#items)*

            #[allow(dead_code, deprecated)]
            impl #name {
                #(#stages)*
            }
        };
    }
}

fn name_of(item: &Item) -> Option<String> {
    match item {
        Item::Fn(function) => Some(function.sig.ident.unraw().to_string()),
        _ => None,
    }
}

/// Writes functions with the arguments in scope.
struct Writer<'a> {
    args: Option<&'a Args<'a>>,
    /// Of all functions.
    names: &'a [String],
}

impl Writer<'_> {
    fn function(&self, function: ItemFn) -> TokenStream {
        let ItemFn { attrs, sig, block, .. } = function;
        let Some(args) = self.args else {
            return quote!(#(#attrs)* #sig #block);
        };
        // No name of the user's is this one.
        let given = Ident::new("given", Span::mixed_site());
        let (name, inputs, output) = (&sig.ident, &sig.inputs, &sig.output);
        let params: Vec<String> = inputs.iter().filter_map(param).collect();
        let mut used = HashMap::new();
        let block = block.to_token_stream().into_iter();
        let inner = block.filter_map(|token| match token {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        });
        let body = self.body(inner.collect(), &given, &mut used);
        let read = args.args.iter().filter(|arg| !params.contains(&arg.name));
        let read = read.filter_map(|arg| {
            let (local, field) = (used.get(&arg.name)?, ident(&arg.name));
            Some(quote!(#[allow(unused_variables)] let #local = #given.#field;))
        });
        let read: Vec<TokenStream> = read.collect();
        let lifetime = args.has_slices().then(|| quote!(<'_>));
        let span = name.span();
        let given = quote_spanned!(span=> #given: &Given #lifetime);
        quote! {
            #(#attrs)*
            #[allow(clippy::too_many_arguments, unused_variables)]
            fn #name(#given, #inputs) #output {
                #(#read)*
                #body
            }
        }
    }

    /// The tokens of a body, in which calls of the functions pass the arguments on. Collects the words, each as it is
    /// used.
    fn body(
        &self,
        tokens: TokenStream,
        given: &Ident,
        used: &mut HashMap<String, Ident>,
    ) -> TokenStream {
        let (mut written, mut before) = (TokenStream::new(), Before::Other);
        let mut tokens = tokens.into_iter().peekable();
        let mut called = false;
        while let Some(token) = tokens.next() {
            let token = match token {
                TokenTree::Group(group) => {
                    let inner = self.body(group.stream(), given, used);
                    let inner = if called { quote!(#given, #inner) } else { inner };
                    let mut whole = Group::new(group.delimiter(), inner);
                    whole.set_span(group.span());
                    TokenTree::Group(whole)
                }
                other => other,
            };
            called = false;
            before = match &token {
                TokenTree::Ident(word) => {
                    let text = word.unraw().to_string();
                    let is_name = !matches!(before, Before::Dot | Before::Path);
                    let parens = matches!(tokens.peek(), Some(TokenTree::Group(group))
                        if group.delimiter() == proc_macro2::Delimiter::Parenthesis);
                    called = is_name && parens && self.names.contains(&text);
                    if is_name && !called {
                        used.entry(text).or_insert_with(|| word.clone());
                    }
                    Before::Other
                }
                TokenTree::Punct(punct) => match (punct.as_char(), before) {
                    // Two dots are a range.
                    ('.', Before::Dot) => Before::Other,
                    ('.', _) => Before::Dot,
                    (':', Before::Colon) => Before::Path,
                    (':', _) => Before::Colon,
                    _ => Before::Other,
                },
                _ => Before::Other,
            };
            written.extend([token]);
        }
        written
    }
}

/// What stands before a token.
#[derive(Clone, Copy)]
enum Before {
    Dot,
    Colon,
    Path,
    Other,
}

fn param(input: &FnArg) -> Option<String> {
    match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pat) => Some(pat.ident.unraw().to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    }
}

/// A type of the language in Rust.
fn type_of(ty: Type, topkit: &TokenStream) -> TokenStream {
    let name = ident(ty.name());
    match ty {
        Type::Bf16 | Type::F16 => quote!(#topkit::functions::#name),
        _ => quote!(::std::primitive::#name),
    }
}

/// A name, raw where it is a word of Rust.
fn ident(name: &str) -> Ident {
    let plain = syn::parse_str::<Ident>(name).is_ok();
    if plain {
        Ident::new(name, Span::call_site())
    } else {
        Ident::new_raw(name, Span::call_site())
    }
}

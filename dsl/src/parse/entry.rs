//! The keys of a declaration, each with its value, the blocks of the tuning axes and of the arguments, and the tokens of
//! its functions.

use super::value::{Value, value};
use super::{attributes, take_until};
use crate::diagnostic::{self, ARGS, CRATE, Diagnostic, TUNING};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Token, token};

/// One `key: value`.
pub struct Entry {
    pub key: Ident,
    /// None where it is missing, which has been reported.
    pub value: Option<Value>,
    /// It is in `tuning { .. }`.
    pub in_tuning: bool,
}

/// What is in the braces of a declaration.
#[derive(Default)]
pub struct Body {
    pub entries: Vec<Entry>,
    /// The word `args`, and what its braces hold.
    pub args: Option<(Ident, TokenStream)>,
    /// The functions and constants, one after the other.
    pub functions: TokenStream,
    /// The path of the library, if it is given.
    pub library: Option<TokenStream>,
}

/// Reads entries up to the end of the braces, of the block that `block` names if there is one.
pub(super) fn entries(
    input: ParseStream<'_>,
    block: Option<&Ident>,
    body: &mut Body,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<()> {
    let mut tuned = false;
    while !input.is_empty() {
        let attrs = attributes(input, diagnostics)?;
        if block.is_none() && starts_item(input) {
            body.functions.extend(quote!(#(#attrs)*));
            body.functions.extend(item(input)?);
            input.parse::<Option<Token![,]>>()?;
            continue;
        }
        if !attrs.is_empty() {
            diagnostics.push(diagnostic::attribute_on_key(quote!(#(#attrs)*)));
        }
        if input.is_empty() {
            break;
        }
        let Ok(key) = input.call(Ident::parse_any) else {
            diagnostics.push(diagnostic::not_a_key(input.fork().parse::<TokenTree>()?));
            take_until(input, ends_entry)?;
            if !input.is_empty() {
                input.parse::<TokenTree>()?;
            }
            continue;
        };
        if key == ARGS && block.is_none() {
            args(key, input, body, diagnostics)?;
            continue;
        }
        if key == CRATE && block.is_none() {
            library(&key, input, body, diagnostics)?;
            continue;
        }
        if starts_block(&key, input) {
            if key == TUNING && (tuned || block.is_some()) {
                diagnostics.push(diagnostic::duplicate_key(&key));
            }
            tuned |= key == TUNING;
            tuning(&key, input, body, diagnostics)?;
            continue;
        }
        if key == TUNING {
            diagnostics.push(diagnostic::tuning_without_braces(&key));
            take_until(input, |input| ends_entry(input) || starts_entry(input))?;
            input.parse::<Option<Token![,]>>()?;
            continue;
        }
        let value = value_of(&key, input, diagnostics)?;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
            diagnostics.push(diagnostic::not_a_comma(semicolon));
        } else if !input.is_empty() {
            diagnostics.push(diagnostic::missing_comma(&input.fork().parse::<TokenTree>()?));
        }
        body.entries.push(Entry { key, value, in_tuning: block.is_some() });
    }
    Ok(())
}

/// Whether the block of the tuning axes follows, well formed or not.
fn starts_block(key: &Ident, input: ParseStream<'_>) -> bool {
    let braces = input.peek(token::Brace);
    braces || (*key == TUNING && input.peek(Token![:]) && input.peek2(token::Brace))
}

/// Reads the block; the comma after it may be left out.
fn tuning(
    key: &Ident,
    input: ParseStream<'_>,
    body: &mut Body,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<()> {
    if *key != TUNING {
        diagnostics.push(diagnostic::unknown_block(key));
    }
    if let Some(colon) = input.parse::<Option<Token![:]>>()? {
        diagnostics.push(diagnostic::colon_before_block(TUNING, colon));
    }
    let content;
    syn::braced!(content in input);
    let read = entries(&content, Some(key), body, diagnostics);
    input.parse::<Option<Token![,]>>()?;
    read
}

/// Reads the block of the arguments; the comma after it may be left out.
fn args(
    key: Ident,
    input: ParseStream<'_>,
    body: &mut Body,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<()> {
    if input.peek(Token![:]) && input.peek2(token::Brace) {
        diagnostics.push(diagnostic::colon_before_block(&key, input.parse::<Token![:]>()?));
    }
    if !input.peek(token::Brace) {
        diagnostics.push(diagnostic::args_without_braces(&key));
        take_until(input, |input| ends_entry(input) || starts_entry(input))?;
        input.parse::<Option<Token![,]>>()?;
        return Ok(());
    }
    let content;
    syn::braced!(content in input);
    let tokens = content.parse()?;
    if body.args.is_some() {
        diagnostics.push(diagnostic::duplicate_key(&key));
    } else {
        body.args = Some((key, tokens));
    }
    input.parse::<Option<Token![,]>>()?;
    Ok(())
}

/// Reads `crate: path,`.
fn library(
    key: &Ident,
    input: ParseStream<'_>,
    body: &mut Body,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<()> {
    if input.parse::<Option<Token![:]>>()?.is_none() {
        diagnostics.push(diagnostic::missing_colon(key, key));
    }
    let tokens = take_until(input, |input| ends_entry(input) || starts_entry(input))?;
    match syn::Path::parse_mod_style.parse2(tokens.clone()) {
        Ok(_) if body.library.is_some() => diagnostics.push(diagnostic::duplicate_key(key)),
        Ok(path) => body.library = Some(path.into_token_stream()),
        Err(_) => {
            let place = if tokens.is_empty() { key.to_token_stream() } else { tokens };
            diagnostics.push(diagnostic::not_a_path(place));
        }
    }
    if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
        diagnostics.push(diagnostic::not_a_comma(semicolon));
    } else if input.parse::<Option<Token![,]>>()?.is_none() && !input.is_empty() {
        diagnostics.push(diagnostic::missing_comma(&input.fork().parse::<TokenTree>()?));
    }
    Ok(())
}

/// Whether an item of Rust comes next, one that a declaration can have or another.
fn starts_item(input: ParseStream<'_>) -> bool {
    const WORDS: [&str; 14] = [
        "fn", "const", "pub", "unsafe", "async", "extern", "static", "struct", "enum", "use",
        "mod", "impl", "trait", "type",
    ];
    let word = input.fork().call(Ident::parse_any);
    let is_key = input.peek2(Token![:]) && !input.peek2(Token![::]);
    word.is_ok_and(|word| WORDS.iter().any(|item| word == item)) && !is_key
}

/// The tokens of an item: up to its semicolon, or its braces unless they are of a value.
fn item(input: ParseStream<'_>) -> Result<TokenStream> {
    let (mut tokens, mut gives) = (TokenStream::new(), false);
    while !input.is_empty() {
        let token = input.parse::<TokenTree>()?;
        let ends = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !gives,
            TokenTree::Punct(punct) => {
                gives |= punct.as_char() == '=';
                punct.as_char() == ';'
            }
            _ => false,
        };
        tokens.extend([token]);
        if ends {
            break;
        }
    }
    Ok(tokens)
}

fn value_of(
    key: &Ident,
    input: ParseStream<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Value>> {
    if input.is_empty() || ends_entry(input) {
        diagnostics.push(diagnostic::missing_value(key));
        return Ok(None);
    }
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
    } else if let Some(equals) = input.parse::<Option<Token![=]>>()? {
        diagnostics.push(diagnostic::missing_colon(equals, key));
    } else {
        diagnostics.push(diagnostic::missing_colon(key, key));
    }
    let tokens = take_until(input, |input| ends_entry(input) || starts_entry(input))?;
    if tokens.is_empty() {
        diagnostics.push(diagnostic::missing_value(key));
        return Ok(None);
    }
    value.parse2(tokens).map(Some)
}

fn ends_entry(input: ParseStream<'_>) -> bool {
    input.peek(Token![,]) || input.peek(Token![;])
}

/// Whether a key with its colon or its braces comes next: the comma before it is missing.
fn starts_entry(input: ParseStream<'_>) -> bool {
    let colon = input.peek2(Token![:]) && !input.peek2(Token![::]);
    let is_key = input.peek(Ident::peek_any) && (colon || input.peek2(token::Brace));
    is_key || input.peek(Token![#]) || starts_item(input)
}

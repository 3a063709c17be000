//! Splits the source of functions into its items, and reads each by itself, so that a fault of syntax in one does not
//! hide the others.

use super::fault::FunctionFault;
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{ItemConst, ItemFn};

/// An item that the language has.
pub(super) enum Item {
    Constant(ItemConst),
    Function(ItemFn),
}

const EXAMPLE: &str = "write functions, `fn score(x: f32) -> f32 { x * 0.5 }`, and constants, `const HALF: f32 = 0.5;`";

/// The items of a source.
pub(super) fn items(tokens: TokenStream, faults: &mut Vec<FunctionFault>) -> Vec<Item> {
    let mut items = Vec::new();
    for tokens in split(tokens) {
        let found = match keyword(&tokens).as_deref() {
            Some("fn") => syn::parse2(tokens.clone()).map(Item::Function),
            Some("const") => syn::parse2(tokens.clone()).map(Item::Constant),
            _ => {
                let text = "only functions and constants can be here";
                faults.push(FunctionFault::new(first(tokens), text, EXAMPLE));
                continue;
            }
        };
        match found {
            Ok(item) => items.push(item),
            Err(error) => faults.push(malformed(&error, tokens)),
        }
    }
    items
}

/// The word that says what an item is: the first that is none of an attribute or of the visibility.
fn keyword(tokens: &TokenStream) -> Option<String> {
    const BEFORE: [&str; 6] = ["pub", "unsafe", "async", "extern", "default", "inline"];
    let mut words = tokens.clone().into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let word = words.find(|word| !BEFORE.contains(&word.as_str()))?;
    // `const fn` is a function.
    if word == "const" && words.next().as_deref() == Some("fn") {
        Some("fn".into())
    } else {
        Some(word)
    }
}

/// An item ends at a semicolon, and at braces unless it gives a value.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let mut items = Vec::new();
    let mut item: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let gives = item.iter().any(|token| is(token, '='));
        let ends = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !gives,
            token => is(token, ';'),
        };
        item.push(token);
        if ends {
            items.push(item.drain(..).collect());
        }
    }
    if !item.is_empty() {
        items.push(item.into_iter().collect());
    }
    items
}

fn is(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

fn first(tokens: TokenStream) -> TokenStream {
    tokens.into_iter().next().into_token_stream()
}

/// The parser's own words, at the token where it stopped.
fn malformed(error: &syn::Error, tokens: TokenStream) -> FunctionFault {
    let text = format!("cannot read this: {error}");
    // At the end of an item an error has no token.
    let place = match text.contains("unexpected end of input") {
        true => tokens.into_iter().last().into_token_stream(),
        false => {
            let here = Ident::new("here", error.span());
            quote_spanned!(error.span()=> #here)
        }
    };
    FunctionFault::new(place, text, "this is not Rust; see the token before, too")
}

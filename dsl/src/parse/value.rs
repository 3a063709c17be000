//! The value of a key: a word, a number, a list or a range.

use super::take_until;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, Result};
use syn::{LitInt, RangeLimits, Token, token};

pub enum Value {
    One(Item),
    List { items: Vec<Item>, whole: TokenStream },
    Range { first: Item, last: Item, inclusive: bool, whole: TokenStream },
}

/// A value of a list, an end of a range, or a value on its own.
pub enum Item {
    Word(Ident),
    Int(LitInt),
    /// No key takes this; it may be empty where a range is open.
    Other(TokenStream),
}

impl Value {
    pub fn place(&self) -> TokenStream {
        match self {
            Value::One(item) => item.place(),
            Value::List { whole, .. } | Value::Range { whole, .. } => whole.clone(),
        }
    }
}

impl Item {
    pub fn place(&self) -> TokenStream {
        match self {
            Item::Word(word) => word.to_token_stream(),
            Item::Int(int) => int.to_token_stream(),
            Item::Other(tokens) => tokens.clone(),
        }
    }
}

pub(super) fn value(input: ParseStream<'_>) -> Result<Value> {
    let whole = input.fork().parse::<TokenStream>()?;
    let ahead = input.fork();
    if ahead.peek(token::Bracket) {
        let content;
        syn::bracketed!(content in ahead);
        if ahead.is_empty() {
            input.parse::<TokenStream>()?;
            return Ok(Value::List { items: items(&content)?, whole });
        }
        content.parse::<TokenStream>()?;
    }
    let first = take_until(input, |input| input.peek(Token![..]))?;
    if input.is_empty() {
        return Ok(Value::One(item(first)));
    }
    let inclusive = matches!(input.parse()?, RangeLimits::Closed(_));
    Ok(Value::Range { first: item(first), last: item(input.parse()?), inclusive, whole })
}

fn items(input: ParseStream<'_>) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    while !input.is_empty() {
        let tokens = take_until(input, |input| input.peek(Token![,]))?;
        let comma = input.parse::<Option<Token![,]>>()?;
        items.push(if tokens.is_empty() {
            Item::Other(comma.to_token_stream())
        } else {
            item(tokens)
        });
    }
    Ok(items)
}

fn item(tokens: TokenStream) -> Item {
    if let Ok(word) = Ident::parse_any.parse2(tokens.clone()) {
        return Item::Word(word);
    }
    match syn::parse2::<LitInt>(tokens.clone()) {
        Ok(int) if !int.base10_digits().starts_with('-') => Item::Int(int),
        _ => Item::Other(tokens),
    }
}

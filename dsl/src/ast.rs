//! The syntax of a declaration. Every token keeps its span.
//!
//! Reading never stops at a fault: it reports it, finds the next entry or kernel, and goes on.
//! What a key or a value means is not known here; `check` says that.

use crate::messages::{self, Problem};
use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Attribute, LitInt, RangeLimits, Token, Visibility, token};

/// One `kernel Name { .. }`.
pub struct Declaration {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    /// What stands in the braces; none where they are missing, which has been reported.
    pub entries: Option<Vec<Entry>>,
}

/// One `key: value`.
pub struct Entry {
    pub key: Ident,
    /// None where it is missing, which has been reported.
    pub value: Option<Value>,
}

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

/// Reads every declaration of one invocation.
pub fn parse(tokens: TokenStream, problems: &mut Vec<Problem>) -> Vec<Declaration> {
    if tokens.is_empty() {
        problems.push(messages::no_kernel(TokenStream::new()));
    }
    let mut declarations = Vec::new();
    let read = |input: ParseStream<'_>| -> Result<()> {
        while !input.is_empty() {
            declarations.extend(declaration(input, problems)?);
        }
        Ok(())
    };
    if let Err(error) = read.parse2(flat(tokens)) {
        problems.push(messages::malformed(&error));
    }
    declarations
}

/// Without the invisible groups that `macro_rules!` puts around its fragments: `$k:expr` may be a
/// range or a list here.
fn flat(tokens: TokenStream) -> TokenStream {
    let flatten = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => flat(group.stream()),
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), flat(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner).into()
        }
        other => other.into(),
    };
    tokens.into_iter().map(flatten).collect()
}

fn declaration(input: ParseStream<'_>, problems: &mut Vec<Problem>) -> Result<Option<Declaration>> {
    let attrs = attributes(input, problems)?;
    let vis: Visibility = input.parse()?;
    let Ok(word) = input.call(Ident::parse_any) else {
        problems.push(match skip_to_declaration(input)? {
            Some(junk) => messages::not_kernel(junk),
            None => messages::no_kernel(quote!(#(#attrs)* #vis)),
        });
        return Ok(None);
    };
    let name = if word != "kernel" && input.peek(token::Brace) {
        problems.push(messages::missing_kernel(&word));
        Some(word)
    } else {
        if word != "kernel" {
            problems.push(messages::not_kernel(&word));
        }
        let name = input.parse::<Ident>().ok();
        if name.is_none() {
            problems.push(messages::missing_name(&word));
        }
        name
    };
    let entries = body(input, name.as_ref(), problems)?;
    Ok(name.map(|name| Declaration { attrs, vis, name, entries }))
}

fn body(
    input: ParseStream<'_>,
    name: Option<&Ident>,
    problems: &mut Vec<Problem>,
) -> Result<Option<Vec<Entry>>> {
    let stray = take_until(input, |input| input.peek(token::Brace) || input.peek(Token![;]))?;
    if input.peek(token::Brace) {
        if let (Some(_), false) = (name, stray.is_empty()) {
            problems.push(messages::before_body(stray));
        }
        let content;
        syn::braced!(content in input);
        return entries(&content, problems).map(Some);
    }
    input.parse::<Option<Token![;]>>()?;
    if let Some(name) = name {
        let place = if stray.is_empty() { name.to_token_stream() } else { stray };
        problems.push(messages::missing_body(place));
    }
    Ok(None)
}

fn entries(input: ParseStream<'_>, problems: &mut Vec<Problem>) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while !input.is_empty() {
        let attrs = attributes(input, problems)?;
        if !attrs.is_empty() {
            problems.push(messages::attribute_on_key(quote!(#(#attrs)*)));
        }
        if input.is_empty() {
            break;
        }
        let Ok(key) = input.call(Ident::parse_any) else {
            problems.push(messages::not_a_key(input.fork().parse::<TokenTree>()?));
            take_until(input, ends_entry)?;
            if !input.is_empty() {
                input.parse::<TokenTree>()?;
            }
            continue;
        };
        let value = value_of(&key, input, problems)?;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
            problems.push(messages::not_a_comma(semicolon));
        } else if !input.is_empty() {
            problems.push(messages::missing_comma(&input.fork().call(Ident::parse_any)?));
        }
        entries.push(Entry { key, value });
    }
    Ok(entries)
}

fn value_of(
    key: &Ident,
    input: ParseStream<'_>,
    problems: &mut Vec<Problem>,
) -> Result<Option<Value>> {
    if input.is_empty() || ends_entry(input) {
        problems.push(messages::missing_value(key));
        return Ok(None);
    }
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
    } else if let Some(equals) = input.parse::<Option<Token![=]>>()? {
        problems.push(messages::missing_colon(equals, key));
    } else {
        problems.push(messages::missing_colon(key, key));
    }
    let tokens = take_until(input, |input| ends_entry(input) || starts_entry(input))?;
    if tokens.is_empty() {
        problems.push(messages::missing_value(key));
        return Ok(None);
    }
    value.parse2(tokens).map(Some)
}

fn value(input: ParseStream<'_>) -> Result<Value> {
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

/// Attributes that are none are reported and left out, so that the rest can be read.
fn attributes(input: ParseStream<'_>, problems: &mut Vec<Problem>) -> Result<Vec<Attribute>> {
    let mut attrs = Vec::new();
    while let Some(pound) = input.parse::<Option<Token![#]>>()? {
        let brackets =
            if input.peek(token::Bracket) { Some(input.parse::<TokenTree>()?) } else { None };
        let tokens = quote!(#pound #brackets);
        match Attribute::parse_outer.parse2(tokens.clone()) {
            Ok(read) => attrs.extend(read),
            Err(_) => problems.push(messages::malformed_attribute(tokens)),
        }
    }
    Ok(attrs)
}

fn ends_entry(input: ParseStream<'_>) -> bool {
    input.peek(Token![,]) || input.peek(Token![;])
}

/// Whether a key and its colon come next: the comma before them is missing.
fn starts_entry(input: ParseStream<'_>) -> bool {
    input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::])
}

fn take_until(
    input: ParseStream<'_>,
    stop: impl Fn(ParseStream<'_>) -> bool,
) -> Result<TokenStream> {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        taken.extend([input.parse::<TokenTree>()?]);
    }
    Ok(taken)
}

/// Passes at least one token, so that reading always ends, and returns the first.
fn skip_to_declaration(input: ParseStream<'_>) -> Result<Option<TokenTree>> {
    if input.is_empty() {
        return Ok(None);
    }
    let first = input.parse()?;
    take_until(input, |input| {
        let word = input.fork().call(Ident::parse_any);
        input.peek(Token![#]) || word.is_ok_and(|word| word == "kernel" || word == "pub")
    })?;
    Ok(Some(first))
}

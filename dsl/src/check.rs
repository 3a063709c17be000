//! From syntax to a spec: which keys exist, what their values are, and whether the spec is sound.
//!
//! The rules of a sound spec are not here: `SelectorSpec::validate` has them, and each of its faults
//! is brought back to the token it is about. A key with a fault ends up at its default.

use crate::ast::{Declaration, Item, Value};
use crate::fallback;
use crate::messages::{self, Problem};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::borrow::Cow;
use std::fmt::Display;
use syn::LitInt;
use syn::ext::IdentExt;
use topkit_codegen::{
    DType, Fault, IndexType, KSet, Key, NanPolicy, Order, RowShape, Select, SelectorSpec, Ties,
};

/// The spec that the declaration stands for; sound whatever the declaration is.
pub fn spec(declaration: &Declaration, problems: &mut Vec<Problem>) -> SelectorSpec {
    let mut spec = fallback::spec(declaration.name.unraw().to_string());
    let Some(entries) = &declaration.entries else { return spec };
    let mut given: Vec<Given> = Vec::new();
    let mut misspelt = Vec::new();
    for entry in entries {
        let Some(key) = Key::from_name(&entry.key.unraw().to_string()) else {
            let written = entry.key.unraw().to_string();
            let nearest = messages::nearest(&written, Key::ALL.iter().map(|key| key.name()));
            let nearest = nearest.and_then(Key::from_name);
            misspelt.extend(nearest);
            problems.push(messages::unknown_key(&entry.key, nearest));
            continue;
        };
        if given.iter().any(|given| given.key == key) {
            problems.push(messages::duplicate_key(&entry.key));
            continue;
        }
        let mut reader = Reader { key, each: Vec::new(), problems };
        if let Some(value) = &entry.value {
            reader.set(value, &mut spec);
        }
        let each = reader.each;
        let whole = entry.value.as_ref().map_or(entry.key.to_token_stream(), Value::place);
        given.push(Given { key, whole, each });
    }
    let has = |key| given.iter().any(|given| given.key == key) || misspelt.contains(&key);
    if !has(Key::Dtype) {
        problems.push(messages::missing_dtype(&declaration.name));
    }
    for fault in spec.validate() {
        fallback::restore(fault.key, &mut spec);
        let place = place(&fault, &given, declaration);
        problems.push(messages::spec_fault(fault, place));
    }
    spec
}

/// A key that the declaration gives, and where.
struct Given {
    key: Key,
    whole: TokenStream,
    /// The values of a list, or the two ends of a range, as the spec counts them.
    each: Vec<TokenStream>,
}

fn place(fault: &Fault, given: &[Given], declaration: &Declaration) -> TokenStream {
    match given.iter().find(|given| given.key == fault.key) {
        Some(given) => {
            let value = fault.value.and_then(|i| given.each.get(i));
            value.unwrap_or(&given.whole).clone()
        }
        None => declaration.name.to_token_stream(),
    }
}

/// Reads the values of one key; what cannot be read is reported and left out.
struct Reader<'a> {
    key: Key,
    each: Vec<TokenStream>,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn set(&mut self, value: &Value, spec: &mut SelectorSpec) {
        let semantics = &mut spec.semantics;
        match self.key {
            Key::Dtype => {
                self.axis(value, &mut spec.dtype, |this, item| this.choice(item, &DType::ALL))
            }
            Key::K => self.k(value, &mut spec.k),
            Key::VecSize => self.axis(value, &mut spec.vec_size, Self::integer),
            Key::Bins => self.axis(value, &mut spec.bins, Self::integer),
            Key::Threads => self.axis(value, &mut spec.threads, Self::integer),
            Key::Select => self.one(value, &mut semantics.select, Select::ALL),
            Key::Nan => self.one(value, &mut semantics.nan, NanPolicy::ALL),
            Key::Ties => self.one(value, &mut semantics.ties, Ties::ALL),
            Key::Order => self.one(value, &mut semantics.order, Order::ALL),
            Key::Index => self.one(value, &mut semantics.index, IndexType::ALL),
            Key::Values => self.one(value, &mut semantics.values, &[true, false]),
            Key::Rows => self.one(value, &mut semantics.rows, RowShape::ALL),
        }
    }

    /// A key that takes one value or a list.
    fn axis<T: Clone>(
        &mut self,
        value: &Value,
        into: &mut Cow<'static, [T]>,
        read: impl Fn(&mut Self, &Item) -> Option<T>,
    ) {
        if let Some(values) = self.list(value, read) {
            *into = values.into();
        }
    }

    /// `k` takes a range too.
    fn k(&mut self, value: &Value, into: &mut KSet) {
        let Value::Range { first, last, inclusive, whole } = value else {
            if let Some(values) = self.list(value, Self::integer) {
                *into = values.into();
            }
            return;
        };
        if [first, last].iter().any(|end| end.place().is_empty()) {
            return self.problems.push(messages::open_range(self.key, whole.clone()));
        }
        let ends = (self.integer(first), self.integer(last));
        if let (Some(first_k), Some(last_k)) = ends {
            if !inclusive {
                let problem = messages::exclusive_range(whole.clone(), first_k, last_k);
                return self.problems.push(problem);
            }
            self.each = vec![first.place(), last.place()];
            *into = KSet::Range { first: first_k, last: last_k };
        }
    }

    /// None where not one value could be read; a list that is empty is for the spec to refuse.
    fn list<T>(
        &mut self,
        value: &Value,
        read: impl Fn(&mut Self, &Item) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match value {
            Value::One(item) => std::slice::from_ref(item),
            Value::List { items, .. } => items,
            Value::Range { whole, .. } => {
                self.problems.push(messages::range(self.key, whole.clone()));
                return None;
            }
        };
        let mut values = Vec::new();
        for item in items {
            if let Some(value) = read(self, item) {
                values.push(value);
                self.each.push(item.place());
            }
        }
        (items.is_empty() || !values.is_empty()).then_some(values)
    }

    /// A key that takes exactly one of the known words.
    fn one<T: Copy + Display>(&mut self, value: &Value, into: &mut T, known: &[T]) {
        match value {
            Value::One(item) => {
                if let Some(value) = self.choice(item, known) {
                    *into = value;
                }
            }
            Value::List { whole, .. } | Value::Range { whole, .. } => {
                let names: Vec<String> = known.iter().map(T::to_string).collect();
                self.problems.push(messages::single(self.key, whole.clone(), &names));
            }
        }
    }

    fn choice<T: Copy + Display>(&mut self, item: &Item, known: &[T]) -> Option<T> {
        let names: Vec<String> = known.iter().map(T::to_string).collect();
        let problem = match item {
            Item::Word(word) => match names.iter().position(|name| word.unraw() == name) {
                Some(i) => return Some(known[i]),
                None => messages::unknown_choice(self.key, word, &names),
            },
            _ => messages::not_a_choice(self.key, item.place(), &names),
        };
        self.problems.push(problem);
        None
    }

    fn integer(&mut self, item: &Item) -> Option<u32> {
        let problem = match item {
            Item::Int(int) => match self.digits(int) {
                Ok(value) => return Some(value),
                Err(problem) => problem,
            },
            _ => messages::not_an_integer(self.key, item.place()),
        };
        self.problems.push(problem);
        None
    }

    fn digits(&self, int: &LitInt) -> Result<u32, Problem> {
        let place = int.to_token_stream();
        if !int.suffix().is_empty() {
            return Err(messages::suffix(self.key, place, int.base10_digits()));
        }
        int.base10_parse().map_err(|_| messages::too_large(self.key, place))
    }
}

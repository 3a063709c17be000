//! Reads the values of one key, by the table of keys.

use crate::diagnostic::{self, Diagnostic};
use crate::parse::{Item, Value};
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::LitInt;
use syn::ext::IdentExt;
use topkit_codegen::{DType, KSet, Key, KeyKind, SelectorSpec, SemanticKey, Semantics};

/// Reads the values of one key; a faulty value is reported and left out.
pub struct Reader<'a> {
    pub key: Key,
    /// The values of a list, or the two ends of a range, as the spec counts them.
    pub each: Vec<TokenStream>,
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reader<'_> {
    pub fn set(&mut self, value: &Value, spec: &mut SelectorSpec) {
        match self.key.kind() {
            KeyKind::Dtype => {
                let known = DType::ALL.map(DType::name);
                let read = |this: &mut Self, item: &Item| {
                    this.choice(item, &known).and_then(DType::from_name)
                };
                if let Some(values) = self.list(value, read) {
                    spec.dtype = values.into();
                }
            }
            KeyKind::K => self.k(value, &mut spec.k),
            KeyKind::Tuning(key) => {
                if let Some(values) = self.list(value, Self::integer) {
                    key.set(spec, values);
                }
            }
            KeyKind::Semantic(key) => self.one(value, key, &mut spec.semantics),
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
            return self.diagnostics.push(diagnostic::open_range(self.key, whole.clone()));
        }
        let ends = (self.integer(first), self.integer(last));
        if let (Some(first_k), Some(last_k)) = ends {
            if !inclusive {
                let diagnostic = diagnostic::exclusive_range(whole.clone(), first_k, last_k);
                return self.diagnostics.push(diagnostic);
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
                self.diagnostics.push(diagnostic::range(self.key, whole.clone()));
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
    fn one(&mut self, value: &Value, key: &SemanticKey, into: &mut Semantics) {
        match value {
            Value::One(item) => {
                // `choice` gives a word of the key.
                let _ = self.choice(item, key.words()).is_some_and(|word| key.set(into, word));
            }
            Value::List { whole, .. } | Value::Range { whole, .. } => {
                self.diagnostics.push(diagnostic::single(self.key, whole.clone(), key.words()));
            }
        }
    }

    fn choice<'k>(&mut self, item: &Item, known: &[&'k str]) -> Option<&'k str> {
        let diagnostic = match item {
            Item::Word(word) => match known.iter().find(|name| word.unraw() == **name) {
                Some(name) => return Some(name),
                None => diagnostic::unknown_choice(self.key, word, known),
            },
            _ => diagnostic::not_a_choice(self.key, item.place(), known),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn integer(&mut self, item: &Item) -> Option<u32> {
        let diagnostic = match item {
            Item::Int(int) => match self.digits(int) {
                Ok(value) => return Some(value),
                Err(diagnostic) => diagnostic,
            },
            _ => diagnostic::not_an_integer(self.key, item.place()),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn digits(&self, int: &LitInt) -> Result<u32, Diagnostic> {
        let place = int.to_token_stream();
        if !int.suffix().is_empty() {
            return Err(diagnostic::suffix(self.key, place, int.base10_digits()));
        }
        int.base10_parse().map_err(|_| diagnostic::too_large(self.key, place))
    }
}

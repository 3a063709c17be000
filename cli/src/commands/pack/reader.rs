//! Reads the values of a TOML file, each with its line. It collects every fault, with the nearest known word for
//! an unknown one; a faulty value reads as `None`.

use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How alike a written and a meant word are, as in the macro.
const ALIKE: f64 = 0.8;

/// A table, and the line that it begins on.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    entries: &'a DeTable<'a>,
    pub line: usize,
}

/// Reads one text and collects its faults.
#[derive(Debug)]
pub struct Reader<'a> {
    text: &'a str,
    pub faults: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(text: &'a str) -> Reader<'a> {
        Reader { text, faults: Vec::new() }
    }

    /// The whole document.
    pub fn root(&self, document: &'a Spanned<DeTable<'a>>) -> Table<'a> {
        Table { entries: document.get_ref(), line: 1 }
    }

    pub fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
    }

    pub fn fault(&mut self, line: usize, message: impl std::fmt::Display) {
        self.faults.push(format!("line {line}: {message}"));
    }

    /// Refuses unknown keys of a table.
    pub fn only(&mut self, table: Table<'a>, name: &str, known: &[&str]) {
        for (key, _) in table.entries {
            let written: &str = key.get_ref();
            if !known.contains(&written) {
                let line = self.line(key.span().start);
                let meant = meant(written, known.iter().copied());
                self.fault(line, format!("{name} has no key `{written}`; {meant}"));
            }
        }
    }

    /// The tables of a `[[key]]`.
    pub fn tables(&mut self, table: Table<'a>, key: &str) -> Vec<Table<'a>> {
        let Some(value) = table.entries.get(key) else { return Vec::new() };
        let items = value.get_ref().as_array().map(|array| array.iter().collect::<Vec<_>>());
        let mut tables = Vec::new();
        for item in items.unwrap_or_else(|| vec![value]) {
            let line = self.line(item.span().start);
            match item.get_ref() {
                DeValue::Table(entries) if value.get_ref().is_array() => {
                    tables.push(Table { entries, line });
                }
                _ => self.fault(line, format!("`{key}` is a list of tables; write [[{key}]]")),
            }
        }
        tables
    }

    /// The table of a `[selector.key]`.
    pub fn table(&mut self, table: Table<'a>, key: &str) -> Option<Table<'a>> {
        let value = table.entries.get(key)?;
        let line = self.line(value.span().start);
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table { entries, line }),
            _ => {
                self.fault(line, format!("`{key}` is a table; write [selector.{key}]"));
                None
            }
        }
    }

    /// A text.
    pub fn text(&mut self, table: Table<'a>, key: &str) -> Option<(&'a str, usize)> {
        let (value, line) = self.value(table, key)?;
        let text = value.as_str();
        if text.is_none() {
            self.fault(line, format!("`{key}` is a text in quotes"));
        }
        Some((text?, line))
    }

    /// `true` or `false`.
    pub fn flag(&mut self, table: Table<'a>, key: &str) -> Option<bool> {
        let (value, line) = self.value(table, key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.fault(line, format!("`{key}` is true or false"));
        }
        flag
    }

    /// One number or a list of numbers.
    pub fn numbers(
        &mut self,
        table: Table<'a>,
        key: &str,
        allowed: RangeInclusive<u64>,
    ) -> Option<Vec<u64>> {
        let sound = self.faults.len();
        let mut numbers = Vec::new();
        for (value, line) in self.items(table, key)? {
            let number = value.as_integer().and_then(|integer| {
                let number = u64::from_str_radix(integer.as_str(), integer.radix()).ok();
                number.filter(|number| allowed.contains(number))
            });
            if number.is_none() {
                let (first, last) = (allowed.start(), allowed.end());
                self.fault(line, format!("`{key}` is a number from {first} to {last}, or a list"));
            }
            numbers.extend(number);
        }
        (self.faults.len() == sound).then_some(numbers)
    }

    /// One of the known words, or a list of them.
    pub fn words<T: Copy>(
        &mut self,
        table: Table<'a>,
        key: &str,
        known: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<Vec<T>> {
        let sound = self.faults.len();
        let mut words = Vec::new();
        for (value, line) in self.items(table, key)? {
            let written = value.as_str().unwrap_or_default();
            let word = known.iter().copied().find(|&word| name(word) == written);
            if word.is_none() {
                let meant = meant(written, known.iter().map(|&word| name(word)));
                self.fault(line, format!("`{key}` is not {}; {meant}", shown(value)));
            }
            words.extend(word);
        }
        (self.faults.len() == sound).then_some(words)
    }

    /// One of the known words.
    pub fn word<T: Copy>(
        &mut self,
        table: Table<'a>,
        key: &str,
        known: &[T],
        name: fn(T) -> &'static str,
    ) -> Option<T> {
        let (value, line) = self.value(table, key)?;
        if value.is_array() {
            self.fault(line, format!("`{key}` is one word, not a list"));
            return None;
        }
        self.words(table, key, known, name)?.first().copied()
    }

    /// The value of a key.
    pub fn value(&self, table: Table<'a>, key: &str) -> Option<(&'a DeValue<'a>, usize)> {
        let value = table.entries.get(key)?;
        Some((value.get_ref(), self.line(value.span().start)))
    }

    /// The values of a list, or a single value as a list of one.
    fn items(&self, table: Table<'a>, key: &str) -> Option<Vec<(&'a DeValue<'a>, usize)>> {
        let (value, line) = self.value(table, key)?;
        Some(match value.as_array() {
            None => vec![(value, line)],
            Some(array) => {
                array.iter().map(|item| (item.get_ref(), self.line(item.span().start))).collect()
            }
        })
    }
}

fn shown(value: &DeValue<'_>) -> String {
    match value.as_str() {
        Some(text) => format!("`{text}`"),
        None => format!("of type {}", value.type_str()),
    }
}

/// The nearest known word, or all of them where none is near.
fn meant<'k>(written: &str, known: impl Iterator<Item = &'k str> + Clone) -> String {
    let written = written.to_lowercase();
    let alike = known.clone().map(|word| (strsim::jaro_winkler(&written, word), word));
    match alike.filter(|(score, _)| *score >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, word)) => format!("did you mean `{word}`?"),
        None => format!("it can be {}", known.collect::<Vec<_>>().join(", ")),
    }
}

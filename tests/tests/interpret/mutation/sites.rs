//! Finds every call and every mask constant of a rendered text, with its template line. `rules` decides
//! which of them are barriers; nothing here is a list of places.

use std::collections::HashMap;
use std::ops::Range;

/// A call, `asm volatile` or the value of a mask constant.
#[derive(Debug, Clone)]
pub struct Site {
    pub file: String,
    pub line: usize,
    /// The function that contains it.
    pub function: String,
    /// What is called, or the constant.
    pub name: String,
    /// The arguments of a call, or the value of a constant.
    pub operands: Vec<String>,
    /// Its text on one line; equal ones of a function are numbered from the second.
    pub construct: String,
    /// What a mutation replaces.
    pub range: Range<usize>,
}

impl Site {
    /// The same for the same site of another kernel's text.
    pub fn key(&self) -> [String; 3] {
        [&self.file, &self.function, &self.construct].map(String::clone)
    }

    pub fn place(&self) -> String {
        format!("{}:{} ({})", self.file, self.line, self.construct)
    }
}

pub fn scan(text: &str) -> Vec<Site> {
    let mut scanner = Scanner::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        scanner.line(text, at, line.trim_end());
        at += line.len();
    }
    scanner.sites
}

#[derive(Default)]
struct Scanner {
    file: String,
    line: usize,
    function: String,
    /// A declaration has begun, and its name is still to come.
    declaring: bool,
    alike: HashMap<(String, String, String), usize>,
    sites: Vec<Site>,
}

impl Scanner {
    fn line(&mut self, text: &str, at: usize, line: &str) {
        if let Some((number, file)) = line.strip_prefix("#line ").and_then(|l| l.split_once(' ')) {
            let file = file.trim_matches('"');
            if self.file != file {
                self.function.clear();
                self.file = file.to_owned();
            }
            self.line = number.parse().unwrap();
            return;
        }
        let code = line.split("//").next().unwrap();
        if !code.trim_start().starts_with('#') {
            self.code(text, at, code);
        }
        self.line += 1;
    }

    fn code(&mut self, text: &str, at: usize, code: &str) {
        self.declaring |= code.contains("__device__") || code.contains("__global__");
        for (offset, name) in identifiers(code) {
            let after = at + offset + name.len();
            if ["__launch_bounds__", "__cluster_dims__"].contains(&name) {
                continue;
            }
            if text[after..].starts_with('(') && self.declaring {
                self.declaring = false;
                self.function = name.to_owned();
            } else if text[after..].starts_with('(') {
                let end = closing(text, after);
                let operands = arguments(&text[after + 1..end]);
                self.found(text, name, operands, at + offset..end + 1);
            } else if name == "asm" && text[after..].trim_start().starts_with("volatile") {
                let end = closing(text, after + text[after..].find('(').unwrap());
                self.found(text, name, vec![], at + offset..end + 1);
            } else if name.ends_with("_MASK") && code.contains("constexpr") {
                let value = after + text[after..].find("= ").unwrap() + 2;
                let end = value + text[value..].find(';').unwrap();
                let operand = text[value..end].to_owned();
                self.found(text, name, vec![operand], value..end);
            }
        }
    }

    fn found(&mut self, text: &str, name: &str, operands: Vec<String>, range: Range<usize>) {
        let mut said = text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        if !said.starts_with(name) {
            said = format!("{name} = {said}");
        }
        let outside = self.function.is_empty();
        let function = if outside { "-".to_owned() } else { self.function.clone() };
        let alike =
            self.alike.entry((self.file.clone(), function.clone(), said.clone())).or_default();
        *alike += 1;
        let construct = if *alike == 1 { said } else { format!("{said}, number {alike}") };
        self.sites.push(Site {
            file: self.file.clone(),
            line: self.line,
            function,
            name: name.to_owned(),
            operands,
            construct,
            range,
        });
    }
}

fn identifiers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let part_of_one = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.split(move |c| !part_of_one(c))
        .filter(|name| name.starts_with(|c: char| !c.is_ascii_digit()))
        .map(|name| (name.as_ptr() as usize - code.as_ptr() as usize, name))
}

/// Where the parenthesis that opens at `open` is closed.
fn closing(text: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 {
            return open + at;
        }
    }
    panic!("a parenthesis is not closed: {}", &text[open..])
}

fn arguments(inside: &str) -> Vec<String> {
    let (mut depth, mut all) = (0, vec![String::new()]);
    for c in inside.chars() {
        depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
        if c == ',' && depth == 0 {
            all.push(String::new());
        } else {
            all.last_mut().unwrap().push(c);
        }
    }
    let all: Vec<String> = all.iter().map(|argument| argument.trim().to_owned()).collect();
    if all == [""] { vec![] } else { all }
}

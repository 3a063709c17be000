//! Rust sources as tokens, without what is compiled for tests alone. Comments are no tokens, and
//! strings are one each, so a word in either is not taken for code. A file that is not Rust stops the test.

use crate::tree::{files, read};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A file of a crate: its module path below the crate, and its tokens.
pub struct File {
    pub path: String,
    pub module: Vec<String>,
    pub tokens: Vec<TokenTree>,
}

/// The library or program of a crate: `src/`, without modules of tests.
pub fn sources(name: &str) -> Vec<File> {
    let root = format!("{name}/src/");
    let rust = files(&root[..root.len() - 1]).into_iter().filter(|path| path.ends_with(".rs"));
    let found: Vec<File> = rust.filter_map(|path| file(&root, path)).collect();
    assert!(!found.is_empty(), "{root} has no sources");
    found
}

fn file(root: &str, path: String) -> Option<File> {
    let place = path.strip_prefix(root)?.strip_suffix(".rs")?;
    let mut module: Vec<String> = place.split('/').map(str::to_owned).collect();
    if module.iter().any(|part| part == "tests" || part.ends_with("_tests")) {
        return None;
    }
    if ["mod", "lib", "main"].contains(&module.last()?.as_str()) {
        module.pop();
    }
    let text: TokenStream = read(&path).parse().unwrap_or_else(|e| panic!("{path}: {e}"));
    Some(File { path, module, tokens: without_tests(text) })
}

/// The tokens without the items under `#[cfg(test)]`, at any depth.
fn without_tests(stream: TokenStream) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let attribute = match (&token, tokens.peek()) {
            (TokenTree::Punct(mark), Some(TokenTree::Group(group))) if mark.as_char() == '#' => {
                let words: String = group.stream().to_string().split_whitespace().collect();
                words == "cfg(test)" || words.starts_with("cfg(all(test")
            }
            _ => false,
        };
        if attribute {
            // An item ends at its braces, unless they belong to a path of `use`.
            let mut importing = false;
            for skipped in tokens.by_ref() {
                match &skipped {
                    TokenTree::Ident(word) if *word == "use" => importing = true,
                    TokenTree::Punct(mark) if mark.as_char() == ';' => break,
                    TokenTree::Group(group)
                        if group.delimiter() == Delimiter::Brace && !importing =>
                    {
                        break;
                    }
                    _ => {}
                }
            }
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                let inside = without_tests(group.stream()).into_iter().collect();
                TokenTree::Group(proc_macro2::Group::new(group.delimiter(), inside))
            }
            other => other,
        });
    }
    kept
}

/// Every path that begins at the crate's root or at a parent, as the module path from the root, with
/// all branches of a `use`.
pub fn paths(tokens: &[TokenTree], module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut module = module.to_vec();
    collect(tokens, &mut module, &mut found);
    found
}

/// The strings of a file: messages, help, and whatever else it says. Documentation is none.
pub fn strings(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                found.extend(strings(&group.stream().into_iter().collect::<Vec<_>>()));
            }
            TokenTree::Literal(text)
                if at < 2 || word(tokens.get(at - 2)) != Some("doc".into()) =>
            {
                let text = text.to_string();
                found.extend(text.contains('"').then_some(text));
            }
            _ => {}
        }
    }
    found
}

fn is(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn word(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
        _ => None,
    }
}

fn collect(tokens: &[TokenTree], module: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut at = 0;
    while at < tokens.len() {
        let inside_a_path = at >= 2 && is(tokens.get(at - 1), ':') && is(tokens.get(at - 2), ':');
        match &tokens[at] {
            TokenTree::Ident(start) if !inside_a_path && is(tokens.get(at + 1), ':') => {
                let mut base = module.clone();
                let from_here = match start.to_string().as_str() {
                    "crate" => {
                        base.clear();
                        true
                    }
                    "super" => {
                        base.pop();
                        true
                    }
                    "self" => true,
                    _ => false,
                };
                if from_here && is(tokens.get(at + 2), ':') {
                    branch(&tokens[at + 1..], base, found);
                }
            }
            // A module in the file: its parents are one more.
            TokenTree::Ident(start) if *start == "mod" => {
                if let (Some(name), Some(TokenTree::Group(body))) =
                    (word(tokens.get(at + 1)), tokens.get(at + 2))
                {
                    module.push(name);
                    let body: Vec<_> = body.stream().into_iter().collect();
                    collect(&body, module, found);
                    module.pop();
                    at += 2;
                }
            }
            TokenTree::Group(group) => {
                let inside: Vec<_> = group.stream().into_iter().collect();
                collect(&inside, module, found);
            }
            _ => {}
        }
        at += 1;
    }
}

/// Follows a path from its first `::`.
fn branch(mut tokens: &[TokenTree], mut base: Vec<String>, found: &mut Vec<Vec<String>>) {
    while is(tokens.first(), ':') && is(tokens.get(1), ':') {
        match tokens.get(2) {
            Some(TokenTree::Ident(part)) if *part == "super" => drop(base.pop()),
            Some(TokenTree::Ident(part)) if *part == "self" => {}
            Some(TokenTree::Ident(part)) => base.push(part.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                let inside: Vec<_> = group.stream().into_iter().collect();
                for part in inside.split(|token| is(Some(token), ',')) {
                    if let Some(name) = word(part.first()) {
                        let mut base = base.clone();
                        match name.as_str() {
                            "self" => {}
                            "super" => drop(base.pop()),
                            _ => base.push(name),
                        }
                        branch(&part[1..], base, found);
                    }
                }
                return;
            }
            _ => break,
        }
        tokens = &tokens[3..];
    }
    found.push(base);
}

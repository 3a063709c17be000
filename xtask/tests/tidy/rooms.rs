//! The rooms of each crate and the edges between them, drawn from the sources. A room is a top-level
//! module, or a folder of `templates/`. ARCHITECTURE.md names every edge; a circle fails.

use crate::tokens::{File, paths, sources};
use crate::tree::{files, read};
use proc_macro2::TokenTree;
use std::collections::{BTreeMap, BTreeSet};

const CRATES: [&str; 6] = ["runtime", "codegen", "dsl", "lab", "cli", "capi"];

/// Edges that are to go. An entry whose edge is gone fails; the list only gets shorter.
const ALLOWED: &[(&str, &str, &str)] = &[];

/// Files of a crate's root that are one room: a spec, its keys, its variants, their names and their
/// check read each other, since each key and each dtype is written in one table for all of them.
const TOGETHER: &[(&str, &[&str], &str)] = &[(
    "codegen",
    &[
        "arch", "builder", "check", "dtype", "kernels", "keys", "naming", "selector", "space",
        "variant",
    ],
    "spec",
)];

/// The room of a top-level module.
fn room(name: &str, module: &str) -> String {
    let mut together = TOGETHER.iter().filter(|(of, ..)| *of == name);
    let found = together.find(|(_, modules, _)| modules.contains(&module));
    found.map_or(module, |(.., room)| room).to_owned()
}

type Edges = BTreeMap<String, BTreeSet<String>>;

/// A name of the crate's root, and the room that it comes from; none for a name of another crate.
type Names = BTreeMap<String, Option<String>>;

/// The edges of a crate, each with a file that has it.
fn edges(name: &str, sources: &[File]) -> (Edges, BTreeMap<(String, String), String>) {
    let rooms: BTreeSet<&String> = sources.iter().filter_map(|file| file.module.first()).collect();
    let names = names(sources, &rooms);
    let mut edges: Edges = rooms.iter().map(|top| (room(name, top), BTreeSet::new())).collect();
    let mut places = BTreeMap::new();
    for file in sources {
        let Some(from) = file.module.first().map(|top| room(name, top)) else { continue };
        for path in paths(&file.tokens, &file.module) {
            let Some(target) = room_of(&path, &rooms, &names, &file.path) else { continue };
            let target = room(name, &target);
            if target != from {
                edges.get_mut(&from).unwrap().insert(target.clone());
                places.insert((from.clone(), target), file.path.clone());
            }
        }
    }
    (edges, places)
}

fn room_of(
    path: &[String],
    rooms: &BTreeSet<&String>,
    names: &Names,
    file: &str,
) -> Option<String> {
    let first = path.first()?;
    if rooms.contains(first) {
        return Some(first.clone());
    }
    let module = path.get(1).and_then(|second| names.get(&format!("{first}::{second}")));
    let found = module.or_else(|| names.get(first));
    let found = found.unwrap_or_else(|| panic!("{file}: crate::{} is nowhere", path.join("::")));
    found.clone()
}

/// What the root of a crate exports again, so that `crate::Error` is known to be of the room `error`.
fn names(sources: &[File], rooms: &BTreeSet<&String>) -> Names {
    let mut names = Names::new();
    // An exported macro belongs to the crate's root, in whatever module it is.
    for file in sources {
        for at in 0..file.tokens.len().saturating_sub(2) {
            if file.tokens[at].to_string() == "macro_rules" {
                names.insert(file.tokens[at + 2].to_string(), file.module.first().cloned());
            }
        }
    }
    for root in sources.iter().filter(|file| file.module.is_empty()) {
        exported(&root.tokens, "", rooms, &mut names);
    }
    names
}

fn exported(tokens: &[TokenTree], within: &str, rooms: &BTreeSet<&String>, names: &mut Names) {
    let declares = ["fn", "struct", "enum", "const", "static", "type", "trait", "macro_rules"];
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Ident(word) = token else { continue };
        let name = tokens[at + 1..].iter().find_map(|token| match token {
            TokenTree::Ident(name) => Some(name.to_string()),
            _ => None,
        });
        match word.to_string().as_str() {
            "use" => {
                let end = tokens[at..].iter().position(|token| token.to_string() == ";").unwrap();
                // As a path of the root, so that every branch is followed.
                let text: proc_macro2::TokenStream =
                    tokens[at + 1..at + end].iter().cloned().collect();
                let text = text.to_string();
                let text = text.strip_prefix("crate ::").unwrap_or(&text).to_owned();
                let text: proc_macro2::TokenStream = format!("crate :: {text}").parse().unwrap();
                for path in paths(&text.into_iter().collect::<Vec<_>>(), &[]) {
                    let room = rooms.contains(&path[0]).then(|| path[0].clone());
                    names.insert(format!("{within}{}", path.last().unwrap()), room);
                }
            }
            "mod" => {
                let name = name.unwrap();
                if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                    names.insert(format!("{within}{name}"), None);
                    let body: Vec<_> = body.stream().into_iter().collect();
                    exported(&body, &format!("{name}::"), rooms, names);
                }
            }
            declaration if declares.contains(&declaration) => {
                names.extend(name.map(|name| (format!("{within}{name}"), None)));
            }
            _ => {}
        }
    }
}

/// The rooms of `templates/`, by what a block includes.
fn template_edges() -> (Edges, BTreeMap<(String, String), String>) {
    let (mut edges, mut places) = (Edges::new(), BTreeMap::new());
    for path in files("templates") {
        let Some((room, _)) = path["templates/".len()..].split_once('/') else { continue };
        let used = edges.entry(room.to_owned()).or_default();
        for line in read(&path).lines() {
            let Some(included) = line.strip_prefix("#include \"") else { continue };
            let mut place: Vec<&str> = path.split('/').collect();
            place.pop();
            for part in included.trim_end_matches('"').split('/') {
                match part {
                    ".." => drop(place.pop()),
                    part => place.push(part),
                }
            }
            // A file of the root, and what the compiler alone puts in a folder.
            let Some(target) = place.get(1).filter(|_| place.len() > 2) else { continue };
            if *target != room {
                used.insert((*target).to_owned());
                places.insert((room.to_owned(), (*target).to_owned()), path.clone());
            }
        }
    }
    (edges, places)
}

/// Whether one room needs another, directly or through others.
fn needs(edges: &Edges, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(room) = next.pop() {
        for used in edges.get(room).into_iter().flatten().filter(|used| seen.insert(*used)) {
            next.push(used);
        }
    }
    seen.iter().any(|room| room.as_str() == to)
}

/// The table of ARCHITECTURE.md under "Rooms": crate, room, the rooms that it uses.
fn written() -> BTreeMap<String, Edges> {
    let text = read("ARCHITECTURE.md");
    let (_, section) = text.split_once("\n## Rooms\n").expect("ARCHITECTURE.md has `## Rooms`");
    let section = section.split("\n## ").next().unwrap();
    let mut crates: BTreeMap<String, Edges> = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<Vec<String>> = row.split('|').map(quoted).collect();
        let [_, name, room, used, ..] = &cells[..] else { panic!("a row of three cells: {row}") };
        let used = used.iter().cloned().collect();
        crates.entry(name[0].clone()).or_default().insert(room[0].clone(), used);
    }
    crates
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn row(name: &str, room: &str, used: &BTreeSet<String>) -> String {
    let used: Vec<String> = used.iter().map(|room| format!("`{room}`")).collect();
    format!("| `{name}` | `{room}` | {} |", used.join(", "))
}

#[test]
fn every_edge_between_rooms_is_written_down_and_none_is_on_a_circle() {
    let written = written();
    let mut wrong = Vec::new();
    let mut allowed: BTreeSet<_> = ALLOWED.iter().collect();
    let all = CRATES.into_iter().map(|name| (name, edges(name, &sources(name))));
    for (name, (mut edges, places)) in all.chain([("templates", template_edges())]) {
        for &(of, from, to) in ALLOWED.iter().filter(|(of, ..)| *of == name) {
            if edges.get_mut(from).is_some_and(|used| used.remove(to)) {
                allowed.remove(&(of, from, to));
            }
        }
        for (room, used) in &edges {
            for target in used.iter().filter(|target| needs(&edges, target, room)) {
                let place = &places[&(room.clone(), target.clone())];
                wrong.push(format!("{name}: on a circle: {room} → {target} ({place})"));
            }
        }
        let none = Edges::new();
        let table = written.get(name).unwrap_or(&none);
        for (room, used) in &edges {
            if table.get(room) != Some(used) {
                wrong.push(format!("ARCHITECTURE.md lacks {}", row(name, room, used)));
            }
        }
        for room in table.keys().filter(|room| !edges.contains_key(*room)) {
            wrong.push(format!("ARCHITECTURE.md names {name}/{room}, which is not there"));
        }
    }
    for (name, from, to) in allowed {
        wrong.push(format!("{name}: {from} → {to} is gone: take it from the list"));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn of_text(files: &[(&str, &str)]) -> Edges {
    let sources: Vec<File> = files
        .iter()
        .map(|(module, text)| File {
            path: (*module).to_owned(),
            module: module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect(),
            tokens: text.parse::<proc_macro2::TokenStream>().unwrap().into_iter().collect(),
        })
        .collect();
    edges("", &sources).0
}

#[test]
fn edges_are_found_in_every_form_of_a_path() {
    let edges = of_text(&[
        ("", "mod a; pub use d::D; pub mod face { pub use crate::b::{B, deep::C}; }"),
        ("a", "use crate::{b::{self, X}, c}; // crate::f"),
        ("b::deep", "fn f() { super::super::c::g(); let text = \"crate::a::x\"; }"),
        ("c", "mod inner { use super::super::d::Z; macro_rules! m { () => { $crate::e::y() } } }"),
        ("d", "pub(crate) use self::own::Thing; use super::D; fn f(_: crate::face::C) {}"),
        ("e", "use crate::D;"),
        ("f", ""),
    ]);
    let used = |room: &str| edges[room].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(used("a"), ["b", "c"]);
    assert_eq!(used("b"), ["c"]);
    assert_eq!(used("c"), ["d", "e"]);
    assert_eq!(used("d"), ["b"]);
    assert_eq!(used("e"), ["d"]);
    assert!(needs(&edges, "b", "b") && needs(&edges, "a", "e") && !needs(&edges, "b", "a"));
    assert!(!needs(&edges, "f", "f"));
}

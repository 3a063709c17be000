//! The banned words of this project, in prose, documentation, comments and messages, each with its
//! replacement. A word with an everyday meaning beside the banned one is left to reviewers.

use crate::tokens::{sources, strings};
use crate::tree::{files, read};
use std::collections::BTreeMap;

/// What is not written, as whole words in all their forms, and what is.
const BANNED: &[(&[&str], &str)] = &[
    (&["beneath"], "under, or below the threshold"),
    (&["brings", "bring", "brought", "bringing"], "loads, copies or sends"),
    (&["court", "courts"], "leader CTA"),
    (&["desk", "desks"], "its own name"),
    (&["family", "families"], "selector"),
    (&["flight", "flights"], "a copy that has not completed, or: once for each key"),
    (
        &["grid ahead", "grid behind", "starts early", "start early"],
        "programmatic dependent launch",
    ),
    (&["hurt", "hurts"], "costs, or slows"),
    (&["judge", "judges", "judged", "judging"], "checks"),
    (&["lend", "lends", "lent", "lending"], "borrows, or passes"),
    (&["letter", "letters", "mailbox", "mailboxes"], "exchange"),
    (&["look again", "looks again", "looked at again", "second look"], "rescan"),
    (&["meet", "meets", "met", "meeting"], "synchronise, or another verb of what happens"),
    (&["question", "questions"], "problem"),
    (&["rows lie", "row lies", "how rows"], "layout"),
    (&["survivor", "survivors", "survives", "survive"], "candidate"),
    (&["verdict", "verdicts"], "result, or outcome"),
];

/// Text that has a banned word and means something else.
const EXCEPT: &[&str] = &["single flight", "single-flight", "ascii letter", "letters and digits"];

/// The banned words of a text, each with what to write.
fn banned(text: &str) -> Vec<(&'static str, &'static str)> {
    let mut text = text.to_lowercase();
    for except in EXCEPT {
        text = text.replace(except, "");
    }
    let plain = |c: char| if c.is_alphanumeric() { c } else { ' ' };
    let words: String = text.chars().map(plain).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    for (forms, instead) in BANNED {
        for form in *forms {
            let times = format!(" {words} ").replace(' ', "  ");
            let form_of = format!(" {} ", form.replace(' ', "  "));
            found.extend(times.matches(&form_of).map(|_| (*form, *instead)));
        }
    }
    found
}

/// The comments of Rust and CUDA C.
fn comments(text: &str) -> String {
    let comment = |line: &str| {
        let at =
            if line.trim_start().starts_with("//") { line.find("//") } else { line.find(" // ") };
        at.map(|at| line[at..].trim_start_matches([' ', '/', '!']).to_owned())
    };
    text.lines().filter_map(comment).collect::<Vec<_>>().join(" ")
}

/// Prose without fenced code.
fn unfenced(text: &str) -> String {
    text.split("```").step_by(2).collect::<Vec<_>>().join(" ")
}

/// What every file of the repository says, by its path.
fn prose() -> BTreeMap<String, String> {
    const CRATES: [&str; 6] = ["capi", "cli", "codegen", "dsl", "lab", "runtime"];
    let mut all = BTreeMap::new();
    let folders =
        ["docs", "fronts", "templates", "tests", "xtask/src", "xtask/examples", "xtask/bundle"];
    let within = folders.into_iter().chain(CRATES).flat_map(files);
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned);
    let kept = ["docs/bench/", "tests/golden", "fronts/candle/target"];
    for path in within.chain(top).filter(|path| !kept.iter().any(|kept| path.starts_with(kept))) {
        let says = match path.rsplit_once('.') {
            Some((_, "md")) => unfenced(&read(&path)),
            Some((_, "rs" | "cuh" | "cu" | "j2" | "h" | "c" | "cpp")) => comments(&read(&path)),
            _ => continue,
        };
        all.insert(path, says);
    }
    for file in CRATES.iter().flat_map(|name| sources(name)) {
        let said = all.get_mut(&file.path).unwrap();
        said.push(' ');
        said.push_str(&strings(&file.tokens).join(" | "));
    }
    all
}

#[test]
fn banned_words_stay_away() {
    let mut wrong = Vec::new();
    for (path, text) in prose() {
        for (word, instead) in banned(&text) {
            wrong.push(format!("{path} says \"{word}\": write {instead}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn words_are_found_whole_and_in_every_form() {
    let found = |text: &str| banned(text).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert_eq!(
        found("The court, and its mailbox. Survivors\nlook  again."),
        ["court", "mailbox", "look again", "survivors"]
    );
    assert_eq!(found("A courtyard; single flight; rows."), [""; 0]);
    assert_eq!(
        comments("let a = 1; // the court\n/// a desk\nlet b = \"//x\";"),
        "the court a desk"
    );
    let text: proc_macro2::TokenStream = "/// a court\nfn f() { g(\"a desk\") }".parse().unwrap();
    assert_eq!(strings(&text.into_iter().collect::<Vec<_>>()), ["\"a desk\""]);
}

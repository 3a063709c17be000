//! The shared library exports the names that its header declares, and nothing else, so that it can be
//! loaded beside any other library.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use support::{Library, in_package};

const PEER: [&str; 6] =
    ["peer_count", "peer_name", "peer_run", "peer_stride", "peer_supports", "peer_workspace"];

/// The functions that the header declares, in alphabetical order.
fn declared() -> Vec<String> {
    let header = std::fs::read_to_string(in_package("include/topkit.h")).unwrap();
    let code = header.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    let code: String = code.collect();
    let before_brackets = code.split('(').filter_map(|part| part.rsplit([' ', '*', '\n']).next());
    let functions = before_brackets.filter(|name| name.starts_with("topkit_"));
    let mut functions: Vec<_> =
        functions.filter(|name| !name.contains(')')).map(str::to_owned).collect();
    functions.sort();
    functions
}

#[test]
fn the_library_exports_what_the_header_declares() {
    let declared = declared();
    assert_eq!(declared.len(), 9, "{declared:?}");
    assert_eq!(Library::build("").exports(), declared);
}

#[test]
fn the_feature_peer_adds_its_interface() {
    let mut due = [declared(), PEER.map(str::to_owned).to_vec()].concat();
    due.sort();
    assert_eq!(Library::build("peer").exports(), due);
}

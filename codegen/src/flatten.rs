//! Turns a text with quoted includes into one that includes nothing.
//!
//! Each block is written once, where it is first needed, under a line that names it and a `#line`
//! that keeps the compiler's messages pointing at the template. The text is otherwise untouched.

use crate::embed::{self, FOLDER};
use crate::error::RenderError;
use std::fmt::Write;

/// The self-contained form of `text`, which stands for the file `path` below the templates folder.
///
/// Lines before the first include (the banner) stay at the top. `grown` are the places at which
/// rendering made the text longer than it is in the file.
pub(crate) fn flatten(path: &str, text: &str, grown: &[Growth]) -> Result<String, RenderError> {
    let mut flattener = Flattener { out: String::new(), done: Vec::new() };
    flattener.append(path, text, Start::Root(grown))?;
    Ok(flattener.out)
}

/// Lines that a text has more than its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// The first line after them, counted from 1.
    pub before: usize,
    /// How many they are.
    pub lines: usize,
}

struct Flattener {
    out: String,
    /// Blocks already written or being written; both are skipped when named again.
    done: Vec<String>,
}

enum Start<'a> {
    /// The root: its banner is not named.
    Root(&'a [Growth]),
    /// A block: named before its first line.
    Block,
}

impl Flattener {
    fn append(&mut self, path: &str, text: &str, start: Start<'_>) -> Result<(), RenderError> {
        self.done.push(path.to_owned());
        let (mut at_home, grown) = match start {
            Start::Root(grown) => (true, grown),
            Start::Block => (false, &[][..]),
        };
        for (i, line) in text.lines().enumerate() {
            let passed = grown.iter().filter(|growth| growth.before <= i + 1);
            let number = i + 1 - passed.map(|growth| growth.lines).sum::<usize>();
            let mut text = line.to_owned();
            if let Some(included) = included_path(line) {
                let target = resolve(path, included);
                if !self.done.contains(&target) {
                    let block = embed::file(&target).ok_or_else(|| RenderError::MissingBlock {
                        block: target.clone(),
                        file: format!("{FOLDER}/{path}"),
                        line: number,
                    })?;
                    self.append(&target, block, Start::Block)?;
                    at_home = false;
                    continue;
                }
                // A line stands for a line, so that the numbers hold.
                text = format!("// uses {target}");
            } else if line.trim() == "#pragma once" {
                text = String::new();
            }
            let says_nothing = text.is_empty() || text.starts_with("// uses ");
            if !at_home && says_nothing {
                continue;
            }
            if !at_home {
                self.enter(path, number);
                at_home = true;
            }
            self.out.push_str(&text);
            self.out.push('\n');
        }
        Ok(())
    }

    /// Names the block whose text follows.
    fn enter(&mut self, path: &str, line: usize) {
        if !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        let name = if line == 1 { path.to_owned() } else { format!("{path}, from line {line}") };
        let rule = "-".repeat(90usize.saturating_sub(name.len()));
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "// ---- {name} {rule}\n#line {line} \"{FOLDER}/{path}\"");
    }
}

/// The path of `#include "path"`.
fn included_path(line: &str) -> Option<&str> {
    line.trim().strip_prefix("#include \"")?.strip_suffix('"')
}

/// An include path, seen from the file that holds it, as a path below the templates folder.
fn resolve(from: &str, included: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in included.split('/') {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_resolve_from_their_file() {
        assert_eq!(resolve("kernels/block_radix.cuh", "../row/row.cuh"), "row/row.cuh");
        assert_eq!(resolve("row/row.cuh", "../core/types.cuh"), "core/types.cuh");
        assert_eq!(resolve("skeleton.cu.j2", "row/row.cuh"), "row/row.cuh");
    }

    #[test]
    fn a_block_is_written_once_and_named() {
        let text = "// banner\n#include \"row/row.cuh\"\n#include \"core/types.cuh\"\nint x;\n";
        let flat = flatten("root.cu", text, &[]).unwrap();
        assert!(flat.starts_with("// banner\n"), "{flat}");
        assert!(!flat.contains("#include"), "{flat}");
        assert_eq!(flat.matches("// ---- core/types.cuh ").count(), 1);
        assert_eq!(flat.matches("struct LaunchArgs").count(), 1);
        assert!(flat.contains("#line 4 \"templates/root.cu\"\nint x;"), "{flat}");
    }

    #[test]
    fn lines_keep_their_numbers() {
        let flat = flatten("root.cu", "#include \"row/row.cuh\"\n", &[]).unwrap();
        let mut at: Option<(&str, usize)> = None;
        for line in flat.lines() {
            if let Some(rest) = line.strip_prefix("#line ") {
                let (number, file) = rest.split_once(' ').unwrap();
                let path = file.trim_matches('"').strip_prefix("templates/").unwrap();
                at = Some((embed::file(path).unwrap(), number.parse().unwrap()));
            } else if let Some((text, number)) = &mut at
                && !line.starts_with("// ---- ")
            {
                // The blank line before the next block's name belongs to no file; an include that
                // was met before has become a comment.
                let same = text.lines().nth(*number - 1) == Some(line);
                assert!(same || line.is_empty() || line.starts_with("// uses "), "{line}");
                *number += 1;
            }
        }
        assert!(at.is_some());
    }

    #[test]
    fn a_missing_block_is_named_with_its_place() {
        let error = flatten("root.cu", "\n#include \"core/absent.cuh\"\n", &[]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("core/absent.cuh") && message.contains("templates/root.cu:2"));
    }
}

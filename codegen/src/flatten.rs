//! Replaces the quoted includes of a text, so that the text includes nothing.
//!
//! Each block is written whole and once, after the blocks that it includes, under a line that names it
//! and a `#line` that keeps the compiler's messages pointing at the template. An include becomes a
//! comment; the text is otherwise untouched.

use crate::embed::{self, FOLDER};
use crate::error::RenderError;
use std::fmt::Write;

/// The self-contained form of `text`, the text of the file `path` in the templates folder.
///
/// Lines before the first include (the banner) stay at the top. `grown` are the places at which
/// rendering made the text longer than it is in the file.
pub(crate) fn flatten(path: &str, text: &str, grown: &[Growth]) -> Result<String, RenderError> {
    let mut flattener = Flattener { out: String::new(), done: vec![path.to_owned()] };
    flattener.root(path, text, grown)?;
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

impl Flattener {
    /// Writes the root, with each include replaced at its line.
    fn root(&mut self, path: &str, text: &str, grown: &[Growth]) -> Result<(), RenderError> {
        let (mut at_home, mut named, mut expected) = (true, false, None);
        for (i, line) in text.lines().enumerate() {
            let passed = grown.iter().filter(|growth| growth.before <= i + 1);
            let number = i + 1 - passed.map(|growth| growth.lines).sum::<usize>();
            if let Some(included) = included_path(line) {
                self.block(&resolve(path, included), path, number)?;
                at_home = false;
                continue;
            }
            if !at_home && line.is_empty() {
                continue;
            }
            if !at_home {
                self.name(path, number);
                (at_home, named) = (true, true);
            } else if expected.is_some_and(|expected| expected != number) {
                // The lines before are of a rendered loop, which has fewer lines in the file. Writing to
                // a String cannot fail.
                let _ = writeln!(self.out, "#line {number} \"{FOLDER}/{path}\"");
            }
            // The banner is at the top without a `#line`.
            expected = named.then_some(number + 1);
            self.out.push_str(line);
            self.out.push('\n');
        }
        Ok(())
    }

    /// Writes the blocks that a block includes, and then the block. `from` includes it, on line `line`.
    fn block(&mut self, path: &str, from: &str, line: usize) -> Result<(), RenderError> {
        if self.done.iter().any(|done| done == path) {
            return Ok(());
        }
        self.done.push(path.to_owned());
        let text = embed::file(path).ok_or_else(|| RenderError::MissingBlock {
            block: path.to_owned(),
            file: format!("{FOLDER}/{from}"),
            line,
        })?;
        for (i, line) in text.lines().enumerate() {
            if let Some(included) = included_path(line) {
                self.block(&resolve(path, included), path, i + 1)?;
            }
        }
        self.name(path, 1);
        for line in text.lines() {
            // One line for one line, so that line numbers stay right.
            match included_path(line) {
                Some(included) => self.out += &format!("// uses {}", resolve(path, included)),
                None if line.trim() == "#pragma once" => {}
                None => self.out += line,
            }
            self.out.push('\n');
        }
        Ok(())
    }

    /// Names the block whose text follows.
    fn name(&mut self, path: &str, line: usize) {
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
    fn a_block_is_whole_and_after_those_that_it_includes() {
        let flat = flatten("root.cu", "// banner\n#include \"row/row.cuh\"\n", &[]).unwrap();
        let row = embed::file("row/row.cuh").unwrap();
        let (types, row_at) = (
            flat.find("// ---- core/types.cuh ").unwrap(),
            flat.find("// ---- row/row.cuh ").unwrap(),
        );
        assert!(types < row_at, "{flat}");
        assert_eq!(flat.matches("row/row.cuh").count(), 2, "a name and a `#line`: {flat}");
        assert!(flat.ends_with(row.split_once("types.cuh\"\n").unwrap().1), "{flat}");
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
                // The blank line before the next block's name belongs to no file, and an include has
                // become a comment.
                let same = text.lines().nth(*number - 1) == Some(line);
                assert!(same || line.is_empty() || line.starts_with("// uses "), "{line}");
                *number += 1;
            }
        }
        assert!(at.is_some());
    }

    #[test]
    fn lines_after_a_loop_have_their_number() {
        let text = "// banner\n#include \"core/types.cuh\"\nint a;\nint b;\nint c;\nint d;\n";
        let flat = flatten("root.cu", text, &[Growth { before: 6, lines: 2 }]).unwrap();
        let end = "#line 3 \"templates/root.cu\"\nint a;\nint b;\nint c;\n#line 4 \"templates/root.cu\"\nint d;\n";
        assert!(flat.ends_with(end), "{flat}");
    }

    #[test]
    fn a_missing_block_is_named_with_its_place() {
        let error = flatten("root.cu", "\n#include \"core/absent.cuh\"\n", &[]).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("core/absent.cuh") && message.contains("templates/root.cu:2"));
    }
}

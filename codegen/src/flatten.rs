//! Replaces the quoted includes of a text, so that the text includes nothing.
//!
//! Each block is written whole and once, after the blocks that it includes, under a line that names it
//! and a `#line` that keeps the compiler's messages pointing at the template. An include becomes a
//! comment; the text is otherwise untouched.

use crate::embed::{self, FOLDER};
use crate::error::RenderError;
use crate::functions::PROGRAM;
use std::fmt::Write;

/// The self-contained form of a rendered text, whose file is `path` in the templates folder.
///
/// Lines before the first include (the banner) stay at the top.
/// [`PROGRAM`] stands for the text of the selector's program.
pub(crate) fn flatten(
    path: &str,
    lines: &[Line<'_>],
    program: Option<&str>,
) -> Result<String, RenderError> {
    let mut flattener = Flattener { out: String::new(), done: vec![path.to_owned()], program };
    flattener.root(path, lines)?;
    Ok(flattener.out)
}

/// A rendered line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub text: &'a str,
    /// Its number in the file, counted from 1; none of a line that a loop has rendered.
    pub number: Option<usize>,
}

struct Flattener<'a> {
    program: Option<&'a str>,
    out: String,
    /// Blocks already written or being written; both are skipped when named again.
    done: Vec<String>,
}

impl Flattener<'_> {
    /// Writes the root, with each include replaced at its line.
    fn root(&mut self, path: &str, lines: &[Line<'_>]) -> Result<(), RenderError> {
        // What a compiler takes for the number of the next line; none in the banner and after a block.
        let mut expected = None;
        let (mut at_home, mut passed) = (true, 0);
        for &Line { text, number } in lines {
            let line = number.unwrap_or(passed + 1);
            passed = line;
            if let Some(included) = included_path(text) {
                self.block(&resolve(path, included), path, line)?;
                (at_home, expected) = (false, None);
                continue;
            }
            if !at_home && text.is_empty() {
                continue;
            }
            if !at_home {
                self.name(path, line);
                (at_home, expected) = (true, Some(line));
            } else if expected.is_some() && number.is_some() && expected != number {
                // Writing to a String cannot fail.
                let _ = writeln!(self.out, "#line {line} \"{FOLDER}/{path}\"");
                expected = number;
            }
            expected = expected.map(|expected| expected + 1);
            self.out.push_str(text);
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
        let known = if path == PROGRAM { self.program } else { embed::file(path) };
        let text = known.ok_or_else(|| RenderError::MissingBlock {
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
        let file = if path == PROGRAM { path.to_owned() } else { format!("{FOLDER}/{path}") };
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "// ---- {name} {rule}\n#line {line} \"{file}\"");
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

    /// The lines of a text that is as its file.
    fn whole(text: &str) -> Vec<Line<'_>> {
        let lines = text.lines().enumerate();
        lines.map(|(i, text)| Line { text, number: Some(i + 1) }).collect()
    }

    #[test]
    fn paths_resolve_from_their_file() {
        assert_eq!(resolve("kernels/block_radix.cuh", "../row/row.cuh"), "row/row.cuh");
        assert_eq!(resolve("row/row.cuh", "../core/types.cuh"), "core/types.cuh");
        assert_eq!(resolve("skeleton.cu.j2", "row/row.cuh"), "row/row.cuh");
    }

    #[test]
    fn a_block_is_written_once_and_named() {
        let text = "// banner\n#include \"row/row.cuh\"\n#include \"core/types.cuh\"\nint x;\n";
        let flat = flatten("root.cu", &whole(text), None).unwrap();
        assert!(flat.starts_with("// banner\n"), "{flat}");
        assert!(!flat.contains("#include"), "{flat}");
        assert_eq!(flat.matches("// ---- core/types.cuh ").count(), 1);
        assert_eq!(flat.matches("struct LaunchArgs").count(), 1);
        assert!(flat.contains("#line 4 \"templates/root.cu\"\nint x;"), "{flat}");
    }

    #[test]
    fn a_block_is_whole_and_after_those_that_it_includes() {
        let flat =
            flatten("root.cu", &whole("// banner\n#include \"row/row.cuh\"\n"), None).unwrap();
        let row = embed::file("row/row.cuh").unwrap();
        let (types, row_at) = (
            flat.find("// ---- core/types.cuh ").unwrap(),
            flat.find("// ---- row/row.cuh ").unwrap(),
        );
        assert!(types < row_at, "{flat}");
        assert_eq!(flat.matches("row/row.cuh").count(), 2, "a name and a `#line`: {flat}");
        assert!(flat.ends_with(row.rsplit_once(".cuh\"\n").unwrap().1), "{flat}");
    }

    #[test]
    fn lines_keep_their_numbers() {
        let flat = flatten("root.cu", &whole("#include \"row/row.cuh\"\n"), None).unwrap();
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
        let mut lines = whole(text);
        // A loop in the fourth line was rendered twice, and its tags take two lines.
        (lines[3].number, lines[4].number, lines[5].number) = (None, None, Some(7));
        let flat = flatten("root.cu", &lines, None).unwrap();
        let end = "#line 3 \"templates/root.cu\"\nint a;\nint b;\nint c;\n#line 7 \"templates/root.cu\"\nint d;\n";
        assert!(flat.ends_with(end), "{flat}");
        lines[5].number = Some(6);
        let flat = flatten("root.cu", &lines, None).unwrap();
        assert_eq!(flat.matches("templates/root.cu\"\n").count(), 1, "{flat}");
    }

    #[test]
    fn a_program_is_a_block_of_its_own_name() {
        let text = "// banner\n#include \"core/types.cuh\"\n#include \"program\"\nint a;\n";
        let flat = flatten("root.cu", &whole(text), Some("struct Own {\n};")).unwrap();
        assert!(
            flat.contains(
                "\n#line 1 \"program\"\nstruct Own {\n};\n\n// ---- root.cu, from line 4"
            )
        );
        let error = flatten("root.cu", &whole(text), None).unwrap_err().to_string();
        assert!(error.contains("templates/root.cu:3 includes program"), "{error}");
    }

    #[test]
    fn a_missing_block_is_named_with_its_place() {
        let error =
            flatten("root.cu", &whole("\n#include \"core/absent.cuh\"\n"), None).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("core/absent.cuh") && message.contains("templates/root.cu:2"));
    }
}

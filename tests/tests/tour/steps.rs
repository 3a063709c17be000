//! The kernels of `templates/tour/`, each as one text that includes nothing. Shared by the suite that
//! interprets them and the suite that compiles them.

use std::path::{Path, PathBuf};

/// A kernel of the tour: its file, its entry, and its CTA's threads.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    pub file: &'static str,
    pub entry: &'static str,
}

pub const THREADS: u32 = 256;

pub const HISTOGRAM: Step = Step { file: "1_histogram.cu", entry: "tour_histogram" };
pub const RADIX: Step = Step { file: "2_radix.cu", entry: "tour_radix" };
pub const CANDIDATES: Step = Step { file: "3_candidates.cu", entry: "tour_candidates" };
pub const VECTORS: Step = Step { file: "4_vectors.cu", entry: "tour_vectors" };
pub const LARGEST: Step = Step { file: "5_semantics.cu", entry: "tour_largest" };
pub const SMALLEST: Step = Step { file: "5_semantics.cu", entry: "tour_smallest_ragged" };

impl Step {
    /// The file's text, with each file that it includes once, where it is first included.
    pub fn text(&self) -> String {
        let mut included = Vec::new();
        let mut text = String::new();
        append(&folder().join(self.file), &mut included, &mut text);
        text
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/tour")
}

fn append(path: &Path, included: &mut Vec<PathBuf>, to: &mut String) {
    let path = path.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if included.contains(&path) {
        return;
    }
    included.push(path.clone());
    let name = path.strip_prefix(folder().join("../..").canonicalize().unwrap()).unwrap();
    to.push_str(&format!("#line 1 \"{}\"\n", name.display()));
    for (number, line) in (2..).zip(std::fs::read_to_string(&path).unwrap().lines()) {
        let name = name.display();
        match line.strip_prefix("#include \"").and_then(|line| line.strip_suffix('"')) {
            Some(other) => {
                append(&path.parent().unwrap().join(other), included, to);
                to.push_str(&format!("#line {number} \"{name}\"\n"));
            }
            None if line == "#pragma once" => to.push('\n'),
            None => to.push_str(&format!("{line}\n")),
        }
    }
}

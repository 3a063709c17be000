//! The kernels of `templates/tour/`, each as one text that includes nothing. Shared by the suite that
//! interprets them and the suite that compiles them.

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

macro_rules! embed {
    ($($path:literal,)*) => {
        /// Path below `templates/`, and text. The suites also run on machines without the repository.
        const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../../../templates/", $path))),)*];
    };
}

// The tour, and what it includes.
embed! {
    "core/histogram.cuh",
    "core/range.cuh",
    "core/threshold.cuh",
    "core/types.cuh",
    "core/warp.cuh",
    "kernels/block_radix.cuh",
    "ptx/integers.cuh",
    "ptx/purity.cuh",
    "ptx/reduce.cuh",
    "row/row.cuh",
    "row/vec_load.cuh",
    "row/vectors.cuh",
    "score/dtypes.cuh",
    "score/ordinal.cuh",
    "score/source.cuh",
    "select/candidate_buffer.cuh",
    "sink/direct.cuh",
    "sink/indices.cuh",
    "sink/short_row.cuh",
    "sink/team.cuh",
    "tour/1_histogram.cu",
    "tour/2_radix.cu",
    "tour/3_candidates.cu",
    "tour/4_vectors.cu",
    "tour/5_semantics.cu",
}

impl Step {
    /// The file's text, with each file that it includes once, where it is first included.
    pub fn text(&self) -> String {
        let mut included = Vec::new();
        let mut text = String::new();
        append(&format!("tour/{}", self.file), &mut included, &mut text);
        text
    }
}

fn append(path: &str, included: &mut Vec<String>, to: &mut String) {
    if included.iter().any(|other| other == path) {
        return;
    }
    included.push(path.to_owned());
    let (_, text) = FILES
        .iter()
        .find(|(file, _)| *file == path)
        .unwrap_or_else(|| panic!("name {path} among the FILES of tour/steps.rs"));
    to.push_str(&format!("#line 1 \"templates/{path}\"\n"));
    for (number, line) in (2..).zip(text.lines()) {
        match line.strip_prefix("#include \"").and_then(|line| line.strip_suffix('"')) {
            Some(other) => {
                append(&resolve(path, other), included, to);
                to.push_str(&format!("#line {number} \"templates/{path}\"\n"));
            }
            None if line == "#pragma once" => to.push('\n'),
            None => to.push_str(&format!("{line}\n")),
        }
    }
}

/// The path below `templates/` of a file that another one includes.
fn resolve(from: &str, included: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in included.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

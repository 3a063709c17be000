//! Other builds of this library, loaded as peers and measured in the same run as this build.
//!
//! A build is compared with this one alone, and is never the best peer of a cell.

use super::ratio::geometric_mean;
use super::record::{Document, Measure};
use crate::Grid;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// The name that our library gives its kernel, and the sign between it and the build's.
const OURS: &str = "topkit";
const OF: char = '@';

/// The name of a peer: our own is told from other builds by its file.
pub fn name_of(name: String, path: &Path) -> String {
    if name != OURS {
        return name;
    }
    let file = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    format!("{OURS}{OF}{}", file.unwrap_or_default())
}

/// Whether a peer is another build of this library.
pub fn is_build(name: &str) -> bool {
    name == OURS || name.starts_with(&format!("{OURS}{OF}"))
}

/// This build against another one, in a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The other build.
    pub build: String,
    /// The grid.
    pub grid: Grid,
    /// Which of the times.
    pub measure: Measure,
    /// Cells that both builds served.
    pub compared: usize,
    /// Cells in which this build takes more than 1.03 times as long.
    pub slower: usize,
    /// The geometric mean of how many times as fast this build is.
    pub mean: f64,
    /// The least of them.
    pub least: f64,
    /// The greatest.
    pub most: f64,
}

/// A build is slower where it takes more than so many times as long.
const NOISE: f64 = 1.03;

/// The comparison with each other build, in every grid that both served.
pub fn scores(document: &Document) -> Vec<Score> {
    let peers = document.cells.iter().flat_map(|entry| &entry.peers);
    let builds: BTreeSet<&str> =
        peers.map(|peer| peer.name.as_str()).filter(|name| is_build(name)).collect();
    let mut scores = Vec::new();
    for (build, grid) in builds.iter().flat_map(|build| Grid::ALL.map(|grid| (*build, grid))) {
        for measure in Measure::ALL {
            let of_grid = document.cells.iter().filter(|entry| entry.cell.grid == grid);
            let ratios: Vec<f64> = of_grid
                .filter_map(|entry| {
                    let other = entry.peers.iter().find(|peer| peer.name == build)?;
                    Some(other.outcome.us(measure)? / entry.ours.us(measure)?)
                })
                .collect();
            let Some(mean) = geometric_mean(ratios.iter().copied()) else { continue };
            scores.push(Score {
                build: build.to_owned(),
                grid,
                measure,
                compared: ratios.len(),
                slower: ratios.iter().filter(|&&ratio| ratio * NOISE < 1.0).count(),
                mean,
                least: ratios.iter().copied().fold(f64::INFINITY, f64::min),
                most: ratios.iter().copied().fold(0.0, f64::max),
            });
        }
    }
    scores
}

/// The comparison, for programs.
pub fn json(document: &Document) -> Value {
    let scores = scores(document).into_iter().map(|score| {
        json!({
            "build": score.build, "grid": score.grid, "measure": score.measure.key(),
            "compared": score.compared, "slower": score.slower,
            "geometric_mean": score.mean, "least": score.least, "most": score.most,
        })
    });
    scores.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_named_by_its_file_and_another_library_is_none() {
        let named = |name: &str| name_of(name.to_owned(), Path::new("/a/old-build.so"));
        assert_eq!(
            (named("topkit"), named("vllm.auto")),
            ("topkit@old-build".into(), "vllm.auto".into())
        );
        assert!(is_build("topkit@old-build") && is_build("topkit"));
        assert!(!is_build("topkit2") && !is_build("vllm.auto"));
    }
}

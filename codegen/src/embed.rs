//! The template files, embedded in the library. The generator finds only the files of this table and of the table
//! of kernels; a test compares both tables with the folder.

use crate::kernels::TEMPLATES;

/// The name under which messages and `#line` know the folder.
pub(crate) const FOLDER: &str = "templates";

macro_rules! embed {
    ($($path:literal,)*) => {
        /// Path below the templates folder, and text.
        pub(crate) const FILES: &[(&str, &str)] =
            &[$(($path, include_str!(concat!("../templates/", $path))),)*];
    };
}

embed! {
    "skeleton.cu.j2",
    "core/bisection.cuh",
    "core/cluster_threshold.cuh",
    "core/histogram.cuh",
    "core/range.cuh",
    "core/ranking.cuh",
    "core/slots.cuh",
    "core/threshold.cuh",
    "core/types.cuh",
    "core/warp.cuh",
    "filter/candidates.cuh",
    "filter/filter.cuh",
    "filter/final.cuh",
    "filter/rescan.cuh",
    "filter/sample.cuh",
    "filter/set.cuh",
    "filter/ties.cuh",
    "functions/arithmetic.cuh",
    "functions/source.cuh",
    "functions/values.cuh",
    "ptx/async_copy.cuh",
    "ptx/cluster.cuh",
    "ptx/checked.cuh",
    "ptx/compare.cuh",
    "ptx/dependent_launch.cuh",
    "ptx/dynamic_shared.cuh",
    "ptx/exchange.cuh",
    "ptx/grid_constant.cuh",
    "ptx/half.cuh",
    "ptx/integers.cuh",
    "ptx/layout.cuh",
    "ptx/purity.cuh",
    "ptx/reduce.cuh",
    "row/cluster_reader.cuh",
    "row/resident/row.cuh",
    "row/resident/warp_row.cuh",
    "row/ring.cuh",
    "row/row.cuh",
    "row/shard_reader.cuh",
    "row/stripes.cuh",
    "row/vec_load.cuh",
    "row/vectors.cuh",
    "row/words.cuh",
    "score/code.cuh",
    "score/dtypes.cuh",
    "score/masked.cuh",
    "score/ordinal.cuh",
    "score/sharded.cuh",
    "score/source.cuh",
    "score/ties.cuh",
    "score/ties_in_order.cuh",
    "score/widened.cuh",
    "score/word.cuh",
    "select/candidate_buffer.cuh",
    "select/candidates.cuh",
    "select/cut.cuh",
    "select/extremes.cuh",
    "select/radix_pass.cuh",
    "select/split.cuh",
    "select/ties_by_id.cuh",
    "sink/bitonic.cuh",
    "sink/buckets.cuh",
    "sink/columns.cuh",
    "sink/direct.cuh",
    "sink/gathered.cuh",
    "sink/indices.cuh",
    "sink/outputs.cuh",
    "sink/ranked_entry.cuh",
    "sink/short_row.cuh",
    "sink/sorted.cuh",
    "sink/staged.cuh",
    "sink/team.cuh",
}

pub(crate) fn file(path: &str) -> Option<&'static str> {
    FILES.iter().chain(TEMPLATES).find(|(name, _)| *name == path).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_table_holds_every_template() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found = Vec::new();
        let mut left = vec![folder.clone()];
        while let Some(room) = left.pop() {
            for entry in std::fs::read_dir(room).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    left.push(path);
                } else if path.extension().is_some_and(|end| end == "cuh" || end == "j2") {
                    found.push(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        let mut embedded: Vec<_> =
            FILES.iter().chain(TEMPLATES).map(|(path, _)| path.to_string()).collect();
        embedded.sort();
        assert_eq!(found, embedded);
    }
}

//! The template files, part of the library. A file that is in neither this table nor that of the
//! kernels does not exist for the generator; a test holds the tables against the folder.

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
    "device/active_range.cuh",
    "device/async_copy.cuh",
    "device/bound.cuh",
    "device/cluster.cuh",
    "device/cluster_threshold.cuh",
    "device/collect.cuh",
    "device/cut.cuh",
    "device/dependent_launch.cuh",
    "device/filter.cuh",
    "device/histogram.cuh",
    "device/mailbox.cuh",
    "device/members.cuh",
    "device/order_key.cuh",
    "device/packed_half.cuh",
    "device/ranking.cuh",
    "device/resident_row.cuh",
    "device/ring.cuh",
    "device/row.cuh",
    "device/score_word.cuh",
    "device/short_row.cuh",
    "device/slots.cuh",
    "device/stripes.cuh",
    "device/survivors.cuh",
    "device/threshold.cuh",
    "device/types.cuh",
    "device/vec_load.cuh",
    "device/verdict.cuh",
    "device/warp.cuh",
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
        let mut found = vec!["skeleton.cu.j2".to_owned()];
        for part in ["device", "kernels"] {
            for entry in std::fs::read_dir(folder.join(part)).unwrap() {
                found.push(format!("{part}/{}", entry.unwrap().file_name().into_string().unwrap()));
            }
        }
        found.sort();
        let mut embedded: Vec<_> =
            FILES.iter().chain(TEMPLATES).map(|(path, _)| path.to_string()).collect();
        embedded.sort();
        assert_eq!(found, embedded);
    }
}

//! The files of `templates/` that generated kernels are made of.
//!
//! Read from the repository, so that a new file is tested by being there.

use std::path::Path;

/// Every block, by its path below `templates/`, with its text.
///
/// # Panics
/// If the folder cannot be read, which fails the test that asks.
pub fn blocks_of_templates() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates");
    let mut left = vec![folder.clone()];
    let mut blocks = Vec::new();
    while let Some(room) = left.pop() {
        let entries =
            std::fs::read_dir(&room).unwrap_or_else(|e| panic!("{}: {e}", room.display()));
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "cuh") {
                let text = std::fs::read_to_string(&path);
                let text = text.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                let block = path.strip_prefix(&folder).unwrap_or(&path);
                blocks.push((block.display().to_string(), text));
            }
        }
    }
    blocks.sort();
    blocks
}

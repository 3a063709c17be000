//! Which file an address of this process was loaded from.
//!
//! It reads `/proc/self/maps`, so it answers on Linux alone; elsewhere, and for an address that no
//! file is mapped at, there is no answer.

use std::fs;
use std::path::PathBuf;

/// The file that an address of this process was loaded from, where the system tells.
pub(crate) fn file_at(address: usize) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find_map(|line| {
        let (start, end) = line.split_whitespace().next()?.split_once('-')?;
        let [start, end] = [start, end].map(|hex| usize::from_str_radix(hex, 16).ok());
        (start? <= address && address < end?).then(|| line.find('/').map(|at| &line[at..]))
    })?;
    path.map(PathBuf::from)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_an_address_is_known() {
        let here = the_file_of_an_address_is_known as fn() as usize;
        assert_eq!(file_at(here), std::env::current_exe().ok());
        assert_eq!(file_at(0), None);
    }
}

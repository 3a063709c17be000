//! Sizes in bytes as a person reads them.

/// A size in bytes, in the unit that reads best.
pub fn text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1000.0;
    let mut unit = 0;
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let decimals = if size < 9.95 { 1 } else { 0 };
    format!("{size:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_two_digits_and_change_unit_in_time() {
        for (size, due) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KB"),
            (9_949, "9.9 KB"),
            (9_950, "10 KB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (150_000_000_000, "150 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(text(size), due);
        }
    }
}

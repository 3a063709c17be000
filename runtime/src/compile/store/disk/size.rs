//! Sizes as people write them: `500MB`, `2 GB`, `1000000`. Units are powers of 1000.

/// A size that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no size; write a whole number of bytes, or one with KB, MB, GB or TB, like 2GB"
)]
#[non_exhaustive]
pub struct SizeError {
    /// The given text.
    pub text: String,
}

const UNITS: [(&str, u64); 5] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1)];

/// The bytes of a size, for settings and command lines.
///
/// ```
/// assert_eq!(topkit::cache::parse_size("2GB"), Ok(2_000_000_000));
/// assert!(topkit::cache::parse_size("much").is_err());
/// ```
///
/// # Errors
/// It is no whole number with one of the units, or more than 64 bits hold.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let upper = text.trim().to_ascii_uppercase();
    let with = |(unit, bytes): &(&str, u64)| Some((upper.strip_suffix(unit)?.trim_end(), *bytes));
    let (number, unit) = UNITS.iter().find_map(with).unwrap_or((&upper, 1));
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = plain.then(|| number.parse::<u64>().ok()).flatten();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| SizeError { text: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("17B", 17),
            ("3kb", 3000),
            (" 500 MB ", 500_000_000),
            ("2GB", 2_000_000_000),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in
            ["", "GB", "-1", "+1", "1.5GB", "1 G", "2GBB", "99999999999999999999", "99999999TB"]
        {
            assert!(parse_size(text).unwrap_err().to_string().contains("2GB"), "{text}");
        }
    }
}

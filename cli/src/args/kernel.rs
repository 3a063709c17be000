//! One kernel as a single argument: by its symbol, or by its keys.

use crate::args::spec::{Keys, several};
use crate::ui::usage::one_line;
use clap::Parser;
use topkit::Variant;

/// How such an argument is written; for help texts.
pub const SYNTAX: &str = "A kernel is its symbol, as emit --json and cache ls have it, or keys as in \
`topk_kernel!`, for example kernel=block_filter,dtype=f32,items=32; keys that are left out are those \
of emit.";

/// The keys as a command line of `emit`.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    keys: Keys,
}

/// The kernel of an argument.
pub fn parse(text: &str) -> Result<Variant, String> {
    if text.starts_with("topkit_") {
        return Variant::from_symbol(text).map_err(|error| error.to_string());
    }
    if text.split(',').any(|key| key.trim().is_empty()) {
        return Err("a key is empty; write KEY=VALUE,KEY=VALUE".to_owned());
    }
    let flag = |key: &str| format!("--{}", key.trim().replace('_', "-"));
    let arguments = text.split(',').map(|key| match key.split_once('=') {
        Some((key, value)) => format!("{}={}", flag(key), value.trim()),
        None => flag(key),
    });
    let line = Line::try_parse_from(arguments).map_err(|error| one_line(&error.to_string()))?;
    let variants = line.keys.variants().map_err(|failure| failure.to_string())?;
    match variants[..] {
        [variant] => Ok(variant),
        _ => Err(several(&variants)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_and_keys_name_the_same_kernels() {
        let keys = parse("dtype=f32, vec_size=4,bins=256 ,threads=128").unwrap();
        assert_eq!(
            keys.symbol(),
            "topkit_block_radix_f32_v4_b256_t128_largest_nan_highest_i32_dense"
        );
        assert_eq!(parse(&keys.symbol()).unwrap(), keys);
        let keys = parse("kernel=cluster_filter,items=16,cluster=8,rows=ragged").unwrap();
        assert_eq!(keys.id(), "v8_b2048_t512_r16_c8");
        assert_eq!(parse(&keys.symbol()).unwrap(), keys);
    }

    #[test]
    fn what_names_no_kernel_is_refused_in_words() {
        for (text, words) in [
            (
                "topkit_block_radix_f32",
                "is not a symbol of a kernel; one is `topkit_block_radix_f32_",
            ),
            ("kernel=block_resident", "4 kernels; give one value of items (8, 16, 32, 64)"),
            ("dtype=f128", "f128"),
            ("colour=red", "--colour"),
            ("", "a key is empty"),
            ("dtype=f32,", "a key is empty"),
            ("bins=100", "bins: 100"),
            ("batch_invariant,ties=lowest_index", "contradicts `order: unsorted`"),
            ("help", "--help"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(words) && error.lines().count() == 1, "{text}: {error}");
        }
    }
}

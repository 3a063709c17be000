//! Writes and reads derived names: a variant's id, its symbol, which is also the stem of its file, and the
//! parameter key in the banner of its text. No other code does.
//!
//! Reading a name gives the variant from which it was written. Any other text is an [`UnknownName`], which says
//! how a name is written.

use crate::keys::{SEMANTIC_KEYS, TUNING_KEYS};
use crate::{DType, KernelKind, Semantics, Variant};
use std::fmt;

/// Every symbol begins so.
const PREFIX: &str = "topkit_";

/// A text that names nothing of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{written}` is not a {what}; {hint}")]
pub struct UnknownName {
    pub(crate) what: &'static str,
    pub(crate) written: String,
    pub(crate) hint: String,
}

impl UnknownName {
    /// For a text that is not in a list.
    pub(crate) fn among(what: &'static str, written: &str, known: &[&str]) -> UnknownName {
        let hint = format!("write {}", one_of(known));
        UnknownName { what, written: written.to_owned(), hint }
    }
}

/// `a, b or c`.
fn one_of(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing: there is none".to_owned(),
    }
}

/// `from_name`, `Display` and `FromStr` of a type that has `ALL` and `name`.
macro_rules! named {
    ($type:ident, $what:literal) => {
        impl $type {
            /// The one of that name.
            pub fn from_name(name: &str) -> Option<$type> {
                $type::ALL.iter().copied().find(|one| one.name() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::UnknownName;

            fn from_str(text: &str) -> Result<$type, crate::UnknownName> {
                $type::from_name(text).ok_or_else(|| {
                    let known: Vec<&str> = $type::ALL.iter().map(|one| one.name()).collect();
                    crate::UnknownName::among($what, text, &known)
                })
            }
        }
    };
}
pub(crate) use named;

impl Variant {
    /// The sizes of the variant: `v8_b2048_t512`, or `v8_b4096_t512_r16` where each thread has 16
    /// scores, or `v8_b2048_t512_c8` where 8 CTAs share a row; `_s4` where a filter has 4 stages.
    pub fn id(&self) -> String {
        let items = if self.items == 0 { String::new() } else { format!("_r{}", self.items) };
        let cluster = if self.cluster == 1 { String::new() } else { format!("_c{}", self.cluster) };
        let default = self.stages == Variant::STAGES;
        let stages = if default { String::new() } else { format!("_s{}", self.stages) };
        format!("v{}_b{}_t{}{items}{cluster}{stages}", self.vec_size, self.bins, self.threads)
    }

    /// Its name among the variants of its dtype and its semantics: `block_radix v8_b2048_t512`.
    pub fn short_name(&self) -> String {
        format!("{} {}", self.kernel.name(), self.id())
    }

    /// The variant of a [`short_name`](Variant::short_name), with the default semantics.
    ///
    /// # Errors
    /// No variant of this dtype has that name.
    pub fn from_short_name(dtype: DType, text: &str) -> Result<Variant, UnknownName> {
        let read = || {
            let (kernel, id) = text.split_once(' ')?;
            let sizes = id.split('_').collect();
            let kernel = KernelKind::from_name(kernel)?;
            let variant = of_sizes(kernel, dtype, sizes)?;
            (variant.validate().is_empty() && variant.short_name() == text).then_some(variant)
        };
        read().ok_or_else(|| UnknownName {
            what: "kernel with its sizes",
            written: text.to_owned(),
            hint: format!("a {dtype} one is `{}`", example(dtype).short_name()),
        })
    }

    /// The name of the kernel's `extern "C"` function, of its golden and of its cache entry.
    /// Distinct variants have distinct symbols.
    pub fn symbol(&self) -> String {
        let mut symbol = format!("{PREFIX}{}_{}_{}", self.kernel, self.dtype, self.id());
        for key in SEMANTIC_KEYS {
            symbol += &key.symbol_part(&self.semantics);
        }
        if let Some(program) = self.program {
            symbol += &format!("_{program}");
        }
        symbol
    }

    /// The variant of a [`symbol`](Variant::symbol).
    ///
    /// ```
    /// use topkit_codegen::Variant;
    ///
    /// let symbol = "topkit_block_radix_bf16_v8_b2048_t512_largest_nan_highest_i32_dense";
    /// let variant = Variant::from_symbol(symbol)?;
    /// assert_eq!((variant.vec_size, variant.symbol().as_str()), (8, symbol));
    /// # Ok::<(), topkit_codegen::UnknownName>(())
    /// ```
    ///
    /// # Errors
    /// No kernel has that symbol.
    pub fn from_symbol(text: &str) -> Result<Variant, UnknownName> {
        read_symbol(text).ok_or_else(|| UnknownName {
            what: "symbol of a kernel",
            written: text.to_owned(),
            hint: format!("one is `{}`", example(DType::F32).symbol()),
        })
    }

    /// Every key that changes the code, by name and value, for the banner of the text.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters =
            vec![("kernel", self.kernel.to_string()), ("dtype", self.dtype.to_string())];
        let tuning = TUNING_KEYS.iter().map(|key| (key.name(), key.of_variant(self).to_string()));
        parameters.extend(tuning);
        parameters.push(("items", self.items.to_string()));
        parameters.push(("cluster", self.cluster.to_string()));
        if self.stages != Variant::STAGES {
            parameters.push(("stages", self.stages.to_string()));
        }
        let semantics = SEMANTIC_KEYS.iter();
        parameters
            .extend(semantics.map(|key| (key.key().name(), key.word(&self.semantics).to_owned())));
        parameters.extend(self.program.map(|program| ("program", program.to_string())));
        parameters
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kernel, self.dtype, self.id())
    }
}

/// A variant that a message can show.
fn example(dtype: DType) -> Variant {
    Variant {
        kernel: KernelKind::BlockRadix,
        dtype,
        vec_size: dtype.widest_load(),
        bins: 2048,
        threads: 512,
        items: 0,
        cluster: 1,
        stages: Variant::STAGES,
        semantics: Semantics::DEFAULT,
        program: None,
    }
}

/// Reads sizes such as `v8`: one character that names the size, then a number. The caller checks the
/// order of the sizes and the spelling of the numbers.
fn of_sizes(kernel: KernelKind, dtype: DType, sizes: Vec<&str>) -> Option<Variant> {
    let none = Variant { vec_size: 0, bins: 0, threads: 0, ..example(dtype) };
    let mut variant = Variant { kernel, ..none };
    for size in sizes {
        let mut chars = size.chars();
        let name = chars.next()?;
        let value = chars.as_str().parse().ok()?;
        match name {
            'v' => variant.vec_size = value,
            'b' => variant.bins = value,
            't' => variant.threads = value,
            'r' => variant.items = value,
            'c' => variant.cluster = value,
            's' => variant.stages = value,
            _ => return None,
        }
    }
    Some(variant)
}

fn read_symbol(text: &str) -> Option<Variant> {
    let rest = text.strip_prefix(PREFIX)?;
    let kernel =
        KernelKind::ALL.iter().copied().find(|kernel| after(rest, kernel.name()).is_some())?;
    let rest = after(rest, kernel.name())?;
    let dtype = DType::ALL.into_iter().find(|dtype| after(rest, dtype.name()).is_some())?;
    let mut rest = after(rest, dtype.name())?;
    let mut sizes = Vec::new();
    while let Some((size, after)) = rest.split_once('_') {
        if !is_size(size) {
            break;
        }
        sizes.push(size);
        rest = after;
    }
    let mut variant = of_sizes(kernel, dtype, sizes)?;
    for key in SEMANTIC_KEYS {
        rest = key.read_symbol_part(rest, &mut variant.semantics)?;
    }
    if !rest.is_empty() {
        variant.program = Some(rest.parse().ok()?);
    }
    // One kernel has one symbol: the order of the sizes and the way numbers are written count.
    (variant.validate().is_empty() && variant.symbol() == text).then_some(variant)
}

/// The text after `word_`.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    text.strip_prefix(word)?.strip_prefix('_')
}

fn is_size(part: &str) -> bool {
    let mut bytes = part.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && !part[1..].is_empty()
        && bytes.all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Program, SelectorSpec};
    use std::collections::HashSet;

    #[test]
    fn names_are_readable_and_distinct() {
        let all = Variant::all();
        let symbols: HashSet<String> = all.iter().map(Variant::symbol).collect();
        assert_eq!(symbols.len(), all.len());
        let example = "topkit_block_radix_bf16_v8_b2048_t512_largest_nan_highest_i32_dense";
        assert!(symbols.contains(example));
        assert_eq!(KernelKind::BlockRadix.cuda_name(), "BlockRadix");
    }

    #[test]
    fn every_symbol_reads_back() {
        for variant in Variant::all() {
            assert_eq!(Variant::from_symbol(&variant.symbol()), Ok(variant));
        }
    }

    #[test]
    fn a_program_is_part_of_the_symbol_and_of_the_key() {
        let program = Program::builder("struct Own {};").source("Own");
        let programs =
            [program.clone(), program.key_bytes(8)].map(|program| program.build().unwrap());
        for program in programs {
            for variant in Variant::all().into_iter().step_by(997) {
                let own = Variant { program: Some(program.id()), ..variant };
                assert_eq!(own.symbol(), format!("{}_{}", variant.symbol(), program.id()));
                assert_eq!(Variant::from_symbol(&own.symbol()), Ok(own));
                assert!(own.parameters().contains(&("program", program.id().to_string())));
            }
        }
    }

    #[test]
    fn every_short_name_reads_back() {
        let spec = SelectorSpec::builder("All").dtype(DType::ALL).all_axes().build().unwrap();
        for variant in spec.variants() {
            let read = Variant::from_short_name(variant.dtype, &variant.short_name());
            assert_eq!(read, Ok(variant));
        }
    }

    #[test]
    fn what_names_no_variant_is_refused_with_an_example() {
        for text in [
            "",
            "block_radix",
            "block_radix v4_b2048",
            "block_radix b2048_v4_t512",
            "block_radix v4_b2048_t0512",
            "block_radix v4_b2048_t512_x1",
            "block_radix v4_b2048_t512_c1",
            "block_radix v4_b2000_t512",
            "nothing v4_b2048_t512",
            // 16 bytes of f32 are 4 scores.
            "block_filter v8_b2048_t512_r32",
        ] {
            let error = Variant::from_short_name(DType::F32, text).unwrap_err().to_string();
            assert!(error.contains("a f32 one is `block_radix v4_b2048_t512`"), "{error}");
        }
        for text in [
            "",
            "topkit_",
            "topkit_block_radix_f32_v4_b2048_t512",
            "block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense",
            "topkit_block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense_",
            "topkit_block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense_more",
            "topkit_block_radix_f32_v4_t512_b2048_largest_nan_highest_i32_dense",
            "topkit_block_radix_f32_v4_b2048_t512_nan_highest_largest_i32_dense",
            "topkit_block_radix_f32_v4_b2048_t512_largest_nan_any_i32_dense",
            "topkit_block_radix_f128_v4_b2048_t512_largest_nan_highest_i32_dense",
        ] {
            let error = Variant::from_symbol(text).unwrap_err().to_string();
            assert!(error.contains("one is `topkit_block_radix_f32_v4_"), "{error}");
        }
    }

    #[test]
    fn a_word_that_is_no_name_is_refused_with_the_names() {
        let error = "f33".parse::<DType>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`f33` is not a dtype; write f32, bf16, f16, i32, u32, i16, i8, u8, f8_e4m3, f8_e5m2 or f64"
        );
        assert_eq!("grid_filter".parse(), Ok(KernelKind::GridFilter));
    }

    #[test]
    fn a_cluster_is_part_of_the_name_where_there_is_one() {
        let spec = SelectorSpec::builder("One").dtype([DType::Bf16]).vec_size([8]);
        let spec = spec.bins([2048]).threads([512]).build().unwrap();
        let variants = spec.variants();
        assert_eq!(variants[0].id(), "v8_b2048_t512");
        let shared = variants.iter().find(|variant| variant.cluster == 8).unwrap();
        assert_eq!(shared.to_string(), "cluster_resident bf16 v8_b2048_t512_r8_c8");
        assert!(shared.symbol().contains("_t512_r8_c8_largest_"), "{}", shared.symbol());
        assert!(shared.parameters().contains(&("cluster", "8".to_owned())));
    }
}

//! The one place that derives names: variant ids, symbols, file names and the parameter key.

use crate::{KernelKind, Variant};
use std::fmt;

impl Variant {
    /// The id of the variant among those of its kernel and dtype: `v8_b2048_t512`, or
    /// `v8_b4096_t512_r16` where each thread holds 16 scores, or `v8_b2048_t512_c8` where 8 CTAs
    /// share a row.
    pub fn id(&self) -> String {
        let items = if self.items == 0 { String::new() } else { format!("_r{}", self.items) };
        let cluster = if self.cluster == 1 { String::new() } else { format!("_c{}", self.cluster) };
        format!("v{}_b{}_t{}{items}{cluster}", self.vec_size, self.bins, self.threads)
    }

    /// The name of the kernel's `extern "C"` function, of its golden and of its cache entry.
    /// Distinct variants have distinct symbols.
    pub fn symbol(&self) -> String {
        format!(
            "topkit_{}_{}_{}_{}_nan_{}_{}_{}",
            self.kernel.name(),
            self.dtype,
            self.id(),
            self.semantics.select,
            self.semantics.nan,
            self.semantics.index,
            self.semantics.rows,
        )
    }

    /// Every key that changes the code, by name and value, for the banner of the text.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let semantics = &self.semantics;
        vec![
            ("kernel", self.kernel.name().into()),
            ("dtype", self.dtype.to_string()),
            ("vec_size", self.vec_size.to_string()),
            ("bins", self.bins.to_string()),
            ("threads", self.threads.to_string()),
            ("items", self.items.to_string()),
            ("cluster", self.cluster.to_string()),
            ("select", semantics.select.to_string()),
            ("nan", semantics.nan.to_string()),
            ("ties", semantics.ties.to_string()),
            ("order", semantics.order.to_string()),
            ("index", semantics.index.to_string()),
            ("values", semantics.values.to_string()),
            ("rows", semantics.rows.to_string()),
        ]
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kernel.name(), self.dtype, self.id())
    }
}

impl KernelKind {
    /// The type in the kernel's template that holds its algorithm: `BlockRadix`.
    pub(crate) fn cuda_name(self) -> String {
        self.name().split('_').map(capitalised).collect()
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, SelectorSpec};
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
    fn a_cluster_is_part_of_the_name_where_there_is_one() {
        let spec = SelectorSpec::builder("One").dtype([DType::Bf16]).vec_size([8]);
        let spec = spec.bins([2048]).threads([512]).build().unwrap();
        let members = spec.variants();
        assert_eq!(members[0].id(), "v8_b2048_t512");
        let shared = members.iter().find(|member| member.cluster == 8).unwrap();
        assert_eq!(shared.to_string(), "cluster_resident bf16 v8_b2048_t512_r8_c8");
        assert!(shared.symbol().contains("_t512_r8_c8_largest_"), "{}", shared.symbol());
        assert!(shared.parameters().contains(&("cluster", "8".to_owned())));
    }
}

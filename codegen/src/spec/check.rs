//! The one place that says which specs are sound. The macro and the builder both end here.

use super::{KSet, Key, LaunchKind, Order, SelectorSpec, Semantics, Ties, Variant};
use crate::DType;
use std::fmt;

/// One thing wrong with a spec, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key that is at fault.
    pub key: Key,
    /// The position of the value at fault in the key's list, where there is one.
    pub value: Option<usize>,
    /// What is wrong, in one line.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Fault {
    fn new(key: Key, value: Option<usize>, message: String, hint: impl Into<String>) -> Self {
        Fault { key, value, message, hint: hint.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (hint: {})", self.message, self.hint)
    }
}

/// A spec that cannot be built, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SpecError {
    /// Every fault, in the order of the keys.
    pub faults: Vec<Fault>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the kernel spec has faults:")?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

pub(super) const VEC_SIZES: [u32; 4] = [1, 2, 4, 8];
/// 256 bins resolve a 16-bit key in two passes; 4096 fill a third of the 48 KB every GPU grants.
pub(super) const BINS: [u32; 5] = [256, 512, 1024, 2048, 4096];
pub(super) const THREADS: [u32; 4] = [128, 256, 512, 1024];

pub(super) fn faults(spec: &SelectorSpec) -> Vec<Fault> {
    let mut faults = Vec::new();
    axis(&mut faults, Key::Dtype, &spec.dtype, "dtype: [f32, bf16, f16]");
    k_set(&mut faults, &spec.k);
    axis(&mut faults, Key::VecSize, &spec.vec_size, "vec_size: [4, 8]");
    each(&mut faults, &spec.vec_size, vec_size);
    axis(&mut faults, Key::Bins, &spec.bins, "bins: [1024, 2048]");
    each(&mut faults, &spec.bins, |bins| bins_fault(bins, &spec.dtype));
    axis(&mut faults, Key::Threads, &spec.threads, "threads: [512, 1024]");
    each(&mut faults, &spec.threads, threads);
    not_yet(&mut faults, &spec.semantics);
    faults
}

pub(super) fn variant_faults(variant: &Variant) -> Vec<Fault> {
    let mut faults = Vec::new();
    each(&mut faults, &[variant.vec_size], vec_size);
    each(&mut faults, &[variant.bins], |bins| bins_fault(bins, &[variant.dtype]));
    each(&mut faults, &[variant.threads], threads);
    not_yet(&mut faults, &variant.semantics);
    let kernel = variant.kernel;
    if kernel.filters() {
        filter(&mut faults, variant);
    } else if kernel.items() != [0] {
        resident(&mut faults, variant);
    } else if variant.items != 0 {
        let message = format!("{} holds no scores in registers", kernel.name());
        faults.push(Fault::new(Key::Threads, None, message, "set `items` to 0"));
    }
    faults.extend(cluster(kernel.name(), kernel.launches_as(), variant.cluster));
    faults.iter_mut().for_each(|fault| fault.value = None);
    faults
}

/// What a kernel that holds its row can be.
fn resident(faults: &mut Vec<Fault>, variant: &Variant) {
    let wanted = 16 / variant.dtype.bytes();
    if variant.vec_size != wanted {
        let message = format!("a resident row of {} is loaded 16 bytes at a time", variant.dtype);
        faults.push(Fault::new(Key::VecSize, None, message, format!("use {wanted}")));
    }
    let fits = variant.threads.saturating_mul(variant.items) <= Variant::MAX_CAPACITY;
    if !variant.kernel.items().contains(&variant.items) || !fits {
        let (threads, items) = (variant.threads, variant.items);
        let message = format!("{threads} threads cannot hold {items} scores each");
        let hint = format!("8, 16, 32 or 64 each, and {} in all", Variant::MAX_CAPACITY);
        faults.push(Fault::new(Key::Threads, None, message, hint));
    }
    if variant.kernel.launches_as() != LaunchKind::ClusterPerRow {
        return;
    }
    let (name, bins, threads) = (variant.kernel.name(), variant.bins, variant.threads);
    // The scores stay in registers as loaded and as rounded, and a thread adds whole bins.
    if threads > 512 {
        let message = format!("{threads} threads of {name} have too few registers");
        faults.push(Fault::new(Key::Threads, None, message, "use 128, 256 or 512"));
    } else if bins < threads {
        let message = format!("{threads} threads of {name} cannot share {bins} bins");
        faults.push(Fault::new(Key::Bins, None, message, format!("use {threads} or more")));
    }
}

/// What a kernel that keeps the scores above a bound can be.
fn filter(faults: &mut Vec<Fault>, variant: &Variant) {
    let name = variant.kernel.name();
    let mut refuse = |key, message, hint: String| {
        faults.push(Fault::new(key, None, message, hint));
    };
    let wanted = 16 / variant.dtype.bytes();
    if variant.vec_size != wanted {
        let message = format!("{name} loads {} 16 bytes at a time", variant.dtype);
        refuse(Key::VecSize, message, format!("use {wanted}"));
    }
    // The histogram shares the 48 KB with the survivors, and a thread's hits are one word.
    if variant.bins > 2048 {
        let message = format!("{name} has room for 2048 bins, not {}", variant.bins);
        refuse(Key::Bins, message, "use 256, 512, 1024 or 2048".into());
    }
    if variant.threads > 512 {
        let message = format!("{} threads of {name} have too few registers", variant.threads);
        refuse(Key::Threads, message, "use 128, 256 or 512".into());
    }
    if variant.cluster > variant.threads / 32 {
        let (cluster, threads) = (variant.cluster, variant.threads);
        let message =
            format!("{threads} threads of {name} cannot meet {cluster} CTAs, a warp each");
        refuse(Key::Threads, message, format!("set `cluster` to {} or less", threads / 32));
    }
    if !variant.kernel.items().contains(&variant.items) {
        let message = format!("a thread of {name} cannot hold {} scores", variant.items);
        refuse(Key::Threads, message, "16 or 32".into());
    }
}

/// How many CTAs may share a row.
fn cluster(kernel: &str, launched: LaunchKind, cluster: u32) -> Option<Fault> {
    let (sound, message, instead) = if launched == LaunchKind::ClusterPerRow {
        let (least, most) = (Variant::CLUSTERS.start(), Variant::CLUSTERS.end());
        let message = format!("{cluster} CTAs cannot share a row of {kernel}");
        (Variant::CLUSTERS.contains(&cluster), message, format!("{least} to {most}"))
    } else {
        let message = format!("{kernel} is launched without clusters, not by {cluster} CTAs each");
        (cluster == 1, message, "1".to_owned())
    };
    let hint = format!("set `cluster` to {instead}");
    (!sound).then(|| Fault::new(Key::Threads, None, message, hint))
}

/// A list must name something, and nothing twice.
fn axis<T: PartialEq + fmt::Display>(
    faults: &mut Vec<Fault>,
    key: Key,
    values: &[T],
    example: &str,
) {
    if values.is_empty() {
        faults.push(Fault::new(
            key,
            None,
            format!("`{key}` names no value"),
            format!("write for example `{example}`"),
        ));
    }
    for (i, value) in values.iter().enumerate() {
        if values[..i].contains(value) {
            faults.push(Fault::new(
                key,
                Some(i),
                format!("`{key}` names {value} twice"),
                "remove the second",
            ));
        }
    }
}

fn each(faults: &mut Vec<Fault>, values: &[u32], check: impl Fn(u32) -> Option<Fault>) {
    for (i, &value) in values.iter().enumerate() {
        if let Some(fault) = check(value) {
            faults.push(Fault { value: Some(i), ..fault });
        }
    }
}

fn k_set(faults: &mut Vec<Fault>, k: &KSet) {
    const MAX: u32 = i32::MAX as u32;
    let too_large = |k: u32| format!("`k` reaches {k}, but a row has at most {MAX} columns");
    match k {
        KSet::Values(values) => {
            axis(faults, Key::K, values, "k: [512, 1024, 2048]");
            each(faults, values, |k| match k {
                0 => Some(Fault::new(
                    Key::K,
                    None,
                    "`k` is 0, which selects nothing".into(),
                    "k starts at 1",
                )),
                k if k > MAX => {
                    Some(Fault::new(Key::K, None, too_large(k), format!("k may be 1 to {MAX}")))
                }
                _ => None,
            });
        }
        KSet::Range { first, last } => {
            if *first == 0 {
                faults.push(Fault::new(
                    Key::K,
                    Some(0),
                    "`k` starts at 0, which selects nothing".into(),
                    "k starts at 1",
                ));
            }
            if *last > MAX {
                faults.push(Fault::new(
                    Key::K,
                    Some(1),
                    too_large(*last),
                    format!("k may be 1 to {MAX}"),
                ));
            }
            if first > last {
                let hint = format!("write `k: {}..={first}`", (*last).max(1));
                faults.push(Fault::new(
                    Key::K,
                    None,
                    format!("`k: {first}..={last}` is an empty range"),
                    hint,
                ));
            }
        }
    }
}

fn vec_size(vec_size: u32) -> Option<Fault> {
    (!VEC_SIZES.contains(&vec_size)).then(|| {
        let message = format!("`vec_size: {vec_size}` is not a width that a thread can load");
        Fault::new(Key::VecSize, None, message, "use 1, 2, 4 or 8")
    })
}

fn bins_fault(bins: u32, dtypes: &[DType]) -> Option<Fault> {
    let fault = |message, hint: &str| Some(Fault::new(Key::Bins, None, message, hint));
    if !bins.is_power_of_two() {
        let above = bins.checked_next_power_of_two().unwrap_or(u32::MAX);
        let near: Vec<_> =
            [above / 2, above].into_iter().filter(|near| BINS.contains(near)).collect();
        let hint = match near[..] {
            [below, above] => format!("the nearest powers of two are {below} and {above}"),
            _ => "use a power of two from 256 to 4096".into(),
        };
        return fault(format!("`bins: {bins}` is not a power of two"), &hint);
    }
    if let Some(dtype) = dtypes.iter().find(|dtype| bins.ilog2() > dtype.key_bits()) {
        let (bits, key_bits) = (bins.ilog2(), dtype.key_bits());
        let message =
            format!("`bins: {bins}` splits a key by {bits} bits, but a {dtype} key has {key_bits}");
        return fault(message, "use a power of two from 256 to 4096");
    }
    if !BINS.contains(&bins) {
        let reason = if bins > 4096 {
            "does not fit the shared memory of every GPU"
        } else {
            "takes too many passes"
        };
        return fault(format!("`bins: {bins}` {reason}"), "use a power of two from 256 to 4096");
    }
    None
}

fn threads(threads: u32) -> Option<Fault> {
    (!THREADS.contains(&threads)).then(|| {
        let message = format!("`threads: {threads}` is not a CTA size that the kernels support");
        Fault::new(Key::Threads, None, message, "use 128, 256, 512 or 1024")
    })
}

/// Keys of the contract that no kernel honours yet: refused, never ignored.
fn not_yet(faults: &mut Vec<Fault>, semantics: &Semantics) {
    let mut refuse = |key: Key, written: String, instead: &str| {
        let message = format!("no kernel supports `{key}: {written}` yet");
        faults.push(Fault::new(key, None, message, format!("use `{key}: {instead}`")));
    };
    if semantics.ties != Ties::Any {
        refuse(Key::Ties, semantics.ties.to_string(), "any");
    }
    if semantics.order != Order::Unsorted {
        refuse(Key::Order, semantics.order.to_string(), "unsorted");
    }
    if semantics.values {
        refuse(Key::Values, "true".into(), "false");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_kernel_of_clusters_takes_one() {
        let spec =
            SelectorSpec::builder("One").dtype([DType::Bf16]).threads([512]).build().unwrap();
        for variant in spec.variants() {
            assert_eq!(variant_faults(&variant), []);
            let clustered = variant.kernel.launches_as() == LaunchKind::ClusterPerRow;
            for cluster in if clustered { &[][..] } else { &[0, 2, 16] } {
                let cluster = *cluster;
                let faults = variant_faults(&Variant { cluster, ..variant });
                let [Fault { message, hint, .. }] = &faults[..] else { panic!("{faults:?}") };
                assert!(message.contains(variant.kernel.name()), "{message}");
                assert!(message.contains("without clusters") && hint == "set `cluster` to 1");
            }
        }
        for (size, sound) in [(0, false), (1, true), (5, true), (16, true), (17, false)] {
            let fault = cluster("of_clusters", LaunchKind::ClusterPerRow, size);
            assert_eq!(fault.is_none(), sound, "{size}: {fault:?}");
            assert!(fault.is_none_or(|fault| fault.hint.contains("1 to 16")));
        }
    }
}

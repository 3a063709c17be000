//! The check of specs. The macro and the builder both call it, and no other code checks a spec.

mod stages;

use crate::{
    DType, Ids, KSet, KernelKind, Key, LaunchKind, Mask, Order, RowShape, SelectorSpec, Semantics,
    Ties, Variant,
};
use std::fmt;

/// One fault of a spec, with a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The key with the fault.
    pub key: Key,
    /// The position of the faulty value in the key's list, if a single value is faulty.
    pub value: Option<usize>,
    /// The fault, in one line.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl Fault {
    /// Of the one value of a key.
    pub(crate) fn of(key: Key, message: String, hint: impl Into<String>) -> Self {
        Fault::new(key, None, message, hint)
    }

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

pub(crate) fn faults(spec: &SelectorSpec) -> Vec<Fault> {
    let mut faults = Vec::new();
    axis(&mut faults, Key::Dtype, &spec.dtype, &format!("dtype: {}", DType::EXAMPLE));
    k_set(&mut faults, &spec.k);
    axis(&mut faults, Key::VecSize, &spec.vec_size, "vec_size: [4, 8]");
    each(&mut faults, &spec.vec_size, vec_size);
    axis(&mut faults, Key::Bins, &spec.bins, "bins: [1024, 2048]");
    each(&mut faults, &spec.bins, |bins| bins_fault(bins, &spec.dtype));
    axis(&mut faults, Key::Threads, &spec.threads, "threads: [512, 1024]");
    each(&mut faults, &spec.threads, threads);
    contradictions(&mut faults, &spec.semantics);
    masked(&mut faults, &spec.semantics, &spec.dtype);
    own_parts(&mut faults, spec);
    stages::stages(&mut faults, spec);
    faults
}

pub(crate) fn variant_faults(variant: &Variant) -> Vec<Fault> {
    let mut faults = Vec::new();
    each(&mut faults, &[variant.vec_size], vec_size);
    each(&mut faults, &[variant.bins], |bins| bins_fault(bins, &[variant.dtype]));
    each(&mut faults, &[variant.threads], threads);
    contradictions(&mut faults, &variant.semantics);
    masked(&mut faults, &variant.semantics, &[variant.dtype]);
    let kernel = variant.kernel;
    if variant.semantics.rows == RowShape::Shards && kernel != KernelKind::BlockRadix {
        let message = format!("{kernel} reads no shards");
        let hint = "use block_radix, or another value of `rows`";
        faults.push(Fault::of(Key::Rows, message, hint));
    }
    if kernel.items() == [0] && variant.items != 0 {
        let message = format!("{kernel} holds no scores in registers");
        faults.push(Fault::of(Key::Threads, message, "set `items` to 0"));
    }
    kernel.check(variant, &mut faults);
    faults.extend(cluster(kernel.name(), kernel.launches_as(), variant.cluster));
    faults.extend(stages(kernel, variant.stages));
    faults.iter_mut().for_each(|fault| fault.value = None);
    faults
}

/// How many CTAs may share a row.
fn cluster(kernel: &str, launched: LaunchKind, cluster: u32) -> Option<Fault> {
    let clusters = launched == LaunchKind::ClusterPerRow;
    // Plans by rules validate variants at each launch: a sound one builds no text.
    let sound = if clusters { Variant::CLUSTERS.contains(&cluster) } else { cluster == 1 };
    if sound {
        return None;
    }
    let (message, instead) = if clusters {
        let (least, most) = (Variant::CLUSTERS.start(), Variant::CLUSTERS.end());
        (format!("{cluster} CTAs cannot share a row of {kernel}"), format!("{least} to {most}"))
    } else {
        let message = format!("{kernel} is launched without clusters, not by {cluster} CTAs each");
        (message, "1".to_owned())
    };
    Some(Fault::new(Key::Threads, None, message, format!("set `cluster` to {instead}")))
}

/// How many stripes a filter has in shared memory at once.
fn stages(kernel: KernelKind, stages: u32) -> Option<Fault> {
    let sound =
        if kernel.filters() { Variant::RING.contains(&stages) } else { stages == Variant::STAGES };
    if sound {
        return None;
    }
    let (message, instead) = if kernel.filters() {
        let (least, most) = (Variant::RING.start(), Variant::RING.end());
        (format!("{kernel} cannot have {stages} stages"), format!("{least} to {most}"))
    } else {
        (format!("{kernel} prefetches no stripes"), Variant::STAGES.to_string())
    };
    Some(Fault::new(Key::Threads, None, message, format!("set `stages` to {instead}")))
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

/// The sizes of a tuning axis that a selector may declare.
fn allowed(key: Key) -> &'static [u32] {
    let row = Key::tuning().iter().find(|row| row.key() == key);
    row.map_or(&[], |row| row.allowed())
}

fn vec_size(vec_size: u32) -> Option<Fault> {
    (!allowed(Key::VecSize).contains(&vec_size)).then(|| {
        let message = format!("`vec_size: {vec_size}` is not a width that a thread can load");
        Fault::new(Key::VecSize, None, message, "use 1, 2, 4, 8 or 16")
    })
}

fn bins_fault(bins: u32, dtypes: &[DType]) -> Option<Fault> {
    let fault = |message, hint: &str| Some(Fault::new(Key::Bins, None, message, hint));
    if !bins.is_power_of_two() {
        let above = bins.checked_next_power_of_two().unwrap_or(u32::MAX);
        let near: Vec<_> = [above / 2, above]
            .into_iter()
            .filter(|near| allowed(Key::Bins).contains(near))
            .collect();
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
    if !allowed(Key::Bins).contains(&bins) {
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
    (!allowed(Key::Threads).contains(&threads)).then(|| {
        let message = format!("`threads: {threads}` is not a CTA size that the kernels support");
        Fault::new(Key::Threads, None, message, "use 128, 256, 512 or 1024")
    })
}

/// Values that exclude each other.
fn contradictions(faults: &mut Vec<Fault>, semantics: &Semantics) {
    if semantics.raw_columns && semantics.ids == Ids::Columns {
        let message =
            "`raw_columns: true` contradicts `ids: columns`, which writes the columns already";
        let hint = "use `raw_columns: false`, or another value of `ids`";
        faults.push(Fault::of(Key::RawColumns, message.to_owned(), hint));
    }
    if semantics.rows == RowShape::Shards && semantics.mask != Mask::None {
        let message = format!(
            "`mask: {}` contradicts `rows: shards`, whose counts say which candidates there are",
            semantics.mask
        );
        let hint = "use `mask: none`, and mask where the candidates are selected";
        faults.push(Fault::of(Key::Mask, message, hint));
    }
    if !semantics.batch_invariant {
        return;
    }
    for (key, varies, fixed) in [
        (Key::Ties, semantics.ties == Ties::Any, Ties::LowestIndex.to_string()),
        (Key::Order, semantics.order == Order::Unsorted, Order::ByValue.to_string()),
    ] {
        if varies {
            let word = Key::semantic().iter().find(|row| row.key() == key);
            let word = word.map_or("", |row| row.word(semantics));
            let message = format!(
                "`batch_invariant: true` contradicts `{key}: {word}`, which can differ from run to run"
            );
            let hint = format!("add `{key}: {fixed}`, or use `batch_invariant: false`");
            faults.push(Fault::of(Key::BatchInvariant, message, hint));
        }
    }
}

/// A score that is masked has a key below that of every other score, and integers of 32 bits use all keys.
fn masked(faults: &mut Vec<Fault>, semantics: &Semantics, dtypes: &[DType]) {
    let whole = |dtype: &&DType| matches!(dtype, DType::I32 | DType::U32);
    let Some(dtype) = dtypes.iter().find(whole).filter(|_| semantics.mask != Mask::None) else {
        return;
    };
    let message = format!(
        "`mask: {}` is not for {dtype} scores, which leave no key below the least",
        semantics.mask
    );
    faults.push(Fault::of(
        Key::Mask,
        message,
        "use `mask: none`, or select from f32 or another dtype",
    ));
}

/// A program with an output of its own writes what it likes, and nothing that keys ask for beside it; so does one
/// with a source of its own as to the scores that may win.
fn own_parts(faults: &mut Vec<Fault>, spec: &SelectorSpec) {
    let Some(program) = &spec.program else { return };
    if let Some(fault) = program.fault() {
        let hint = "use one release of topkit and of topkit-dsl";
        faults.push(Fault::of(Key::Dtype, format!("the functions cannot be read: {fault}"), hint));
    }
    if let Some(own) = program.source().filter(|_| spec.semantics.rows == RowShape::Shards) {
        let message = format!("`rows: shards` is for the plain source, and {own} takes its place");
        faults.push(Fault::of(Key::Rows, message, "use `rows: dense` or `rows: ragged`"));
    }
    let of_output =
        [Key::Order, Key::Ids, Key::RawColumns, Key::Values, Key::Count, Key::Fill, Key::KPerRow];
    let parts =
        [("output", program.output(), &of_output[..]), ("source", program.source(), &[Key::Mask])];
    for (part, own, keys) in parts {
        let Some(own) = own else { continue };
        for &key in keys {
            let row = Key::semantic().iter().find(|row| row.key() == key);
            let Some(row) = row.filter(|row| row.word(&spec.semantics) != row.default_word())
            else {
                continue;
            };
            let (written, instead) = (row.word(&spec.semantics), row.default_word());
            let message =
                format!("`{key}: {written}` is for the plain {part}, and {own} takes its place");
            faults.push(Fault::of(key, message, format!("use `{key}: {instead}`")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;

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

    #[test]
    fn a_batch_invariant_answer_needs_rules_for_ties_and_order() {
        let invariant = Semantics { batch_invariant: true, ..Semantics::DEFAULT };
        let ordered = Semantics { order: Order::ByIndex, ..invariant };
        let ruled = Semantics { ties: Ties::HighestIndex, ..invariant };
        let both = Semantics { ties: Ties::LowestIndex, ..ordered };
        for (semantics, words) in [
            (Semantics::DEFAULT, &[][..]),
            (invariant, &["ties: any", "order: unsorted"]),
            (ordered, &["ties: any"]),
            (ruled, &["order: unsorted"]),
            (both, &[]),
        ] {
            let mut faults = Vec::new();
            contradictions(&mut faults, &semantics);
            assert_eq!(faults.len(), words.len(), "{faults:?}");
            for (fault, words) in faults.iter().zip(words) {
                assert!(fault.message.contains(words), "{fault}");
                assert!(
                    fault.key == Key::BatchInvariant && fault.hint.starts_with("add `"),
                    "{fault}"
                );
            }
        }
    }

    #[test]
    fn an_output_of_a_program_has_no_other_output_beside_it() {
        let program = |builder: crate::ProgramBuilder| builder.build().unwrap();
        let own = program(Program::builder("struct Own {};").output("Own"));
        let spec = SelectorSpec::builder("One").dtype([DType::F32]).program(own).values(true);
        let faults = spec.clone().order(crate::Order::ByIndex).spec().validate();
        let told: Vec<_> = faults.iter().map(|fault| (fault.key, fault.hint.as_str())).collect();
        assert_eq!(
            told,
            [(Key::Order, "use `order: unsorted`"), (Key::Values, "use `values: false`")]
        );
        assert!(faults[1].message.contains("and Own takes its place"), "{}", faults[1]);
        // Beside another part they are.
        let source = program(Program::builder("struct Own {};").source("Own"));
        assert_eq!(spec.program(source).spec().validate(), []);
    }

    #[test]
    fn only_a_filter_takes_other_stages() {
        for &kernel in KernelKind::ALL {
            assert!(kernel.stages().iter().all(|&own| stages(kernel, own).is_none()));
            for (count, sound) in [(0, false), (1, false), (2, true), (8, true), (9, false)] {
                let fault = stages(kernel, count);
                let sound = if kernel.filters() { sound } else { count == Variant::STAGES };
                assert_eq!(fault.is_none(), sound, "{kernel} {count}: {fault:?}");
                let hint = if kernel.filters() { "to 2 to 8" } else { "to 2" };
                assert!(fault.is_none_or(|fault| fault.hint.ends_with(hint)));
            }
        }
    }
}

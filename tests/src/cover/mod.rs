//! The pairwise cover: few variants, each with a launch, that together have every pair of a kernel, a dtype, a value of
//! each semantic key and a class of launches, as far as a sound combination has the pair.
//!
//! The factors are the tables of codegen, so a new kernel, dtype or key is covered without an edit here. Which
//! combinations are sound is asked of `Variant::validate`, `SelectorSpec::validate` and the contract on the host; no
//! list has them. `array` makes the cover. The suites run its rows by [`Row::fault`], on special scores, and the GPU's
//! suite runs combinations of [`Factors::random`] too.

mod array;

pub use array::Pairs;

use crate::case::{Backend, Case, Element, Inputs, Layout};
use crate::fuzz;
use array::{Array, Space};
use std::collections::HashMap;
use std::sync::OnceLock;
use topkit::spec::{KernelKind, Key, SemanticKey, Semantics};
use topkit::{DType, Score, SelectorSpec, Variant};
use topkit_lab::Rng;

/// What combinations differ in.
#[derive(Debug, Clone, Copy)]
enum Factor {
    Kernel,
    Dtype,
    Key(&'static SemanticKey),
    K,
    Columns,
    /// Whether every row begins at a multiple of 16 elements.
    Aligned,
    /// Whether the launch has starts.
    Starts,
    /// Whether the launch has lengths.
    Lengths,
}

/// How many winners a launch asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum K {
    One,
    Few,
    /// All columns of a row or a little less.
    AboutTheRow,
    BeyondTheRow,
}

const KS: [K; 4] = [K::One, K::Few, K::AboutTheRow, K::BeyondTheRow];

/// How many columns a row has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    Few,
    Some,
    /// About as many as the kernel holds, or several stripes of a filter.
    Most,
}

const COLUMNS: [Columns; 3] = [Columns::Few, Columns::Some, Columns::Most];

/// Columns of a row of `block_radix`, which holds none, at most.
const STREAMED: u32 = 6000;
/// The same of `cluster_radix`: a long row is sampled.
const SAMPLED: u32 = 9000;
/// Columns of any other row, at most.
const WIDEST: u32 = 1 << 16;
/// Most columns of each class but the last.
const FEW: u32 = 40;
const SOME: u32 = 700;

/// A sound combination: a variant, and the class of its launches.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The kernel, its sizes and its semantics.
    pub variant: Variant,
    k: K,
    columns: Columns,
    aligned: bool,
    spans: [bool; 2],
}

/// The factors, with what is known of their values.
pub struct Factors {
    factors: Vec<Factor>,
    /// The variants of each kernel and dtype, of any sizes and with default semantics, the smallest first.
    sizes: HashMap<(KernelKind, DType), Vec<Variant>>,
}

impl Factor {
    fn values(self) -> usize {
        match self {
            Factor::Kernel => KernelKind::ALL.len(),
            Factor::Dtype => DType::ALL.len(),
            Factor::Key(key) => key.words().len(),
            Factor::K => KS.len(),
            Factor::Columns => COLUMNS.len(),
            Factor::Aligned | Factor::Starts | Factor::Lengths => 2,
        }
    }

    fn name(self, value: usize) -> String {
        match self {
            Factor::Kernel => KernelKind::ALL[value].name().to_owned(),
            Factor::Dtype => DType::ALL[value].name().to_owned(),
            Factor::Key(key) => format!("{}: {}", key.key(), key.words()[value]),
            Factor::K => format!("k {:?}", KS[value]),
            Factor::Columns => format!("columns {:?}", COLUMNS[value]),
            Factor::Aligned | Factor::Starts | Factor::Lengths => format!("{self:?} {}", value > 0),
        }
    }
}

impl Factors {
    /// The one value of this type.
    pub fn all() -> &'static Factors {
        static FACTORS: OnceLock<Factors> = OnceLock::new();
        FACTORS.get_or_init(|| {
            let keys = Key::semantic().iter().map(|key| Factor::Key(key));
            let launch =
                [Factor::K, Factor::Columns, Factor::Aligned, Factor::Starts, Factor::Lengths];
            let factors = [Factor::Kernel, Factor::Dtype].into_iter().chain(keys).chain(launch);
            let open = SelectorSpec::builder("Cover").dtype(DType::ALL).all_axes().spec();
            let mut sizes: HashMap<_, Vec<Variant>> = HashMap::new();
            for variant in open.variants() {
                sizes.entry((variant.kernel, variant.dtype)).or_default().push(variant);
            }
            sizes.values_mut().for_each(|variants| variants.sort_by_key(size));
            Factors { factors: factors.collect(), sizes }
        })
    }

    /// The number of values of each.
    pub fn sizes(&self) -> Vec<usize> {
        self.factors.iter().map(|factor| factor.values()).collect()
    }

    /// A pair in words.
    pub fn name(&self, pair: [(usize, usize); 2]) -> String {
        pair.map(|(factor, value)| self.factors[factor].name(value)).join(" with ")
    }

    /// The row of a value of each factor with the smallest sizes; `None` if the combination is not sound.
    pub fn row(&self, values: &[usize]) -> Option<Row> {
        self.sized(values, |sound| sound.first().copied())
    }

    /// A sound combination at random, of any sizes.
    pub fn random(&self, rng: &mut Rng) -> Row {
        loop {
            let sizes = self.sizes();
            let values = sizes.iter().map(|&size| rng.below(size as u32) as usize);
            let values: Vec<usize> = values.collect();
            let any =
                |sound: &[Variant]| sound.get(rng.below(sound.len() as u32) as usize).copied();
            if let Some(row) = self.sized(&values, any) {
                return row;
            }
        }
    }

    /// The row of the values, of the sizes that are chosen of all; `None` if it is not sound.
    fn sized(
        &self,
        values: &[usize],
        choose: impl FnOnce(&[Variant]) -> Option<Variant>,
    ) -> Option<Row> {
        let (mut kernel, mut dtype, mut semantics) = (None, None, Semantics::DEFAULT);
        let (mut k, mut columns) = (K::One, Columns::Few);
        let (mut aligned, mut spans) = (false, [false; 2]);
        for (&factor, &value) in self.factors.iter().zip(values) {
            match factor {
                Factor::Kernel => kernel = KernelKind::ALL.get(value).copied(),
                Factor::Dtype => dtype = DType::ALL.get(value).copied(),
                Factor::Key(key) => assert!(key.set(&mut semantics, key.words()[value])),
                Factor::K => k = KS[value],
                Factor::Columns => columns = COLUMNS[value],
                Factor::Aligned => aligned = value > 0,
                Factor::Starts => spans[0] = value > 0,
                Factor::Lengths => spans[1] = value > 0,
            }
        }
        let variant = choose(self.sizes.get(&(kernel?, dtype?))?)?;
        let variant = Variant { semantics, ..variant };
        let row = Row { variant, k, columns, aligned, spans };
        row.is_sound().then_some(row)
    }
}

/// What the variants of a kernel are sorted by: the interpreter's time, with rows of a few thousand columns.
fn size(variant: &Variant) -> [u32; 7] {
    let Variant { vec_size, bins, threads, items, cluster, stages, .. } = *variant;
    let columns = variant.capacity().map_or(0, |capacity| capacity.abs_diff(2048));
    let width = variant.dtype.widest_load().abs_diff(vec_size);
    [threads, columns, bins.abs_diff(512), width, cluster, stages, items]
}

/// The rows of the cover, and the pairs that no sound combination has, in words.
pub fn cover() -> &'static (Vec<Row>, Vec<String>) {
    static COVER: OnceLock<(Vec<Row>, Vec<String>)> = OnceLock::new();
    COVER.get_or_init(|| {
        let factors = Factors::all();
        let Array { rows, unsound } = array();
        let rows = rows.iter().map(|values| factors.row(values).expect("each row is sound"));
        (rows.collect(), unsound.iter().map(|&pair| factors.name(pair)).collect())
    })
}

/// The cover as values of the factors.
fn array() -> &'static Array {
    static ARRAY: OnceLock<Array> = OnceLock::new();
    ARRAY.get_or_init(|| {
        let factors = Factors::all();
        let sound = |values: &[usize]| factors.row(values).is_some();
        Space { sizes: factors.sizes(), sound: &sound }.array()
    })
}

impl Row {
    fn is_sound(&self) -> bool {
        let Row { variant, spans, .. } = self;
        let most_k = self.ks(self.most_columns())[1];
        variant.kernel.most_k().is_none_or(|most| most_k <= most)
            && variant.validate().is_empty()
            && SelectorSpec::of(variant).validate().is_empty()
            && Inputs::serve(&variant.semantics, *spans)
    }

    /// Columns of its launches, at most.
    fn most_columns(&self) -> u32 {
        let Variant { threads, items, cluster, kernel, .. } = self.variant;
        let most = match self.variant.capacity() {
            Some(capacity) => capacity,
            None if kernel.filters() => 3 * threads * items * cluster,
            None if cluster > 1 => SAMPLED,
            None => STREAMED,
        };
        match self.columns {
            Columns::Few => FEW,
            Columns::Some => SOME.min(most),
            Columns::Most => most.min(WIDEST),
        }
    }

    /// The least and the greatest k of launches with so many columns.
    fn ks(&self, columns: u32) -> [u32; 2] {
        match self.k {
            K::One => [1, 1],
            K::Few => [2, 64],
            K::AboutTheRow => [columns.div_ceil(8) * 7, columns].map(|k| k.clamp(1, columns)),
            K::BeyondTheRow => [columns + 1, columns + columns / 8 + 9],
        }
    }

    /// The fault of a launch on special scores, about so many of them in so many rows at most, in a schedule of its
    /// own; `None` if there is none. The kernel is the row's.
    pub fn fault<S: Score + Element, B: Backend>(
        &self,
        kernel: &B::Kernel,
        rng: &mut Rng,
        scores: usize,
        most_rows: usize,
    ) -> Option<String> {
        let mut between = |least: u32, most: u32| least + rng.below(most - least + 1);
        let most = self.most_columns();
        let columns = match self.columns {
            Columns::Few => between(1, most),
            Columns::Some => between(FEW.min(most), most),
            Columns::Most => between(most - most / 16, most),
        };
        let [least_k, most_k] = self.ks(columns);
        let k = between(least_k, most_k);
        let (offset, more) = (between(1, 15) as usize, between(0, 2) as usize);
        let columns = columns as usize;
        let layout = match self.aligned {
            true => Layout { offset: 0, gap: columns.next_multiple_of(16) - columns },
            // An odd distance from row to row.
            false => Layout { offset, gap: 2 * more + (columns + 1) % 2 },
        };
        let rows = (scores / columns).clamp(2, most_rows);
        let scores = fuzz::matrix::<S>(rng, rows, columns);
        let inputs = Inputs::random(rng, &self.variant.semantics, self.spans, rows, columns);
        let case = Case::<S, B>::of("special scores", &scores, rows, columns, layout);
        case.fault_given(kernel, rows, k, &inputs, rng.bits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Combinations at random that are tried for each pair. One in 20 or so is sound.
    const TRIES: usize = 200;

    /// The pairs of sound combinations, found by another search than that of the cover: each pair is set into
    /// combinations at random.
    fn sound_pairs() -> Pairs {
        let factors = Factors::all();
        let sizes = factors.sizes();
        let mut rng = Rng::new(7);
        let mut found = Pairs::new(&sizes);
        for pair in all_pairs(&sizes) {
            for _ in 0..TRIES {
                if found.has(pair) {
                    break;
                }
                let mut values: Vec<usize> =
                    sizes.iter().map(|&size| rng.below(size as u32) as usize).collect();
                pair.iter().for_each(|&(factor, value)| values[factor] = value);
                if factors.row(&values).is_some() {
                    found.add(&values);
                }
            }
        }
        found
    }

    fn all_pairs(sizes: &[usize]) -> Vec<[(usize, usize); 2]> {
        let values = |factor: usize| (0..sizes[factor]).map(move |value| (factor, value));
        let all: Vec<_> = (0..sizes.len()).flat_map(values).collect();
        let with_others = |&one: &(usize, usize)| {
            let others = all.iter().filter(move |other| other.0 > one.0);
            others.map(move |&other| [one, other])
        };
        all.iter().flat_map(with_others).collect()
    }

    /// The pairs that no row has, in words.
    fn missing(pairs: &Pairs, rows: &[Vec<usize>]) -> Vec<String> {
        let mut open = pairs.clone();
        rows.iter().for_each(|row| open.remove(row));
        let factors = Factors::all();
        (0..open.len).filter_map(|at| open.nth(at)).map(|pair| factors.name(pair)).collect()
    }

    #[test]
    fn every_pair_of_a_sound_combination_is_in_the_cover() {
        let (Array { rows, unsound }, factors) = (array(), Factors::all());
        println!("{} rows; no sound combination has:", rows.len());
        cover().1.iter().for_each(|pair| println!("{pair}"));
        let pairs = sound_pairs();
        assert_eq!(missing(&pairs, rows), [""; 0]);
        assert!(rows.iter().all(|row| factors.row(row).is_some()));
        // Each pair is in a row or is left out, and never both.
        let mut covered = Pairs::new(&factors.sizes());
        rows.iter().for_each(|row| covered.add(row));
        for pair in all_pairs(&factors.sizes()) {
            assert_ne!(covered.has(pair), unsound.contains(&pair), "{}", factors.name(pair));
        }
        // Without any one row a pair is missing, so the check above sees each.
        for dropped in 0..rows.len() {
            let fewer = [&rows[..dropped], &rows[dropped + 1..]].concat();
            assert_ne!(missing(&pairs, &fewer), [""; 0], "row {dropped}");
        }
    }

    /// Keys that contradict each other, kernels that do not serve a dtype, and inputs that a launch refuses.
    #[test]
    fn pairs_that_contradict_each_other_are_left_out() {
        let (rows, unsound) = cover();
        for pair in [
            "block_codes with f32",
            "ties: any with batch_invariant: true",
            "order: unsorted with batch_invariant: true",
            "rows: dense with Starts true",
            "rows: dense with Lengths true",
        ] {
            assert!(unsound.iter().any(|one| one == pair), "{pair} is not in {unsound:?}");
        }
        let factors = Factors::all();
        let mut rng = Rng::new(3);
        for _ in 0..100 {
            assert!(factors.random(&mut rng).is_sound());
        }
        assert!(rows.len() < 2 * KernelKind::ALL.len() * DType::ALL.len(), "{} rows", rows.len());
    }
}

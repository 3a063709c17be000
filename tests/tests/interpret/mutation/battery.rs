//! The inputs that every mutant runs on: small, and together they take every branch of every kernel.

use super::filtered;
use std::fmt;
use topkit::host;
use topkit::interpret::{Fault, Kernel, Word};
use topkit::{
    DType, Rows, Score, SelectorSpec, Variant,
    spec::{Ids, KernelKind, Mask, Order, RowShape, Semantics, Ties},
    with_score,
};
use topkit_lab::Distribution;
use topkit_tests::given::{Given, HostOutput};
use topkit_tests::shards::Gathered;

/// Schedules of each input.
const SEEDS: u64 = 4;
const SEMANTICS: Semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };

/// How a mutant was detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detection {
    /// A race, or memory read before it was written: the schedule decides which of the two.
    Unordered,
    /// A fault of any other class.
    Fault(&'static str),
    WrongAnswer,
}

impl Detection {
    pub fn of(fault: &Fault) -> Detection {
        match fault {
            Fault::Race { .. } | Fault::Uninitialised { .. } => Detection::Unordered,
            Fault::Launch { .. } => panic!("{fault}"),
            fault => Detection::Fault(fault.class()),
        }
    }

    /// Whether the fault names the missing construct. Any other fault is a consequence of the loss.
    fn names_the_cause(self) -> bool {
        match self {
            Detection::Unordered => true,
            Detection::Fault(class) => ["mask", "divergence", "cluster"].contains(&class),
            Detection::WrongAnswer => false,
        }
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Detection::Unordered => "race",
            Detection::Fault(class) => class,
            Detection::WrongAnswer => "wrong answer",
        })
    }
}

/// The smallest variant of a kernel that serves every input: it compiles soonest and has four warps a
/// CTA, but `cluster_radix` sixteen. `cluster_resident` has more branches for 16-bit scores than for others, and `block_codes` serves
/// bf16 alone.
pub fn smallest(kernel: KernelKind) -> Variant {
    let dtype = match kernel {
        KernelKind::ClusterResident | KernelKind::BlockCodes => DType::Bf16,
        _ => DType::F32,
    };
    let spec = SelectorSpec::builder("Smallest")
        .dtype([dtype])
        .vec_size([16 / dtype.bytes()])
        .bins([256, 2048])
        .threads([if kernel == KernelKind::ClusterRadix { 512 } else { 128 }])
        .rows(SEMANTICS.rows)
        .build()
        .unwrap();
    let found = spec.variants().into_iter().find(|variant| {
        let least = if kernel == KernelKind::WarpResident { 1024 } else { 4096 };
        variant.kernel == kernel && variant.capacity().is_none_or(|most| most >= least)
    });
    found.unwrap_or_else(|| panic!("no small variant of {} is valid", kernel.name()))
}

/// The smallest variant whose ring has more than two stages: it has steps of its own.
pub fn staged() -> Variant {
    let cluster = smallest(KernelKind::ClusterFilter);
    Variant { dtype: DType::Bf16, vec_size: 8, items: 32, stages: 3, ..cluster }
}

/// The smallest variant of a kernel, with a rule for ties.
pub fn with_rule(kernel: KernelKind, ties: Ties) -> Variant {
    Variant { semantics: Semantics { ties, ..SEMANTICS }, ..smallest(kernel) }
}

/// The same kernel as [`smallest`], best first with values and counts.
pub fn sorted(kernel: KernelKind) -> Variant {
    let plain = smallest(kernel);
    let outputs = Semantics { order: Order::ByValue, values: true, count: true, ..plain.semantics };
    Variant { semantics: outputs, ..plain }
}

/// The smallest variant that gathers its winners.
pub fn gathering() -> Variant {
    let plain = smallest(KernelKind::ClusterResident);
    Variant { semantics: Semantics { values: true, ..plain.semantics }, ..plain }
}

/// The smallest variant that merges shards, with ties by their ids.
pub fn merging() -> Variant {
    let plain = smallest(KernelKind::BlockRadix);
    let (rows, ties, ids) = (RowShape::Shards, Ties::LowestIndex, Ids::Given);
    Variant { semantics: Semantics { rows, ties, ids, ..plain.semantics }, ..plain }
}

/// The same kernel, unsorted, with a mask.
pub fn masked(kernel: KernelKind) -> Variant {
    let plain = smallest(kernel);
    Variant { semantics: Semantics { mask: Mask::Bytes, ..plain.semantics }, ..plain }
}

/// Inputs for `cluster_radix`, which has many threads: few rows, of them some that are sampled.
fn by_clusters() -> Vec<Input> {
    vec![
        Input::of(Distribution::Normal, 1.0, 3, 1000, 40),
        Input::of(Distribution::Distinct64, 1.0, 2, 1000, 513),
        Input::of(Distribution::Symmetric, f32::MAX, 1, 1000, 40),
        Input::of(Distribution::Normal, 1.0, 1, 9003, 600),
        // More candidates than fit on chip.
        Input::of(Distribution::OneBin, 1.0, 1, 8003, 100),
    ]
}

/// Some rows, and how many of each win.
pub struct Input {
    scores: Vec<f32>,
    lengths: Vec<i32>,
    columns: usize,
    k: u32,
}

const ROWS: usize = 3;
/// The seed of a mask that leaves some rows fewer scores than winners, and others more.
const MASK: u64 = 3;
/// Elements before the first row and after each, so that every row begins at another alignment.
pub const GAP: usize = 1;

pub struct Battery {
    inputs: Vec<Input>,
    dtype: DType,
    semantics: Semantics,
}

impl Battery {
    pub fn of(variant: &Variant) -> Battery {
        let Variant { dtype, semantics, .. } = *variant;
        if variant.kernel.filters() {
            return Battery { inputs: filtered::inputs(variant), dtype, semantics };
        }
        if variant.kernel == KernelKind::ClusterRadix {
            return Battery { inputs: by_clusters(), dtype, semantics };
        }
        let fits = |columns: usize| variant.capacity().is_none_or(|most| columns <= most as usize);
        let shapes = [
            // Fewer winners than a warp has lanes; winners above a bin that fits on chip, few and many of them.
            (Distribution::Normal, 1.0, 200, 8),
            // The same with equal scores, of which some win.
            (Distribution::Distinct64, 1.0, 200, 8),
            (Distribution::Normal, 1.0, 1000, 40),
            (Distribution::Normal, 1.0, 1000, 600),
            // Many candidates that differ, many that are equal, and all of them winners.
            (Distribution::OneBin, 1.0, 1000, 40),
            (Distribution::OneBin, 1.0, 1000, 600),
            (Distribution::OneBin, 1.0, 400, 40),
            (Distribution::Distinct64, 1.0, 1000, 513),
            (Distribution::Equal, 1.0, 900, 700),
            // Candidates with the greatest keys: an error in the highest bits shows.
            (Distribution::Symmetric, f32::MAX, 1000, 40),
            // More candidates than fit on chip.
            (Distribution::OneBin, 1.0, 4003, 100),
            (Distribution::Equal, 1.0, 4003, 100),
        ];
        let fitting = shapes.into_iter().filter(|(_, _, columns, _)| fits(*columns));
        let inputs = fitting.map(|(distribution, scale, columns, k)| {
            Input::of(distribution, scale, ROWS, columns, k)
        });
        // Two equal scores before a better one: one of the two loses.
        let tied = (0..60 + GAP)
            .map(|column| [5.0, 5.0, 9.0].get(column).map_or(-(column as f32), |&s| s));
        let tied = Input::one_row(tied.collect(), 60, 2);
        // More winners than shared memory holds, to be sorted in two parts. A warp's row has fewer.
        let of_parts = (semantics.order == Order::ByValue && fits(4500))
            .then(|| Input::of(Distribution::Normal, 1.0, 1, 4500, 4400));
        Battery { inputs: inputs.chain([tied]).chain(of_parts).collect(), dtype, semantics }
    }

    /// How the kernel is detected, if it is. Of the first schedule with any fault, the fault that names
    /// the cause, or else the first fault; with `any`, the first fault of all.
    pub fn detects(&self, kernel: &Kernel, any: bool) -> Option<Detection> {
        let mut first = None;
        for seed in 0..SEEDS {
            for input in &self.inputs {
                match self.run(input, &kernel.seed(seed)) {
                    Some(detection) if any || detection.names_the_cause() => {
                        return Some(detection);
                    }
                    found => first = first.or(found),
                }
            }
            if first.is_some() {
                break;
            }
        }
        first
    }

    /// Whether the kernel runs into a `__trap`.
    pub fn traps(&self, kernel: &Kernel) -> bool {
        self.inputs.iter().any(|input| self.run(input, kernel) == Some(Detection::Fault("misuse")))
    }

    fn run(&self, input: &Input, kernel: &Kernel) -> Option<Detection> {
        with_score!(self.dtype, S => input.run::<S>(kernel, &self.semantics))
    }
}

impl Input {
    /// Up to three rows: a whole one, one that ends early, and one that has few columns.
    pub fn of(d: Distribution, scale: f32, rows: usize, columns: usize, k: u32) -> Input {
        let mut scores: Vec<f32> = d.fill(7, rows, columns + GAP);
        scores.iter_mut().for_each(|score| *score *= scale);
        let lengths = [columns as i32, columns as i32 - 7, k as i32 - 1][..rows].to_vec();
        Input { scores, lengths, columns, k }
    }

    /// One row; after it, [`GAP`] elements.
    pub fn one_row(scores: Vec<f32>, columns: usize, k: u32) -> Input {
        Input { scores, lengths: vec![columns as i32], columns, k }
    }

    fn run<S: Score + Word>(&self, kernel: &Kernel, semantics: &Semantics) -> Option<Detection> {
        let Input { scores, lengths, columns, k } = self;
        let scores: Vec<S> = scores.iter().map(|&score| S::from_f32(score)).collect();
        let rows = lengths.len();
        let stride = columns + GAP;
        let given = Given::<i32>::of(semantics, rows, *columns, *k, MASK);
        let input = Rows::host(&scores, rows, *columns).row_stride(stride);
        let input = match semantics.rows {
            RowShape::Shards => given.rows(input),
            _ => given.rows(input.lengths(lengths)),
        };
        let kernel = kernel.offset(GAP);
        let select = |output: HostOutput<'_, i32, S>| kernel.select_into(&input, *k, output);
        let answer = match given.answer(semantics, [rows, input.columns()], *k, select) {
            Ok(answer) => answer,
            Err(fault) => return Some(Detection::of(&fault)),
        };
        let is_right = match &given.shards {
            None => host::check_selection(&input, *k, semantics, &answer).is_ok(),
            Some(shards) => {
                let gathered = Gathered::of(&given, shards, &scores, [rows, *columns, stride]);
                gathered.check(&given, &input, *k, semantics, answer).is_ok()
            }
        };
        (!is_right).then_some(Detection::WrongAnswer)
    }
}

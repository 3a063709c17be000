//! Integers, and the dtypes that kernels widen as they load them: every kernel on distributions,
//! and on every bit pattern. The other suites run the floats of 16 and 32 bits.

use crate::case::{
    Case, Element, Inputs, Layout, STORED, covered, load, most_columns, resident, shared, variant,
};
use topkit::interpret::Kernel;
use topkit::{
    DType, Score, Variant,
    spec::{KernelKind, NanPolicy, Select, Semantics, Ties},
    with_score,
};
use topkit_lab::Distribution;

const DISTRIBUTIONS: [Distribution; 4] =
    [Distribution::Normal, Distribution::Equal, Distribution::OneBin, Distribution::MaskedNan];
/// Columns of rows that no registers hold.
const STREAMED: usize = 5000;

fn others() -> impl Iterator<Item = DType> {
    DType::ALL.into_iter().filter(|dtype| !STORED.contains(dtype))
}

fn meaning(turn: usize) -> Semantics {
    let (select, nan) = (Select::ALL[turn % 2], NanPolicy::ALL[turn / 2 % 2]);
    Semantics { select, nan, ..Semantics::DEFAULT }
}

/// Rows of distributions. The cover and `fuzz` have special scores of every dtype.
fn on_rows<S: Score + Element>(variant: &Variant, turn: usize) -> Vec<String> {
    let kernel = load(variant);
    let columns = most_columns(variant, STREAMED);
    let layout = Layout { offset: 1 + turn % 19, gap: turn % 3 };
    let mut wrong = Vec::new();
    for (place, distribution) in DISTRIBUTIONS.into_iter().enumerate() {
        let columns = if place == 0 { columns } else { columns * 3 / 4 + place };
        let case = Case::<S>::new(distribution, turn as u64, 2, columns, layout);
        let k = [100, 700][(turn + place) % 2];
        wrong.extend(case.fault_given(&kernel, 2, k, &Inputs::default(), turn as u64));
    }
    wrong
}

/// Each kernel with integers of 32 bits and one of the narrow dtypes, as far as the kernel serves them.
#[test]
fn every_kernel_is_exact() {
    let narrow: Vec<DType> = others().filter(|dtype| dtype.is_widened()).collect();
    let mut wrong = Vec::new();
    for (turn, &kernel) in KernelKind::ALL.iter().enumerate() {
        let variants = covered(kernel);
        let of = |dtype| variants.iter().find(|variant| variant.dtype == dtype);
        let served: Vec<_> = narrow.iter().filter_map(|&dtype| of(dtype)).collect();
        assert!(!served.is_empty(), "{} with narrow scores", kernel.name());
        let wide = [DType::I32, DType::U32].into_iter().filter_map(of);
        for variant in wide.chain([served[turn % served.len()]]) {
            wrong.extend(with_score!(variant.dtype, S => on_rows::<S>(variant, turn)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// `f64`, with and without a rule for ties, on dense and ragged rows.
#[test]
fn scores_of_64_bits_are_exact() {
    let mut wrong = Vec::new();
    for (turn, ties) in [Ties::Any, Ties::HighestIndex, Ties::LowestIndex].into_iter().enumerate() {
        let semantics = Semantics { ties, ..meaning(3 * turn + 2) };
        let variant = variant(DType::F64, [2, 4, 16][turn], [512, 4096, 256][turn], 128, semantics);
        wrong.extend(on_rows::<f64>(&variant, turn));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Every bit pattern of 8 bits, and as many of 16, 32 and 64 as a row has columns.
#[test]
fn every_bit_pattern_has_its_place() {
    fn patterns<S: Score + Element>(kernels: &[Kernel], wrong: &mut Vec<String>) {
        const COLUMNS: usize = 2048;
        // Places are mixed up: 389 and the columns share no divisor.
        let bits =
            |column: usize| column as u32 * 389 % COLUMNS as u32 * (0x1_0000 / COLUMNS as u32);
        let bits_of = |column| match S::DTYPE.bytes() {
            1 => bits(column) >> 8,
            4 => (bits(column) << 16) | ((column as u32).wrapping_mul(0x9e37) & 0xffff),
            // The upper half: four columns share each.
            8 => (bits(column) & 0xff80) << 16,
            _ => bits(column) | ((column as u32 & 1) * 0x1f),
        };
        let lower = |column| u64::from((column as u32).wrapping_mul(0x9e37_79b9));
        let pattern = |column| match S::DTYPE.bytes() {
            8 => u64::from(bits_of(column)) << 32 | lower(column),
            _ => u64::from(bits_of(column)),
        };
        let scores: Vec<S> = (0..COLUMNS).map(|column| S::from_bits(pattern(column))).collect();
        let case = Case::of("every bit pattern", &scores, 1, COLUMNS, Layout { offset: 3, gap: 0 });
        for kernel in kernels {
            for k in [1, 8, 9, 500, 1021, 1500, 2047] {
                wrong.extend(case.fault::<i32>(kernel, 1, k, None, 0));
            }
        }
    }
    let mut wrong = Vec::new();
    for (turn, dtype) in others().enumerate() {
        let widths = [1, 2, 4, 8, 16];
        let kernels = [0, 1].map(|again| {
            let semantics = meaning(2 * turn + again);
            let width = widths[(turn + 4 * again) % widths.len()];
            load(&variant(dtype, width, 512, 128, semantics))
        });
        with_score!(dtype, S => patterns::<S>(&kernels, &mut wrong));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Many integers at both ends and around 0, where the codes of the resident kernels are infinite or finest.
#[test]
fn integers_beyond_the_codes_are_exact() {
    fn spread<S: Score + Element>(kernel: &Kernel, wrong: &mut Vec<String>) {
        const COLUMNS: usize = 2001;
        let spreads: [fn(u32) -> u32; 4] = [
            |place| u32::MAX - place,
            |place| i32::MAX as u32 - place * 700,
            |place| (1 << 31) + place * 700,
            |place| place % 3 * 5,
        ];
        for spread in spreads {
            let place = |column: usize| (column * 389 % COLUMNS) as u32;
            let scores: Vec<S> =
                (0..COLUMNS).map(|column| S::from_bits(spread(place(column)).into())).collect();
            let case = Case::of("integers", &scores, 1, COLUMNS, Layout { offset: 3, gap: 1 });
            for k in [1, 400, 1500] {
                wrong.extend(case.fault::<i32>(kernel, 1, k, None, u64::from(k)));
            }
        }
    }
    let mut wrong = Vec::new();
    for (turn, dtype) in [DType::I32, DType::U32, DType::I32, DType::U32].into_iter().enumerate() {
        let select = Select::ALL[turn / 2];
        let semantics = Semantics { select, ..Semantics::DEFAULT };
        let kernel = match turn % 2 {
            0 => shared(dtype, [256, 4096][turn / 2], 128, 8, 2, semantics),
            _ => resident(dtype, 512, 128, 16, semantics),
        };
        with_score!(dtype, S => spread::<S>(&load(&kernel), &mut wrong));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

//! The matrix of the contract, small enough for a minute on a CI machine: every dtype and vector
//! width, over bins and threads, on every distribution, several schedules, every alignment, rows
//! shorter than k. Sizes, layouts and k go round, so that each two of them run together. Every answer is checked
//! at zero tolerance, and the interpreter watches every launch.

use crate::case::{
    ALIGNED, Case, Element, Interpreted, Layout, by_clusters, by_warps, codes, load, resident,
    shared, variant,
};
use half::{bf16, f16};
use topkit::interpret::Kernel;
use topkit::{
    DType, Score, Variant,
    spec::{KernelKind, NanPolicy, RowShape, Select, Semantics},
};
use topkit_lab::{Distribution, SUITE};
use topkit_tests::exactness::Suite;
use topkit_tests::{cases, exactness_suite};

const VEC_SIZES: [u32; 4] = [1, 2, 4, 8];
/// Bins and threads.
const SIZES: [(u32, u32); 4] = [(2048, 512), (256, 128), (4096, 256), (512, 128)];
const LENGTHS: [usize; 6] = [1, 7, 511, 513, 1200, 5003];
const KS: [u32; 4] = [1, 64, 512, 777];
/// An aligned matrix, and one whose rows all begin at different alignments.
const LAYOUTS: [Layout; 2] = [ALIGNED, Layout { offset: 3, gap: 1 }];

fn every_distribution<S: Score + Element>() {
    let semantics = Semantics::DEFAULT;
    // A width has two of the sizes; with another dtype it has the others.
    let dtype = DType::ALL.iter().position(|&dtype| dtype == S::DTYPE).unwrap();
    let kernels: Vec<[Kernel; 2]> = (0..VEC_SIZES.len())
        .map(|width| {
            [0, 2].map(|turn| {
                let (bins, threads) = SIZES[(width + dtype + turn) % SIZES.len()];
                load(&variant(S::DTYPE, VEC_SIZES[width], bins, threads, semantics))
            })
        })
        .collect();
    let mut launches = 0;
    for (turn, distribution) in SUITE.into_iter().enumerate() {
        for (length, columns) in LENGTHS.into_iter().enumerate() {
            let layout = LAYOUTS[(turn + length) % LAYOUTS.len()];
            let case = Case::<S>::new(distribution, launches, 3, columns, layout);
            for (width, kernels) in kernels.iter().enumerate() {
                let kernel = &kernels[(turn / 2 + length + width) % kernels.len()];
                let k = KS[(turn + length / 2 + width) % KS.len()];
                let rows = if columns > 1000 { 1 } else { 3 };
                case.check::<i32>(kernel, rows, k, None, launches);
                launches += 1;
            }
        }
    }
    println!("{}: {launches} launches exact", S::DTYPE);
}

#[test]
fn f32_is_exact() {
    every_distribution::<f32>();
}

#[test]
fn bf16_is_exact() {
    every_distribution::<bf16>();
}

#[test]
fn f16_is_exact() {
    every_distribution::<f16>();
}

#[test]
fn f64_is_exact() {
    every_distribution::<f64>();
}

/// `block_resident`, in several sizes.
fn resident_rows<S: Score + Element>() {
    let sizes = [(4096, 128, 8), (512, 128, 16), (2048, 256, 32), (4096, 512, 16)];
    let variant =
        |(bins, threads, items)| resident(S::DTYPE, bins, threads, items, Semantics::DEFAULT);
    rows_in_registers::<S>(&sizes.map(variant));
}

/// Rows that fill the registers of a variant, and shorter rows.
fn rows_in_registers<S: Score + Element>(variants: &[Variant]) {
    let mut launches = 0;
    for (size, variant) in variants.iter().enumerate() {
        let kernel = load(variant);
        let capacity = variant.capacity().unwrap() as usize;
        let shapes = [
            (capacity, ALIGNED),
            (capacity / 2 + 5, Layout { offset: 1, gap: 2 }),
            (capacity, Layout { offset: 3, gap: 1 }),
            (9, Layout { offset: 5, gap: 3 }),
        ];
        for (turn, distribution) in SUITE.into_iter().enumerate() {
            // Two of the shapes; the other two with the next size.
            for shape in [0, 2].map(|shape| (shape + turn + size) % shapes.len()) {
                let (columns, layout) = shapes[shape];
                let case = Case::<S>::new(distribution, launches, 2, columns, layout);
                let k = [1, 300, 700, 1500][(shape + turn / 4) % 4];
                case.check::<i32>(&kernel, 2, k, None, launches);
                launches += 1;
            }
        }
    }
    println!("{}: {launches} resident launches exact", S::DTYPE);
}

#[test]
fn resident_f32_is_exact() {
    resident_rows::<f32>();
}

#[test]
fn resident_bf16_is_exact() {
    resident_rows::<bf16>();
}

#[test]
fn a_bin_for_each_code_is_exact() {
    let sizes = [(128, 8), (256, 32), (512, 16), (1024, 8)];
    rows_in_registers::<bf16>(
        &sizes.map(|(threads, items)| codes(DType::Bf16, threads, items, Semantics::DEFAULT)),
    );
}

#[test]
fn resident_f16_is_exact() {
    resident_rows::<f16>();
}

/// `warp_resident`: for rows that fill all lanes, for shorter rows and unaligned ones, and for fewer winners and
/// more than a warp has lanes. There are more rows than a CTA has warps.
fn short_rows<S: Score + Element>() {
    let mut launches = 0;
    for (size, (threads, items)) in
        [(128, 2), (256, 4), (128, 8), (128, 16), (256, 32)].into_iter().enumerate()
    {
        let kernel = load(&by_warps(S::DTYPE, threads, items, Semantics::DEFAULT));
        let capacity = 32 * items as usize;
        let shapes = [
            (capacity, ALIGNED),
            (capacity / 2 + 5, Layout { offset: 1, gap: 2 }),
            (capacity - 3, Layout { offset: 8, gap: 3 }),
            (9, Layout { offset: 5, gap: 3 }),
        ];
        for (turn, distribution) in SUITE.into_iter().enumerate() {
            for shape in [0, 2].map(|shape| (shape + turn + size) % shapes.len()) {
                let (columns, layout) = shapes[shape];
                let case = Case::<S>::new(distribution, launches, 9, columns, layout);
                for k in [1, 8, 17, 40, 300].into_iter().skip(turn % 2).step_by(2) {
                    case.check::<i32>(&kernel, 9, k, None, launches);
                    launches += 1;
                }
            }
        }
    }
    println!("{}: {launches} launches by warps exact", S::DTYPE);
}

#[test]
fn short_f32_is_exact() {
    short_rows::<f32>();
}

#[test]
fn short_bf16_is_exact() {
    short_rows::<bf16>();
}

#[test]
fn short_f16_is_exact() {
    short_rows::<f16>();
}

/// `cluster_resident`: for rows that fill all CTAs, for shorter rows, and for rows that leave some CTAs
/// without a score. Each distribution runs with one or two of the sizes.
fn shared_rows<S: Score + Element>() {
    let semantics = Semantics::DEFAULT;
    let sizes = [(512, 128, 8, 2), (4096, 128, 8, 3), (1024, 256, 8, 2), (256, 128, 8, 6)];
    let kernels = sizes.map(|(bins, threads, items, cluster)| {
        let variant = shared(S::DTYPE, bins, threads, items, cluster, semantics);
        (load(&variant), (threads * items * cluster) as usize)
    });
    for (turn, distribution) in SUITE.into_iter().enumerate() {
        let (kernel, capacity) = &kernels[turn % kernels.len()];
        let shapes = [
            (*capacity, ALIGNED, 300),
            (capacity / 2 + 5, Layout { offset: 3, gap: 1 }, 1500),
            (90, Layout { offset: 5, gap: 3 }, 7),
        ];
        for (columns, layout, k) in shapes {
            let case = Case::<S>::new(distribution, turn as u64, 1, columns, layout);
            case.check::<i32>(kernel, 1, k, None, turn as u64);
        }
    }
}

#[test]
fn shared_f32_is_exact() {
    shared_rows::<f32>();
}

#[test]
fn shared_bf16_is_exact() {
    shared_rows::<bf16>();
}

#[test]
fn shared_f16_is_exact() {
    shared_rows::<f16>();
}

/// `cluster_radix`: for rows that are sampled and rows that are too short for it, of every distribution, for winners
/// that are all candidates of one CTA and more than all CTAs keep on chip.
fn radix_by_clusters<S: Score + Element>() {
    let kernels =
        [2, 3, 4].map(|cluster| load(&by_clusters(S::DTYPE, 512, cluster, Semantics::DEFAULT)));
    for (turn, distribution) in SUITE.into_iter().enumerate() {
        let shapes = [
            (10_003, Layout { offset: 3, gap: 1 }, [5002, 300, 9001][turn % 3]),
            (3000, ALIGNED, [2900, 1, 777][turn % 3]),
            (90, Layout { offset: 5, gap: 3 }, [7, 90, 100][turn % 3]),
        ];
        for (shape, (columns, layout, k)) in shapes.into_iter().enumerate() {
            let kernel = &kernels[(turn + shape) % kernels.len()];
            let case = Case::<S>::new(distribution, turn as u64, 1, columns, layout);
            case.check::<i32>(kernel, 1, k, None, turn as u64);
        }
    }
}

#[test]
fn radix_by_clusters_of_f32_is_exact() {
    radix_by_clusters::<f32>();
}

#[test]
fn radix_by_clusters_of_bf16_is_exact() {
    radix_by_clusters::<bf16>();
}

#[test]
fn radix_by_clusters_of_f16_is_exact() {
    radix_by_clusters::<f16>();
}

/// Samples that mislead `cluster_radix`: the last winner is above or below the range of keys that they tell, in a bin of
/// very many keys, or at either end of all keys.
#[test]
fn a_wrong_guess_of_a_range_of_keys_is_exact() {
    const COLUMNS: usize = 12_000;
    const SAMPLE: usize = 4 * 512;
    /// Whether the kernel samples a column: one of each part, at a place of its own.
    fn is_sampled(column: usize) -> bool {
        let part = COLUMNS / SAMPLE;
        let number = column / part;
        let spread = (number as u32).wrapping_mul(2_654_435_769);
        let place = (u64::from(spread) * part as u64) >> 32;
        number < SAMPLE && column == number * part + place as usize
    }
    type Spread = fn(usize) -> f32;
    let spreads: [(&str, Spread); 5] = [
        ("sampled ones win", |column| {
            if is_sampled(column) {
                1e3 + column as f32
            } else {
                (column * 389 % COLUMNS) as f32 / 1e3
            }
        }),
        ("sampled ones lose", |column| {
            if is_sampled(column) {
                -1e3 - column as f32
            } else {
                (column * 389 % COLUMNS) as f32 / 1e3
            }
        }),
        ("sampled ones are equal", |column| {
            if is_sampled(column) { 5.0 } else { (column * 389 % COLUMNS) as f32 / 1e3 }
        }),
        ("sampled ones are NaN", |column| {
            if is_sampled(column) { f32::NAN } else { (column * 389 % COLUMNS) as f32 }
        }),
        ("sampled ones are the least", |column| {
            if is_sampled(column) { f32::NEG_INFINITY } else { 1.0 + (column % 7) as f32 / 8.0 }
        }),
    ];
    let smallest = Semantics { select: Select::Smallest, ..Semantics::DEFAULT };
    for (cluster, semantics) in [(2, Semantics::DEFAULT), (4, smallest)] {
        let kernel = load(&by_clusters(DType::F32, 512, cluster, semantics));
        for (turn, (name, spread)) in spreads.into_iter().enumerate() {
            let scores: Vec<f32> = (0..COLUMNS).map(spread).collect();
            let case = Case::of(name, &scores, 1, COLUMNS, ALIGNED);
            for k in [[100, 2500], [1500, 7000]][turn % 2] {
                case.check::<i32>(&kernel, 1, k, None, u64::from(k));
            }
        }
    }
}

/// Many scores that no half holds: over all exponents, of one exponent, infinite, and NaN; at the end
/// that wins, and among others.
fn beyond_halves<S: Score + Element>() {
    const COLUMNS: usize = 2001;
    type Spread = fn(usize) -> f32;
    let spreads: [(&str, Spread); 6] = [
        ("all exponents", |place| {
            (1.0 + (place % 7) as f32 / 8.0) * ((16 + place % 111) as f32).exp2()
        }),
        ("one exponent", |place| 1e5 + place as f32),
        ("infinities", |_| f32::INFINITY),
        (
            "infinities among others",
            |place| if place % 3 == 0 { f32::INFINITY } else { place as f32 },
        ),
        (
            "infinities above one exponent",
            |place| if place % 3 == 0 { f32::INFINITY } else { 3e38 },
        ),
        ("nan and infinities", |place| if place % 2 == 0 { f32::NAN } else { f32::INFINITY }),
    ];
    for (turn, &select) in Select::ALL.iter().enumerate() {
        for &nan in NanPolicy::ALL {
            let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
            let bins = [256, 4096][turn];
            let kernel = load(&shared(S::DTYPE, bins, 128, 8, 2, semantics));
            for (name, spread) in spreads {
                let sign = if select == Select::Largest { 1.0 } else { -1.0 };
                // Places are mixed up: 389 and the columns share no divisor.
                let scores: Vec<S> = (0..COLUMNS)
                    .map(|column| S::from_f32(sign * spread(column * 389 % COLUMNS)))
                    .collect();
                let case = Case::of(name, &scores, 1, COLUMNS, Layout { offset: 3, gap: 1 });
                for k in [1, 400, 1500] {
                    case.check::<i32>(&kernel, 1, k, None, u64::from(k));
                }
            }
        }
    }
}

#[test]
fn shared_f32_beyond_halves_is_exact() {
    beyond_halves::<f32>();
}

#[test]
fn shared_bf16_beyond_halves_is_exact() {
    beyond_halves::<bf16>();
}

/// More candidates in the threshold bin than fit on chip, and more than one pass over the row.
#[test]
fn overflowing_bins_are_exact_on_many_schedules() {
    let semantics = Semantics::DEFAULT;
    let kernel = load(&variant(DType::Bf16, 8, 256, 256, semantics));
    for distribution in [Distribution::OneBin, Distribution::Equal, Distribution::Masked] {
        let case = Case::<bf16>::new(distribution, 1, 2, 12_000, Layout { offset: 5, gap: 3 });
        for seed in 0..6 {
            case.check::<i32>(&kernel, 2, 2048, None, seed);
        }
    }
}

/// Rows of the lengths that a kernel is made for.
fn long_rows<S: Score + Element>() {
    let semantics = Semantics::DEFAULT;
    for (seed, vec_size) in VEC_SIZES.into_iter().enumerate() {
        let kernel = load(&variant(S::DTYPE, vec_size, 2048, 512, semantics));
        for distribution in [Distribution::Normal, Distribution::Distinct64, Distribution::OneBin] {
            let case = Case::<S>::new(distribution, 9, 1, 40_003, Layout { offset: 7, gap: 0 });
            case.check::<i32>(&kernel, 1, 2048, None, seed as u64);
        }
    }
}

#[test]
fn long_rows_of_f32_are_exact() {
    long_rows::<f32>();
}

#[test]
fn long_rows_of_bf16_are_exact() {
    long_rows::<bf16>();
}

#[test]
fn long_rows_of_f16_are_exact() {
    long_rows::<f16>();
}

#[test]
fn long_rows_of_f64_are_exact() {
    long_rows::<f64>();
}

impl Suite for Interpreted {
    const MEANINGS: (usize, usize, &'static [u32]) = (1500, 2, &[1, 100, 1501]);
    const EVERY_K: bool = false;
    const RAGGED: (usize, &'static [u32]) = (1400, &[1, 512]);

    /// A few rows of each case, of 16-bit scores as few as show the fault.
    fn most_rows(case: &cases::Case, bytes: u32) -> usize {
        let of_f32 = |name: &str| match name {
            "distances" => 3,
            "losing_inf_nan_big" => 0,
            _ => 1,
        };
        let of_bf16 = |name: &str| match name {
            "losing_inf_nan_big" | "tiny" | "distances" => 1,
            _ => 0,
        };
        let name = case.name.split(' ').next().unwrap();
        if bytes == 4 { of_f32(name) } else { of_bf16(name) }
    }

    fn kernels(dtype: DType, semantics: Semantics, _: usize) -> Vec<Kernel> {
        let mut variants = match semantics.rows {
            RowShape::Dense => vec![
                variant(dtype, 8, 2048, 128, semantics),
                resident(dtype, 4096, 128, 16, semantics),
                shared(dtype, 512, 128, 8, 2, semantics),
            ],
            RowShape::Shards => Vec::new(), // in the cover, and in tests of their own
            RowShape::Ragged => vec![
                resident(dtype, 1024, 128, 16, semantics),
                shared(dtype, 512, 128, 16, 3, semantics),
                by_clusters(dtype, 512, 2, semantics),
            ],
        };
        if semantics.rows == RowShape::Ragged {
            variants
                .extend(VEC_SIZES.map(|vec_size| variant(dtype, vec_size, 1024, 128, semantics)));
        }
        variants.retain(|variant| variant.kernel.serves(dtype));
        variants.iter().map(load).collect()
    }

    fn kernels_of_case(dtype: DType, case: &cases::Case) -> Vec<Kernel> {
        const FILTERS: [KernelKind; 3] =
            [KernelKind::BlockFilter, KernelKind::ClusterFilter, KernelKind::GridFilter];
        FILTERS.map(|kernel| load(&cases::filter(kernel, dtype, case.semantics()))).into()
    }

    fn selects(_: &Kernel, _: u32) -> bool {
        true
    }
}

exactness_suite!(Interpreted);

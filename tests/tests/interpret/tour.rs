//! The steps of `templates/tour/` select what the oracle selects, each within the limits that its
//! header names, and step 1 stops where it says that it does.

use crate::case::interpreter;
use crate::steps::{CANDIDATES, HISTOGRAM, LARGEST, RADIX, SMALLEST, Step, THREADS, VECTORS};
use half::bf16;
use topkit::host;
use topkit::interpret::{Fault, Kernel, Launch, Word};
use topkit::{
    Rows, Score,
    spec::{NanPolicy, RowShape, Select, Semantics},
};
use topkit_lab::Distribution;
use topkit_tests::spans;

const ROWS: usize = 2;
/// Without NaN, which the first four steps do not rank.
const NUMBERS: [Distribution; 8] = [
    Distribution::Normal,
    Distribution::Ascending,
    Distribution::Equal,
    Distribution::Distinct64,
    Distribution::OneBin,
    Distribution::SignedZeros,
    Distribution::Infinities,
    Distribution::Masked,
];
const ANY_ALIGNMENT: [usize; 4] = [0, 1, 2, 3];

fn load(step: Step) -> Kernel {
    interpreter().load_text(step.entry, &step.text()).unwrap_or_else(|error| panic!("{error}"))
}

/// Dense rows by a step, checked by the oracle.
fn select(
    kernel: &Kernel,
    distribution: Distribution,
    columns: usize,
    k: u32,
    offset: usize,
) -> Result<(), Fault> {
    let gap = offset % 3;
    let scores = distribution.fill::<f32>(offset as u64, ROWS, columns + gap);
    let input = Rows::host(&scores, ROWS, columns).row_stride(columns + gap);
    let kernel = kernel.seed(u64::from(k)).offset(offset).output_gap(1);
    let launch = Launch::new(ROWS as u32, THREADS);
    let got: Vec<i32> = kernel.select_by(&launch, 0, 0, &input, k)?;
    let checked = host::check(&input, k, &Semantics::DEFAULT, &got);
    checked
        .unwrap_or_else(|error| panic!("{}, top {k} of {columns}: {error}", distribution.name()));
    Ok(())
}

/// Every distribution at every length, with k from one to the whole row in turn. Lengths above 2048
/// do not fit into the candidate buffer where all scores are in one bin.
fn selects_from(step: Step, distributions: &[Distribution], lengths: &[usize]) {
    let kernel = load(step);
    for (turn, &distribution) in distributions.iter().enumerate() {
        for &columns in lengths {
            let k = [100, 1, columns as u32][turn % 3];
            let offset = ANY_ALIGNMENT[turn % ANY_ALIGNMENT.len()];
            select(&kernel, distribution, columns, k, offset)
                .unwrap_or_else(|fault| panic!("{}, top {k}: {fault}", step.entry));
        }
    }
}

#[test]
fn one_histogram_selects_from_rows_whose_threshold_bin_is_small() {
    selects_from(HISTOGRAM, &NUMBERS, &[300, 1024]);
    selects_from(HISTOGRAM, &[Distribution::Normal], &[4000]);
}

#[test]
fn one_histogram_stops_where_the_threshold_bin_is_large() {
    let fault = select(&load(HISTOGRAM), Distribution::OneBin, 1025, 100, 0).unwrap_err();
    assert_eq!(fault.class(), "misuse", "{fault}");
    assert!(fault.to_string().contains("templates/tour/1_histogram.cu:"), "{fault}");
}

#[test]
fn radix_passes_select_from_any_distribution() {
    selects_from(RADIX, &NUMBERS, &[300, 2500]);
}

#[test]
fn candidates_on_chip_select_from_any_distribution() {
    selects_from(CANDIDATES, &NUMBERS, &[300, 2500]);
}

#[test]
fn vector_loads_select_at_any_alignment() {
    selects_from(VECTORS, &NUMBERS, &[300, 2500]);
    let kernel = load(VECTORS);
    for offset in ANY_ALIGNMENT {
        select(&kernel, Distribution::Normal, 1021, 64, offset).unwrap();
    }
}

#[test]
fn the_shipped_kernel_selects_the_largest_with_nan_above_all() {
    let distributions = [Distribution::Nan, Distribution::SignedZeros, Distribution::MostlyNan];
    selects_from(LARGEST, &distributions, &[300, 2500]);
}

#[test]
fn the_shipped_kernel_selects_the_smallest_of_ragged_rows() {
    let semantics = Semantics {
        select: Select::Smallest,
        nan: NanPolicy::Lowest,
        rows: RowShape::Ragged,
        ..Semantics::DEFAULT
    };
    let kernel = load(SMALLEST);
    for distribution in [Distribution::Nan, Distribution::SignedZeros, Distribution::MostlyNan] {
        ragged::<bf16>(&kernel, &semantics, distribution);
    }
}

/// Rows of every length from none to all columns.
fn ragged<S: Score + Word>(kernel: &Kernel, semantics: &Semantics, distribution: Distribution) {
    const COLUMNS: usize = 700;
    const K: u32 = 30;
    let spans = spans::edges(COLUMNS);
    let (starts, lengths): (Vec<i32>, Vec<i32>) = spans.into_iter().unzip();
    let rows = starts.len();
    let scores = distribution.fill::<S>(7, rows, COLUMNS);
    let input = Rows::host(&scores, rows, COLUMNS).starts(&starts).lengths(&lengths);
    let launch = Launch::new(rows as u32, THREADS);
    let got: Vec<i32> = kernel
        .select_by(&launch, 0, 0, &input, K)
        .unwrap_or_else(|fault| panic!("{}: {fault}", distribution.name()));
    let checked = host::check(&input, K, semantics, &got);
    checked.unwrap_or_else(|error| panic!("{}: {error}", distribution.name()));
}

/// A file of the tour that no step names would not be run.
#[test]
fn every_file_of_the_tour_is_a_step() {
    let mut files: Vec<String> =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../templates/tour"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
    files.sort();
    let steps = [HISTOGRAM, RADIX, CANDIDATES, VECTORS, LARGEST].map(|step| step.file);
    assert_eq!(files, steps);
}

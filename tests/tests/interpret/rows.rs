//! The interpreter checks the bounds of each row: here kernels read or write another CTA's row in the middle
//! of a dense matrix. The answers stay right, so only the check of bounds shows these faults.
//!
//! All faults are seeded in one rendered text of every kernel: k selects the active fault.

use crate::case::{each_kernel, interpreter};
use topkit::host;
use topkit::interpret::{Fault, Kernel, Launch};
use topkit::{
    DType, Problem, Rows, Variant,
    spec::{KernelKind, RowShape, Semantics},
};
use topkit_lab::Rng;
use topkit_tests::rendered;

const ROWS: usize = 3;
const COLUMNS: usize = 700;
/// Scores at both ends of a row that never win.
const LOSERS: usize = 16;
const SEMANTICS: Semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };

/// A line of the templates, and the same line with a fault.
struct Seeded {
    line: &'static str,
    faulty: &'static str,
}

/// No fault is on at this k.
const RIGHT: u32 = 10;
const ONE_SCORE: u32 = 11;
const ONE_VECTOR: u32 = 12;
const ANOTHER_ROW: u32 = 13;
const BEYOND_LENGTH: u32 = 14;
const ANOTHER_LENGTH: u32 = 15;
const ANOTHER_PLACE: u32 = 16;

const SEEDED: [Seeded; 4] = [
    // The row is one score or one vector too long, where there is a row behind it.
    Seeded {
        line: "return {Source(args, row), elements + span.start, u32(span.length)};",
        faulty: "u32 more = 0; if (row + 1 < args.rows) { \
                 more = args.k == 11 ? 1 : args.k == 12 ? 16 / sizeof(Element) : 0; } \
                 return {Source(args, row), elements + span.start, u32(span.length) + more};",
    },
    // A score of the row behind is read for nothing.
    Seeded {
        line: "const RowSpan span = Source::row(args, row);",
        faulty: "const RowSpan span = Source::row(args, row); \
                 if (args.k == 13 && row + 1 < args.rows) { \
                 (void)*static_cast<const volatile Element*>(elements + args.row_stride); }",
    },
    // The row is one vector longer than its length says, within its columns.
    Seeded {
        line: "length = min(max(args.row_lengths[row], 0), available);",
        faulty: "length = min(max(args.row_lengths[args.k == 15 && row + 1 < args.rows \
                 ? row + 1 : row], 0) + (args.k == 14 ? 4 : 0), available);",
    },
    // The last winner of a row goes to the first place of the next.
    Seeded {
        line: "*place(slot) = static_cast<Index>(column);",
        faulty: "*place(slot + (args.k == 16 && slot == 15 && row + 1 < args.rows)) \
                 = static_cast<Index>(column);",
    },
];

fn seeded(variant: &Variant) -> Kernel {
    let mut source = rendered(variant);
    for Seeded { line, faulty } in SEEDED {
        let places = source.text.matches(line).count();
        assert_eq!(places, 1, "{}: {places} lines {line:?}", variant.kernel.name());
        source.text = source.text.replace(line, faulty);
    }
    interpreter().load(&source).unwrap_or_else(|error| panic!("{error}"))
}

/// Rows whose ends never win, whatever their length.
fn scores() -> Vec<f32> {
    let mut rng = Rng::new(5);
    let ends = |column: usize| !(LOSERS..COLUMNS - 2 * LOSERS).contains(&column);
    let score = |place: usize| if ends(place % COLUMNS) { -1e6 } else { rng.normal() };
    (0..ROWS * COLUMNS).map(score).collect()
}

struct Asked {
    scores: Vec<f32>,
    lengths: Vec<i32>,
}

impl Asked {
    fn rows(&self, k: u32) -> host::Rows<'_, f32> {
        let rows = Rows::host(&self.scores, ROWS, COLUMNS);
        let cut = k == BEYOND_LENGTH || k == ANOTHER_LENGTH;
        if cut { rows.lengths(&self.lengths) } else { rows }
    }

    fn is_right(&self, k: u32, got: &[i32]) {
        let matrix = Rows::host(&self.scores, ROWS, COLUMNS);
        host::check(&matrix, k, &SEMANTICS, got).unwrap();
    }

    /// The launch of the plan, in which no block serves a row of its own.
    fn without_rows(&self, kernel: &Kernel, k: u32) -> Result<Vec<i32>, Fault> {
        let plan = kernel.plan(&Problem::new(DType::F32, ROWS, COLUMNS, k))?;
        let launch = Launch::new(plan.grid, plan.variant.threads)
            .cluster(plan.cluster)
            .dynamic_shared(plan.variant.ring_bytes() as usize);
        kernel.select_by(&launch, plan.workspace_bytes, plan.zeroed_bytes, &self.rows(k), k)
    }
}

fn every_fault_is_named(kernel: KernelKind) {
    let variant =
        each_kernel(DType::F32, SEMANTICS).into_iter().find(|v| v.kernel == kernel).unwrap();
    let kernel = seeded(&variant);
    let length = (COLUMNS - LOSERS) as i32;
    let asked = Asked { scores: scores(), lengths: vec![length; ROWS] };
    asked.is_right(RIGHT, &kernel.select(&asked.rows(RIGHT), RIGHT).unwrap());
    for k in [ONE_SCORE, ONE_VECTOR, ANOTHER_ROW, BEYOND_LENGTH, ANOTHER_LENGTH, ANOTHER_PLACE] {
        let Err(fault) = kernel.select::<f32, i32>(&asked.rows(k), k) else {
            panic!("{}: the fault of k = {k} is not seen", variant.kernel.name())
        };
        let said = fault.to_string();
        assert_eq!(fault.class(), "bounds", "k = {k}: {said}");
        assert!(fault.site().unwrap().line.file.starts_with("templates/"), "k = {k}: {said}");
        if k != BEYOND_LENGTH {
            assert!(said.contains("and the thread serves row"), "k = {k}: {said}");
        }
        println!("k = {k}: {said}");
    }
    // What the bounds of the matrix alone do not show: the answer is right.
    for k in [ONE_SCORE, ONE_VECTOR, ANOTHER_ROW, ANOTHER_LENGTH] {
        let got = asked.without_rows(&kernel, k).unwrap_or_else(|fault| panic!("k = {k}: {fault}"));
        asked.is_right(k, &got);
    }
}

#[test]
fn block_radix_stays_in_its_row() {
    every_fault_is_named(KernelKind::BlockRadix);
}

#[test]
fn block_resident_stays_in_its_row() {
    every_fault_is_named(KernelKind::BlockResident);
}

#[test]
fn cluster_resident_stays_in_its_row() {
    every_fault_is_named(KernelKind::ClusterResident);
}

#[test]
fn warp_resident_stays_in_its_row() {
    every_fault_is_named(KernelKind::WarpResident);
}

#[test]
fn block_filter_stays_in_its_row() {
    every_fault_is_named(KernelKind::BlockFilter);
}

#[test]
fn cluster_filter_stays_in_its_row() {
    every_fault_is_named(KernelKind::ClusterFilter);
}

#[test]
fn grid_filter_stays_in_its_row() {
    every_fault_is_named(KernelKind::GridFilter);
}

#[test]
fn cluster_radix_stays_in_its_row() {
    every_fault_is_named(KernelKind::ClusterRadix);
}

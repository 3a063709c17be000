//! The launch path of the library on the host: what a launch refuses, which rows it reads and where it writes.

use half::bf16;
use topkit::host::{self, Selector};
use topkit::{
    DType, Error, IndexInt, Output, Rows, SelectorSpec,
    memory::Host,
    program::Program,
    spec::{Fill, IndexType, Key, Order, RowShape, Semantics, SpecError, Ties},
};
use topkit_tests::refusals::{INDICES, REFUSALS, SCORES, SPANS};

/// No selection writes it.
const UNTOUCHED: i32 = 77;

fn spec(semantics: Semantics) -> SelectorSpec {
    SelectorSpec::builder("Launched").dtype([DType::F32]).k(1..=2000).semantics(semantics).spec()
}

fn selector(semantics: Semantics) -> Selector {
    Selector::new(spec(semantics)).unwrap()
}

#[test]
fn every_refusal_names_the_numbers_and_writes_nothing() {
    let dense = selector(Semantics::DEFAULT);
    let (scores, spans) = (vec![1.0f32; SCORES], [5i32; SPANS]);
    let mut indices = [UNTOUCHED; INDICES];
    for refusal in REFUSALS {
        let mut rows = Rows::host(&scores, refusal.rows, refusal.columns);
        rows = refusal.row_stride.map_or(rows, |stride| rows.row_stride(stride));
        rows = if refusal.starts { rows.starts(&spans) } else { rows };
        rows = if refusal.lengths { rows.lengths(&spans) } else { rows };
        let mut output = Output::host(&mut indices);
        if let Some(stride) = refusal.index_stride {
            output = output.row_stride(stride);
        }
        let error = dense.launch(&rows, refusal.k, output).unwrap_err().to_string();
        assert!(error.contains(refusal.says), "{refusal:?}: {error}");
    }
    let mut wide = [77i64; INDICES];
    let error = dense.launch(&Rows::host(&scores, 3, 1000), 10, &mut wide).unwrap_err();
    let (declared, given) = (IndexType::I32, IndexType::I64);
    assert!(
        matches!(&error, Error::IndexType { declared: d, given: g, .. } if (*d, *g) == (declared, given)),
        "{error}"
    );
    let halves = vec![bf16::ONE; SCORES];
    let error = dense.launch(&Rows::host(&halves, 3, 1000), 10, &mut indices).unwrap_err();
    assert!(error.to_string().contains("serves f32, not bf16"), "{error}");
    assert_eq!((indices, wide), ([UNTOUCHED; INDICES], [77; INDICES]));
}

#[test]
fn a_spec_with_faults_is_refused_and_what_the_host_alone_serves_is_not() {
    let faults = |spec: SelectorSpec| match Selector::new(spec) {
        Err(Error::Spec(SpecError { faults })) => faults,
        other => panic!("{other:?}"),
    };
    let unsound =
        SelectorSpec { dtype: vec![].into(), threads: vec![3].into(), ..spec(Semantics::DEFAULT) };
    let keys: Vec<Key> = faults(unsound).iter().map(|fault| fault.key).collect();
    assert_eq!(keys, [Key::Dtype, Key::Threads]);

    let scores = [1.0f32, 4.0, 4.0, 9.0, 4.0];
    for (ties, order, best) in [
        (Ties::Any, Order::Unsorted, [1, 2, 3]),
        (Ties::LowestIndex, Order::ByValue, [3, 1, 2]),
        (Ties::HighestIndex, Order::ByIndex, [2, 3, 4]),
        (Ties::HighestIndex, Order::ByValue, [3, 2, 4]),
    ] {
        let mut indices = [UNTOUCHED; 3];
        let semantics = Semantics { ties, order, ..Semantics::DEFAULT };
        let topk = selector(semantics);
        topk.launch(&Rows::host(&scores, 1, 5), 3, &mut indices).unwrap();
        assert_eq!(indices, best, "{ties} {order}");
    }
}

#[test]
fn every_output_is_written_where_it_is_given_a_place() {
    let all = Semantics { order: Order::ByValue, values: true, count: true, ..Semantics::DEFAULT };
    let topk = selector(Semantics { fill: Fill::Given, ..all });
    let scores = [2.0f32, -0.0, 5.0, 1.0, 1.0, 9.0];
    let (mut indices, mut values, mut counts) = ([UNTOUCHED; 11], [77.0f32; 12], [UNTOUCHED; 2]);
    let output = Output::host(&mut indices).row_stride(6).values(&mut values).value_stride(7);
    let output = output.counts(&mut counts).index_fill(-5).value_fill(0.5);
    topk.launch(&Rows::host(&scores, 2, 3), 5, output).unwrap();
    assert_eq!(indices, [2, 0, 1, -5, -5, UNTOUCHED, 2, 0, 1, -5, -5]);
    assert_eq!(values[..7], [5.0, 2.0, -0.0, 0.5, 0.5, 77.0, 77.0]);
    assert!(values[2].is_sign_negative());
    assert_eq!(values[7..], [9.0, 1.0, 1.0, 0.5, 0.5]);
    assert_eq!(counts, [3, 3]);

    let rows = Rows::host(&scores, 2, 3);
    let refused = |topk: &Selector, output: Output<'_, i32, f32, Host>| {
        topk.launch(&rows, 2, output).unwrap_err().to_string()
    };
    let missing = refused(&selector(all), Output::host(&mut indices));
    assert!(missing.contains("with `values: true`, but the launch has no values"), "{missing}");
    let plain = selector(Semantics::DEFAULT);
    let undeclared = refused(&plain, Output::host(&mut indices).counts(&mut counts));
    assert!(undeclared.contains("without `count: true`"), "{undeclared}");
    let fill = refused(&plain, Output::host(&mut indices).index_fill(3));
    assert!(fill.contains("declare `fill: given`"), "{fill}");
    let short = Output::host(&mut indices).values(&mut values[..3]).counts(&mut counts);
    let short = refused(&selector(all), short);
    assert!(short.contains("the value buffer holds 3 elements"), "{short}");
}

#[test]
fn a_program_is_refused_where_a_kernel_is_needed() {
    let program = Program::builder("struct Own {};").source("Own").build().unwrap();
    let own = SelectorSpec { program: Some(program), ..spec(Semantics::DEFAULT) };
    let own = Selector::new(own).unwrap();
    let mut indices = [UNTOUCHED; 2];
    let error = own.launch(&Rows::host(&[1.0f32; 8], 1, 8), 2, &mut indices).unwrap_err();
    assert!(matches!(&error, Error::HostProgram { selector } if selector == "Launched"), "{error}");
    assert!(error.to_string().contains("interpret::Gpu"), "{error}");
    assert_eq!(indices, [UNTOUCHED; 2]);
}

#[test]
fn a_launch_without_rows_or_columns_reads_nothing() {
    let dense = selector(Semantics::DEFAULT);
    let (mut indices, none) = (vec![UNTOUCHED; 6], [0.0f32; 0]);
    dense.launch(&Rows::host(&none, 0, 1000), 3, &mut indices).unwrap();
    assert_eq!(indices, [UNTOUCHED; 6]);
    dense.launch(&Rows::host(&none, 2, 0), 3, &mut indices).unwrap();
    assert_eq!(indices, [-1; 6]);
    // Rows without columns may be anywhere.
    dense.launch(&Rows::host(&none, 2, 0).row_stride(1 << 40), 3, &mut indices).unwrap();
}

#[test]
fn strides_and_views_are_those_of_the_launch() {
    let scores: Vec<f32> = (0..40).map(|at| ((at * 7) % 40) as f32).collect();
    let dense = selector(Semantics::DEFAULT);
    // Apart, overlapping, all the same; from an odd score on, with gaps between the rows of the output.
    for (row_stride, first) in [(9, 1), (3, 2), (0, 5)] {
        let rows = Rows::host(&scores[first..], 4, 8).row_stride(row_stride);
        let mut indices = vec![UNTOUCHED; 4 * 5];
        dense.launch(&rows, 3, Output::host(&mut indices[1..]).row_stride(5)).unwrap();
        let expected: Vec<i32> = host::top_k(&rows, 3, &Semantics::DEFAULT).unwrap().indices;
        let mut due = vec![UNTOUCHED; 20];
        for row in 0..4 {
            due[1 + row * 5..][..3].copy_from_slice(&expected[row * 3..][..3]);
        }
        assert_eq!(indices, due, "{row_stride}");
    }
}

fn ragged<I: IndexInt>(fill: I) {
    let semantics = Semantics { rows: RowShape::Ragged, index: I::TYPE, ..Semantics::DEFAULT };
    let topk = selector(semantics);
    let scores = [3.0f32, 1.0, 2.0, 0.0];
    let column = |column: u32| I::from_column(column);
    let rows = Rows::host(&scores, 5, 4).row_stride(0);
    let (starts, lengths) = ([-5, 1, 3, 99, 0], [2, i32::MAX, 4, 4, -1]);
    let mut indices = [fill; 10];
    topk.launch(&rows.starts(&starts).lengths(&lengths), 2, &mut indices).unwrap();
    let due = [
        [column(0), column(1)],
        [column(0), column(1)],
        [column(0), fill],
        [fill, fill],
        [fill, fill],
    ];
    assert_eq!(indices, due.concat()[..]);
    // Lengths alone, starts alone, and neither.
    topk.launch(&rows.lengths(&[0, 1, 2, 3, 4]), 1, &mut indices[..5]).unwrap();
    assert_eq!(indices[..5], [fill, column(0), column(0), column(0), column(0)]);
    topk.launch(&rows.starts(&[4, 3, 2, 1, 0]), 1, &mut indices[..5]).unwrap();
    assert_eq!(indices[..5], [fill, column(0), column(0), column(1), column(0)]);
    topk.launch(&rows, 1, &mut indices[..5]).unwrap();
    assert_eq!(indices[..5], [column(0); 5]);
}

#[test]
fn starts_and_lengths_are_clamped_to_the_columns() {
    ragged(-1i32);
    ragged(u32::MAX);
    ragged(-1i64);
}

#[test]
fn threads_share_a_selector() {
    let topk = selector(Semantics::DEFAULT);
    std::thread::scope(|scope| {
        for thread in 0..4usize {
            let topk = topk.clone();
            scope.spawn(move || {
                let mut scores = [0.0f32; 64];
                scores[thread] = 1.0;
                for columns in [64, 32, 16] {
                    let mut best = [UNTOUCHED];
                    topk.launch(&Rows::host(&scores, 1, columns), 1, &mut best).unwrap();
                    assert_eq!(best, [thread as i32]);
                }
            });
        }
    });
}

//! Tests of which own records displace the variant that is planned without them.

use super::*;
use crate::plan::{Basis, Explanation};
use topkit_codegen::{Arch, DType, Variant};

const BLOCK: &str = "block_filter v4_b2048_t512_r32";
const FOUR: &str = "cluster_filter v4_b2048_t512_r32_c4";
const EIGHT: &str = "cluster_filter v4_b2048_t512_r32_c8";

fn spec() -> SelectorSpec {
    SelectorSpec::builder("Test").dtype([DType::F32]).k(1..=2048).build().unwrap()
}

fn limits() -> Limits {
    Limits::of_arch(Arch::of_device(9, 0))
}

fn pdl(name: &str) -> VariantLaunch {
    VariantLaunch::of(&Variant::from_short_name(DType::F32, name).unwrap())
}

fn no_pdl(name: &str) -> VariantLaunch {
    VariantLaunch { pdl: false, ..pdl(name) }
}

fn problem(columns: usize) -> Problem {
    Problem::new(DType::F32, 8, columns, 64)
}

fn point(columns: usize, mut times: Vec<(VariantLaunch, f64)>) -> (Point, f64) {
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    (Point { problem: problem(columns), program: None, times }, 1.0)
}

/// A table that plans `BLOCK` for 65536 columns and for twice as many, with records of the first.
fn table(records: Vec<(VariantLaunch, f64)>) -> GpuTable {
    let shipped = || vec![(pdl(BLOCK), 5.0), (pdl(FOUR), 6.0), (pdl(EIGHT), 7.0)];
    let points = vec![point(65536, records), point(65536, shipped()), point(131_072, shipped())];
    GpuTable { device: "NVIDIA Sample".into(), stand_in: None, points, own: 1, kept: Vec::new() }
}

fn explained(spec: &SelectorSpec, table: &GpuTable, columns: usize) -> Explanation {
    let table = Some(Arc::new(table.clone()));
    Planner::new(Arc::new(spec.clone()), limits(), table).explain(&problem(columns)).unwrap()
}

/// The plan by some records, and the variant that was kept.
fn planned(records: Vec<(VariantLaunch, f64)>) -> (VariantLaunch, Option<Hysteresis>) {
    let Explanation { plan, basis, .. } = explained(&spec(), &table(records), 65536);
    match basis {
        Basis::Measured(measured) => (plan.launch(), measured.kept.map(|kept| *kept)),
        basis => panic!("{basis:?}"),
    }
}

#[test]
fn within_noise_the_shipped_pick_is_kept_and_the_words_say_so() {
    let records = vec![(pdl(FOUR), 9.9), (pdl(EIGHT), 9.95), (pdl(BLOCK), 10.0)];
    let (launch, kept) = planned(records.clone());
    assert_eq!(launch, pdl(BLOCK));
    let kept = kept.unwrap();
    assert_eq!((kept.problem, kept.launch), (problem(65536), pdl(BLOCK)));
    assert!((kept.gain - 0.01).abs() < 1e-9, "{kept:?}");
    let text = explained(&spec(), &table(records), 65536).to_string();
    let words = "the shipped variant, kept since the fastest record of top 64 of 8 x 65536 f32 is \
                 faster by only 1.0 %";
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_record_that_is_clearly_faster_displaces_it() {
    let records = |us| vec![(pdl(FOUR), us), (pdl(BLOCK), 10.0)];
    assert_eq!(planned(records(9.81)).0, pdl(BLOCK));
    assert_eq!(planned(records(9.79)), (pdl(FOUR), None));
    // It is the fastest, so nothing was kept.
    assert_eq!(planned(records(10.1)), (pdl(BLOCK), None));
}

#[test]
fn records_without_the_shipped_pick_go_by_the_fastest() {
    assert_eq!(planned(vec![(pdl(FOUR), 9.9), (pdl(EIGHT), 9.95)]), (pdl(FOUR), None));
    // The kernel that is planned without records, but with the other setting of PDL, is another launch.
    assert_eq!(planned(vec![(pdl(FOUR), 9.9), (no_pdl(BLOCK), 10.0)]), (pdl(FOUR), None));
}

#[test]
fn pdl_is_kept_too() {
    assert_eq!(planned(vec![(no_pdl(BLOCK), 9.9), (pdl(BLOCK), 10.0)]).0, pdl(BLOCK));
    assert_eq!(planned(vec![(no_pdl(BLOCK), 9.7), (pdl(BLOCK), 10.0)]), (no_pdl(BLOCK), None));
}

#[test]
fn what_the_selector_does_not_declare_counts_for_nothing() {
    let narrow = SelectorSpec::builder("Test").dtype([DType::F32]).k([64]).threads([512]);
    let narrow = narrow.bins([2048]).build().unwrap();
    let other = pdl("block_filter v4_b2048_t256_r32");
    let records = vec![(other, 9.0), (pdl(FOUR), 9.9), (pdl(BLOCK), 10.0)];
    let settled = table(records);
    let plan = explained(&narrow, &settled, 65536).plan;
    assert_eq!(plan.launch(), pdl(BLOCK));
    let wide = SelectorSpec::builder("Test").dtype([DType::F32]).k([64]).threads([256, 512]);
    let plan = explained(&wide.build().unwrap(), &settled, 65536).plan;
    assert_eq!(plan.launch(), other);
}

#[test]
fn elsewhere_and_without_records_nothing_changes() {
    let records = vec![(pdl(FOUR), 9.9), (pdl(BLOCK), 10.0)];
    let settled = table(records.clone()).settled(&Arc::new(spec()), &limits()).into_owned();
    assert_eq!(settled.points[1..], table(records.clone()).points[1..]);
    let shipped = GpuTable { own: 0, ..table(records) };
    assert!(matches!(shipped.settled(&Arc::new(spec()), &limits()), Cow::Borrowed(_)));
}

#[test]
fn where_no_table_ships_the_pick_of_rules_is_kept() {
    let by_rules = crate::Plan::of(&spec(), &problem(65536), &limits()).unwrap().launch();
    let other = pdl(BLOCK);
    assert_ne!(by_rules, other);
    let alone = |us| {
        let points = vec![point(65536, vec![(other, us), (by_rules.plain(), 10.0)])];
        let device = "NVIDIA Sample".into();
        let table = GpuTable { device, stand_in: None, points, own: 1, kept: Vec::new() };
        explained(&spec(), &table, 65536).plan.launch()
    };
    assert_eq!((alone(9.9), alone(9.0)), (by_rules, other));
}

//! Tests of which own records displace what is picked without them.

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

fn early(name: &str) -> Choice {
    Choice::usual(&Variant::from_short_name(DType::F32, name).unwrap())
}

fn late(name: &str) -> Choice {
    Choice { starts_early: false, ..early(name) }
}

fn problem(columns: usize) -> Problem {
    Problem::new(DType::F32, 8, columns, 64)
}

fn point(columns: usize, mut times: Vec<(Choice, f64)>) -> (Point, f64) {
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    (Point { problem: problem(columns), times }, 1.0)
}

/// A table that picks `BLOCK` for 65536 columns and for twice as many, with records of the first.
fn holding(records: Vec<(Choice, f64)>) -> Holding {
    let shipped = || vec![(early(BLOCK), 5.0), (early(FOUR), 6.0), (early(EIGHT), 7.0)];
    let points = vec![point(65536, records), point(65536, shipped()), point(131_072, shipped())];
    Holding { device: "NVIDIA Sample".into(), stand_in: None, points, own: 1, kept: Vec::new() }
}

fn explained(spec: &SelectorSpec, holding: &Holding, columns: usize) -> Explanation {
    let holding = Some(Arc::new(holding.clone()));
    Planner::new(Arc::new(spec.clone()), limits(), holding).explain(&problem(columns)).unwrap()
}

/// What is picked by some records, and what is said of a pick that was kept.
fn picked(records: Vec<(Choice, f64)>) -> (Choice, Option<Kept>) {
    let Explanation { plan, basis, .. } = explained(&spec(), &holding(records), 65536);
    match basis {
        Basis::Measured(measured) => (plan.choice(), measured.kept),
        basis => panic!("{basis:?}"),
    }
}

#[test]
fn within_noise_the_shipped_pick_is_kept_and_the_words_say_so() {
    let records = vec![(early(FOUR), 9.9), (early(EIGHT), 9.95), (early(BLOCK), 10.0)];
    let (choice, kept) = picked(records.clone());
    assert_eq!(choice, early(BLOCK));
    let kept = kept.unwrap();
    assert_eq!((kept.problem, kept.choice), (problem(65536), early(BLOCK)));
    assert!((kept.gain - 0.01).abs() < 1e-9, "{kept:?}");
    let text = explained(&spec(), &holding(records), 65536).to_string();
    let words = "the shipped variant, kept since the fastest record of top 64 of 8 x 65536 f32 is \
                 faster by only 1.0 %";
    assert!(text.contains(words), "{text}");
}

#[test]
fn a_record_that_is_clearly_faster_displaces_it() {
    let records = |us| vec![(early(FOUR), us), (early(BLOCK), 10.0)];
    assert_eq!(picked(records(9.81)).0, early(BLOCK));
    assert_eq!(picked(records(9.79)), (early(FOUR), None));
    // It is the fastest, so nothing was kept.
    assert_eq!(picked(records(10.1)), (early(BLOCK), None));
}

#[test]
fn records_without_the_shipped_pick_go_by_the_fastest() {
    assert_eq!(picked(vec![(early(FOUR), 9.9), (early(EIGHT), 9.95)]), (early(FOUR), None));
    // The same kernel launched in the other way is not what is picked without records.
    assert_eq!(picked(vec![(early(FOUR), 9.9), (late(BLOCK), 10.0)]), (early(FOUR), None));
}

#[test]
fn the_way_to_launch_is_kept_too() {
    assert_eq!(picked(vec![(late(BLOCK), 9.9), (early(BLOCK), 10.0)]).0, early(BLOCK));
    assert_eq!(picked(vec![(late(BLOCK), 9.7), (early(BLOCK), 10.0)]), (late(BLOCK), None));
}

#[test]
fn what_is_no_member_of_the_selector_counts_for_nothing() {
    let narrow = SelectorSpec::builder("Test").dtype([DType::F32]).k([64]).threads([512]);
    let narrow = narrow.bins([2048]).build().unwrap();
    let other = early("block_filter v4_b2048_t256_r32");
    let records = vec![(other, 9.0), (early(FOUR), 9.9), (early(BLOCK), 10.0)];
    let settled = holding(records);
    let plan = explained(&narrow, &settled, 65536).plan;
    assert_eq!(plan.choice(), early(BLOCK));
    let wide = SelectorSpec::builder("Test").dtype([DType::F32]).k([64]).threads([256, 512]);
    let plan = explained(&wide.build().unwrap(), &settled, 65536).plan;
    assert_eq!(plan.choice(), other);
}

#[test]
fn elsewhere_and_without_records_nothing_changes() {
    let records = vec![(early(FOUR), 9.9), (early(BLOCK), 10.0)];
    let settled = holding(records.clone()).settled(&Arc::new(spec()), &limits()).into_owned();
    assert_eq!(settled.points[1..], holding(records.clone()).points[1..]);
    let shipped = Holding { own: 0, ..holding(records) };
    assert!(matches!(shipped.settled(&Arc::new(spec()), &limits()), Cow::Borrowed(_)));
}

#[test]
fn where_no_table_ships_the_pick_of_rules_is_kept() {
    let by_rules = crate::Plan::of(&spec(), &problem(65536), &limits()).unwrap().choice();
    let other = early(BLOCK);
    assert_ne!(by_rules, other);
    let alone = |us| {
        let points = vec![point(65536, vec![(other, us), (by_rules.plain(), 10.0)])];
        let device = "NVIDIA Sample".into();
        let held = Holding { device, stand_in: None, points, own: 1, kept: Vec::new() };
        explained(&spec(), &held, 65536).plan.choice()
    };
    assert_eq!((alone(9.9), alone(9.0)), (by_rules, other));
}

//! Tests of the planner, on small made-up tables.

use super::*;
use crate::plan::Explanation;
use crate::plan::VariantLaunch;
use crate::plan::measured::table::Point;
use std::hint::black_box;
use std::time::Instant;
use topkit_codegen::{Arch, DType, KernelKind, Key, RowShape};

#[path = "outdated_tests.rs"]
mod outdated;
#[path = "program_tests.rs"]
mod program;

const RESIDENT: &str = "block_resident v4_b4096_t1024_r16";
const WIDE: &str = "block_resident v4_b4096_t1024_r32";
const BLOCK: &str = "block_filter v4_b2048_t512_r32";
const FOUR: &str = "cluster_filter v4_b2048_t512_r32_c4";
const SIXTEEN: &str = "cluster_filter v4_b2048_t512_r32_c16";
const GRID: &str = "grid_filter v4_b2048_t512_r32";
const RADIX: &str = "block_radix v4_b2048_t1024";

fn spec() -> SelectorSpec {
    SelectorSpec::builder("Test")
        .dtype([DType::F32, DType::Bf16])
        .k(1..=8192)
        .bins([2048, 4096])
        .threads([512, 1024])
        .build()
        .unwrap()
}

fn h200() -> Limits {
    Limits::of_arch(Arch::of_device(9, 0))
}

/// The planner of the sample selector by some points.
fn by(table: GpuTable) -> Planner {
    of(spec(), h200(), Some(table))
}

fn of(spec: SelectorSpec, limits: Limits, table: Option<GpuTable>) -> Planner {
    Planner::new(Arc::new(spec), limits, table.map(Arc::new))
}

/// A kernel in its default launch.
fn pdl(name: &str) -> VariantLaunch {
    VariantLaunch::of(&Variant::from_short_name(DType::F32, name).unwrap())
}

/// Rows, columns, k, and the microseconds of kernels.
type Times<'a> = (usize, usize, u32, &'a [(&'a str, f64)]);

fn table_of(points: &[Times<'_>]) -> GpuTable {
    let point = |&(rows, columns, k, times): &Times<'_>| {
        let times = times.iter().map(|(name, us)| (pdl(name), *us));
        let problem = Problem::new(DType::F32, rows, columns, k);
        (Point { problem, program: None, times: times.collect() }, 1.0)
    };
    let points = points.iter().map(point).collect();
    GpuTable { device: "NVIDIA Sample".into(), stand_in: None, points, own: 0, kept: Vec::new() }
}

fn table() -> GpuTable {
    table_of(&[
        (1, 16384, 64, &[(RESIDENT, 3.0), (FOUR, 4.0), (BLOCK, 5.0)]),
        (1, 65536, 64, &[(FOUR, 5.0), (SIXTEEN, 6.0), (BLOCK, 16.0)]),
        (1, 1 << 20, 64, &[(SIXTEEN, 10.0), (GRID, 12.0)]),
        (1, 16384, 4096, &[(RADIX, 20.0), (WIDE, 30.0)]),
        (1, 65536, 4096, &[(RADIX, 40.0)]),
        (1, 1 << 20, 4096, &[(RADIX, 200.0)]),
        (64, 16384, 64, &[(RESIDENT, 4.0), (BLOCK, 6.0), (FOUR, 9.0)]),
        (64, 65536, 64, &[(BLOCK, 18.0), (FOUR, 19.0)]),
        (64, 1 << 20, 64, &[(BLOCK, 200.0), (GRID, 300.0)]),
    ])
}

fn problem(rows: usize, columns: usize, k: u32) -> Problem {
    Problem::new(DType::F32, rows, columns, k)
}

fn explain(planner: &Planner, rows: usize, columns: usize, k: u32) -> Explanation {
    planner.explain(&problem(rows, columns, k)).unwrap()
}

fn measured(explanation: Explanation) -> Measured {
    match explanation.basis {
        Basis::Measured(measured) => measured,
        basis => panic!("{basis:?}"),
    }
}

fn named(planner: &Planner, rows: usize, columns: usize, k: u32) -> String {
    let plan = planner.plan(&problem(rows, columns, k)).unwrap();
    plan.variant.short_name()
}

#[test]
fn a_measured_problem_gets_its_winner_and_its_time() {
    let planner = by(table());
    let sample = table();
    for (Point { problem, times, .. }, _) in &sample.points {
        let Problem { rows, columns, k, .. } = *problem;
        // Nobody measured `cluster_radix`.
        if (columns, k) == (1 << 20, 4096) {
            continue;
        }
        let explanation = explain(&planner, rows, columns, k);
        assert_eq!(explanation.plan.launch(), times[0].0, "{problem}");
        let measured = measured(explanation);
        assert_eq!((measured.near.as_slice(), measured.within), (&[*problem][..], true));
        let us = measured.expected[0].microseconds;
        assert!((us / times[0].1 - 1.0).abs() < 1e-4, "{problem}: {us}");
    }
}

#[test]
fn between_points_the_times_are_interpolated_by_logarithms() {
    let planner = by(table());
    // Half way between 16384 and 65536: the root of 4 x 5, and of 5 x 16.
    let half = measured(explain(&planner, 1, 32768, 64));
    let of = |name: &str| {
        let wanted = Variant::from_short_name(DType::F32, name).unwrap();
        half.expected.iter().find(|other| other.variant == wanted).map(|a| a.microseconds)
    };
    assert!((of(FOUR).unwrap() / 20f64.sqrt() - 1.0).abs() < 1e-4);
    assert!((of(BLOCK).unwrap() / 80f64.sqrt() - 1.0).abs() < 1e-4);
    // Not listed at 16384, so a tenth slower than the slowest there.
    assert!((of(SIXTEEN).unwrap() / (5.5f64 * 6.0).sqrt() - 1.0).abs() < 1e-4);
    // It has no room for so long a row.
    assert_eq!(of(RESIDENT), None);
    assert_eq!(half.near.len(), 2);
    // Rows between 1 and 64: where the two kernels cross.
    assert_eq!(named(&planner, 2, 65536, 64), FOUR);
    assert_eq!(named(&planner, 60, 65536, 64), BLOCK);
}

#[test]
fn a_kernel_that_holds_longer_rows_serves_shorter_ones() {
    let points: &[Times<'_>] = &[
        (1, 16384, 64, &[(RESIDENT, 3.0), (BLOCK, 5.0)]),
        (1, 32768, 64, &[(WIDE, 3.5), (BLOCK, 7.0)]),
        (1, 65536, 64, &[(BLOCK, 9.0)]),
    ];
    let planner = by(table_of(points));
    assert_eq!(named(&planner, 1, 16385, 64), WIDE);
    assert_eq!(named(&planner, 1, 16384, 64), RESIDENT);
    assert_eq!(named(&planner, 1, 32769, 64), BLOCK);
}

#[test]
fn what_cannot_serve_is_passed_over() {
    let planner = by(table());
    // k beyond the filters, and short of the first point that has it.
    assert_eq!(named(&planner, 1, 65536, 2049), RADIX);
    // A GPU without clusters.
    let limits = Limits { clusters: false, ..h200() };
    let without = of(spec(), limits, Some(table()));
    let plan = without.plan(&problem(1, 65536, 64)).unwrap();
    assert_eq!(plan.variant.short_name(), BLOCK);
    // A selector whose declaration leaves the winners out.
    let narrow = SelectorSpec::builder("Narrow").dtype([DType::F32]).bins([2048]).threads([512]);
    let narrow = narrow.build().unwrap();
    let own = of(narrow.clone(), h200(), Some(table()));
    let plan = own.plan(&problem(1, 16384, 64)).unwrap();
    assert_eq!(plan.variant.short_name(), FOUR);
    assert!(narrow.contains(&plan.variant));
}

#[test]
fn what_the_gpu_has_no_room_for_is_not_picked_again() {
    let planner = by(table());
    let first = planner.plan(&problem(1, 65536, 64)).unwrap().variant;
    planner.refuse(&first, Refusal::NoRoom);
    assert_eq!(named(&planner, 1, 65536, 64), SIXTEEN);
    // The table has one kernel there, and rules know others.
    let alone = Variant::from_short_name(DType::F32, RADIX).unwrap();
    planner.refuse(&alone, Refusal::Unusable);
    let other = planner.plan(&problem(1, 1 << 20, 4096)).unwrap().variant;
    assert_ne!(other, alone);
    assert!(spec().contains(&other), "{other}");
}

#[test]
fn on_another_gpu_no_cluster_above_the_portable_size_is_taken() {
    let stand_in = Some("not on this GPU but on one of its kind".to_owned());
    let planner = by(GpuTable { stand_in, ..table() });
    assert_eq!(named(&planner, 1, 1 << 20, 64), GRID);
    let text = explain(&planner, 1, 65536, 64).to_string();
    assert!(text.contains("measured on NVIDIA Sample, not on this GPU"), "{text}");
}

#[test]
fn rules_serve_where_the_table_does_not() {
    let by_rules = |planner: &Planner, problem: &Problem, spec: &SelectorSpec, word: &str| {
        let explanation = planner.explain(problem).unwrap();
        assert_eq!(explanation.plan, Plan::of(spec, problem, &h200()).unwrap());
        let Basis::Rules { why } = &explanation.basis else { panic!("{explanation}") };
        assert!(why.as_deref().unwrap_or("none").contains(word), "{why:?}");
        assert!(explanation.to_string().contains("built-in rules"));
    };
    let planner = by(table());
    by_rules(&of(spec(), h200(), None), &problem(1, 65536, 64), &spec(), "none");
    by_rules(&planner, &problem(1, 100, 64), &spec(), "far shorter");
    let other = Problem::new(DType::Bf16, 1, 65536, 64);
    by_rules(&planner, &other, &spec(), "no variant of this selector");
    let slow = SelectorSpec::builder("Slow").dtype([DType::F32]).threads([128]).build().unwrap();
    let planner = of(slow.clone(), h200(), Some(table()));
    by_rules(&planner, &problem(1, 65536, 64), &slow, "no variant of this selector");
    // Only a kernel for short rows is declared.
    let sample = table_of(&[(1, 16384, 64, &[(RESIDENT, 3.0)]), (1, 65536, 64, &[(FOUR, 5.0)])]);
    let wide = SelectorSpec::builder("Wide").dtype([DType::F32]).bins([4096]).threads([1024]);
    let wide = wide.build().unwrap();
    let planner = of(wide.clone(), h200(), Some(sample));
    by_rules(&planner, &problem(1, 32768, 64), &wide, "can serve it here");
    assert_eq!(planner.plan(&problem(0, 16384, 64)).unwrap().grid, 0);
}

#[test]
fn beyond_the_points_the_nearest_stands_and_the_words_say_so() {
    let planner = by(table());
    let far = explain(&planner, 1, 1 << 28, 64);
    assert_eq!(far.plan.variant.short_name(), SIXTEEN);
    assert!(
        far.to_string()
            .contains("beyond what was measured, so by the nearest: top 64 of 1 x 1048576"),
        "{far}"
    );
    // 64 rows at k = 4096 were not measured: the corner of 1 row is used.
    assert!(!measured(explain(&planner, 64, 65536, 4096)).within);
    let text = explain(&planner, 1, 65536, 64).to_string();
    for words in ["5.00 us expected of cluster_filter", "at top 64 of 1 x 65536", "1.20 times"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}

#[test]
fn fewer_multiprocessors_make_rows_weigh_more() {
    let mut half = table();
    half.points.iter_mut().for_each(|(_, scale)| *scale = 0.5);
    let (whole, half) = (by(table()), by(half));
    let expected = |planner: &Planner, rows| {
        measured(explain(planner, rows, 65536, 64)).expected[0].microseconds
    };
    let (one, other) = (expected(&whole, 64), expected(&half, 32));
    assert!((one / other - 1.0).abs() < 1e-4, "{one} and {other}");
    assert!(expected(&half, 16) > expected(&whole, 16));
}

#[test]
fn a_time_lent_from_longer_rows_beats_no_measured_one() {
    let slow_day = (1, 16384, 64, &[(FOUR, 4.0)][..]);
    let planner = by(table_of(&[slow_day, (1, 32768, 64, &[(WIDE, 3.0)])]));
    let at = |columns| planner.plan(&problem(1, columns, 64)).unwrap().variant;
    assert_eq!(at(16384).kernel, KernelKind::ClusterFilter);
    assert_eq!(at(32768).kernel, KernelKind::BlockResident);
}

#[test]
fn own_records_are_named() {
    let planner = by(GpuTable { own: 1, ..table() });
    assert!(measured(explain(&planner, 1, 16384, 64)).own);
    assert!(!measured(explain(&planner, 64, 1 << 20, 64)).own);
}

/// The kernels that rules name one after the other for a problem, as each is refused.
fn refused_in_turn(limits: &Limits, problem: &Problem, refusal: Refusal) -> Vec<Variant> {
    let planner = of(spec(), *limits, None);
    let mut named = Vec::new();
    loop {
        let variant = planner.plan(problem).unwrap().variant;
        if planner.tried().has_refused(&variant) {
            return named;
        }
        assert!(spec().contains(&variant), "{variant}");
        named.push(variant);
        let room = refusal == Refusal::NoRoom && variant.cluster > 1;
        planner.refuse(&variant, if room { refusal } else { Refusal::Unusable });
    }
}

#[test]
fn rules_take_smaller_clusters_once_the_gpu_has_refused_one() {
    let long = problem(1, 1 << 20, 64);
    let named = refused_in_turn(&h200(), &long, Refusal::NoRoom);
    let clusters: Vec<_> = named.iter().map(|variant| variant.cluster).collect();
    assert_eq!(clusters, [16, 8, 6, 4, 3, 2, 1, 1]);
    let kernels = [6, 7].map(|place| named[place].kernel);
    assert_eq!(kernels, [KernelKind::BlockFilter, KernelKind::BlockRadix]);
    // By either kernel of clusters.
    let named = refused_in_turn(&h200(), &problem(1, 100_000, 64), Refusal::NoRoom);
    let clusters: Vec<_> = named.iter().map(|variant| variant.cluster).collect();
    assert_eq!(clusters[0], 16);
    assert!(clusters.is_sorted_by(|one, next| one > next || *next == 1), "{clusters:?}");
}

#[test]
fn rules_try_one_size_of_each_kernel_that_the_compiler_refuses() {
    let huge = problem(1, 1 << 28, 64);
    for problem in [huge, problem(1, 100_000, 64), problem(1, 8000, 64), problem(1, 100, 4096)] {
        let named = refused_in_turn(&h200(), &problem, Refusal::Unusable);
        let kernels: Vec<_> = named.iter().map(|variant| variant.kernel).collect();
        assert_eq!(kernels.last(), Some(&KernelKind::BlockRadix), "{problem}");
        let mut once = kernels.clone();
        once.dedup();
        assert_eq!(once, kernels, "{problem}");
    }
}

#[test]
fn a_refusal_changes_no_plan_whose_kernel_is_loaded() {
    let problems = [(1, 1 << 20), (1, 100_000), (2, 60_000), (4, 300_000), (1, 1 << 28)];
    let problems = problems.map(|(rows, columns)| problem(rows, columns, 64));
    let planner = of(spec(), h200(), None);
    let named = |problem: &Problem| planner.plan(problem).unwrap().variant;
    let before = problems.map(|problem| named(&problem));
    before.iter().for_each(|variant| planner.tried().accept(variant));
    for (name, refusal) in [
        ("cluster_filter v4_b2048_t256_r16_c2", Refusal::NoRoom),
        ("cluster_resident v4_b4096_t256_r64_c2", Refusal::Unusable),
        ("block_filter v4_b2048_t256_r16", Refusal::Unusable),
        ("grid_filter v4_b2048_t256_r16", Refusal::Unusable),
    ] {
        planner.refuse(&Variant::from_short_name(DType::F32, name).unwrap(), refusal);
    }
    assert_eq!(problems.map(|problem| named(&problem)), before);
    assert_eq!(named(&problem(64, 20_000, 64)).kernel, KernelKind::BlockResident);
}

/// Small shared memory leaves small CTAs, which cannot share a row by sixteen.
#[test]
fn rules_name_members_for_every_architecture() {
    for arch in ["sm_60", "sm_75", "sm_80", "sm_89", "sm_90a", "sm_100a", "sm_120a"] {
        let limits = Limits::of_arch(arch.parse().unwrap());
        let spec = SelectorSpec::builder("All").dtype(DType::ALL).k(1..=8192).build().unwrap();
        for dtype in DType::ALL {
            for rows in [1, 2, 7, 15, 30, 66, 132, 1000] {
                for columns in (0..=24).flat_map(|log| [1usize << log, 3 << log]) {
                    let problem = Problem::new(dtype, rows, columns, 64);
                    let variant = Plan::of(&spec, &problem, &limits).unwrap().variant;
                    assert!(spec.contains(&variant), "{arch}: {problem} by {variant}");
                }
            }
        }
    }
}

#[test]
fn a_launch_uses_pdl_where_that_was_faster() {
    let no_pdl = |name: &str| VariantLaunch { pdl: false, ..pdl(name) };
    let mut table = table();
    // At 16384 both ways were measured, at 65536 the late one alone.
    table.points[0].0.times = vec![(no_pdl(FOUR), 2.0), (pdl(FOUR), 2.5)];
    table.points[1].0.times = vec![(no_pdl(FOUR), 5.0)];
    table.points[2].0.times = vec![(pdl(FOUR), 10.0)];
    let planner = by(table.clone());
    let at = |columns| planner.plan(&problem(1, columns, 64)).unwrap();
    assert!(!at(16384).pdl && !at(32768).pdl && !at(65536).pdl);
    assert!(!at(100_000).pdl && at(900_000).pdl && at(1 << 20).pdl);
    let us = measured(explain(&planner, 1, 16384, 64)).expected[0];
    assert!((us.microseconds - 2.0).abs() < 1e-4 && !us.pdl);
    // Where the GPU cannot, nothing does.
    let limits = Limits { pdl: false, ..h200() };
    let without = of(spec(), limits, Some(table));
    assert!(!without.plan(&problem(1, 1 << 20, 64)).unwrap().pdl);
    let text = explain(&planner, 1, 1 << 20, 64).to_string();
    assert!(
        text.contains("_c4, launched with PDL") && text.contains("; programmatic dependent launch"),
        "{text}"
    );
}

/// A table with one point of its own for a layout of rows.
fn with_layout(of: impl Fn(Problem) -> Problem) -> GpuTable {
    let mut table = table();
    let problem = of(problem(1, 65536, 64));
    let odd = Point { problem, program: None, times: vec![(pdl(BLOCK), 1.0)] };
    table.points.push((odd, 1.0));
    table
}

#[test]
fn less_aligned_rows_go_by_their_own_times_where_there_are_some() {
    let planner = by(with_layout(|problem| problem.at(4, 0)));
    let explained = |problem: Problem| planner.explain(&problem).unwrap();
    let name = |explanation: &Explanation| explanation.plan.variant.short_name();
    let (aligned, odd) = (problem(1, 65536, 64), problem(1, 65536, 64).at(4, 0));
    assert_eq!(name(&explained(aligned)), FOUR);
    assert_eq!(name(&explained(odd)), BLOCK);
    assert!(!explained(odd).to_string().contains("nearest layout"));
    // Rows aligned to 8 bytes were not measured: the nearest layout of less than 16 bytes is used.
    let half = explained(aligned.at(8, 0));
    assert_eq!(name(&half), BLOCK);
    let words = "no measurements for this layout (dense, at multiples of 8 bytes)";
    assert!(half.to_string().contains(words), "{half}");
    // Elsewhere, the times of aligned rows are used.
    let other = explained(problem(1, 16384, 64).at(4, 0));
    assert_eq!(name(&other), RESIDENT);
    assert!(other.to_string().contains("at multiples of 4 bytes"), "{other}");
    // A table without any falls back on aligned rows, whatever a caller says of them.
    let planner = by(table());
    for vec_size in [0, 1, 2, 3, u32::MAX] {
        let odd = Problem { vec_size, ..aligned };
        assert_eq!(planner.plan(&odd).unwrap().variant, pdl(FOUR).variant);
    }
}

#[test]
fn ragged_selectors_go_by_ragged_rows_and_dense_ones_do_not() {
    let table = with_layout(|problem| Problem { ragged: true, ..problem });
    let rows = topkit_codegen::Semantics { rows: RowShape::Ragged, ..spec().semantics };
    let ragged = SelectorSpec { semantics: rows, ..spec() };
    let planner = of(ragged, h200(), Some(table.clone()));
    let problem = problem(1, 65536, 64);
    let explanation = planner.explain(&problem).unwrap();
    assert_eq!(explanation.plan.variant.short_name(), BLOCK);
    assert!(explanation.plan.problem.ragged && !explanation.to_string().contains("nearest layout"));
    let elsewhere = Problem { columns: 16384, ..problem };
    let explanation = planner.explain(&elsewhere).unwrap();
    assert_eq!(explanation.plan.variant.short_name(), RESIDENT);
    assert!(
        explanation.to_string().contains("no measurements for this layout (ragged"),
        "{explanation}"
    );
    let dense = by(table);
    assert_eq!(named(&dense, 1, 65536, 64), FOUR);
}

/// A declaration of one size of CTA, where the table knows a faster one.
#[test]
fn a_narrowed_axis_that_costs_speed_is_named_with_its_factor() {
    let narrow = SelectorSpec::builder("Narrow").dtype([DType::F32]).bins([2048]).threads([512]);
    let planner = of(narrow.build().unwrap(), h200(), Some(table()));
    let explained = planner.explain(&problem(1, 16384, 64)).unwrap();
    let narrowed = explained.narrowed.clone().unwrap();
    assert_eq!(narrowed.fastest.variant.short_name(), RESIDENT);
    assert_eq!(narrowed.undeclared, [(Key::Bins, 4096), (Key::Threads, 1024)]);
    assert!((narrowed.factor - 4.0 / 3.0).abs() < 1e-4, "{narrowed:?}");
    let words = "warning: the declared tuning axes leave out bins = 4096 and threads = 1024";
    let text = explained.to_string();
    assert!(text.contains(words) && text.contains("1.33 times as fast"), "{text}");
    // Packs that lack the fastest variant are no fault of the declaration.
    let spec = planner.spec().clone();
    let radix = spec.variants().into_iter().filter(|v| v.kernel == KernelKind::BlockRadix);
    let packed = of(spec.clone(), h200(), Some(table())).among(radix.collect());
    assert_eq!(packed.explain(&problem(1, 65536, 64)).unwrap().narrowed, None);
    // The fastest is declared; it was refused here; and rules know no times.
    assert_eq!(planner.explain(&problem(1, 65536, 64)).unwrap().narrowed, None);
    planner.refuse(&Variant::from_short_name(DType::F32, RESIDENT).unwrap(), Refusal::Unusable);
    assert_eq!(planner.explain(&problem(1, 16384, 64)).unwrap().narrowed, None);
    let rules = of(spec, h200(), None).explain(&problem(1, 16384, 64)).unwrap();
    assert_eq!(rules.narrowed, None);
    // A selector of all measured axes has no narrowed axis.
    assert_eq!(explain(&by(table()), 1, 16384, 64).narrowed, None);
}

/// A table as large as the shipped one, with made-up times.
fn large() -> GpuTable {
    let names = [RADIX, BLOCK, FOUR, SIXTEEN, GRID];
    let mut points = Vec::new();
    for rows in [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024] {
        for columns in (12..=20).map(|log| 1usize << log) {
            for k in [64, 512, 1024, 2048, 4096] {
                let us = |place: usize| (rows * columns * (place + 1)) as f64 / 1e5 + 2.0;
                let times = names.iter().enumerate();
                let times = times.map(|(place, name)| (pdl(name), us(place)));
                let problem = problem(rows, columns, k);
                points.push((Point { problem, program: None, times: times.collect() }, 1.0));
            }
        }
    }
    GpuTable { points, ..table() }
}

#[test]
fn a_plan_takes_less_than_a_microsecond_when_optimised() {
    let large = large();
    let start = Instant::now();
    let planner = by(large);
    let made = start.elapsed();
    let problems: Vec<Problem> =
        (1..1000).map(|i| problem(i, 5000 + 997 * i, 1 + 2 * i as u32)).collect();
    let mut fastest = f64::MAX;
    let mut filters = 0;
    for _ in 0..10 {
        let start = Instant::now();
        for problem in &problems {
            let plan = planner.plan(black_box(problem)).unwrap();
            filters += usize::from(plan.variant.kernel != KernelKind::BlockResident);
        }
        fastest = fastest.min(start.elapsed().as_secs_f64() / problems.len() as f64);
    }
    println!("a plan takes {:.0} ns, its planner {made:?}", fastest * 1e9);
    assert_eq!(filters, 10 * problems.len());
    let most = if cfg!(debug_assertions) { 50e-6 } else { 1e-6 };
    assert!(fastest < most, "a plan takes {fastest} s");
}

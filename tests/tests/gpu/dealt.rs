//! Inputs made against the way the filters deal columns to stripes and threads, for either end of the
//! order and both NaN policies. `interpret/dealt.rs` shows that the tests know that way.

use crate::device::{Case, Element, Layout, compile, on, variants, whole_selector};
use half::{bf16, f16};
use topkit::{
    Problem, Score, Variant,
    spec::{KernelKind, NanPolicy, Select, Semantics},
};
use topkit_tests::{Stripes, dealt};

/// Every row begins at another alignment.
const LAYOUT: Layout = Layout { offset: 1, gap: 0 };

/// Filters of few threads, and of many in one size: rows are as long as stripes are wide.
fn few(variant: &Variant) -> bool {
    variant.kernel.filters()
        && [1, 2, 4].contains(&variant.cluster)
        && (variant.threads == 128 || (variant.items == 16 && variant.cluster <= 2))
}

fn crowds_are_exact<S: Score + Element>() {
    let (mut wrong, mut launches) = (Vec::new(), 0);
    for &select in Select::ALL {
        for &nan in NanPolicy::ALL {
            let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
            let selector = whole_selector(semantics);
            let mut filters = variants(&selector, S::DTYPE, 16 / S::DTYPE.bytes(), 0);
            filters.retain(few);
            compile(&selector, &filters);
            for variant in &filters {
                // Five stripes of a CTA, or more of a cluster; one is four fifths of k in winners.
                let stripe = (variant.threads * variant.items) as usize;
                let columns = 4 * stripe * variant.cluster as usize + 11;
                let (winners, k) = (stripe / 5, stripe as u32 / 5 + 25);
                let problem = Problem::new(S::DTYPE, dealt::ROWS, columns, k);
                let plan = selector.plan_variant(&problem, variant).unwrap();
                let parts = match variant.kernel {
                    KernelKind::GridFilter => {
                        (plan.grid as usize / dealt::ROWS).min(columns.div_ceil(stripe))
                    }
                    _ => plan.cluster as usize,
                };
                let stripes = |row: usize| {
                    Stripes::of(variant, parts, LAYOUT.offset + row * columns, columns)
                };
                let scores = dealt::matrix(&semantics, columns, winners, stripes);
                let scores: Vec<S> = scores.into_iter().map(S::from_f32).collect();
                let case = Case::of("scores", &scores, dealt::ROWS, columns, LAYOUT);
                for k in [1, 60, k] {
                    wrong.extend(case.fault::<i32>(
                        &on(&selector, variant),
                        dealt::ROWS,
                        k,
                        None,
                        0,
                    ));
                    launches += 1;
                }
            }
        }
    }
    println!("{}: {launches} launches, {} wrong", S::DTYPE, wrong.len());
    assert!(wrong.is_empty(), "{} launches wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn crowded_f32_is_exact() {
    crowds_are_exact::<f32>();
}

#[test]
fn crowded_bf16_is_exact() {
    crowds_are_exact::<bf16>();
}

#[test]
fn crowded_f16_is_exact() {
    crowds_are_exact::<f16>();
}

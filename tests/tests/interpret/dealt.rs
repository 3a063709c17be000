//! Inputs made against the way the filters deal columns to stripes and threads, and the proof that the
//! tests know that way.

use crate::case::{Case, Element, Layout, each_kernel, interpreter, load};
use half::bf16;
use topkit::interpret::Launch;
use topkit::{
    DType, Problem, Rows, Score, Variant,
    spec::{KernelKind, NanPolicy, Select, Semantics},
};
use topkit_tests::{Reader, Stripes, dealt, rendered};

/// For each column the stripe and the thread that read it, by `stripes.cuh`. The gap of the output
/// tells the CTAs that share the row.
const DEAL: &str = r#"
extern "C" __global__ void deal(const __grid_constant__ LaunchArgs args) {
    const Row<Config> row = find_row<Config>(args, 0);
    const Stripes<Config> stripes(row, u32(args.index_stride - args.k));
    i32* out = static_cast<i32*>(args.indices);
    for (u32 stripe = 0; stripe < stripes.count; ++stripe) {
        const u32 first = stripes.first(stripe, threadIdx.x);
        for (u32 item = 0; item < Config::ITEMS; ++item) {
            if (first + item / Config::VEC_SIZE * stripes.step() < stripes.vectors) {
                out[stripes.column(stripe, threadIdx.x, item)] = i32(stripe * 1024 + threadIdx.x);
            }
        }
        if (stripes.holds_edge(stripe)) {
            out[stripes.edge_column()] = -1;
        }
    }
}
"#;

fn filters(dtype: DType, semantics: Semantics) -> Vec<Variant> {
    each_kernel(dtype, semantics).into_iter().filter(|variant| variant.kernel.filters()).collect()
}

fn deals_as_the_template<S: Score + Element>() {
    for variant in filters(S::DTYPE, Semantics::DEFAULT) {
        let text = rendered(&variant).text + DEAL;
        let kernel = interpreter().load_text("deal", &text).unwrap();
        for (columns, parts, past) in
            [(9001, 1, 1), (2048, 2, 0), (5003, 3, 3), (7, 1, 2), (1, 1, 1)]
        {
            let scores = vec![S::FILL; columns];
            let (row, k) = (Rows::host(&scores, 1, columns), columns as u32);
            let kernel = kernel.offset(past).output_gap(parts);
            let launch = Launch::new(1, variant.threads);
            let dealt: Vec<i32> = kernel.select_by(&launch, 0, 0, &row, k).unwrap();
            let stripes = Stripes::of(&variant, parts, past, columns);
            for (column, &code) in dealt.iter().enumerate() {
                let reader = match usize::try_from(code) {
                    Ok(code) => Reader::Vector { stripe: code / 1024, thread: code % 1024 },
                    Err(_) => Reader::Edge,
                };
                assert_eq!(stripes.reader(column), reader, "column {column} of {columns}");
            }
        }
    }
}

#[test]
fn columns_are_dealt_as_the_template_deals_f32() {
    deals_as_the_template::<f32>();
}

#[test]
fn columns_are_dealt_as_the_template_deals_bf16() {
    deals_as_the_template::<bf16>();
}

/// Five stripes of one CTA.
const COLUMNS: usize = 8203;
/// Every row begins at another alignment.
const LAYOUT: Layout = Layout { offset: 1, gap: 0 };

fn crowds_are_exact<S: Score + Element>(select: Select, nan: NanPolicy) {
    let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
    let mut wrong = Vec::new();
    for variant in filters(S::DTYPE, semantics) {
        let kernel = load(&variant);
        let plan = kernel.plan(&Problem::new(S::DTYPE, dealt::ROWS, COLUMNS, 1)).unwrap();
        let stripe = (variant.threads * variant.items) as usize;
        let parts = match variant.kernel {
            KernelKind::GridFilter => {
                (plan.grid as usize / dealt::ROWS).min(COLUMNS.div_ceil(stripe))
            }
            _ => plan.cluster as usize,
        };
        let stripes =
            |row: usize| Stripes::of(&variant, parts, LAYOUT.offset + row * COLUMNS, COLUMNS);
        let scores = dealt::matrix(&semantics, COLUMNS, 425, stripes);
        let scores: Vec<S> = scores.into_iter().map(S::from_f32).collect();
        let case = Case::of("dealt", &scores, dealt::ROWS, COLUMNS, LAYOUT);
        for k in [60, 450] {
            wrong.extend(case.fault::<i32>(&kernel, dealt::ROWS, k, None, u64::from(k)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn crowded_winners_are_found() {
    crowds_are_exact::<f32>(Select::Largest, NanPolicy::Highest);
}

#[test]
fn crowded_winners_among_losing_nan_are_found() {
    crowds_are_exact::<bf16>(Select::Smallest, NanPolicy::Highest);
}

//! The checks of a selector that need no GPU, on an engine that has none.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use super::*;
use crate::abi::{NAME_BYTES, Status};
use std::ffi::CStr;
use std::ptr;
use topkit::Arch;

const CONFIG: SelectorConfig = SelectorConfig {
    size: size_of::<SelectorConfig>(),
    dtype: 2,
    select: 0,
    nan: 0,
    rows: 0,
    index: 0,
    k_first: 1,
    k_last: 2048,
    reserved: 0,
    order: 0,
    values: 0,
    count: 0,
    fill: 0,
    ties: 0,
    batch_invariant: 0,
    ids: 0,
    raw_columns: 0,
    mask: 0,
    k_per_row: 0,
    reserved_end: 0,
};

const PROBLEM: Problem = Problem {
    size: size_of::<Problem>(),
    rows: 32,
    columns: 131_072,
    row_stride: 0,
    alignment: 0,
    k: 2048,
    reserved: 0,
};

fn launch() -> Launch {
    Launch {
        size: size_of::<Launch>(),
        rows: 32,
        columns: 131_072,
        scores: 0x1000 as _,
        row_stride: 0,
        row_starts: ptr::null(),
        row_lengths: ptr::null(),
        indices: 0x2000 as _,
        index_stride: 0,
        workspace: 0x3000 as _,
        workspace_bytes: usize::MAX,
        k: 2048,
        reserved: 0,
        values: ptr::null_mut(),
        value_stride: 0,
        counts: ptr::null_mut(),
        ..Launch::EMPTY
    }
}

/// A selector on an engine without a GPU; destroyed when dropped, after the engine.
struct Offline(*mut Selector);

impl Offline {
    fn new(config: SelectorConfig) -> Offline {
        let engine = topkit::Toolchain::new(Arch::of_device(9, 0)).unwrap();
        let engine = Box::into_raw(Box::new(Engine(engine)));
        let mut selector = ptr::null_mut();
        // SAFETY: the engine is live until it is destroyed, the config is as long as it says.
        unsafe {
            assert_eq!(topkit_selector_create(engine, &config, &mut selector), Status::Ok as i32);
            crate::engine::topkit_engine_destroy(engine);
        }
        Offline(selector)
    }

    fn plan(&self, problem: &Problem) -> (i32, Plan) {
        let mut plan =
            Plan { size: size_of::<Plan>(), workspace_bytes: usize::MAX, kernel: [0; NAME_BYTES] };
        // SAFETY: the selector is live, the structs are as long as they say.
        let status = unsafe { topkit_selector_plan(self.0, problem, &mut plan) };
        (status, plan)
    }

    fn launch(&self, launch: &Launch) -> (i32, String) {
        // SAFETY: without a GPU nothing is enqueued.
        let status = unsafe { topkit_selector_launch(self.0, ptr::null_mut(), launch) };
        (status, text())
    }
}

impl Drop for Offline {
    fn drop(&mut self) {
        // SAFETY: the selector is live and not used again.
        unsafe { topkit_selector_destroy(self.0) };
    }
}

fn text() -> String {
    // SAFETY: the text lives until the next failure of this thread.
    unsafe { CStr::from_ptr(last_error::get()) }.to_str().unwrap().to_owned()
}

#[test]
fn a_plan_names_its_kernel() {
    let selector = Offline::new(CONFIG);
    let ask = |rows, k| selector.plan(&Problem { rows, k, ..PROBLEM });
    let (status, plan) = ask(32, 2048);
    assert_eq!(status, Status::Ok as i32, "{}", text());
    // SAFETY: the name ends in a NUL.
    let name = unsafe { CStr::from_ptr(plan.kernel.as_ptr()) }.to_str().unwrap();
    assert!(name.starts_with("topkit_") && name.contains("_bf16_"), "{name}");
    assert_ne!(plan.workspace_bytes, usize::MAX);

    for (rows, k, words) in [
        (32, 4096, "k of 1..=2048, not 4096"),
        (32, 0, "k of 1..=2048, not 0"),
        (32, -1, "`k` is -1"),
        (-1, 8, "`rows` is -1"),
        (1 << 31, 8, "rows is 2147483648"),
    ] {
        assert_eq!(ask(rows, k).0, Status::Argument as i32);
        assert!(text().contains(words), "{}", text());
    }
}

#[test]
fn a_launch_is_checked_to_the_last_pointer() {
    let selector = Offline::new(CONFIG);
    let good = launch();
    for (bad, words) in [
        (Launch { columns: -1, ..good }, "`columns` is -1"),
        (Launch { k: 4096, ..good }, "not 4096"),
        (Launch { scores: ptr::null(), ..good }, "score pointer is null"),
        (Launch { scores: 0x1001 as _, ..good }, "multiple of its element's 2 bytes"),
        (Launch { indices: ptr::null_mut(), ..good }, "index pointer is null"),
        (Launch { indices: 0x2002 as _, ..good }, "multiple of its element's 4 bytes"),
        (Launch { index_stride: 2047, ..good }, "row stride of the indices is 2047"),
        (Launch { row_lengths: 0x4000 as _, ..good }, "TOPKIT_ROWS_RAGGED"),
        (Launch { reserved: 1, ..good }, "`reserved` is 1"),
        (
            Launch { values: 0x4000 as _, ..good },
            "values were given to a selector that was made without TOPKIT_VALUES_TRUE",
        ),
        (Launch { counts: 0x4000 as _, ..good }, "made without TOPKIT_COUNT_TRUE"),
        (Launch { index_fill: 7, ..good }, "TOPKIT_FILL_GIVEN"),
        (Launch { ids: 0x4000 as _, ..good }, "made without TOPKIT_IDS_GIVEN"),
        (Launch { id_scale: 2, ..good }, "made without TOPKIT_IDS_AFFINE"),
        (Launch { pages: 0x4000 as _, ..good }, "made without TOPKIT_IDS_PAGES"),
        (Launch { page_shift: 32, ..good }, "the page shift"),
        (Launch { page_shift: -1, ..good }, "`page_shift` is -1"),
        (Launch { raw_columns: 0x4000 as _, ..good }, "made without TOPKIT_RAW_COLUMNS_TRUE"),
        (Launch { mask: 0x4000 as _, ..good }, "made without TOPKIT_MASK_BYTES"),
        (Launch { row_ks: 0x4000 as _, ..good }, "made without TOPKIT_K_PER_ROW_TRUE"),
        (Launch { reserved_end: 1, ..good }, "`reserved` is 1"),
    ] {
        let (status, text) = selector.launch(&bad);
        assert_eq!(status, Status::Argument as i32, "{text}");
        assert!(text.contains(words), "{text}");
    }
    // All that is left to refuse is the engine.
    let (status, text) = selector.launch(&good);
    assert_eq!(status, Status::Device as i32, "{text}");
    assert!(text.contains("without a GPU"), "{text}");
    let ragged = Offline::new(SelectorConfig { rows: 1, ..CONFIG });
    let with_lengths = Launch { row_lengths: 0x4000 as _, row_starts: 0x5000 as _, ..good };
    assert_eq!(ragged.launch(&with_lengths).0, Status::Device as i32);
}

/// Rows of 524289 scores that follow each other, and the same rows padded to 16 bytes, for which
/// another plan is faster, in a workspace.
#[test]
fn a_launch_of_any_stride_needs_what_a_plan_of_its_shape_says() {
    let selector = Offline::new(SelectorConfig { dtype: 2, ..CONFIG });
    let tight = Problem { rows: 32, columns: 524_289, ..PROBLEM };
    let padded = Problem { row_stride: 524_304, ..tight };
    let unaligned = Problem { alignment: 4, ..padded };
    let plans = [tight, padded, unaligned].map(|problem| {
        let (status, plan) = selector.plan(&problem);
        assert_eq!(status, Status::Ok as i32, "{}", text());
        plan.workspace_bytes
    });
    assert!(plans[1] > 0, "no plan of this shape needs a workspace");
    assert_eq!((plans[0], plans[2]), (0, 0));
    for row_stride in [0, 524_289, 524_304, 524_306, 524_312] {
        for scores in [0x1000, 0x1004, 0x1008] {
            for workspace_bytes in plans {
                let launch = Launch {
                    rows: 32,
                    columns: 524_289,
                    row_stride,
                    scores: scores as _,
                    workspace: if workspace_bytes == 0 { ptr::null_mut() } else { 0x3000 as _ },
                    workspace_bytes,
                    ..launch()
                };
                // All that is left to refuse is the engine.
                let (status, text) = selector.launch(&launch);
                assert_eq!(status, Status::Device as i32, "{row_stride}: {text}");
            }
        }
    }
}

#[test]
fn nothing_is_prepared_without_a_gpu() {
    let selector = Offline::new(CONFIG);
    let prepare = |k| {
        // SAFETY: the selector is live, the problem is as long as it says.
        unsafe { topkit_selector_prepare(selector.0, &Problem { k, ..PROBLEM }) }
    };
    assert_eq!(prepare(2048), Status::Device as i32);
    assert_eq!(prepare(4096), Status::Argument as i32);
}

#[test]
fn no_rows_need_nothing() {
    let selector = Offline::new(CONFIG);
    let none = Launch {
        rows: 0,
        scores: ptr::null(),
        indices: ptr::null_mut(),
        workspace: ptr::null_mut(),
        workspace_bytes: 0,
        ..launch()
    };
    let (status, text) = selector.launch(&none);
    assert_eq!(status, Status::Ok as i32, "{text}");
    let problem = Problem { rows: 0, ..PROBLEM };
    // SAFETY: the selector is live, the problem is as long as it says.
    let prepared = unsafe { topkit_selector_prepare(selector.0, &problem) };
    assert_eq!(prepared, Status::Ok as i32, "{}", self::text());
    assert_eq!(selector.launch(&Launch { k: 4096, ..none }).0, Status::Argument as i32);
}

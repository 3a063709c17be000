//! A launch of 0 rows needs nothing: no kernel, no compiler's leave, no memory.

use crate::engine::offline;
use topkit::inspect::PlanError;
use topkit::{Config, DType, Error, Problem, RawLaunch, Selector, SelectorSpec, Workload};

const NONE: Problem = Problem::new(DType::F32, 0, 65_536, 64);

/// A selector that may compile nothing unexpected.
fn selector() -> Selector {
    let config = Config::default().deny_jit(true);
    let spec = SelectorSpec::builder("Empty").dtype([DType::F32]).k([64]).build().unwrap();
    offline(config).selector(spec).unwrap()
}

#[test]
fn no_rows_are_launched_without_a_kernel() {
    let selector = selector();
    let plan = selector.plan(&NONE).unwrap();
    assert_eq!((plan.grid, plan.workspace_bytes), (0, 0));
    let launch = RawLaunch::new(DType::F32, 0, 65_536, 64);
    // Rows at an odd address may have a plan of their own, which needs no kernel either.
    for launch in [launch, launch.scores(4).row_stride(65_537)] {
        let stream = std::ptr::null_mut();
        // SAFETY: nothing is enqueued.
        unsafe {
            selector.launch_raw(stream, &launch).unwrap();
            selector.launch_variant(stream, &launch, &plan.variant).unwrap();
        }
    }
    assert_eq!(selector.toolchain().cache().stats().compiles, 0);
}

#[test]
fn no_rows_are_prepared_without_a_kernel() {
    let selector = selector();
    let plan = selector.prepare(&NONE).unwrap();
    assert_eq!(selector.prepare_variant(&NONE, &plan.variant).unwrap().grid, 0);
    assert_eq!(selector.enumerate([NONE]).unwrap(), []);
    assert!(selector.warmup([NONE]).unwrap().kernels.is_empty());
    assert_eq!(selector.toolchain().cache().stats().compiles, 0);
    // One row more, and there are kernels.
    let some = Workload::new(DType::F32, 0..=1, 65_536..=65_536, 64..=64);
    assert_ne!(selector.enumerate([some]).unwrap(), []);
}

#[test]
fn what_was_not_declared_is_an_error_of_no_rows_too() {
    let selector = selector();
    let launch = RawLaunch::new(DType::F32, 0, 65_536, 65);
    // SAFETY: it is refused.
    let error = unsafe { selector.launch_raw(std::ptr::null_mut(), &launch) }.unwrap_err();
    assert!(matches!(error, Error::Plan(PlanError::K { k: 65, .. })), "{error}");
    let error = selector.enumerate([Problem::new(DType::F32, 0, 65_536, 65)]).unwrap_err();
    assert!(matches!(error, Error::Plan(PlanError::K { k: 65, .. })), "{error}");
}

//! Tuning on the GPU at hand: what is found is right, is kept, and is what plans go by; and never
//! during a capture.

use crate::device::engine;
use std::ops::ControlFlow;
use std::time::Duration;
use topkit::cudarc::driver::{CudaContext, sys};
use topkit::measure::ReadOnce;
use topkit::tune::{Event, Outcome, Records, TuneError};
use topkit::{
    Config, DType, Engine, Error, Problem, SelectorSpec,
    inspect::Basis,
    spec::{RowShape, SpecBuilder},
};

fn builder() -> SpecBuilder {
    SelectorSpec::builder("Tuned").dtype([DType::F32, DType::Bf16]).k([64])
}

fn with_folder(engine: &Engine, folder: &tempfile::TempDir) -> Engine {
    let cache_dir = Some(folder.path().to_owned());
    engine.with_config(Config::default().cache_dir(cache_dir)).unwrap()
}

#[test]
fn every_layout_of_rows_is_tuned_and_plans_go_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let engine = with_folder(engine(), &folder);
    let problems = [
        Problem::new(DType::F32, 3, 20_000, 64),
        Problem::new(DType::F32, 3, 20_000, 64).at(4, 20_000),
        Problem::new(DType::Bf16, 3, 20_000, 64),
    ];
    for rows in [RowShape::Dense, RowShape::Ragged] {
        let spec = builder().rows(rows).build().unwrap();
        let mut begun = Vec::new();
        let mut tell = |event: Event<'_>| {
            if let Event::Problem(_, problem) = event {
                begun.push(*problem);
            }
            ControlFlow::Continue(())
        };
        let budget = Duration::from_secs(120);
        let summary = engine.tune(&spec, &problems, budget, &mut tell).unwrap();
        assert_eq!((summary.finished, summary.left, summary.wrong), (3, 0, 0));
        assert!(begun.iter().all(|problem| problem.ragged == (rows == RowShape::Ragged)));
        // A selector that is made now goes by it.
        let selector = engine.selector(spec).unwrap();
        for problem in &problems {
            let explanation = selector.explain(problem).unwrap();
            let Basis::Measured(measured) = &explanation.basis else { panic!("{explanation}") };
            assert!(measured.own && measured.within, "{explanation}");
            assert_eq!(measured.unmeasured, None, "{explanation}");
        }
    }
    let records = Records::read(&engine.records().unwrap()).unwrap();
    assert_eq!(records.refused, Vec::<String>::new());
    assert_eq!(records.readings.len(), 6);
    let odd = |outcome: &Outcome| matches!(outcome, Outcome::Wrong(_));
    assert!(!records.rows.iter().any(|(_, row)| odd(&row.outcome)));
    let early = records.rows.iter().filter(|(_, row)| row.outcome.microseconds().is_some());
    assert!(early.clone().any(|(_, row)| !row.launch.pdl));
    assert_eq!(early.clone().any(|(_, row)| row.launch.pdl), engine.limits().pdl);
}

#[test]
fn tuning_compiles_where_unexpected_compiles_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = Some(folder.path().to_owned());
    let config = Config::default().cache_dir(cache_dir).deny_jit(true);
    let engine = engine().with_config(config).unwrap();
    let spec = builder().build().unwrap();
    let problem = Problem::new(DType::F32, 2, 12_000, 64);
    let selector = engine.selector(spec.clone()).unwrap();
    let denied = selector.prepare(&problem).unwrap_err().to_string();
    assert!(denied.contains("TOPKIT_DENY_JIT"), "{denied}");
    let mut tell = |_: Event<'_>| ControlFlow::Continue(());
    let summary = engine.tune(&spec, &[problem], Duration::from_secs(60), &mut tell).unwrap();
    assert_eq!((summary.finished, summary.left, summary.wrong), (1, 0, 0));
    // What was found fastest is compiled by now.
    engine.selector(spec).unwrap().prepare(&problem).unwrap();
}

/// The kernel of the read-once floor is compiled, counted and kept as every other is.
#[test]
fn the_floor_compiles_no_kernel_where_compiles_are_denied() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = Some(folder.path().to_owned());
    let config = |deny_jit| Config::default().cache_dir(cache_dir.clone()).deny_jit(deny_jit);
    let open = |deny_jit| {
        let engine = engine().with_config(config(deny_jit)).unwrap();
        let stream = engine.context().new_stream().unwrap();
        let floor = ReadOnce::new(&engine, &stream).map(drop);
        (floor, engine.cache().stats())
    };
    let (denied, stats) = open(true);
    assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
    assert_eq!(stats.compiles, 0);
    let (free, stats) = open(false);
    free.unwrap();
    assert_eq!(stats.compiles, 1);
    let (found, stats) = open(true);
    found.unwrap();
    assert_eq!((stats.compiles, stats.disk_hits), (0, 1));
}

#[test]
fn edited_kernels_are_not_tuned() {
    let [folder, edited] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let cache_dir = Some(folder.path().to_owned());
    let override_dir = Some(edited.path().to_owned());
    let config = Config::default().cache_dir(cache_dir).override_dir(override_dir);
    let engine = engine().with_config(config).unwrap();
    let spec = builder().build().unwrap();
    let problems = [Problem::new(DType::F32, 1, 4096, 64)];
    let mut tell = |_: Event<'_>| ControlFlow::Continue(());
    let refused = engine.tune(&spec, &problems, Duration::from_secs(60), &mut tell).unwrap_err();
    assert!(matches!(refused, TuneError::Edited), "{refused}");
    assert!(!engine.records().unwrap().exists());
}

#[test]
fn nothing_is_tuned_during_a_capture() {
    // In a context of its own: the default stream of this one is of no use meanwhile.
    let context = CudaContext::new_non_primary(0, 0).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let engine = with_folder(&Engine::on(context.clone()).unwrap(), &folder);
    let spec = builder().build().unwrap();
    let problems = [Problem::new(DType::F32, 1, 4096, 64)];
    let tune = || {
        let mut tell = |_: Event<'_>| ControlFlow::Break(());
        engine.tune(&spec, &problems, Duration::from_secs(60), &mut tell)
    };
    context.bind_to_thread().unwrap();
    let mut stream = std::ptr::null_mut();
    let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
    // SAFETY: the pointer is valid for a stream, which is live until it is destroyed below.
    unsafe {
        sys::cuStreamCreate(&mut stream, 0).result().unwrap();
        sys::cuStreamBeginCapture_v2(stream, mode).result().unwrap();
    }
    let refused = tune().unwrap_err();
    assert!(matches!(refused, TuneError::Capturing), "{refused}");
    assert!(!engine.records().unwrap().exists());
    let mut graph = std::ptr::null_mut();
    // SAFETY: the stream is live and being captured; graph and stream are not used again.
    unsafe {
        sys::cuStreamEndCapture(stream, &mut graph).result().expect("the capture is sound");
        sys::cuGraphDestroy(graph).result().unwrap();
        sys::cuStreamDestroy_v2(stream).result().unwrap();
    }
    let summary = tune().unwrap();
    assert_eq!((summary.finished, summary.left), (0, 1));
}

//! The workspaces of launches: made once for a stream, grown, freed; and launches that need none.

use super::{COLUMNS, Case, FEW, K, MANY, MORE, gpu, selector};
use crate::case::ragged;
use std::sync::Arc;
use topkit::interpret::Context;
use topkit::{Error, Rows};

#[test]
fn a_launch_makes_its_workspace_once_and_grows_it() {
    let gpu = gpu();
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let [few, more] = [FEW, MORE].map(|problem| selector.plan(&problem).unwrap().workspace_bytes);
    assert!(0 < few && few < more, "{few} and {more} bytes");
    let mut cases = [FEW, MORE, MANY].map(|problem| Case::new(&stream, problem));
    let buffers = gpu.context().buffers();
    // Which case is launched, and the workspaces there are after it.
    for (case, workspaces) in [(2, 0), (0, 1), (0, 1), (1, 1), (0, 1), (2, 1)] {
        cases[case].launch(&selector).unwrap();
        assert_eq!(gpu.context().buffers(), buffers + workspaces);
        cases[case].check();
    }
    // Another stream has another one, and it goes with the stream.
    let other = gpu.context().new_stream();
    let mut case = Case::new(&other, FEW);
    for _ in 0..2 {
        case.launch(&selector).unwrap();
        case.check();
        assert_eq!(gpu.context().buffers(), buffers + 4);
    }
    drop((case, other));
    let third = gpu.context().new_stream();
    let mut case = Case::new(&third, FEW);
    case.launch(&selector.clone()).unwrap();
    assert_eq!(gpu.context().buffers(), buffers + 4);
    drop(selector);
    assert_eq!(gpu.context().buffers(), buffers + 2);
    case.check();
}

/// A workspace owns its stream, so two selectors would keep a stream that nobody else has.
#[test]
fn selectors_keep_no_stream_between_them() {
    let gpu = gpu();
    let selectors = [(); 2].map(|()| selector(&gpu, ragged()));
    let launch = |case: &mut Case| {
        for selector in &selectors {
            case.launch(selector).unwrap();
            case.check();
        }
    };
    let stream = gpu.context().new_stream();
    let gone = Arc::downgrade(&stream);
    let mut case = Case::new(&stream, FEW);
    launch(&mut case);
    // A selector keeps the workspace of a stream in use, when it makes one for another stream too.
    let mut kept = Case::new(&gpu.context().new_stream(), FEW);
    let buffers = gpu.context().buffers();
    launch(&mut kept);
    launch(&mut case);
    assert_eq!(gpu.context().buffers(), buffers + 2);
    drop((case, stream));
    let mut last = Case::new(&gpu.context().new_stream(), FEW);
    let buffers = gpu.context().buffers();
    launch(&mut last);
    assert_eq!(gpu.context().buffers(), buffers);
    assert!(gone.upgrade().is_none());
}

#[test]
fn a_workspace_of_the_callers_is_used_and_must_suffice() {
    let gpu = gpu();
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let mut workspace = selector.workspace(&stream, &FEW).unwrap();
    assert_eq!(workspace.bytes(), selector.plan(&FEW).unwrap().workspace_bytes);
    let mut cases = [FEW, MORE].map(|problem| Case::new(&stream, problem));
    let buffers = gpu.context().buffers();
    let mut launch = |case: &mut Case| {
        let rows = Rows::interpreted(&case.scores, case.problem.rows, COLUMNS);
        selector.launch_with(&stream, &rows, K, &mut case.indices, &mut workspace)
    };
    for _ in 0..2 {
        launch(&mut cases[0]).unwrap();
        cases[0].check();
    }
    let error = launch(&mut cases[1]).unwrap_err();
    assert!(matches!(error, Error::Workspace { given, needed } if given < needed), "{error}");
    assert!(cases[1].is_untouched());
    assert_eq!(gpu.context().buffers(), buffers);
}

/// As many threads as one likes share a selector; each has its stream and its workspace.
#[test]
fn threads_share_one_selector() {
    let gpu = gpu();
    let selector = selector(&gpu, ragged());
    let context: &Arc<Context> = gpu.context();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut case = Case::new(&context.new_stream(), FEW);
                for _ in 0..2 {
                    case.launch(&selector).unwrap();
                    case.check();
                }
            });
        }
    });
}

#[test]
fn empty_shapes_are_served() {
    let gpu = gpu();
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let scores = stream.clone_htod(&[1.0f32; 4]).unwrap();
    let mut indices = stream.clone_htod(&[9i32; 6]).unwrap();
    selector.launch(&stream, &Rows::interpreted(&scores, 0, 100), 3, &mut indices).unwrap();
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [9; 6]);
    assert_eq!(gpu.loaded_kernels(), 0);
    selector.launch(&stream, &Rows::interpreted(&scores, 2, 0), 3, &mut indices).unwrap();
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [-1; 6]);
}

//! Launches in captures: what is refused there, what a graph keeps, and what its replays read.

use super::{COLUMNS, Case, FEW, K, MANY, MORE, UNTOUCHED, gpu, selector};
use crate::case::ragged;
use std::sync::Arc;
use topkit::host;
use topkit::interpret::{Gpu, Graph, Slice, Stream};
use topkit::{Error, Output, Rows};
use topkit_lab::Distribution;
use topkit_tests::spans;

/// Launches on a context that tracks no buffers, so that typed launches can be captured.
fn untracked() -> (Gpu, Arc<Stream>) {
    let gpu = gpu();
    gpu.context().disable_event_tracking();
    let stream = gpu.context().new_stream();
    (gpu, stream)
}

fn captured(stream: &Arc<Stream>, work: impl FnOnce()) -> Graph {
    stream.begin_capture();
    work();
    stream.end_capture().unwrap()
}

#[test]
fn a_typed_launch_that_events_track_is_refused_and_the_capture_goes_on() {
    let gpu = gpu();
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let mut case = Case::new(&stream, FEW);
    let plan = selector.prepare(&FEW).unwrap();
    let workspace = stream.clone_htod(&vec![0u8; plan.workspace_bytes]).unwrap();
    let raw = case.raw(&workspace);
    let graph = captured(&stream, || {
        let error = case.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::EventTracking { .. }), "{error}");
        let error = selector.workspace(&stream, &FEW).unwrap_err();
        assert!(matches!(error, Error::WorkspaceInCapture), "{error}");
        selector.launch_raw(&stream, &raw).unwrap();
    });
    assert!(graph.launches() == 1 && case.is_untouched());
    for _ in 0..2 {
        graph.launch().unwrap();
        case.check();
    }
    // Another object of the context tracks its own buffers.
    gpu.context().disable_event_tracking();
    let again = gpu.context().again();
    let _streams = [again.new_stream(), again.new_stream()];
    let mut theirs = Case::new(&again.new_stream(), FEW);
    theirs.stream = stream.clone();
    captured(&stream, || {
        let error = theirs.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::EventTracking { .. }), "{error}");
    });
}

#[test]
fn a_capture_takes_the_workspace_that_is_there_and_makes_none() {
    let (gpu, stream) = untracked();
    let selector = selector(&gpu, ragged());
    let [mut few, mut more] = [FEW, MORE].map(|problem| Case::new(&stream, problem));
    selector.prepare(&FEW).unwrap();
    let buffers = gpu.context().buffers();
    let empty = captured(&stream, || {
        let error = few.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::WorkspaceInCapture), "{error}");
    });
    assert_eq!((empty.launches(), gpu.context().buffers()), (0, buffers));
    few.launch(&selector).unwrap();
    few.check();
    let graph = captured(&stream, || {
        few.launch(&selector).unwrap();
        let error = more.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::WorkspaceInCapture), "{error}");
    });
    assert_eq!(gpu.context().buffers(), buffers + 1);
    // A larger workspace takes the stream; the graph keeps its own.
    for _ in 0..2 {
        more.launch(&selector).unwrap();
        more.check();
        graph.launch().unwrap();
        few.check();
        assert_eq!(gpu.context().buffers(), buffers + 2);
    }
    // With the selector the graph's workspace goes, and a replay is a fault.
    drop(selector);
    let fault = graph.launch().unwrap_err();
    assert!(fault.to_string().contains("the address of the workspace is nobody's"), "{fault}");
}

#[test]
fn a_kernel_is_not_loaded_during_a_capture() {
    let (gpu, stream) = untracked();
    let selector = selector(&gpu, ragged());
    let mut case = Case::new(&stream, MANY);
    captured(&stream, || {
        let error = case.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::Capturing { .. }), "{error}");
    });
    assert_eq!(gpu.loaded_kernels(), 0);
    selector.prepare(&MANY).unwrap();
    assert_eq!(gpu.loaded_kernels(), 1);
    let graph = captured(&stream, || case.launch(&selector).unwrap());
    graph.launch().unwrap();
    case.check();
    assert_eq!(gpu.loaded_kernels(), 1);
}

#[test]
fn ragged_rows_are_read_when_the_launch_runs() {
    let (gpu, stream) = untracked();
    let selector = selector(&gpu, ragged());
    let (starts, lengths): (Vec<i32>, Vec<i32>) = spans::edges(COLUMNS).into_iter().unzip();
    let rows = starts.len();
    let host_scores = Distribution::Masked.fill::<f32>(4, rows, COLUMNS + 3);
    let scores = stream.clone_htod(&host_scores).unwrap();
    let [on_starts, mut on_lengths] =
        [&starts, &lengths].map(|spans| stream.clone_htod(spans).unwrap());
    let mut indices = stream.clone_htod(&vec![UNTOUCHED; rows * 45]).unwrap();
    let check = |lengths: &[i32], indices: &Slice<i32>| {
        let written = stream.clone_dtoh(indices).unwrap();
        let got: Vec<i32> = written.chunks(45).flat_map(|row| &row[..40]).copied().collect();
        assert!(written.chunks(45).all(|row| row[40..].iter().all(|&gap| gap == UNTOUCHED)));
        let rows = Rows::host(&host_scores, rows, COLUMNS).row_stride(COLUMNS + 3);
        host::check(&rows.starts(&starts).lengths(lengths), K, &ragged(), &got).unwrap();
    };
    let launch = |on_lengths: &Slice<i32>, indices: &mut Slice<i32>| {
        let rows = Rows::interpreted(&scores, rows, COLUMNS).row_stride(COLUMNS + 3);
        let rows = rows.starts(&on_starts).lengths(on_lengths);
        selector.launch(&stream, &rows, K, Output::from(indices).row_stride(45)).unwrap();
    };
    launch(&on_lengths, &mut indices);
    check(&lengths, &indices);
    let graph = captured(&stream, || launch(&on_lengths, &mut indices));
    for length in [0, 17, 41, COLUMNS as i32] {
        let lengths = vec![length; rows];
        stream.memcpy_htod(&lengths, &mut on_lengths).unwrap();
        graph.launch().unwrap();
        check(&lengths, &indices);
    }
}

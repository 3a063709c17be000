//! A launch needs no kernel and no workspace beyond what was prepared for its shape, whatever the
//! stride and the alignment of its rows. The shapes are those for which the table of the H200 has one
//! plan for rows that follow each other and another one for rows padded to 16 bytes.

use crate::device::{engine, new_stream};
use topkit::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{DevicePtr, DevicePtrMut};
use topkit::host;
use topkit::{Config, DType, Problem, RawLaunch, Rows, Selector, SelectorSpec, spec::Semantics};
use topkit_lab::Distribution;

/// A selector with no kernel loaded.
fn fresh() -> Selector {
    let fresh = engine().with_config(Config::default()).unwrap();
    fresh.selector(SelectorSpec::builder("Layouts").dtype([DType::F32]).build().unwrap()).unwrap()
}

/// Captures the launch of rows with one stride after the problem with another was prepared, with the
/// workspace that its plan names, and checks the indices that the graph selects.
fn captured(rows: usize, columns: usize, k: u32, prepared: usize, launched: usize) {
    let (selector, stream) = (fresh(), new_stream());
    let shape = Problem::new(DType::F32, rows, columns, k);
    let plan = selector.prepare(&shape.at(0, prepared as i64)).unwrap();
    let compiles = selector.toolchain().cache().stats().compiles;

    let host = Distribution::Normal.fill::<f32>(5, rows, launched);
    let scores = stream.clone_htod(&host).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(rows * k as usize).unwrap();
    let mut workspace = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1)).unwrap();
    let launch = {
        let (scores, _s) = scores.device_ptr(&stream);
        let (workspace, _w) = workspace.device_ptr_mut(&stream);
        let (indices, _i) = indices.device_ptr_mut(&stream);
        RawLaunch::new(DType::F32, rows, columns, k)
            .scores(scores)
            .row_stride(launched as i64)
            .indices(indices)
            .workspace(workspace, plan.workspace_bytes)
    };
    stream.synchronize().unwrap();
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).unwrap();
    // SAFETY: the buffers outlive the graph.
    let enqueued = unsafe { selector.launch_raw(stream.cu_stream(), &launch) };
    let graph = stream.end_capture(CUgraphInstantiate_flags(0)).unwrap();
    enqueued.unwrap_or_else(|error| panic!("{shape}, {prepared} and then {launched}: {error}"));
    let graph = graph.unwrap();
    for _replay in 0..2 {
        graph.launch().unwrap();
        let got = stream.clone_dtoh(&indices).unwrap();
        let matrix = Rows::host(&host, rows, columns).row_stride(launched);
        host::check(&matrix, k, &Semantics::DEFAULT, &got).unwrap();
    }
    assert_eq!(selector.toolchain().cache().stats().compiles, compiles);
}

#[test]
fn a_captured_launch_takes_what_was_prepared_for_another_stride() {
    for (columns, padded) in [(5001, 5008), (1_048_577, 1_048_592)] {
        for (prepared, launched) in
            [(columns, padded), (padded, columns), (columns, columns), (padded, columns + 1)]
        {
            captured(8, columns, 2048, prepared, launched);
        }
    }
}

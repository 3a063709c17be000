//! Launches in CUDA graphs: which can be captured, what a refusal leaves of a capture, and graphs
//! that outlive the engine.

use crate::device::{engine, huge, new_stream, whole_selector};
use std::sync::Arc;
use topkit::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{
    CudaContext, CudaGraph, CudaSlice, CudaStream, DevicePtr, DevicePtrMut,
};
use topkit::host;
use topkit::{
    Config, DType, Engine, Error, Problem, RawLaunch, Rows, Selector, SelectorSpec, Workspace,
    spec::Semantics,
};
use topkit_lab::Distribution;

const ROWS: usize = 4;
const COLUMNS: usize = 5000;
const K: u32 = 64;
const PROBLEM: Problem = Problem::new(DType::F32, ROWS, COLUMNS, K);

fn begin(stream: &CudaStream) {
    stream.synchronize().unwrap();
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).unwrap();
}

fn end(stream: &Arc<CudaStream>) -> CudaGraph {
    stream.end_capture(CUgraphInstantiate_flags(0)).unwrap().unwrap()
}

/// A prepared launch: its kernel is loaded, and its buffers are there.
struct Launch {
    stream: Arc<CudaStream>,
    scores: CudaSlice<f32>,
    indices: CudaSlice<i32>,
    workspace: Workspace,
    /// For launches by address.
    memory: CudaSlice<u8>,
}

impl Launch {
    fn new(stream: &Arc<CudaStream>, selector: &Selector) -> Launch {
        let plan = selector.prepare(&PROBLEM).unwrap();
        Launch {
            scores: stream.alloc_zeros(ROWS * COLUMNS).unwrap(),
            indices: stream.alloc_zeros(ROWS * K as usize).unwrap(),
            workspace: selector.workspace(stream, &PROBLEM).unwrap(),
            memory: stream.alloc_zeros(plan.workspace_bytes.max(1)).unwrap(),
            stream: stream.clone(),
        }
    }

    fn raw(&mut self) -> RawLaunch {
        let (scores, _scores) = self.scores.device_ptr(&self.stream);
        let (indices, _indices) = self.indices.device_ptr_mut(&self.stream);
        let workspace_bytes = self.memory.len();
        let (workspace, _workspace) = self.memory.device_ptr_mut(&self.stream);
        let dense = RawLaunch::new(DType::F32, ROWS, COLUMNS, K);
        dense.scores(scores).indices(indices).workspace(workspace, workspace_bytes)
    }

    fn typed(&mut self, selector: &Selector, rows: usize) -> Result<(), Error> {
        let input = Rows::new(&self.scores, rows, COLUMNS);
        selector.launch_with(&self.stream, &input, K, &mut self.indices, &mut self.workspace)
    }

    /// Checks what some work selects from new scores.
    fn check(&mut self, seed: u64, work: impl FnOnce(&mut Launch)) {
        let host = Distribution::Normal.fill::<f32>(seed, ROWS, COLUMNS);
        self.stream.memcpy_htod(&host, &mut self.scores).unwrap();
        work(self);
        let got = self.stream.clone_dtoh(&self.indices).unwrap();
        let matrix = Rows::host(&host, ROWS, COLUMNS);
        host::check(&matrix, K, &Semantics::DEFAULT, &got).unwrap();
    }
}

#[test]
fn a_typed_launch_that_events_track_is_refused_and_the_capture_goes_on() {
    let (stream, selector) = (new_stream(), whole_selector(Semantics::DEFAULT));
    assert!(stream.context().is_managing_stream_synchronization());
    let mut launch = Launch::new(&stream, &selector);
    let raw = launch.raw();
    begin(&stream);
    let error = launch.typed(&selector, ROWS).unwrap_err();
    assert!(matches!(error, Error::EventTracking { .. }), "{error}");
    for way in ["`launch_raw`", "disable_event_tracking"] {
        assert!(error.to_string().contains(way), "{error}");
    }
    launch.typed(&selector, 0).unwrap();
    // SAFETY: the buffers outlive the graph.
    unsafe { selector.launch_raw(stream.cu_stream(), &raw) }.unwrap();
    let graph = end(&stream);
    for seed in 0..2 {
        launch.check(seed, |_| graph.launch().unwrap());
        // The buffers are as good as before.
        launch.check(seed + 2, |launch| launch.typed(&selector, ROWS).unwrap());
    }
}

#[test]
fn a_typed_launch_is_captured_where_no_events_track_it() {
    let context = CudaContext::new_non_primary(0, 0).unwrap();
    // SAFETY: all buffers live and die on one stream.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream().unwrap();
    let spec = whole_selector(Semantics::DEFAULT).spec().clone();
    let selector = Engine::on(context).unwrap().selector(spec).unwrap();
    let mut launch = Launch::new(&stream, &selector);
    begin(&stream);
    launch.typed(&selector, ROWS).unwrap();
    launch.typed(&selector, ROWS).unwrap();
    let graph = end(&stream);
    for seed in 0..3 {
        launch.check(seed, |_| graph.launch().unwrap());
    }
    launch.check(3, |launch| launch.typed(&selector, ROWS).unwrap());
}

/// Memory that is allocated in a capture is the graph's.
#[test]
fn no_workspace_is_made_in_a_capture_which_goes_on() {
    let (stream, selector) = (new_stream(), whole_selector(Semantics::DEFAULT));
    let problem = huge(&selector);
    let mut launch = Launch::new(&stream, &selector);
    let raw = launch.raw();
    begin(&stream);
    let error = selector.workspace(&stream, &problem).unwrap_err();
    assert!(matches!(error, Error::WorkspaceInCapture), "{error}");
    // SAFETY: the buffers outlive the graph.
    unsafe { selector.launch_raw(stream.cu_stream(), &raw) }.unwrap();
    let graph = end(&stream);
    launch.check(0, |_| graph.launch().unwrap());
    assert!(selector.workspace(&stream, &problem).unwrap().bytes() > 0);
}

/// A selector that no other test has, on an engine of its own.
fn own(config: Config) -> Selector {
    let spec = SelectorSpec::builder("Own").dtype([DType::F32]).k([K]).build().unwrap();
    engine().with_config(config).unwrap().selector(spec).unwrap()
}

#[test]
fn a_graph_and_a_launch_outlive_the_engine() {
    let (stream, selector) = (new_stream(), own(Config::from_env()));
    let mut launch = Launch::new(&stream, &selector);
    let raw = launch.raw();
    begin(&stream);
    // SAFETY: the buffers outlive the graph.
    unsafe { selector.launch_raw(stream.cu_stream(), &raw) }.unwrap();
    let graph = end(&stream);
    drop(selector);
    for seed in 0..2 {
        launch.check(seed, |_| graph.launch().unwrap());
    }
    // Engines that come and go share the kernel, and drop with their launches under way.
    for seed in 2..10 {
        launch.check(seed, |launch| launch.typed(&own(Config::from_env()), ROWS).unwrap());
    }
    launch.check(10, |_| graph.launch().unwrap());
}

#[test]
fn no_rows_add_nothing_to_a_capture_and_need_no_kernel() {
    let selector = own(Config::default().deny_jit(true));
    let stream = new_stream();
    let scores = stream.clone_htod(&[1.0f32; 64]).unwrap();
    let mut indices = stream.clone_htod(&[77i32; 64]).unwrap();
    let rows = Rows::new(&scores, 0, COLUMNS);
    begin(&stream);
    selector.launch(&stream, &rows, K, &mut indices).unwrap();
    let raw = RawLaunch::new(DType::F32, 0, COLUMNS, K);
    // SAFETY: nothing is enqueued.
    unsafe { selector.launch_raw(stream.cu_stream(), &raw) }.unwrap();
    end(&stream).launch().unwrap();
    selector.launch(&stream, &rows, K, &mut indices).unwrap();
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [77; 64]);
    selector.prepare(&Problem::new(DType::F32, 0, COLUMNS, K)).unwrap();
    assert_eq!(selector.toolchain().cache().stats().compiles, 0);
    assert!(matches!(selector.prepare(&PROBLEM), Err(Error::Denied(_))));
}

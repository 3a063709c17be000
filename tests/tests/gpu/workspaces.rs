//! The workspaces that a selector owns, one for each stream: launches that need one are right on streams
//! and threads at once, behind a dropped selector, and in graphs.

use crate::device::{engine, huge, new_stream, whole_selector};
use std::sync::Arc;
use topkit::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{CudaContext, CudaSlice, CudaStream};
use topkit::host;
use topkit::{DType, Engine, Error, Problem, Rows, Selector, Workspace, spec::Semantics};
use topkit_lab::Distribution;

/// Buffers for the launches of a problem on one stream.
struct Case {
    stream: Arc<CudaStream>,
    problem: Problem,
    host: Vec<f32>,
    scores: CudaSlice<f32>,
    indices: CudaSlice<i32>,
}

impl Case {
    fn new(stream: &Arc<CudaStream>, problem: Problem, seed: u64) -> Case {
        let host = Distribution::Normal.fill::<f32>(seed, problem.rows, problem.columns);
        Case {
            scores: stream.clone_htod(&host).unwrap(),
            indices: stream.alloc_zeros(problem.rows * problem.k as usize).unwrap(),
            stream: stream.clone(),
            problem,
            host,
        }
    }

    fn launch(&mut self, selector: &Selector) -> Result<(), Error> {
        let Problem { rows, columns, k, .. } = self.problem;
        let rows = Rows::new(&self.scores, rows, columns);
        selector.launch(&self.stream, &rows, k, &mut self.indices)
    }

    fn check(&mut self) {
        let Problem { rows, columns, k, .. } = self.problem;
        let got = self.stream.clone_dtoh(&self.indices).unwrap();
        let matrix = Rows::host(&self.host, rows, columns);
        host::check(&matrix, k, &Semantics::DEFAULT, &got).unwrap();
        self.stream.memset_zeros(&mut self.indices).unwrap();
    }
}

/// Problems that need a workspace, the smaller first.
fn two(selector: &Selector) -> [Problem; 2] {
    let problem = huge(selector);
    let more = Problem::new(DType::F32, 2 * problem.rows, problem.columns / 2, problem.k);
    let mut both = [problem, more];
    both.sort_by_key(|problem| selector.plan(problem).unwrap().workspace_bytes);
    both
}

#[test]
fn a_launch_makes_its_workspace_and_grows_it() {
    let (stream, selector) = (new_stream(), whole_selector(Semantics::DEFAULT));
    let [small, large] = two(&selector);
    for (seed, problem) in [small, large, small, large].into_iter().enumerate() {
        let mut case = Case::new(&stream, problem, seed as u64);
        for _ in 0..3 {
            case.launch(&selector).unwrap();
        }
        case.check();
    }
}

#[test]
fn streams_and_threads_at_once_select_right() {
    let selector = whole_selector(Semantics::DEFAULT);
    let problem = huge(&selector);
    selector.prepare(&problem).unwrap();
    let shared = new_stream();
    let per_thread = engine().context().per_thread_stream();
    let streams = [&shared, &shared, &new_stream(), &new_stream(), &per_thread, &per_thread];
    std::thread::scope(|scope| {
        for (seed, stream) in streams.into_iter().cloned().enumerate() {
            let selector = &selector;
            scope.spawn(move || {
                let mut case = Case::new(&stream, problem, seed as u64);
                stream.synchronize().unwrap();
                for _ in 0..4 {
                    case.launch(selector).unwrap();
                    case.check();
                }
            });
        }
    });
}

#[test]
fn a_selector_is_dropped_with_its_launch_in_flight() {
    let stream = new_stream();
    let problem = huge(&whole_selector(Semantics::DEFAULT));
    let mut case = Case::new(&stream, problem, 1);
    for _ in 0..8 {
        let selector = whole_selector(Semantics::DEFAULT);
        case.launch(&selector).unwrap();
        drop(selector);
        // What is freed is given out again, behind the launch.
        let _other = stream.alloc_zeros::<u8>(1 << 20).unwrap();
        case.check();
    }
}

#[test]
fn streams_that_come_and_go_keep_no_workspace() {
    let selectors = [(); 2].map(|()| whole_selector(Semantics::DEFAULT));
    let problem = huge(&selectors[0]);
    assert!(selectors[0].plan(&problem).unwrap().workspace_bytes > 0);
    let mut gone = Vec::new();
    for seed in 0..4 {
        let stream = new_stream();
        gone.push(Arc::downgrade(&stream));
        let mut case = Case::new(&stream, problem, seed);
        for selector in &selectors {
            case.launch(selector).unwrap();
            case.check();
        }
    }
    // The first launch on another stream drops the workspaces of those that are gone.
    let kept = new_stream();
    let mut case = Case::new(&kept, problem, 9);
    for selector in selectors.iter().chain(&selectors) {
        case.launch(selector).unwrap();
        case.check();
    }
    assert!(gone.iter().all(|stream| stream.upgrade().is_none()), "a selector keeps a stream");
}

#[test]
fn a_capture_takes_the_workspace_that_is_there_and_makes_none() {
    let context = CudaContext::new_non_primary(0, 0).unwrap();
    // SAFETY: all buffers live and die on one stream.
    unsafe { context.disable_event_tracking() };
    let stream = context.new_stream().unwrap();
    let spec = whole_selector(Semantics::DEFAULT).spec().clone();
    let selector = Engine::on(context).unwrap().selector(spec).unwrap();
    let [small, large] = two(&selector);
    selector.prepare(&small).unwrap();
    let mut case = Case::new(&stream, small, 1);
    let capture = |work: &mut dyn FnMut()| {
        stream.synchronize().unwrap();
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        stream.begin_capture(mode).unwrap();
        work();
        stream.end_capture(CUgraphInstantiate_flags(0)).unwrap()
    };
    capture(&mut || {
        let error = case.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::WorkspaceInCapture), "{error}");
    });
    case.launch(&selector).unwrap();
    case.check();
    let graph = capture(&mut || case.launch(&selector).unwrap()).unwrap();
    // A larger workspace takes the stream; the graph keeps its own.
    let mut other = Case::new(&stream, large, 2);
    for _ in 0..3 {
        other.launch(&selector).unwrap();
        other.check();
        graph.launch().unwrap();
        case.check();
    }
}

#[test]
fn memory_of_the_callers_is_a_workspace() {
    let (stream, selector) = (new_stream(), whole_selector(Semantics::DEFAULT));
    let problem = huge(&selector);
    let bytes = selector.plan(&problem).unwrap().workspace_bytes;
    let mut memory = stream.alloc_zeros::<u8>(bytes).unwrap();
    stream.memcpy_htod(&vec![0xA5u8; bytes], &mut memory).unwrap();
    let mut workspace = Workspace::from_slice(memory).unwrap();
    assert_eq!(workspace.bytes(), bytes);
    let mut case = Case::new(&stream, problem, 5);
    for _ in 0..2 {
        let Problem { rows, columns, k, .. } = problem;
        let rows = Rows::strided(&case.scores, rows, columns, columns);
        selector.launch_with(&stream, &rows, k, &mut case.indices, &mut workspace).unwrap();
        case.check();
    }
}

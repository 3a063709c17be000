//! CUDA contexts: of which one the stream and the buffers of a launch are, and calls from threads on
//! which none is current.

use crate::device::{engine, huge, new_stream, ragged, whole_selector};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use topkit::cudarc::driver::{CudaContext, CudaSlice, DevicePtr, DevicePtrMut, result};
use topkit::host;
use topkit::measure::Recording;
use topkit::tune::Event;
use topkit::{
    Config, DType, Engine, Error, Problem, RawLaunch, Rows, Selector, SelectorSpec, spec::Semantics,
};
use topkit_lab::Distribution;

const ROWS: usize = 3;
const COLUMNS: usize = 5000;
const K: u32 = 8;

fn problem() -> Problem {
    Problem::new(DType::F32, ROWS, COLUMNS, K)
}

#[test]
fn a_buffer_of_another_context_is_refused_by_name() {
    let other = CudaContext::new_non_primary(0, 0).unwrap();
    let streams = [new_stream(), other.default_stream()];
    let selector = whole_selector(ragged());
    let theirs = Engine::on(other).unwrap().selector(selector.spec().clone()).unwrap();
    let scores = streams.each_ref().map(|stream| stream.clone_htod(&[1.0f32; 128]).unwrap());
    let spans = streams.each_ref().map(|stream| stream.clone_htod(&[0i32, 9]).unwrap());
    let mut indices = streams.each_ref().map(|stream| stream.clone_htod(&[77i32; 16]).unwrap());
    let workspace =
        |selector: &Selector, at: usize| selector.workspace(&streams[at], &huge(selector));
    let mut workspaces = [workspace(&selector, 0).unwrap(), workspace(&theirs, 1).unwrap()];
    assert!(workspaces.iter().all(|workspace| workspace.bytes() > 0));

    let names = [
        "the stream",
        "the score buffer",
        "the buffer of starts",
        "the buffer of lengths",
        "the index buffer",
        "the workspace",
    ];
    for (place, name) in names.into_iter().enumerate() {
        // The one of this place is of the other context.
        let of = |at: usize| usize::from(at == place);
        let rows = Rows::new(&scores[of(1)], 2, 64).starts(&spans[of(2)]).lengths(&spans[of(3)]);
        let (indices, workspace) = (&mut indices[of(4)], &mut workspaces[of(5)]);
        let error =
            selector.launch_with(&streams[of(0)], &rows, 8, indices, workspace).unwrap_err();
        assert!(matches!(error, Error::Context { given: 0, engine: 0, .. }), "{error}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("{name} belongs to a CUDA context of GPU 0")), "{text}");
        assert!(text.contains("`Engine::on`"), "{text}");
    }
    for (stream, indices) in streams.iter().zip(&indices) {
        assert_eq!(stream.clone_dtoh(indices).unwrap(), [77; 16]);
    }
}

/// cudarc has an object for each time that a primary context was opened.
#[test]
fn another_object_of_the_same_context_is_as_good() {
    let again = CudaContext::new(0).unwrap();
    assert!(!Arc::ptr_eq(&again, engine().context()));
    let stream = again.default_stream();
    let selector = whole_selector(Semantics::DEFAULT);
    let host = Distribution::Normal.fill::<f32>(1, ROWS, COLUMNS);
    let scores = stream.clone_htod(&host).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(ROWS * K as usize).unwrap();
    let mut workspace = selector.workspace(&stream, &problem()).unwrap();
    let rows = Rows::new(&scores, ROWS, COLUMNS);
    selector.launch_with(&stream, &rows, K, &mut indices, &mut workspace).unwrap();
    check(&host, &stream.clone_dtoh(&indices).unwrap());
}

/// An object with one stream records no events, so a stream of another object would go ahead of what
/// fills the buffers, and they could be freed under the launch.
#[test]
fn buffers_that_nothing_orders_with_the_stream_are_refused() {
    let again = CudaContext::new(0).unwrap();
    let theirs = again.default_stream();
    let selector = whole_selector(Semantics::DEFAULT);
    let stream = new_stream();
    let host = Distribution::Normal.fill::<f32>(1, ROWS, COLUMNS);
    let [scores, ours] = [&theirs, &stream].map(|stream| stream.clone_htod(&host).unwrap());
    let mut indices = theirs.clone_htod(&[77i32; ROWS * K as usize]).unwrap();
    for (scores, what) in [(&scores, "the score buffer"), (&ours, "the index buffer")] {
        let rows = Rows::new(scores, ROWS, COLUMNS);
        let error = selector.launch(&stream, &rows, K, &mut indices).unwrap_err();
        assert!(matches!(error, Error::Unordered { .. }), "{error}");
        assert!(error.to_string().starts_with(what), "{error}");
    }
    assert_eq!(theirs.clone_dtoh(&indices).unwrap(), [77; ROWS * K as usize]);
    // With a second stream it records and waits as the engine's object does.
    let _second = again.new_stream().unwrap();
    selector.launch(&stream, &Rows::new(&scores, ROWS, COLUMNS), K, &mut indices).unwrap();
    check(&host, &theirs.clone_dtoh(&indices).unwrap());
}

fn check(host: &[f32], got: &[i32]) {
    let matrix = Rows::host(host, ROWS, COLUMNS);
    host::check(&matrix, K, &Semantics::DEFAULT, got).unwrap();
}

/// Runs work on a thread on which no context is current.
fn alone<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let work = || {
        assert_eq!(result::ctx::get_current().unwrap(), None);
        work()
    };
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// A context of its own, with nothing but its default stream, which is that of the current context.
struct Alone {
    engine: Engine,
    context: Arc<CudaContext>,
    host: Vec<f32>,
    scores: CudaSlice<f32>,
    indices: CudaSlice<i32>,
}

impl Alone {
    fn new() -> Alone {
        let context = CudaContext::new_non_primary(0, 0).unwrap();
        let engine = Engine::on(context.clone()).unwrap();
        let host = Distribution::Normal.fill::<f32>(2, ROWS, COLUMNS);
        let stream = context.default_stream();
        let scores = stream.clone_htod(&host).unwrap();
        let indices = stream.alloc_zeros::<i32>(ROWS * K as usize).unwrap();
        stream.synchronize().unwrap();
        Alone { engine, context, host, scores, indices }
    }

    /// A selector of an engine that has loaded nothing. Its kernels need no workspace.
    fn selector(&self) -> Selector {
        let spec = SelectorSpec::builder("Alone").dtype([DType::F32]).build().unwrap();
        let selector = self.engine.with_config(Config::from_env()).unwrap().selector(spec).unwrap();
        assert_eq!(selector.plan(&problem()).unwrap().workspace_bytes, 0);
        selector
    }

    fn raw(&mut self) -> RawLaunch {
        let stream = self.context.default_stream();
        let (scores, _scores) = self.scores.device_ptr(&stream);
        let (indices, _indices) = self.indices.device_ptr_mut(&stream);
        RawLaunch::new(DType::F32, ROWS, COLUMNS, K).scores(scores).indices(indices)
    }

    /// Checks the answer, and takes it away.
    fn check(&mut self) {
        let stream = self.context.default_stream();
        check(&self.host, &stream.clone_dtoh(&self.indices).unwrap());
        stream.memset_zeros(&mut self.indices).unwrap();
        stream.synchronize().unwrap();
    }
}

#[test]
fn the_first_launch_of_a_thread_needs_no_current_context() {
    let mut place = Alone::new();
    let stream = place.context.default_stream();
    let selector = place.selector();
    let (scores, indices) = (&place.scores, &mut place.indices);
    alone(|| selector.launch(&stream, &Rows::new(scores, ROWS, COLUMNS), K, indices)).unwrap();
    place.check();

    let (selector, raw) = (place.selector(), place.raw());
    // SAFETY: the buffers are of this shape and outlive the launch, which is waited for.
    alone(|| unsafe { selector.launch_raw(std::ptr::null_mut(), &raw) }).unwrap();
    place.check();

    let selector = place.selector();
    let variant = selector.plan(&problem()).unwrap().variant;
    // SAFETY: as above.
    alone(|| unsafe { selector.launch_variant(std::ptr::null_mut(), &raw, &variant) }).unwrap();
    place.check();
}

#[test]
fn whatever_asks_the_driver_needs_no_current_context() {
    let mut place = Alone::new();
    let stream = place.context.default_stream();
    let made = alone(|| Engine::on(place.context.clone())).unwrap();
    alone(|| made.selector(place.selector().spec().clone())).unwrap();
    let selector = place.selector();
    alone(|| selector.workspace(&stream, &huge(&selector))).unwrap();
    alone(|| selector.prepare(&problem())).unwrap();
    let selector = place.selector();
    let done = alone(|| selector.warmup([problem()])).unwrap();
    assert_eq!(done.failures().count(), 0, "{done}");

    let raw = place.raw();
    let captured = place.context.new_stream().unwrap();
    // SAFETY: the buffers are of this shape and outlive the recording.
    let launch = |_| unsafe { selector.launch_raw(captured.cu_stream(), &raw) };
    alone(|| {
        let recording = Recording::capture(&captured, 2, launch).unwrap();
        recording.warm_up(Duration::ZERO).unwrap();
        assert!(recording.time(1).unwrap().median > 0.0);
    });
    place.check();

    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().cache_dir(folder.path().to_owned());
    let engine = place.engine.with_config(config).unwrap();
    let spec = SelectorSpec::builder("Tuned").dtype([DType::F32]).k([64]);
    let spec = spec.vec_size([4]).bins([2048]).threads([512]).build().unwrap();
    // Another context becomes current in between, as a user's own code may have it.
    let other = CudaContext::new_non_primary(0, 0).unwrap();
    let problems = [Problem::new(DType::F32, 1, 4096, 64)];
    let summary = alone(|| {
        let mut tell = |_: Event<'_>| {
            other.bind_to_thread().unwrap();
            ControlFlow::Continue(())
        };
        engine.tune(&spec, &problems, Duration::from_secs(60), &mut tell).unwrap()
    });
    assert_eq!((summary.finished, summary.left, summary.wrong), (1, 0, 0));
}

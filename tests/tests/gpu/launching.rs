//! What a launch does besides selecting: contexts, captures, refused kernels, huge shapes, concurrent use.
//! What is refused by its shape, `tests/interpret/launching/` tests.

use crate::device::{engine, launch, new_stream, ragged, whole_selector};
use half::bf16;
use topkit::cache::KeyInputs;
use topkit::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{DevicePtr, DevicePtrMut};
use topkit::host;
use topkit::{
    Arch, Config, DType, Engine, Error, Problem, RawLaunch, Rows, SelectorSpec, Workload,
    cache::Compiler, inspect::RenderedSource, spec::Semantics,
};
use topkit_lab::Distribution;

#[test]
fn a_stream_of_another_context_is_refused() {
    let other = topkit::cudarc::driver::CudaContext::new_non_primary(0, 0).unwrap();
    let stream = other.default_stream();
    let scores = stream.clone_htod(&vec![1.0f32; 64]).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(8).unwrap();
    let selector = whole_selector(Semantics::DEFAULT);
    let error = selector.launch(&stream, &Rows::new(&scores, 1, 64), 8, &mut indices).unwrap_err();
    assert!(matches!(error, Error::Context { ref what, .. } if what == "the stream"), "{error}");
    let error = selector.workspace(&stream, &Problem::new(DType::F32, 1, 64, 8)).unwrap_err();
    assert!(matches!(error, Error::Context { ref what, .. } if what == "the stream"), "{error}");
}

#[test]
fn empty_shapes_are_served() {
    let stream = new_stream();
    let selector = whole_selector(ragged());
    let scores = stream.clone_htod(&[1.0f32; 4]).unwrap();
    let mut indices = stream.clone_htod(&[9i32; 6]).unwrap();
    let problem = |rows, columns| Problem::new(DType::F32, rows, columns, 3);
    launch(&selector, &stream, &Rows::new(&scores, 0, 100), &problem(0, 100), &mut indices);
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [9; 6]);
    launch(&selector, &stream, &Rows::new(&scores, 2, 0), &problem(2, 0), &mut indices);
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [-1; 6]);
}

#[test]
fn a_captured_launch_follows_the_device_side_lengths() {
    let stream = new_stream();
    let selector = whole_selector(ragged());
    let (rows, columns, k) = (4, 30_000, 600);
    let host = Distribution::Normal.fill::<bf16>(11, rows, columns);
    let scores = stream.clone_htod(&host).unwrap();
    let mut lengths = stream.clone_htod(&vec![columns as i32; rows]).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(rows * k).unwrap();
    let plan = selector.prepare(&Problem::new(DType::Bf16, rows, columns, k as u32)).unwrap();
    let mut workspace = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1)).unwrap();

    let launch = {
        let (scores, _s) = scores.device_ptr(&stream);
        let (row_lengths, _l) = lengths.device_ptr(&stream);
        let (workspace, _w) = workspace.device_ptr_mut(&stream);
        let (indices, _i) = indices.device_ptr_mut(&stream);
        RawLaunch::new(DType::Bf16, rows, columns, k as u32)
            .scores(scores)
            .row_lengths(row_lengths)
            .indices(indices)
            .workspace(workspace, plan.workspace_bytes)
    };
    stream.synchronize().unwrap();
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).unwrap();
    // SAFETY: the buffers outlive the graph.
    unsafe { selector.launch_raw(stream.cu_stream(), &launch) }.unwrap();
    let graph = stream.end_capture(CUgraphInstantiate_flags(0)).unwrap().unwrap();

    for now in [[30_000, 30_000, 30_000, 30_000], [0, 17, 600, 601], [9000, 1, 29_999, 8]] {
        stream.memcpy_htod(&now, &mut lengths).unwrap();
        graph.launch().unwrap();
        let got = stream.clone_dtoh(&indices).unwrap();
        let matrix = Rows::host(&host, rows, columns).lengths(&now);
        host::check(&matrix, k as u32, &selector.spec().semantics, &got).unwrap();
    }
}

#[test]
fn a_kernel_is_not_loaded_during_a_capture() {
    let fresh = engine().with_config(topkit::Config::default()).unwrap();
    let spec = SelectorSpec::builder("Fresh").dtype([DType::F32]).build().unwrap();
    let selector = fresh.selector(spec).unwrap();
    let stream = new_stream();
    let scores = stream.clone_htod(&[1.0f32; 64]).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(8).unwrap();
    let launch = {
        let (scores, _s) = scores.device_ptr(&stream);
        let (indices, _i) = indices.device_ptr_mut(&stream);
        RawLaunch::new(DType::F32, 1, 64, 8).scores(scores).indices(indices)
    };
    stream.synchronize().unwrap();
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).unwrap();
    // SAFETY: it is refused.
    let error = unsafe { selector.launch_raw(stream.cu_stream(), &launch) }.unwrap_err();
    assert!(error.to_string().contains("call `prepare`"), "{error}");
    stream.end_capture(CUgraphInstantiate_flags(0)).unwrap();
    assert_eq!(fresh.cache().stats().compiles, 0);
}

#[test]
fn a_toolchain_compiles_but_does_not_launch() {
    let offline = topkit::Toolchain::new("sm_75".parse().unwrap()).unwrap();
    let selector = offline.selector(whole_selector(Semantics::DEFAULT).spec().clone()).unwrap();
    let error = selector.prepare(&Problem::new(DType::F32, 1, 64, 8)).unwrap_err();
    assert!(matches!(error, Error::Offline { .. }), "{error}");
    let stream = new_stream();
    let scores = stream.clone_htod(&[1.0f32; 64]).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(8).unwrap();
    let error = selector.launch(&stream, &Rows::new(&scores, 1, 64), 8, &mut indices).unwrap_err();
    assert!(error.to_string().contains("a toolchain for sm_75 without a GPU"), "{error}");
}

/// Puts machine code of another architecture in the cache, under the key of this one.
fn plant(fresh: &Engine, source: &RenderedSource) {
    let nvrtc = fresh.nvrtc().unwrap();
    let foreign = nvrtc.compile(source, Arch::new(7, 5)).unwrap();
    let inputs = KeyInputs {
        entry: &source.entry,
        source: &source.text,
        options: &nvrtc.options(),
        arch: fresh.arch(),
        compiler: &Compiler::version(nvrtc),
    };
    fresh.disk().unwrap().publish(&inputs, &foreign).unwrap();
}

#[test]
fn a_kernel_that_the_driver_refuses_gives_way_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().cache_dir(folder.path().join("cache"));
    let fresh = engine().with_config(config).unwrap();
    let selector = fresh.selector(whole_selector(Semantics::DEFAULT).spec().clone()).unwrap();
    let problem = Problem::new(DType::F32, 1000, 8192, 64);
    let first = selector.plan(&problem).unwrap();
    plant(&fresh, &selector.source(&first.variant).unwrap());

    let next = selector.prepare(&problem).unwrap();
    assert_ne!(next.variant, first.variant);
    assert_eq!(selector.plan(&problem).unwrap(), next);
    let stream = new_stream();
    let host = Distribution::Normal.fill::<f32>(3, 1000, 8192);
    let scores = stream.clone_htod(&host).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(1000 * 64).unwrap();
    launch(&selector, &stream, &Rows::new(&scores, 1000, 8192), &problem, &mut indices);
    let got = stream.clone_dtoh(&indices).unwrap();
    let matrix = Rows::host(&host, 1000, 8192);
    host::check(&matrix, 64, &Semantics::DEFAULT, &got).unwrap();
}

#[test]
fn a_kernel_that_the_driver_refuses_is_an_error_with_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().cache_dir(folder.path().join("cache"));
    let fresh = engine().with_config(config).unwrap();
    let spec = SelectorSpec::builder("Refused").dtype([DType::F32]);
    // One variant, so that the plan has no other.
    let spec = spec.vec_size([1]).bins([2048]).threads([512]).build().unwrap();
    let selector = fresh.selector(spec).unwrap();
    let source = selector.source(&selector.spec().variants()[0]).unwrap();
    plant(&fresh, &source);

    let error = selector.prepare(&Problem::new(DType::F32, 1, 64, 8)).unwrap_err();
    assert!(matches!(&error, Error::Module { entry, .. } if *entry == source.entry), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
    assert!(error.to_string().contains("CUDA_ERROR_"), "{error}");
    assert_eq!(fresh.cache().stats().disk_hits, 1);
}

#[test]
fn sixteen_threads_share_one_selector() {
    let selector = whole_selector(ragged());
    std::thread::scope(|scope| {
        for seed in 0..16 {
            let selector = &selector;
            scope.spawn(move || {
                let stream = new_stream();
                let host = Distribution::Normal.fill::<f32>(seed, 2, 9000);
                let scores = stream.clone_htod(&host).unwrap();
                let mut indices = stream.alloc_zeros::<i32>(2 * 300).unwrap();
                let problem = Problem::new(DType::F32, 2, 9000, 300);
                let mut workspace = selector.workspace(&stream, &problem).unwrap();
                for _ in 0..20 {
                    let rows = Rows::new(&scores, 2, 9000);
                    selector
                        .launch_with(&stream, &rows, 300, &mut indices, &mut workspace)
                        .unwrap();
                    let got = stream.clone_dtoh(&indices).unwrap();
                    let matrix = Rows::host(&host, 2, 9000);
                    host::check(&matrix, 300, &selector.spec().semantics, &got).unwrap();
                }
            });
        }
    });
}

/// The longest row there is: 2^31 - 1 columns of 16 bits, at an odd address.
#[test]
fn the_longest_row_is_exact() {
    let stream = new_stream();
    let columns = i32::MAX as usize;
    let mut scores = stream.alloc_zeros::<bf16>(columns + 1).unwrap();
    let winners = [0usize, 1, 12_345, 1 << 30, columns - 2, columns - 1];
    for (rank, &column) in winners.iter().enumerate() {
        let mut place = scores.slice_mut(column + 1..column + 2);
        stream.memcpy_htod(&[bf16::from_f32(1.0 + rank as f32)], &mut place).unwrap();
    }
    let mut indices = stream.alloc_zeros::<i32>(winners.len()).unwrap();
    let row = scores.slice(1..);
    let selector = whole_selector(Semantics::DEFAULT);
    let problem = Problem::new(DType::Bf16, 1, columns, winners.len() as u32);
    launch(&selector, &stream, &Rows::new(&row, 1, columns), &problem, &mut indices);
    let mut got = stream.clone_dtoh(&indices).unwrap();
    got.sort_unstable();
    assert_eq!(got, winners.map(|column| column as i32));
}

/// Rows more than 2^32 elements apart from the first.
#[test]
fn addresses_are_64_bit() {
    let stream = new_stream();
    let (rows, columns, stride) = (3usize, 1000usize, (1usize << 31) + 8);
    let mut scores = stream.alloc_zeros::<bf16>(2 * stride + columns).unwrap();
    let host = Distribution::Normal.fill::<bf16>(4, rows, columns);
    for row in 0..rows {
        let mut place = scores.slice_mut(row * stride..row * stride + columns);
        stream.memcpy_htod(&host[row * columns..][..columns], &mut place).unwrap();
    }
    let mut indices = stream.alloc_zeros::<i32>(rows * 100).unwrap();
    let selector = whole_selector(Semantics::DEFAULT);
    let input = Rows::new(&scores, rows, columns).row_stride(stride);
    let problem = Problem::new(DType::Bf16, rows, columns, 100);
    launch(&selector, &stream, &input, &problem, &mut indices);
    let got = stream.clone_dtoh(&indices).unwrap();
    let matrix = Rows::host(&host, rows, columns);
    host::check(&matrix, 100, &Semantics::DEFAULT, &got).unwrap();
}

/// With compiling denied, whatever a range of problems needs is there after its warm-up, and is
/// loaded.
#[test]
fn after_a_warmup_launches_compile_and_load_nothing() {
    let config = Config::default().deny_jit(true);
    let spec = SelectorSpec::builder("Warm").dtype([DType::F32]).vec_size([2]);
    let spec = spec.bins([2048, 4096]).threads([256, 1024]).build().unwrap();
    let selector = engine().with_config(config).unwrap().selector(spec).unwrap();
    let done = selector.warmup([Workload::new(DType::F32, 1..=8, 1..=200_000, 8..=8)]).unwrap();
    assert_eq!((done.failures().count(), done.kernels.len() > 1), (0, true), "{done}");

    let stream = selector.context().unwrap().new_stream().unwrap();
    for columns in [64, 200_000] {
        let scores = stream.clone_htod(&vec![1.0f32; 2 * columns]).unwrap();
        let mut indices = stream.alloc_zeros::<i32>(2 * 8).unwrap();
        selector.launch(&stream, &Rows::new(&scores, 2, columns), 8, &mut indices).unwrap();
        let winners = stream.clone_dtoh(&indices).unwrap();
        assert!(winners.iter().all(|&index| (0..columns as i32).contains(&index)));
    }
    assert_eq!(selector.toolchain().cache().stats().compiles, done.kernels.len() as u64);
    let many = Problem::new(DType::F32, 100_000, 64, 8);
    let error = selector.prepare(&many).unwrap_err();
    assert!(matches!(error, Error::Denied(_)), "{error}");
}

//! Launches by device address on a stream of one's own, captured once in a CUDA graph and replayed.
//! Needs a GPU.
//!
//! This is the way for engines with their own memory: `launch_raw` takes a `CUdeviceptr` for each
//! buffer and a `CUstream`, from wherever they come; here cudarc makes them. A row's length is read
//! on the device, so a replay follows it without a new capture, as decoding does step by step.

use topkit::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{DevicePtr, DevicePtrMut};
use topkit::host;
use topkit::{DType, Engine, Problem, RawLaunch, Rows, topk_kernel};

topk_kernel! {
    /// The best KV positions of each query, whose number grows with every token.
    pub kernel DecodeTopK { dtype: f32, k: 4, rows: ragged }
}

fn main() {
    if let Err(error) = replay() {
        eprintln!("raw needs a GPU, and could not use one: {error}");
        std::process::exit(1);
    }
}

fn replay() -> Result<(), Box<dyn std::error::Error>> {
    let (rows, columns, k) = (2, 10_000, 4);
    let engine = Engine::new()?;
    let selector = DecodeTopK::new(&engine)?.selector().clone();
    let stream = engine.context().new_stream()?;

    let host_scores: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * 0.618).sin()).collect();
    let scores = stream.clone_htod(&host_scores)?;
    let mut lengths = stream.clone_htod(&[0i32; 2])?;
    let mut indices = stream.alloc_zeros::<i32>(rows * k)?;

    // Nothing can be compiled or loaded during a capture, so prepare the kernel first. The plan also says
    // how large a workspace the launch needs, zeroed once; a buffer cannot be empty, so at least a byte.
    let plan = selector.prepare(&Problem::new(DType::F32, rows, columns, k as u32))?;
    let mut workspace = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1))?;

    let launch = {
        let (scores, _guard) = scores.device_ptr(&stream);
        let (row_lengths, _guard) = lengths.device_ptr(&stream);
        let (indices, _guard) = indices.device_ptr_mut(&stream);
        let (workspace, _guard) = workspace.device_ptr_mut(&stream);
        RawLaunch::new(DType::F32, rows, columns, k as u32)
            .scores(scores)
            .row_lengths(row_lengths)
            .indices(indices)
            .workspace(workspace, plan.workspace_bytes)
    };
    stream.synchronize()?;
    stream.begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
    // SAFETY: the addresses are of buffers that live to the end of this function, longer than the
    // graph; no two overlap; the stream is of the engine's context.
    unsafe { selector.launch_raw(stream.cu_stream(), &launch) }?;
    let graph = stream.end_capture(CUgraphInstantiate_flags(0))?.ok_or("nothing was captured")?;

    for step in [[3, 5_000], [10_000, 5_001]] {
        stream.memcpy_htod(&step, &mut lengths)?;
        graph.launch()?;
        let found = stream.clone_dtoh(&indices)?;
        println!("rows of {step:?} scores: {:?} and {:?}", &found[..k], &found[k..]);

        let matrix = Rows::host(&host_scores, rows, columns).lengths(&step);
        host::check(&matrix, k as u32, &selector.spec().semantics, &found)?;
    }
    Ok(())
}

//! What a launch costs the host: bare `cuLaunchKernelEx` against the library's ways to the same
//! kernel. Batches that fit the launch queue, so that the GPU never holds the host back.
//!
//! Run it on a GPU machine: `cargo bench -p topkit-tests --features gpu --bench launch`.

use std::error::Error;
use std::ffi::c_void;
use std::time::Instant;
use topkit::cudarc::driver::{DevicePtr, DevicePtrMut, sys};
use topkit::{DType, Engine, Plan, Problem, RawLaunch, Rows, Selector, SelectorSpec};

const BATCH: usize = 256;
const BATCHES: usize = 400;
const COLUMNS: usize = 64;
const K: u32 = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new()?;
    let spec = SelectorSpec::builder("Launch").dtype([DType::Bf16, DType::F32]).build()?;
    let selector = engine.selector(spec)?;
    let problem = Problem::new(DType::F32, 1, COLUMNS, K);
    let plan = selector.prepare(&problem)?;
    let stream = engine.context().new_stream()?;
    let scores = stream.clone_htod(&[1.0f32; COLUMNS])?;
    let mut indices = stream.alloc_zeros::<i32>(K as usize)?;
    let mut own = selector.workspace(&stream, &problem)?;
    // There are no empty buffers.
    let mut bytes = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1))?;

    let launch = {
        let (scores, _s) = scores.device_ptr(&stream);
        let (indices, _i) = indices.device_ptr_mut(&stream);
        let (workspace, _w) = bytes.device_ptr_mut(&stream);
        let workspace_bytes = plan.workspace_bytes;
        let dense = RawLaunch::new(DType::F32, 1, COLUMNS, K);
        dense.scores(scores).indices(indices).workspace(workspace, workspace_bytes)
    };
    let bare_kernel = Bare::load(&selector, &plan, launch)?;
    let raw_stream = stream.cu_stream();

    // In turn, so that a drift of the machine affects all of them alike.
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..BATCHES {
        for (way, times) in times.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..BATCH {
                match way {
                    0 => bare_kernel.launch(raw_stream)?,
                    // SAFETY: the buffers live to the end of main.
                    1 => unsafe { selector.launch_raw(raw_stream, &launch) }?,
                    _ => {
                        let rows = Rows::new(&scores, 1, COLUMNS);
                        selector.launch_with(&stream, &rows, K, &mut indices, &mut own)?
                    }
                }
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
            stream.synchronize()?;
        }
    }
    let [bare, raw, typed] = times.map(median);
    println!("host cost of a launch, median of {BATCHES} batches of {BATCH}, us:");
    println!("  bare cuLaunchKernelEx {bare:.3}");
    println!("  Selector::launch_raw    {raw:.3}   (+{:.3})", raw - bare);
    println!(
        "  Selector::launch_with   {typed:.3}   (+{:.3}, of which cudarc's stream bookkeeping)",
        typed - bare
    );
    if raw - bare > 2.0 {
        return Err(format!(
            "launch_raw costs {:.3} us over the bare launch; the limit is 2",
            raw - bare
        )
        .into());
    }
    Ok(())
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// The same kernel, loaded and launched with nothing in between.
struct Bare {
    function: sys::CUfunction,
    plan: Plan,
    attributes: [sys::CUlaunchAttribute; 2],
    args: Args,
}

/// The kernel's argument, as `templates/core/types.cuh` declares it.
#[repr(C)]
struct Args {
    scores: u64,
    row_stride: i64,
    row_starts: u64,
    row_lengths: u64,
    indices: u64,
    index_stride: i64,
    workspace: u64,
    columns: i32,
    k: i32,
    rows: i64,
}

impl Bare {
    fn load(selector: &Selector, plan: &Plan, launch: RawLaunch) -> Result<Bare, Box<dyn Error>> {
        let variant = &plan.variant;
        let (cubin, entry) = (selector.cubin(variant)?, std::ffi::CString::new(variant.symbol())?);
        let (mut module, mut function) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the image is a whole cubin and the name a C string; the module is never unloaded.
        unsafe {
            sys::cuModuleLoadData(&mut module, cubin.as_ptr().cast()).result()?;
            sys::cuModuleGetFunction(&mut function, module, entry.as_ptr()).result()?;
        }
        let args = Args {
            scores: launch.scores,
            row_stride: launch.row_stride,
            row_starts: 0,
            row_lengths: 0,
            indices: launch.indices,
            index_stride: launch.index_stride,
            workspace: launch.workspace,
            columns: launch.columns as i32,
            k: launch.k as i32,
            rows: launch.rows as i64,
        };
        Ok(Bare { function, plan: *plan, attributes: attributes(plan), args })
    }

    fn launch(&self, stream: sys::CUstream) -> Result<(), Box<dyn Error>> {
        let mut attributes = self.attributes;
        let config = sys::CUlaunchConfig {
            gridDimX: self.plan.grid,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.plan.variant.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            hStream: stream,
            attrs: attributes.as_mut_ptr(),
            numAttrs: attributes.len() as u32,
        };
        let mut parameters = [std::ptr::from_ref(&self.args).cast_mut().cast::<c_void>()];
        // SAFETY: the argument is what the kernel takes, and its buffers live to the end of main.
        unsafe {
            sys::cuLaunchKernelEx(
                &config,
                self.function,
                parameters.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        }
        .result()?;
        Ok(())
    }
}

/// What the library gives a launch of this plan.
fn attributes(plan: &Plan) -> [sys::CUlaunchAttribute; 2] {
    use sys::CUlaunchAttributeID as Id;
    use sys::CUlaunchAttributeValue as Value;
    let unused = Id::CU_LAUNCH_ATTRIBUTE_IGNORE;
    let clustered =
        if plan.cluster > 1 { Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION } else { unused };
    let early_id = Id::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
    let early = if plan.pdl { early_id } else { unused };
    let size = sys::CUlaunchAttributeValue_union__bindgen_ty_1 { x: plan.cluster, y: 1, z: 1 };
    [
        (clustered, Value { clusterDim: size }),
        (early, Value { programmaticStreamSerializationAllowed: 1 }),
    ]
    .map(|(id, value)| sys::CUlaunchAttribute { id, pad: Default::default(), value })
}

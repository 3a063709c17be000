//! What a launch costs the host: bare `cuLaunchKernel` against the library's ways to the same
//! kernel. Batches that fit the launch queue, so that the GPU never holds the host back.
//!
//! Run it on a GPU machine: `cargo bench -p topkit-tests --features gpu --bench launch`.

use std::error::Error;
use std::ffi::c_void;
use std::time::Instant;
use topkit::cudarc::driver::{DevicePtr, DevicePtrMut, sys};
use topkit::{DType, Engine, Family, KernelSpec, Problem, RawLaunch, Rows};

const BATCH: usize = 256;
const BATCHES: usize = 400;
const COLUMNS: usize = 64;
const K: u32 = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let engine = Engine::new()?;
    let spec = KernelSpec::builder("Launch").dtype([DType::Bf16, DType::F32]).build()?;
    let family = engine.family(spec)?;
    let plan = family.prepare(&Problem::new(DType::F32, 1, COLUMNS, K))?;
    let stream = engine.context().ok_or("no GPU")?.new_stream()?;
    let scores = stream.clone_htod(&[1.0f32; COLUMNS])?;
    let mut indices = stream.alloc_zeros::<i32>(K as usize)?;

    let launch = {
        let (scores, _s) = scores.device_ptr(&stream);
        let (indices, _i) = indices.device_ptr_mut(&stream);
        RawLaunch { scores, indices, ..RawLaunch::new(DType::F32, 1, COLUMNS, K) }
    };
    let bare_kernel = Bare::load(&family, &plan.variant, launch)?;
    let raw_stream = stream.cu_stream();

    // In turn, so that a drift of the machine meets all of them.
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..BATCHES {
        for (way, times) in times.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..BATCH {
                match way {
                    0 => bare_kernel.launch(raw_stream)?,
                    // SAFETY: the buffers live to the end of main.
                    1 => unsafe { family.launch_raw(raw_stream, &launch) }?,
                    _ => {
                        family.launch(&stream, &Rows::new(&scores, 1, COLUMNS), K, &mut indices)?
                    }
                }
            }
            times.push(start.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
            stream.synchronize()?;
        }
    }
    let [bare, raw, typed] = times.map(median);
    println!("host cost of a launch, median of {BATCHES} batches of {BATCH}, us:");
    println!("  bare cuLaunchKernel   {bare:.3}");
    println!("  Family::launch_raw    {raw:.3}   (+{:.3})", raw - bare);
    println!(
        "  Family::launch        {typed:.3}   (+{:.3}, of which cudarc's stream bookkeeping)",
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
    threads: u32,
    args: Args,
}

/// The kernel's argument, as `templates/device/types.cuh` declares it.
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
}

impl Bare {
    fn load(
        family: &Family,
        variant: &topkit::Variant,
        launch: RawLaunch,
    ) -> Result<Bare, Box<dyn Error>> {
        let (cubin, entry) = (family.cubin(variant)?, std::ffi::CString::new(variant.symbol())?);
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
            workspace: 0,
            columns: launch.columns as i32,
            k: launch.k as i32,
        };
        Ok(Bare { function, threads: variant.threads, args })
    }

    fn launch(&self, stream: sys::CUstream) -> Result<(), Box<dyn Error>> {
        let mut parameters = [std::ptr::from_ref(&self.args).cast_mut().cast::<c_void>()];
        // SAFETY: the argument is what the kernel takes, and its buffers live to the end of main.
        unsafe {
            sys::cuLaunchKernel(
                self.function,
                1,
                1,
                1,
                self.threads,
                1,
                1,
                0,
                stream,
                parameters.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        }
        .result()?;
        Ok(())
    }
}

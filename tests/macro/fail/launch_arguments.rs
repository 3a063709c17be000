//! A launch whose arguments are missing, mistyped or in the wrong memory.
use topkit::{CudaStream, Error, Rows, cudarc::driver::CudaSlice};

topkit::topk_kernel! {
    pub kernel Biased {
        dtype: f32,
        args { scale: f32, bias: [f32] }
        fn score(x: f32, col: i32) -> f32 { x * scale + bias[col] }
    }
}

fn launches(
    topk: &Biased,
    stream: &std::sync::Arc<CudaStream>,
    rows: &Rows<'_, f32>,
    bias: &CudaSlice<f32>,
    wrong: &CudaSlice<i32>,
    host: &Vec<f32>,
    indices: &mut CudaSlice<i32>,
) -> Result<(), Error> {
    topk.launch(stream, rows, 4, &BiasedArgs { scale: 2.0, bias }, &mut *indices)?;
    topk.launch(stream, rows, 4, &mut *indices)?;
    topk.launch(stream, rows, 4, &BiasedArgs { scale: 2.0 }, &mut *indices)?;
    topk.launch(stream, rows, 4, &BiasedArgs { scale: 2, bias }, &mut *indices)?;
    topk.launch(stream, rows, 4, &BiasedArgs { scale: 2.0, bias: wrong }, &mut *indices)?;
    topk.launch(stream, rows, 4, &BiasedArgs { scale: 2.0, bias: host }, &mut *indices)
}

fn main() {}

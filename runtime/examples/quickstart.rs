//! The shortest way to indices: declare a selector, open an engine, launch. Needs a GPU.
//!
//! Run it with `cargo run -p topkit --example quickstart`. The README shows the part up to `main`.

use topkit::{Engine, Rows, topk_kernel};

topk_kernel! {
    /// The 512 best KV positions of each query.
    pub kernel IndexerTopK { dtype: [f32, bf16], k: 512 }
}

fn select(scores: &[f32], rows: usize) -> Result<Vec<i32>, Box<dyn std::error::Error>> {
    let engine = Engine::new()?; // the first GPU; Engine::on takes a CudaContext of yours
    let topk = IndexerTopK::new(&engine)?; // keep it: it holds the compiled kernels
    let stream = engine.stream();

    let device_scores = stream.clone_htod(scores)?;
    let mut indices = stream.alloc_zeros::<i32>(rows * 512)?;
    topk.launch(&stream, &Rows::new(&device_scores, rows, scores.len() / rows), 512, &mut indices)?;
    Ok(stream.clone_dtoh(&indices)?)
}

fn main() {
    let (rows, columns) = (32, 131_072);
    let scores: Vec<f32> = (0..rows * columns).map(|i| (i as f32 * 0.618).sin()).collect();
    match select(&scores, rows) {
        Ok(indices) => println!("of row 0, {} winners: {:?} ...", 512, &indices[..8]),
        Err(error) => {
            eprintln!("quickstart needs a GPU, and could not use one: {error}");
            std::process::exit(1);
        }
    }
}

//! Top-k sampling of tokens from logits: `cargo run --example sampler`. It runs on the CPU, and with `--features cuda`
//! on the first GPU.

use candle_core::{D, DType, Device, Result, Tensor};
use topkit_candle::{Options, Order, Selector, Ties};

fn main() -> Result<()> {
    let device = Device::cuda_if_available(0)?;
    // Logits of 4 sequences over a vocabulary of 32000.
    let logits = Tensor::randn(0f32, 3f32, (4, 32_000), &device)?.to_dtype(DType::BF16)?;

    // Best first; of equal logits the lower token.
    let options = Options::default().order(Order::ByValue).ties(Ties::LowestIndex);
    let best = Selector::new(options)?;
    let (values, tokens) = best.topk(&logits, 50)?;

    // A token of each sequence, by the softmax of its best logits: the least of -ln(u) / p.
    let values = values.to_dtype(DType::F32)?;
    let weights = values.broadcast_sub(&values.max_keepdim(D::Minus1)?)?.exp()?;
    let noise = Tensor::rand(f32::MIN_POSITIVE, 1f32, weights.dims(), &device)?.log()?.neg()?;
    let place = noise.div(&weights)?.argmin_keepdim(D::Minus1)?;
    let sampled = tokens.gather(&place, D::Minus1)?.squeeze(1)?;

    for (sequence, token) in sampled.to_vec1::<u32>()?.into_iter().enumerate() {
        let first = tokens.get(sequence)?.narrow(0, 0, 5)?.to_vec1::<u32>()?;
        println!("sequence {sequence}: sampled token {token}; the best five are {first:?}");
    }
    Ok(())
}

//! What is refused, and in which words. Needs no GPU.

use candle_core::{DType, Device, Result, Tensor};
use topkit_candle::{Options, Selector, topk};

fn zeros(shape: &[usize], dtype: DType) -> Result<Tensor> {
    Tensor::zeros(shape, dtype, &Device::Cpu)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(answer: Result<T>, words: &str) {
    let error = answer.expect_err("it was not refused").to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn scores_that_cannot_be_selected_from_are_refused() -> Result<()> {
    let of = |shape: &[usize], dtype, k| topk(&zeros(shape, dtype)?, k, Options::DEFAULT);
    refused(of(&[2, 4], DType::F32, 9), "k is 9, but the last dimension of [2, 4] has 4 scores");
    refused(of(&[2, 0], DType::F32, 1), "k is 1, but the last dimension of [2, 0] has 0 scores");
    refused(of(&[], DType::F32, 1), "the scores are a scalar");
    refused(of(&[2, 4], DType::I64, 1), "the scores are i64; topkit selects among f32, bf16");
    refused(of(&[2, 4], DType::F8E4M3, 1), "convert them with to_dtype");
    Ok(())
}

#[test]
fn tensors_that_cannot_be_written_are_refused() -> Result<()> {
    let selector = Selector::new(Options::DEFAULT)?;
    let scores = zeros(&[2, 3, 4], DType::F32)?;
    let into = |values: &Tensor, indices: &Tensor| selector.topk_into(&scores, values, indices);
    let (values, indices) = (zeros(&[2, 3, 2], DType::F32)?, zeros(&[2, 3, 2], DType::U32)?);
    into(&values, &indices)?;

    let other = zeros(&[3, 2, 2], DType::U32)?;
    refused(into(&values, &other), "need [2, 3, 2]");
    refused(into(&values, &other.transpose(0, 1)?), "the indices to write are not contiguous");
    refused(into(&zeros(&[2, 3, 1], DType::F32)?, &indices), "k = 1, and the indices k = 2");
    refused(into(&values.to_dtype(DType::F64)?, &indices), "the values to write are f64, not f32");
    refused(into(&values, &indices.to_dtype(DType::I64)?), "to write are i64, not u32");
    refused(into(&zeros(&[], DType::F32)?, &indices), "need [2, 3, 0]");
    refused(into(&zeros(&[2, 3, 5], DType::F32)?, &indices), "k is 5");
    let turned = zeros(&[2, 4, 3], DType::F32)?.transpose(1, 2)?;
    refused(selector.topk_into(&turned, &values, &indices), "pass scores.contiguous()");

    let op = selector.indices(3);
    refused(indices.inplace_op2(&scores, &op), "have k = 2, and the operation has k = 3");
    refused(turned.apply_op1_no_bwd(&op), "has stride 3, not 1");
    Ok(())
}

/// Locks of one tensor that wait for each other would hang this test.
#[test]
fn tensors_that_share_memory_are_refused() -> Result<()> {
    let selector = Selector::new(Options::DEFAULT)?;
    let all = zeros(&[12], DType::U32)?;
    let (scores, rest) = (all.narrow(0, 0, 4)?, all.narrow(0, 4, 2)?);
    let own = || zeros(&[2], DType::U32);
    refused(selector.topk_into(&scores, &rest, &own()?), "shares storage");
    refused(selector.topk_into(&scores, &own()?, &rest), "shares storage");
    let both = zeros(&[2], DType::U32)?;
    refused(selector.topk_into(&scores, &both, &both), "shares storage");
    refused(rest.inplace_op2(&scores, &selector.indices(2)), "shares storage");
    selector.topk_into(&scores, &own()?, &own()?)
}

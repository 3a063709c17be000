//! Gradients of the values on the CPU, against finite differences. Needs no GPU.

use candle_core::{DType, Device, Result, Tensor, Var};
use topkit_candle::{Options, Order, Select, topk};

/// A loss that weighs every value differently.
fn loss(scores: &Tensor, k: usize, options: Options) -> Result<Tensor> {
    let (values, _) = topk(scores, k, options)?;
    let weights = Tensor::arange(1f64, values.elem_count() as f64 + 1.0, &Device::Cpu)?;
    values.sqr()?.mul(&weights.reshape(values.dims())?)?.sum_all()
}

#[test]
fn the_gradient_is_that_of_finite_differences() -> Result<()> {
    // Distinct scores, further apart than the step.
    let numbers: Vec<f64> = (0..24).map(|i| f64::from(i * 7 % 24) / 3.0 - 3.0).collect();
    for select in [Select::Largest, Select::Smallest] {
        let options = Options::default().select(select).order(Order::ByValue);
        let scores = Var::from_vec(numbers.clone(), (2, 3, 4), &Device::Cpu)?;
        // Of the tensor, and of a view whose rows are not side by side.
        type View = fn(&Tensor) -> Result<Tensor>;
        let views: [View; 3] = [
            |scores| Ok(scores.clone()),
            |scores| scores.transpose(1, 2),
            |scores| scores.narrow(1, 1, 2)?.affine(2.0, 1.0),
        ];
        for view in views {
            let gradients = loss(&view(scores.as_tensor())?, 2, options)?.backward()?;
            let gradient = gradients.get(&scores).expect("the scores are a variable");
            let gradient = gradient.flatten_all()?.to_vec1::<f64>()?;
            for (i, &found) in gradient.iter().enumerate() {
                const STEP: f64 = 1e-4;
                let at = |step: f64| -> Result<f64> {
                    let mut moved = numbers.clone();
                    moved[i] += step;
                    let moved = Tensor::from_vec(moved, (2, 3, 4), &Device::Cpu)?;
                    loss(&view(&moved)?, 2, options)?.to_scalar::<f64>()
                };
                let expected = (at(STEP)? - at(-STEP)?) / (2.0 * STEP);
                assert!((found - expected).abs() < 1e-6, "{i}: {found}, not {expected}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_gradient_goes_to_the_selected_places_alone() -> Result<()> {
    for dtype in [DType::F32, DType::BF16, DType::F16] {
        let scores = Tensor::new(&[[3f32, 7., 2., 9.], [1., 0., 4., -1.]], &Device::Cpu)?;
        let scores = Var::from_tensor(&scores.to_dtype(dtype)?)?;
        let (values, indices) = topk(&scores, 2, Options::default().order(Order::ByValue))?;
        assert_eq!(values.to_dtype(DType::F32)?.to_vec2::<f32>()?, [[9., 7.], [4., 1.]]);
        let upstream = Tensor::new(&[[10f32, 20.], [30., 40.]], &Device::Cpu)?.to_dtype(dtype)?;
        let gradients = values.mul(&upstream)?.sum_all()?.backward()?;
        let gradient = gradients.get(&scores).expect("the scores are a variable");
        let gradient = gradient.to_dtype(DType::F32)?.to_vec2::<f32>()?;
        assert_eq!(gradient, [[0., 20., 0., 10.], [40., 0., 30., 0.]]);
        assert!(!indices.track_op());
    }
    Ok(())
}

#[test]
fn tracked_and_plain_scores_have_one_answer() -> Result<()> {
    let numbers = [f32::NAN, -0.0, 0.0, f32::INFINITY, 1.0, -f32::NAN, 1.0, f32::NEG_INFINITY];
    let plain = Tensor::new(&numbers, &Device::Cpu)?;
    let tracked = Var::from_tensor(&plain)?;
    for k in 0..=8 {
        let options = Options::default().order(Order::ByValue);
        let (values, indices) = topk(&plain, k, options)?;
        let (tracked_values, tracked_indices) = topk(&tracked, k, options)?;
        assert_eq!(indices.to_vec1::<u32>()?, tracked_indices.to_vec1::<u32>()?);
        let bits = |tensor: &Tensor| -> Result<Vec<u32>> {
            Ok(tensor.to_vec1::<f32>()?.into_iter().map(f32::to_bits).collect())
        };
        assert_eq!(bits(&values)?, bits(&tracked_values)?);
    }
    Ok(())
}

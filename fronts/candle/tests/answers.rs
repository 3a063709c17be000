//! Answers on the CPU against a naive oracle: over ranks, strides, dtypes, NaN, ties and orders. Needs no GPU.

use candle_core::{DType, Device, IndexOp, Result, Tensor};
use topkit_candle::{NanPolicy, Options, Order, Select, Selector, Ties, topk};

const DTYPES: [DType; 8] = [
    DType::F32,
    DType::BF16,
    DType::F16,
    DType::F64,
    DType::I32,
    DType::U32,
    DType::I16,
    DType::U8,
];

/// Scores with many ties; for floats, also NaN of both signs, both zeros and infinities.
fn scores(shape: &[usize], dtype: DType, seed: u32) -> Result<Tensor> {
    let mut state = seed;
    let count: usize = shape.iter().product();
    let numbers: Vec<f64> = (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let small = f64::from(state >> 24 & 15);
            match (dtype.is_int(), state >> 28) {
                (false, 0) => f64::NAN,
                (false, 1) => -f64::NAN,
                (false, 2) => -0.0,
                (false, 3) => 0.0,
                (false, 4) => f64::INFINITY,
                (false, 5) => f64::NEG_INFINITY,
                (false, 6..=9) => -small / 4.0,
                _ => small,
            }
        })
        .collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu)?.to_dtype(dtype)
}

/// Every row of a tensor, element by element: the naive reading of its strides.
fn rows(tensor: &Tensor) -> Result<Vec<Vec<f64>>> {
    let numbers = tensor.contiguous()?.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    let columns = tensor.dims()[tensor.rank() - 1];
    Ok(numbers.chunks(columns.max(1)).map(<[f64]>::to_vec).collect())
}

/// The columns of the winners by a sort of the whole row, by the documentation of each key.
fn oracle(row: &[f64], k: usize, options: Options) -> Vec<u32> {
    // Greater is better.
    let rank = |column: u32| {
        let score = row[column as usize];
        let ends = match (score.is_nan(), options.nan) {
            (true, NanPolicy::Highest) => 1,
            (true, NanPolicy::Lowest) => -1,
            (false, _) => 0,
        };
        let number = if score.is_nan() { 0.0 } else { score + 0.0 };
        match options.select {
            Select::Largest => (ends, number),
            Select::Smallest => (-ends, -number),
        }
    };
    let better = |a: u32, b: u32| rank(b).partial_cmp(&rank(a)).expect("no NaN is left");
    let mut columns: Vec<u32> = (0..row.len() as u32).collect();
    columns.sort_by(|&a, &b| {
        better(a, b).then(match options.ties {
            Ties::HighestIndex => b.cmp(&a),
            _ => a.cmp(&b),
        })
    });
    columns.truncate(k);
    match options.order {
        Order::ByIndex => columns.sort(),
        _ => columns.sort_by(|&a, &b| better(a, b).then(a.cmp(&b))),
    }
    columns
}

fn bits(tensor: &Tensor) -> Result<Vec<u64>> {
    let numbers = tensor.flatten_all()?.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    // Conversions may change the sign of a NaN.
    Ok(numbers.iter().map(|n| if n.is_nan() { u64::MAX } else { n.to_bits() }).collect())
}

/// Compares an answer with the oracle's, for options with a rule and an order.
fn check(scores: &Tensor, k: usize, options: Options) -> Result<()> {
    let (values, indices) = topk(scores, k, options)?;
    let mut shape = scores.dims().to_vec();
    *shape.last_mut().expect("a row is a dimension") = k;
    assert_eq!(values.dims(), shape);
    assert_eq!(indices.dims(), shape);
    assert_eq!((values.dtype(), indices.dtype()), (scores.dtype(), DType::U32));

    let expected: Vec<u32> = rows(scores)?.iter().flat_map(|row| oracle(row, k, options)).collect();
    assert_eq!(indices.flatten_all()?.to_vec1::<u32>()?, expected, "{options:?} {scores:?}");
    // Candle reads the same values by the indices.
    let read = scores.contiguous()?.gather(&indices, scores.rank() - 1)?;
    assert_eq!(bits(&values)?, bits(&read)?);

    // The same by what writes into given tensors, here in the middle of larger ones.
    let space = |dtype| -> Result<Tensor> {
        Tensor::ones(values.elem_count() + 3, dtype, &Device::Cpu)?
            .i(2..2 + values.elem_count())?
            .reshape(&shape[..])
    };
    let (into_values, into_indices) = (space(scores.dtype())?, space(DType::U32)?);
    let readable = match scores.stride().last() {
        Some(1) => scores.clone(),
        _ => scores.contiguous()?,
    };
    Selector::new(options)?.topk_into(&readable, &into_values, &into_indices)?;
    assert_eq!(into_indices.flatten_all()?.to_vec1::<u32>()?, expected);
    assert_eq!(bits(&into_values)?, bits(&values)?);
    Ok(())
}

fn ruled() -> impl Iterator<Item = Options> {
    let mut all = Vec::new();
    for select in [Select::Largest, Select::Smallest] {
        for nan in [NanPolicy::Highest, NanPolicy::Lowest] {
            for ties in [Ties::LowestIndex, Ties::HighestIndex] {
                for order in [Order::ByValue, Order::ByIndex] {
                    let options = Options::default().select(select).nan(nan);
                    all.push(options.ties(ties).order(order));
                }
            }
        }
    }
    all.into_iter()
}

#[test]
fn every_dtype_and_option_answers_as_the_oracle() -> Result<()> {
    for (seed, dtype) in (0..).zip(DTYPES) {
        let scores = scores(&[4, 37], dtype, seed)?;
        for options in ruled() {
            for k in [1, 5, 36, 37] {
                check(&scores, k, options)?;
            }
        }
    }
    Ok(())
}

#[test]
fn every_rank_and_stride_answers_as_the_oracle() -> Result<()> {
    let options = Options::default().ties(Ties::HighestIndex).order(Order::ByValue);
    let whole = scores(&[3, 4, 5, 6], DType::F32, 7)?;
    let views = [
        scores(&[9], DType::F32, 1)?,
        scores(&[1, 1], DType::F32, 2)?,
        whole.clone(),
        // Narrowed at the end, in the middle, and at several places.
        whole.narrow(3, 1, 4)?,
        whole.narrow(2, 1, 3)?,
        whole.narrow(1, 2, 2)?.narrow(3, 0, 3)?.narrow(0, 1, 2)?,
        whole.i((.., 1))?,
        whole.i((1.., .., 2, 2..))?,
        // Leading dimensions exchanged, and the last one, whose stride is then not 1.
        whole.transpose(0, 1)?,
        whole.transpose(1, 2)?,
        whole.transpose(2, 3)?,
        whole.permute((3, 2, 1, 0))?,
        // The same row again and again, and the same score.
        whole.i((0, 0, 0))?.broadcast_as((4, 6))?,
        whole.i((0, .., 0..1, 0..1))?.broadcast_as((4, 2, 5))?,
    ];
    for view in views {
        for k in [1, view.dims()[view.rank() - 1]] {
            check(&view, k, options)?;
        }
    }
    Ok(())
}

#[test]
fn any_ties_and_no_order_are_some_right_answer() -> Result<()> {
    for select in [Select::Largest, Select::Smallest] {
        let options = Options::default().select(select);
        let scores = scores(&[8, 50], DType::BF16, 3)?;
        let (values, indices) = topk(&scores, 9, options)?;
        let all = rows(&scores)?;
        let expected: Vec<Vec<f64>> = all
            .iter()
            .map(|row| oracle(row, 9, options).iter().map(|&c| row[c as usize]).collect())
            .collect();
        // The same scores in any order, from different columns.
        let sorted = |mut row: Vec<f64>| {
            row.iter_mut().for_each(|score| *score += 0.0);
            row.sort_by(f64::total_cmp);
            row
        };
        for ((got, expected), columns) in
            rows(&values)?.into_iter().zip(expected).zip(indices.to_vec2::<u32>()?)
        {
            let nan = |row: &[f64]| row.iter().filter(|score| score.is_nan()).count();
            assert_eq!(nan(&got), nan(&expected));
            let plain = |row: Vec<f64>| row.into_iter().filter(|score| !score.is_nan()).collect();
            assert_eq!(sorted(plain(got)), sorted(plain(expected)));
            let mut columns = columns;
            columns.sort();
            columns.dedup();
            assert_eq!(columns.len(), 9);
        }
    }
    Ok(())
}

#[test]
fn answers_without_elements_have_their_shapes() -> Result<()> {
    let shapes: [(&[usize], usize, &[usize]); 4] = [
        (&[2, 3], 0, &[2, 0]),
        (&[2, 0], 0, &[2, 0]),
        (&[0, 5], 2, &[0, 2]),
        (&[2, 0, 5], 5, &[2, 0, 5]),
    ];
    for (shape, k, expected) in shapes {
        let scores = Tensor::zeros(shape, DType::F16, &Device::Cpu)?;
        let (values, indices) = topk(&scores, k, Options::DEFAULT)?;
        assert_eq!((values.dims(), indices.dims()), (expected, expected));
        assert_eq!((values.dtype(), indices.dtype()), (DType::F16, DType::U32));
        let selector = Selector::new(Options::DEFAULT)?;
        selector.topk_into(&scores, &values, &indices)?;
        let indices_alone = scores.apply_op1_no_bwd(&selector.indices(k))?;
        assert_eq!(indices_alone.dims(), expected);
    }
    Ok(())
}

#[test]
fn the_operation_gives_the_indices_alone() -> Result<()> {
    let options = Options::default().ties(Ties::LowestIndex).order(Order::ByIndex);
    let scores = scores(&[3, 4, 40], DType::F16, 5)?.narrow(2, 3, 31)?;
    let op = Selector::new(options)?.indices(6);
    let (_, expected) = topk(&scores, 6, options)?;
    let expected = expected.to_vec3::<u32>()?;
    assert_eq!(scores.apply_op1_no_bwd(&op)?.to_vec3::<u32>()?, expected);
    let given = Tensor::zeros((3, 4, 6), DType::U32, &Device::Cpu)?;
    given.inplace_op2(&scores, &op)?;
    assert_eq!(given.to_vec3::<u32>()?, expected);
    Ok(())
}

#[test]
fn a_selector_is_shared_among_threads() -> Result<()> {
    fn is_shared<T: Send + Sync + Clone>(_: &T) {}
    let options = Options::default().ties(Ties::LowestIndex).order(Order::ByValue);
    let selector = Selector::new(options)?;
    is_shared(&selector);
    assert_eq!(selector.options(), options);
    std::thread::scope(|scope| {
        let work = |seed| {
            let selector = &selector;
            move || -> Result<()> {
                let scores = scores(&[5, 64], DType::F32, seed)?;
                let (_, indices) = selector.topk(&scores, 8)?;
                let expected: Vec<_> =
                    rows(&scores)?.iter().map(|row| oracle(row, 8, options)).collect();
                assert_eq!(indices.to_vec2::<u32>()?, expected);
                Ok(())
            }
        };
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(work(seed))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the thread ended"))
    })
}

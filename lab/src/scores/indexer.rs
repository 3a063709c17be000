//! Logits as the lightning indexer of DeepSeek-V3.2 makes them: for query t and key s,
//! `sum over heads h of w[t,h] * relu(q[t,h] . k[s])`.
//!
//! The arithmetic is the model's: the sum, in f32; keys after a LayerNorm, which all heads share; weights
//! of either sign, scaled by 1 / sqrt(heads * dim). The inputs are random:
//! queries, keys before the LayerNorm and weights are standard normal. Steps that do not change the
//! distribution of such scores are left out: the rotations that queries and keys share, and the FP8
//! rounding of both before their product. A trained indexer separates its keys better; for its
//! scores, give a file. [`Distribution::Indexer`] is a cheaper form, with a bump for the last tokens.
//!
//! The same seed gives the same logits, whatever the number of threads.

use crate::Error;
use crate::memory;
use crate::{Distribution, Rng, Shape};
use indicatif::ProgressBar;
use std::thread;
use topkit::DType;

/// The size of an indexer, and the seed of its inputs.
#[derive(Debug, Clone, Copy)]
pub struct Indexer {
    /// Queries: rows of logits.
    pub rows: usize,
    /// Keys: columns of logits.
    pub columns: usize,
    /// Heads of a query.
    pub heads: usize,
    /// Dimensions of a head and of a key.
    pub dim: usize,
    /// The seed.
    pub seed: u64,
}

impl Indexer {
    /// The logits, row after row.
    pub fn logits(self, progress: &ProgressBar) -> Result<Vec<f32>, Error> {
        self.logits_by(crate::threads(), progress)
    }

    fn logits_by(self, threads: usize, progress: &ProgressBar) -> Result<Vec<f32>, Error> {
        let Indexer { rows, columns, heads, dim, .. } = self;
        // A matrix beyond this is a slip of the hand, and would exhaust the machine.
        const LIMIT: usize = 1 << 32;
        let len = rows.checked_mul(columns).filter(|&len| len <= LIMIT).ok_or_else(|| {
            Error::Input(format!("{rows} x {columns} logits take more than 16 GiB"))
        })?;
        let all_heads = rows.checked_mul(heads).ok_or_else(|| {
            Error::Input(format!("{rows} queries of {heads} heads are more than memory can hold"))
        })?;
        let mut keys = self.normal(0, columns, dim)?;
        keys.chunks_exact_mut(dim).for_each(layer_norm);
        let queries = self.normal(1, all_heads, dim)?;
        let mut weights = self.normal(2, rows, heads)?;
        let scale = 1.0 / ((heads * dim) as f32).sqrt();
        weights.iter_mut().for_each(|weight| *weight *= scale);

        let mut logits = memory::filled("the logits", 0.0, len)?;
        let share = rows.div_ceil(threads.max(1));
        thread::scope(|scope| {
            let shares = logits
                .chunks_mut(share * columns)
                .zip(queries.chunks(share * heads * dim).zip(weights.chunks(share * heads)));
            for (logits, (queries, weights)) in shares {
                let keys = &keys;
                scope.spawn(move || {
                    let inputs = queries.chunks_exact(heads * dim).zip(weights.chunks_exact(heads));
                    for (logits, (query, weights)) in logits.chunks_exact_mut(columns).zip(inputs) {
                        row(logits, query, weights, keys, dim);
                        progress.inc(1);
                    }
                });
            }
        });
        Ok(logits)
    }

    /// Standard normal numbers; each stream of a seed has its own.
    fn normal(self, stream: u64, rows: usize, columns: usize) -> Result<Vec<f32>, Error> {
        let seed = self.seed.wrapping_mul(3).wrapping_add(stream);
        Shape { rows, columns }.check(DType::F32)?;
        let mut numbers = memory::filled("the inputs of the logits", 0.0, rows * columns)?;
        Distribution::Normal.write(&Rng::new(seed), columns, 1, &mut numbers);
        Ok(numbers)
    }
}

/// The logits of one query.
fn row(logits: &mut [f32], query: &[f32], weights: &[f32], keys: &[f32], dim: usize) {
    for (logit, key) in logits.iter_mut().zip(keys.chunks_exact(dim)) {
        let heads = query.chunks_exact(dim).zip(weights);
        *logit = heads.map(|(head, weight)| weight * dot(head, key).max(0.0)).sum();
    }
}

/// Their product in f32, in an order that depends on their length alone.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Mean 0 and variance 1 over the dimensions, as the model's LayerNorm before its training.
fn layer_norm(key: &mut [f32]) {
    const EPSILON: f32 = 1e-6;
    let mean = key.iter().sum::<f32>() / key.len() as f32;
    key.iter_mut().for_each(|x| *x -= mean);
    let variance = dot(key, key) / key.len() as f32;
    let scale = 1.0 / (variance + EPSILON).sqrt();
    key.iter_mut().for_each(|x| *x *= scale);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Indexer = Indexer { rows: 5, columns: 300, heads: 4, dim: 20, seed: 1 };

    fn logits(indexer: Indexer, threads: usize) -> Vec<f32> {
        indexer.logits_by(threads, &ProgressBar::hidden()).unwrap()
    }

    #[test]
    fn a_logit_is_the_weighted_sum_of_what_is_above_0() {
        let keys = [1.0, -1.0, 0.0, 2.0];
        // Head 0: 2 and 0; head 1: -3 and 4; head 2: 1 and -2.
        let query = [2.0, 0.0, -1.0, 2.0, 0.0, -1.0];
        let mut found = [0.0; 2];
        row(&mut found, &query, &[0.5, 10.0, -0.25], &keys, 2);
        assert_eq!(found, [2.0 * 0.5 - 0.25, 40.0]);
    }

    #[test]
    fn a_product_has_every_dimension_once() {
        for len in [1, 15, 16, 17, 40] {
            let numbers: Vec<f32> = (1..=len).map(|number| number as f32).collect();
            let squares = (1..=len).map(|number| (number * number) as f32).sum::<f32>();
            assert_eq!(dot(&numbers, &numbers), squares);
        }
    }

    #[test]
    fn a_key_is_centred_and_of_one_length() {
        let mut key = [1.0, 2.0, 3.0, 6.0];
        layer_norm(&mut key);
        assert!(key.iter().sum::<f32>().abs() < 1e-5 && (dot(&key, &key) - 4.0).abs() < 1e-4);
        let mut flat = [7.0; 3];
        layer_norm(&mut flat);
        assert_eq!(flat, [0.0; 3]);
    }

    #[test]
    fn a_seed_is_a_matrix_for_any_number_of_threads() {
        let one = logits(SMALL, 1);
        assert_eq!(one.len(), 1500);
        for threads in [2, 3, 5, 64] {
            assert_eq!(logits(SMALL, threads), one);
        }
        assert_ne!(logits(Indexer { seed: 2, ..SMALL }, 1), one);
    }

    #[test]
    fn rows_are_spread_around_means_of_either_sign() {
        let many = logits(Indexer { rows: 16, columns: 500, ..SMALL }, 2);
        let means = many.chunks_exact(500).map(|row| row.iter().sum::<f32>() / 500.0);
        let means: Vec<f32> = means.collect();
        assert!(means.iter().any(|&mean| mean > 0.05) && means.iter().any(|&mean| mean < -0.05));
        let spread = many.iter().map(|logit| logit * logit).sum::<f32>() / many.len() as f32;
        assert!((0.1..2.0).contains(&spread), "{spread}");
    }

    #[test]
    fn what_no_memory_holds_is_refused() {
        for indexer in [
            Indexer { rows: 1 << 20, columns: 1 << 20, ..SMALL },
            Indexer { rows: usize::MAX, columns: 2, ..SMALL },
            Indexer { heads: usize::MAX, ..SMALL },
            Indexer { columns: 1 << 30, dim: 1 << 30, ..SMALL },
        ] {
            let refusal = indexer.logits_by(1, &ProgressBar::hidden()).unwrap_err().to_string();
            assert!(refusal.contains("more than"), "{refusal}");
        }
    }
}

//! The best of each part of a row, merged, are the best of the row.

use topkit::{DType, Score, with_score};
use topkit_lab::Rng;
use topkit_tests::fuzz;
use topkit_tests::merging::{OnHost, Shape, fault, meanings};

fn merges<S: Score + topkit_tests::case::Element>() {
    let mut rng = Rng::new(20);
    for semantics in meanings() {
        for shape in [
            Shape { rows: 3, columns: 1, shards: 2, k: 2 },
            Shape { rows: 4, columns: 90, shards: 1, k: 7 },
            Shape { rows: 5, columns: 200, shards: 3, k: 40 },
            Shape { rows: 2, columns: 60, shards: 7, k: 60 },
            Shape { rows: 2, columns: 30, shards: 40, k: 33 },
        ] {
            let scores = fuzz::matrix::<S>(&mut rng, shape.rows, shape.columns);
            let fault = fault::<S>(&mut OnHost, &semantics, &scores, shape, &mut rng);
            assert_eq!(fault, None, "{}", S::DTYPE);
        }
    }
}

#[test]
fn merged_parts_are_the_whole() {
    for dtype in DType::ALL {
        with_score!(dtype, S => merges::<S>());
    }
}

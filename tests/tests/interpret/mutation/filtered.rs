//! Inputs for the filters: each leads to a branch that runs only if the guessed threshold is wrong or
//! absent. Some are rows whose sampled stripes differ from the others, see `topkit_tests::Stripes`.

use super::battery::{GAP, Input};
use topkit::{Variant, spec::KernelKind};
use topkit_lab::{Distribution, Rng};
use topkit_tests::{Reader, Stripes};

/// Scores of a stripe of the smallest variants.
const STRIPE: usize = 2048;

/// A score by its stripe and a random number from 0 to 1.
type Score = fn(usize, f32) -> f32;

pub fn inputs(variant: &Variant) -> Vec<Input> {
    if variant.stages > Variant::STAGES {
        return staged(variant);
    }
    assert_eq!((variant.threads * variant.items) as usize, STRIPE, "the inputs count in stripes");
    // Whole rows of few stripes, and winners above a bin that fits on chip. Registers hold the rows of one stripe.
    let mut inputs = vec![
        Input::of(Distribution::Normal, 1.0, 3, 1000, 40),
        Input::of(Distribution::Normal, 1.0, 1, 3 + 3 * STRIPE, 40),
        Input::of(Distribution::Normal, 1.0, 2, 4003, 600),
        // No threshold is guessed: all scores are candidates, and the best of them win.
        Input::of(Distribution::Normal, 1.0, 1, 4003, 1800),
    ];
    inputs.extend(match variant.kernel {
        KernelKind::BlockFilter => block(variant),
        KernelKind::ClusterFilter => cluster(variant),
        _ => grid(variant),
    });
    inputs
}

fn block(variant: &Variant) -> Vec<Input> {
    let row = |columns, k, score| row(variant, 1, columns, k, score);
    vec![
        // Very many ties, all of them winners or only some of them.
        Input::of(Distribution::Equal, 1.0, 3, 2200, 700),
        Input::of(Distribution::Distinct64, 1.0, 3, 2200, 513),
        // More candidates than the buffer has places, all different, or many of each score.
        Input::of(Distribution::OneBin, 1.0, 1, 5000, 2048),
        row(5000, 2048, |_, random| (50.0 * random).floor()),
        // The bin of the last winner is full.
        row(2200, 600, |_, random| if random < 0.002 { 1e30 } else { 1.0 + random }),
        // The sample is better than the row, and the guess too high.
        row(5000, 600, |stripe, random| if stripe < 2 { 1.0 + random } else { random }),
        // The sample is worse than the row: more scores are above the guess than there are places.
        row(11_000, 40, |stripe, random| if stripe < 2 { random } else { 1.0 + random }),
        // The sample has a few of the best scores and else the worst: the second threshold is too low.
        row(11_000, 700, deceiving),
        // The sample has very many NaN, but the row has fewer than win.
        row(
            11_000,
            2000,
            |stripe, random| {
                if stripe < 2 && random < 0.4 { f32::NAN } else { random }
            },
        ),
        // The same with few values, so that only some candidates with the last winning score win.
        row(
            11_000,
            40,
            |stripe, random| {
                if stripe < 2 { random } else { 1.0 + (8.0 * random).floor() }
            },
        ),
        // Winners and very many ties, which move over each other in the buffer.
        row(18_000, 2000, |_, random| if random < 0.09 { 1.0 + random } else { 0.5 }),
        row(8203, 1000, crowded),
    ]
}

fn cluster(variant: &Variant) -> Vec<Input> {
    let row = |columns, k, score| row(variant, variant.cluster as usize, columns, k, score);
    vec![
        // The bin of the last winner is full.
        row(4003, 600, |_, random| if random < 0.002 { 1e30 } else { 1.0 + random }),
        // One CTA has all winners.
        row(4003, 600, |stripe, random| if stripe % 2 == 0 { 1.0 + random } else { random }),
        row(11_000, 700, deceiving),
        // The samples are better than the row, and the CTAs collect too few candidates.
        row(11_000, 700, |stripe, random| if stripe < 2 { 1.0 + random } else { random }),
        // One CTA has more winners than it sends, the other only ties: so many ties are collected
        // that they move over each other.
        row(16_000, 2048, |stripe, random| match stripe % 2 {
            0 if stripe < 4 => 1.0 + random,
            1 if random < 0.23 => 0.5,
            _ => 0.25 * random,
        }),
        row(12_280, 1000, crowded),
    ]
}

/// Rows of more stripes than the CTAs of a cluster have stages, and of fewer.
fn staged(variant: &Variant) -> Vec<Input> {
    let stripes = (variant.threads * variant.items * variant.cluster) as usize;
    vec![
        Input::of(Distribution::Normal, 1.0, 1, 3 + 3 * stripes + stripes / 2, 300),
        Input::of(Distribution::Normal, 1.0, 1, 3 + stripes + stripes / 2, 40),
    ]
}

fn grid(variant: &Variant) -> Vec<Input> {
    let row = |columns, k, score| row(variant, 3, columns, k, score);
    vec![
        // The bin of the last winner is full.
        row(5000, 600, |_, random| if random < 0.002 { 1e30 } else { 1.0 + random }),
        // One CTA has all winners, so that it sends too few of them.
        row(5000, 600, |stripe, random| if stripe == 0 { 1.0 + random } else { random }),
        // As many CTAs as there are multiprocessors, each with one stripe.
        self::row(variant, 4, 8180, 1000, crowded),
    ]
}

/// In the sampled stripes a few of the best scores and else the worst.
fn deceiving(stripe: usize, random: f32) -> f32 {
    match stripe {
        0 | 1 if random < 0.3 => 1.0 + random,
        0 | 1 => -1.0,
        _ => random,
    }
}

/// Equal scores in the sampled stripe alone: more of them than a sample should have, and fewer than
/// win. The threshold is their score, they are collected as ties, and then the row is read again.
fn crowded(stripe: usize, random: f32) -> f32 {
    if stripe == 0 && random < 0.47 { 0.0 } else { -1.0 - random }
}

/// One row that `parts` CTAs share.
fn row(variant: &Variant, parts: usize, columns: usize, k: u32, score: Score) -> Input {
    let mut rng = Rng::new(7);
    let stripes = Stripes::of(variant, parts, GAP, columns);
    let stripe = |column| match stripes.reader(column) {
        Reader::Vector { stripe, .. } => stripe,
        Reader::Edge => 0,
    };
    let scores =
        (0..columns + GAP).map(|column| score(stripe(column), rng.unit() as f32)).collect();
    Input::one_row(scores, columns, k)
}

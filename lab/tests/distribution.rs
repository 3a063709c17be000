//! Every distribution has its promised properties, for every score type, whatever the number of threads.
//! Needs nothing.

use std::collections::HashSet;
use topkit::{DType, Score, spec::NanPolicy};
use topkit_lab::{Distribution, MASKED_FINITE, Rng, SPECIAL, SUITE, collisions};

const ROWS: usize = 8;
const COLUMNS: usize = 4096;
/// The k that [`Distribution::fill`] makes scores for.
const K: u32 = 64;

fn rows<S: Score>(distribution: Distribution) -> Vec<Vec<S>> {
    let scores = distribution.fill::<S>(7, ROWS, COLUMNS);
    assert_eq!(scores.len(), ROWS * COLUMNS);
    scores.chunks_exact(COLUMNS).map(<[S]>::to_vec).collect()
}

fn numbers<S: Score>(distribution: Distribution) -> Vec<f64> {
    rows::<S>(distribution).concat().into_iter().map(S::to_f64).collect()
}

fn distinct<S: Score>(scores: &[S]) -> usize {
    scores.iter().map(|score| score.to_bits()).collect::<HashSet<_>>().len()
}

/// Runs one check for each score type.
macro_rules! for_each_score {
    ($($name:ident,)*) => {
        mod each {$(
            #[test]
            fn $name() {
                super::$name::<f32>();
                super::$name::<half::bf16>();
                super::$name::<half::f16>();
                super::$name::<f64>();
            }
        )*}
    };
}

for_each_score! {
    same_seed_same_bits,
    any_shape,
    normal,
    rows_are_shared_among_threads,
    uniform,
    symmetric,
    ascending,
    descending,
    equal,
    few_bits,
    narrow,
    blocks,
    heavy_tail,
    two_values,
    distinct_64,
    one_bin,
    signed_zeros,
    nan,
    infinities,
    masked,
    masked_nan,
    nan_padding,
    mostly_nan,
    both_infinities,
    indexer,
    ramp,
    collide,
    runs,
    k_counts_only_where_it_should,
}

fn same_seed_same_bits<S: Score>() {
    let bits = |distribution: Distribution, seed| -> Vec<u64> {
        distribution.fill::<S>(seed, 3, 4000).into_iter().map(S::to_bits).collect()
    };
    for distribution in Distribution::ALL {
        assert_eq!(bits(distribution, 1), bits(distribution, 1), "{distribution}");
        let differ = bits(distribution, 1) != bits(distribution, 2);
        assert_eq!(differ, distribution.is_seeded(), "{distribution}");
    }
}

fn any_shape<S: Score>() {
    for distribution in Distribution::ALL {
        for (rows, columns) in [(0, 5), (5, 0), (1, 1), (3, 7)] {
            let scores = distribution.fill::<S>(3, rows, columns);
            assert_eq!(scores.len(), rows * columns, "{distribution}");
        }
    }
}

fn normal<S: Score>() {
    let scores = numbers::<S>(Distribution::Normal);
    let count = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / count;
    let variance = scores.iter().map(|&x| x.powi(2)).sum::<f64>() / count;
    assert!(mean.abs() < 0.05, "{mean}");
    assert!((variance - 1.0).abs() < 0.05, "{variance}");
    assert!(scores.iter().all(|x| x.is_finite()));
}

/// A matrix of many scores is made by several threads, and its first rows equal the rows of a small one.
fn rows_are_shared_among_threads<S: Score>() {
    const MANY: usize = 40;
    for distribution in Distribution::ALL {
        let bits = |rows: usize| -> Vec<u64> {
            distribution.fill::<S>(5, rows, COLUMNS).into_iter().map(S::to_bits).collect()
        };
        let (few, many) = (bits(3), bits(MANY));
        assert_eq!(few, many[..3 * COLUMNS], "{distribution}");
        // The rows after it come from one generator too.
        let mut rng = Rng::new(5);
        let mut row = vec![S::FILL; COLUMNS];
        for (number, due) in many.chunks_exact(COLUMNS).enumerate() {
            distribution.write_row(&mut rng, number, K, &mut row);
            assert!(
                row.iter().map(|score| score.to_bits()).eq(due.iter().copied()),
                "{distribution}"
            );
        }
    }
}

fn evenly<S: Score>(distribution: Distribution, least: f64, most: f64) {
    let scores = numbers::<S>(distribution);
    // Rounding to 16 bits may reach the open end.
    assert!(scores.iter().all(|x| (least..=most).contains(x)));
    let quarter = (most - least) / 4.0;
    for number in 0..4 {
        let low = least + f64::from(number) * quarter;
        let share = scores.iter().filter(|&&x| x >= low && x < low + quarter).count();
        let even = scores.len() / 4;
        assert!(share.abs_diff(even) < even / 10, "quarter {number} holds {share}");
    }
}

fn uniform<S: Score>() {
    evenly::<S>(Distribution::Uniform, 0.0, 1.0);
}

fn symmetric<S: Score>() {
    evenly::<S>(Distribution::Symmetric, -1.0, 1.0);
}

fn ascending<S: Score>() {
    for row in rows::<S>(Distribution::Ascending) {
        assert!(row.windows(2).all(|pair| pair[0].to_f32() <= pair[1].to_f32()));
        assert_eq!(row[0].to_f32(), 0.0);
        assert!(distinct(&row) > 200, "{}", distinct(&row));
        if S::DTYPE.bytes() >= 4 {
            assert_eq!(distinct(&row), COLUMNS);
        }
    }
}

fn descending<S: Score>() {
    let fallen = rows::<S>(Distribution::Descending);
    for (row, rising) in fallen.iter().zip(rows::<S>(Distribution::Ascending)) {
        let negated: Vec<f32> = rising.iter().map(|score| -score.to_f32()).collect();
        assert_eq!(row.iter().map(|score| score.to_f32()).collect::<Vec<_>>(), negated);
    }
}

fn equal<S: Score>() {
    assert_eq!(distinct(&rows::<S>(Distribution::Equal).concat()), 1);
}

fn few_bits<S: Score>() {
    let few: Vec<f32> =
        numbers::<S>(Distribution::FewBits).iter().map(|&number| number as f32).collect();
    assert!(few.iter().all(|x| x.to_bits() & 0x000f_ffff == 0 || x.abs() < 1e-4));
    let scores: HashSet<u32> = few.iter().map(|x| x.to_bits()).collect();
    assert!((50..500).contains(&scores.len()), "{}", scores.len());
}

fn narrow<S: Score>() {
    let scores = rows::<S>(Distribution::Narrow).concat();
    let most = match S::DTYPE {
        DType::F64 => scores.len(),
        DType::F32 => 4096,
        _ => 16,
    };
    assert!((most - most / 64..=most).contains(&distinct(&scores)), "{}", distinct(&scores));
    assert!(scores.iter().all(|score| (1.0..1.125).contains(&score.to_f32())));
}

fn blocks<S: Score>() {
    let mut rows_with_three = 0;
    for row in rows::<S>(Distribution::Blocks) {
        let best = (0..COLUMNS).filter(|&column| row[column].to_f32() > 5.5);
        let stretches: HashSet<usize> = best.map(|column| column / (COLUMNS / 64)).collect();
        assert!((1..=3).contains(&stretches.len()), "{stretches:?}");
        rows_with_three += usize::from(stretches.len() == 3);
    }
    assert!(rows_with_three > ROWS / 2);
}

fn heavy_tail<S: Score>() {
    let most = match S::DTYPE {
        DType::F64 => 1e306,
        DType::F16 => 4e4,
        _ => 1e37,
    };
    let scores = numbers::<S>(Distribution::HeavyTail);
    let count = |is: fn(&f64) -> bool| scores.iter().filter(|score| is(score)).count();
    assert!((10..80).contains(&count(|score| score.is_nan())));
    assert!((10..80).contains(&count(|score| score.is_infinite())));
    let finite = || scores.iter().copied().filter(|score| score.is_finite());
    assert!(finite().fold(0.0, f64::max) > most && finite().fold(0.0, f64::min) < -most);
}

fn two_values<S: Score>() {
    let scores = numbers::<S>(Distribution::TwoValues);
    let ones = scores.iter().filter(|&&score| score == 1.0).count();
    assert!((10..80).contains(&ones), "{ones}");
    assert!(scores.iter().all(|&score| score == 0.0 || score == 1.0));
}

fn distinct_64<S: Score>() {
    assert_eq!(distinct(&rows::<S>(Distribution::Distinct64).concat()), 64);
}

fn one_bin<S: Score>() {
    // From the bits of the type itself, as a kernel bins them; `ordered_key` widens 16 bits first.
    let key_bits = S::DTYPE.bits();
    let (top, enough) = if S::DTYPE.bytes() >= 4 { (12, 4000) } else { (8, 250) };
    let mut signs = HashSet::new();
    for row in rows::<S>(Distribution::OneBin) {
        let sign = 1 << (key_bits - 1);
        let bins: HashSet<u64> = row
            .iter()
            .map(|score| score.to_bits())
            .map(|bits| if bits & sign == 0 { bits | sign } else { !bits & (2 * (sign - 1) + 1) })
            .map(|key| key >> (key_bits - top))
            .collect();
        assert_eq!(bins.len(), 1, "{bins:x?}");
        assert!(distinct(&row) >= enough, "{}", distinct(&row));
        assert!(row.iter().all(|score| score.to_f32().is_finite()));
        signs.insert(row[0].to_f32() < 0.0);
    }
    assert_eq!(signs.len(), 2, "rows of both signs");
}

fn signed_zeros<S: Score>() {
    let scores = numbers::<S>(Distribution::SignedZeros);
    let count = |is: fn(f64) -> bool| scores.iter().filter(|&&x| is(x)).count();
    assert!(count(|x| x == 0.0 && x.is_sign_positive()) > scores.len() / 4);
    assert!(count(|x| x == 0.0 && x.is_sign_negative()) > scores.len() / 4);
    assert!(count(|x| x > 0.0 && x < 1.0) > 0, "a positive subnormal");
    assert!(count(|x| x < 0.0 && x > -1.0) > 0, "a negative subnormal");
    assert!(count(|x| x == 1.0) > 0 && count(|x| x == -1.0) > 0);
}

fn nan<S: Score>() {
    let scores = rows::<S>(Distribution::Nan).concat();
    let nans: Vec<u64> =
        scores.iter().filter(|x| x.to_f32().is_nan()).map(|x| x.to_bits()).collect();
    assert!((scores.len() / 10..scores.len() / 6).contains(&nans.len()), "{}", nans.len());
    let sign = 1 << (S::DTYPE.bits() - 1);
    let quiet = (S::FILL.to_bits() & !sign) & !S::from_f32(f32::INFINITY).to_bits();
    for (bit, of) in [(sign, "sign"), (quiet, "quiet")] {
        let set = nans.iter().filter(|&&bits| bits & bit != 0).count();
        assert!(set > nans.len() / 4 && set < nans.len() * 3 / 4, "{of} bit set in {set}");
    }
    for &policy in NanPolicy::ALL {
        let keys: HashSet<u64> =
            nans.iter().map(|&bits| S::from_bits(bits).ordered_key(policy)).collect();
        assert_eq!(keys.len(), 1, "all NaN are equal");
    }
}

fn infinities<S: Score>() {
    let scores = numbers::<S>(Distribution::Infinities);
    for infinity in [f64::INFINITY, f64::NEG_INFINITY] {
        let count = scores.iter().filter(|&&x| x == infinity).count();
        assert!((scores.len() / 20..scores.len() / 12).contains(&count), "{count}");
    }
    assert!(scores.iter().all(|x| !x.is_nan()));
}

fn masked<S: Score>() {
    for (row, scores) in rows::<S>(Distribution::Masked).iter().enumerate() {
        let finite = scores.iter().filter(|x| x.to_f32().is_finite()).count();
        assert_eq!(finite, MASKED_FINITE[row % 4], "row {row}");
        let masked = scores.iter().filter(|x| x.to_f32() == f32::NEG_INFINITY).count();
        assert_eq!(finite + masked, COLUMNS);
    }
    let short = Distribution::Masked.fill::<S>(7, 1, 5);
    assert!(short.iter().all(|x| x.to_f32().is_finite()), "a row shorter than its finite scores");
}

/// How many scores of a row are finite, NaN, +inf and -inf.
fn census<S: Score>(scores: &[S]) -> [usize; 4] {
    let count = |is: fn(f32) -> bool| scores.iter().filter(|x| is(x.to_f32())).count();
    [
        count(f32::is_finite),
        count(f32::is_nan),
        count(|x| x == f32::INFINITY),
        count(|x| x == f32::NEG_INFINITY),
    ]
}

fn masked_nan<S: Score>() {
    for (row, scores) in rows::<S>(Distribution::MaskedNan).iter().enumerate() {
        let [finite, nan, positive, negative] = census(scores);
        assert_eq!(finite, MASKED_FINITE[row % 4], "row {row}");
        assert!((COLUMNS / 6..COLUMNS / 4).contains(&nan), "row {row}: {nan}");
        assert_eq!(if row % 2 == 0 { positive } else { negative }, 0, "row {row}");
    }
}

fn nan_padding<S: Score>() {
    let mut starts = HashSet::new();
    for scores in rows::<S>(Distribution::NanPadding) {
        let [finite, nan, ..] = census(&scores);
        assert_eq!(finite + nan, COLUMNS);
        assert!((COLUMNS / 20..=COLUMNS / 5).contains(&finite), "{finite}");
        let first =
            scores.iter().position(|x| x.to_f32().is_finite()).expect("every row has a window");
        assert!(scores[first..first + finite].iter().all(|x| x.to_f32().is_finite()), "one window");
        let sign = 1 << (S::DTYPE.bits() - 1);
        let signed = |x: &&S| x.to_f32().is_nan() && x.to_bits() & sign != 0;
        assert!((nan / 3..nan * 2 / 3).contains(&scores.iter().filter(signed).count()));
        starts.insert(first);
    }
    assert!(starts.len() > 1, "the window moves");
}

fn mostly_nan<S: Score>() {
    for (row, scores) in rows::<S>(Distribution::MostlyNan).iter().enumerate() {
        let finite = MASKED_FINITE[row % 4];
        assert_eq!(census(scores), [finite, COLUMNS - finite, 0, 0], "row {row}");
    }
}

fn both_infinities<S: Score>() {
    for (row, scores) in rows::<S>(Distribution::BothInfinities).iter().enumerate() {
        let [finite, nan, positive, negative] = census(scores);
        assert_eq!(finite, MASKED_FINITE[row % 4], "row {row}");
        assert!((COLUMNS / 24..COLUMNS / 12).contains(&nan), "row {row}: {nan}");
        assert!(positive > COLUMNS / 3 && negative > COLUMNS / 3, "row {row}");
    }
}

fn indexer<S: Score>() {
    let columns = 16384;
    for row in Distribution::Indexer.fill::<S>(7, ROWS, columns).chunks_exact(columns) {
        let row: Vec<f32> = row.iter().map(|score| score.to_f32()).collect();
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (start, end) = (mean(&row[..4096]), mean(&row[columns - 200..]));
        assert!(row.iter().all(|&score| score >= 0.0), "each head counts above 0 alone");
        assert!((0.2..2.5).contains(&start), "{start}");
        assert!((3.3..4.3).contains(&(end - start)), "the bump: {start}, {end}");
    }
}

fn ramp<S: Score>() {
    let columns = 1 << 17;
    let row = Distribution::Ramp.fill::<S>(7, 1, columns);
    let due = (0..columns).map(|column| S::from_f32(column as f32).to_bits());
    assert!(row.iter().map(|score| score.to_bits()).eq(due));
    let last = row[columns - 1].to_bits();
    let equal = row.iter().filter(|score| score.to_bits() == last).count();
    assert!(if S::DTYPE.bytes() >= 4 { equal == 1 } else { equal >= 256 }, "{equal}");
}

fn collide<S: Score>() {
    for (number, row) in rows::<S>(Distribution::Collide).iter().enumerate() {
        let row: Vec<f32> = row.iter().map(|score| score.to_f32()).collect();
        let best = row.iter().copied().fold(f32::MIN, f32::max);
        let places: Vec<usize> = (0..COLUMNS).filter(|&column| row[column] == best).collect();
        assert_eq!(places.len(), [63, 64, 65, 128][number % 4]);
        assert_eq!(places.len(), collisions(number, K));
        assert!(places[0] < COLUMNS / 4 && places[places.len() - 1] > COLUMNS / 4 * 3);
        assert!(row.iter().filter(|&&score| score != best).all(|&score| score < best / 2.0));
    }
    // A row that is shorter than its collisions is one score.
    assert_eq!(distinct(&Distribution::Collide.fill::<S>(7, 2, 1)[1..]), 1);
}

fn runs<S: Score>() {
    for (number, row) in rows::<S>(Distribution::Runs).iter().enumerate() {
        let winners = (0..COLUMNS).filter(|&column| row[column].to_f32() > 16.0);
        let due = if number % 2 == 0 { COLUMNS - 64..COLUMNS } else { 0..64 };
        assert!(winners.eq(due), "row {number}");
    }
}

fn k_counts_only_where_it_should<S: Score>() {
    for distribution in Distribution::ALL {
        let bits = |k| {
            let mut scores = vec![S::FILL; 2 * COLUMNS];
            distribution.write(&Rng::new(7), COLUMNS, k, &mut scores);
            scores.into_iter().map(S::to_bits).collect::<Vec<_>>()
        };
        assert_eq!(bits(K) != bits(K + 9), distribution.depends_on_k(), "{distribution}");
    }
}

#[test]
fn names_are_distinct() {
    let names: HashSet<&str> = Distribution::ALL.iter().map(|d| d.name()).collect();
    assert_eq!(names.len(), Distribution::ALL.len());
}

#[test]
fn names_name_one_distribution_each() {
    for distribution in Distribution::ALL {
        assert_eq!(Distribution::from_name(distribution.name()), Some(distribution));
    }
    assert!(SPECIAL.iter().all(|special| SUITE.contains(special)));
}

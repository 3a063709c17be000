//! The scores that kernels are tuned on, and the judge of their answers.
//!
//! A matrix is a few distinct rows over and over, so that it is made and judged in little time
//! however large it is. The scores of a row follow from its number alone. Rows that are meant to hurt
//! hold what breaks selections: ties everywhere, all winners in one stretch, NaN and infinities, few
//! among other scores or a few scores among many of them.
//! Where rows are ragged, each kind of row has its own length. An answer is judged by the k-th score
//! of its row, which is looked for once.

use crate::backend::host::ordered_key;
use crate::problem::Score;
use half::{bf16, f16};
use std::collections::HashMap;
use std::f32::consts::TAU;
use std::thread;
use topkit_codegen::{DType, Select, Semantics};

/// Distinct rows of a matrix, at most.
const ROWS: usize = 8;
/// Scores of all distinct rows, about.
const SCORES: usize = 8 << 20;

/// How the scores of a row are spread.
#[derive(Debug, Clone, Copy)]
enum Spread {
    Normal,
    Equal,
    FewValues,
    TwoValues,
    Rising,
    OneStretch,
    HeavyTail,
    /// The infinity of this sign, one NaN in five, and a few normal scores.
    Masked(f32),
    /// Normal scores in one stretch, and NaN on both sides, but for a few normal scores there.
    Padded,
    /// NaN, and a few normal scores.
    MostlyNan,
    /// Both infinities, and a few normal scores and NaN.
    BothInfinities,
}

/// Of the scores of a masked row, one in so many is normal: fewer than 64 of the rows that kernels are
/// proved on.
const FEW: u64 = 2048;

const HOSTILE: &[Spread] = &[
    Spread::Equal,
    Spread::FewValues,
    Spread::TwoValues,
    Spread::Rising,
    Spread::OneStretch,
    Spread::HeavyTail,
    Spread::Normal,
    Spread::Masked(-1.0),
    Spread::Masked(1.0),
    Spread::Padded,
    Spread::MostlyNan,
    Spread::BothInfinities,
];

/// Distinct rows of one length.
#[derive(Debug)]
pub(super) struct Input {
    /// Their scores as they lie in memory, row after row.
    pub(super) bytes: Vec<u8>,
    rows: Vec<Row>,
    bars: HashMap<(u32, bool), Vec<Bar>>,
}

/// The places of a row's scores in the order of scores: a greater key is a better score.
#[derive(Debug)]
struct Row {
    keys: Vec<u32>,
}

/// What a right answer passes.
#[derive(Debug, Clone, Copy)]
struct Bar {
    /// Scores that count.
    length: usize,
    /// The key of the last winner.
    least: u32,
    /// Scores above it, all of which win.
    above: usize,
}

impl Input {
    /// Rows of normal scores.
    pub(super) fn usual(dtype: DType, columns: usize) -> Input {
        let rows = (SCORES / columns.max(1)).clamp(1, ROWS);
        Input::make(dtype, columns, &vec![Spread::Normal; rows], Semantics::DEFAULT)
    }

    /// Rows that are meant to hurt, one of each kind, ranked by a meaning.
    pub(super) fn hostile(dtype: DType, columns: usize, semantics: Semantics) -> Input {
        Input::make(dtype, columns, HOSTILE, semantics)
    }

    fn make(dtype: DType, columns: usize, spreads: &[Spread], semantics: Semantics) -> Input {
        let parts: Vec<(Vec<u8>, Row)> = thread::scope(|scope| {
            let numbered = spreads.iter().enumerate();
            let workers: Vec<_> = numbered
                .map(|(row, &spread)| {
                    scope.spawn(move || match dtype {
                        DType::Bf16 => fill::<bf16>(row, columns, spread, semantics),
                        DType::F16 => fill::<f16>(row, columns, spread, semantics),
                        _ => fill::<f32>(row, columns, spread, semantics),
                    })
                })
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        let mut input = Input { bytes: Vec::new(), rows: Vec::new(), bars: HashMap::new() };
        for (bytes, row) in parts {
            input.bytes.extend(bytes);
            input.rows.push(row);
        }
        input
    }

    /// How many distinct rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many scores of a row count, where rows are ragged: all of the first, and an eighth less
    /// of each that follows, over and over.
    pub(super) fn length(&self, row: usize) -> usize {
        length(self.rows.first().map_or(0, |first| first.keys.len()), row % self.rows.len().max(1))
    }

    /// What is wrong with the answer to a row, which holds the scores of the distinct row of that
    /// number; `None` where nothing is.
    pub(super) fn fault(
        &mut self,
        row: usize,
        ragged: bool,
        k: u32,
        got: &[i32],
    ) -> Option<String> {
        let rows = &self.rows;
        let bars = self.bars.entry((k, ragged)).or_insert_with(|| bars(rows, ragged, k as usize));
        let place = row % rows.len();
        rows[place].fault(bars[place], got).map(|fault| format!("row {row}: {fault}"))
    }
}

/// Of a distinct row.
fn length(columns: usize, place: usize) -> usize {
    columns - columns / ROWS * (place % ROWS)
}

/// The bar of each row.
fn bars(rows: &[Row], ragged: bool, k: usize) -> Vec<Bar> {
    thread::scope(|scope| {
        let numbered = rows.iter().enumerate();
        let workers: Vec<_> = numbered
            .map(|(place, row)| {
                let columns = row.keys.len();
                let length = if ragged { length(columns, place) } else { columns };
                scope.spawn(move || row.bar(length, k))
            })
            .collect();
        // No bar is passed by nothing, so that a judge that is gone refuses.
        let gone = |_| Bar { length: 0, least: u32::MAX, above: usize::MAX };
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(gone)).collect()
    })
}

impl Row {
    fn bar(&self, length: usize, k: usize) -> Bar {
        let all = &self.keys[..length];
        let mut keys = all.to_vec();
        let last = k.min(keys.len()).saturating_sub(1);
        let (_, &mut least, _) = keys.select_nth_unstable_by(last, |a, b| b.cmp(a));
        let above = all.iter().filter(|&&key| key > least).count();
        Bar { length, least, above }
    }

    fn fault(&self, bar: Bar, got: &[i32]) -> Option<String> {
        let (winners, rest) = got.split_at(got.len().min(bar.length));
        if rest.iter().any(|&index| index != -1) {
            return Some("what is beyond its scores is not filled".to_owned());
        }
        let mut columns = Vec::with_capacity(winners.len());
        for &index in winners {
            let column = usize::try_from(index).ok().filter(|&column| column < bar.length);
            let Some(column) = column else {
                return Some(format!("{index} is no column of {}", bar.length));
            };
            columns.push(column);
        }
        let key = |&column: &usize| self.keys[column];
        if let Some(column) = columns.iter().find(|column| key(column) < bar.least) {
            return Some(format!("column {column} is not among the best {}", got.len()));
        }
        let above = columns.iter().filter(|column| key(column) > bar.least).count();
        columns.sort_unstable();
        if let Some(twice) = columns.windows(2).find(|pair| pair[0] == pair[1]) {
            return Some(format!("column {} is there twice", twice[0]));
        }
        (above != bar.above).then(|| format!("{above} of the {} best scores are there", bar.above))
    }
}

fn fill<S: Score>(
    row: usize,
    columns: usize,
    spread: Spread,
    semantics: Semantics,
) -> (Vec<u8>, Row) {
    let size = S::DTYPE.bytes() as usize;
    let mut bytes = Vec::with_capacity(columns * size);
    let mut keys = Vec::with_capacity(columns);
    for column in 0..columns {
        let score = S::from_f32(spread.score(row, column, columns));
        bytes.extend_from_slice(&score.to_bits().to_le_bytes()[..size]);
        let key = ordered_key(score.to_f32(), semantics.nan);
        keys.push(if semantics.select == Select::Largest { key } else { !key });
    }
    (bytes, Row { keys })
}

impl Spread {
    fn score(self, row: usize, column: usize, columns: usize) -> f32 {
        let bits = mix(((row as u64) << 32) ^ column as u64);
        match self {
            Spread::Normal => normal(bits),
            Spread::Equal => 0.5,
            Spread::FewValues => f32::from_bits(normal(bits).to_bits() & 0xfff0_0000),
            Spread::TwoValues => f32::from(bits.is_multiple_of(1024)),
            Spread::Rising => column as f32 / columns as f32,
            Spread::OneStretch => {
                let best = (columns / 3..columns / 3 + columns / 32).contains(&column);
                normal(bits) + if best { 8.0 } else { 0.0 }
            }
            Spread::HeavyTail => match bits % 1024 {
                0 => f32::NAN,
                1 => f32::INFINITY,
                2 => f32::NEG_INFINITY,
                3 => -0.0,
                _ => normal(bits) * ((bits >> 40) % 24) as f32 * 0.5,
            },
            _ if bits.is_multiple_of(FEW) => normal(mix(bits)),
            Spread::Masked(_) if (bits >> 32).is_multiple_of(5) => nan(bits),
            Spread::Masked(sign) => sign * f32::INFINITY,
            Spread::Padded if (columns / 3..columns / 3 + columns / 32).contains(&column) => {
                normal(bits)
            }
            Spread::BothInfinities if !(bits >> 32).is_multiple_of(16) => {
                if (bits >> 40).is_multiple_of(2) { f32::INFINITY } else { f32::NEG_INFINITY }
            }
            Spread::Padded | Spread::MostlyNan | Spread::BothInfinities => nan(bits),
        }
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014) at the n-th state.
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// NaN of either sign.
fn nan(bits: u64) -> f32 {
    if (bits >> 48).is_multiple_of(2) { f32::NAN } else { -f32::NAN }
}

/// Standard normal, by the method of Box and Muller: one half of the bits each.
fn normal(bits: u64) -> f32 {
    const RANGE: f32 = (1u64 << 32) as f32;
    let (high, low) = ((bits >> 32) as f32, bits as u32 as f32);
    let radius = (-2.0 * ((high + 1.0) / (RANGE + 1.0)).ln()).max(0.0).sqrt();
    radius * (TAU * (low / RANGE)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::host;
    use topkit_codegen::{NanPolicy, RowShape};

    /// The library's own answer to each row.
    fn answers(input: &Input, columns: usize, k: u32, semantics: Semantics) -> Vec<Vec<i32>> {
        let chunks = input.bytes.chunks_exact(2);
        let scores: Vec<bf16> = chunks.map(|b| bf16::from_le_bytes([b[0], b[1]])).collect();
        let matrix = host::Matrix::new(&scores, input.rows(), columns).unwrap();
        let answer: Vec<i32> = host::top_k(&matrix, k, &semantics).unwrap().indices;
        answer.chunks(k as usize).map(<[i32]>::to_vec).collect()
    }

    #[test]
    fn right_answers_pass_and_any_wrong_index_does_not() {
        for (columns, k) in [(3000, 64), (3000, 1), (100, 100), (100, 130)] {
            let semantics = Semantics::DEFAULT;
            let mut input = Input::hostile(DType::Bf16, columns, semantics);
            assert_eq!(input.rows(), HOSTILE.len());
            for (row, right) in answers(&input, columns, k, semantics).iter().enumerate() {
                let with = |place: usize, index: i32| {
                    let mut wrong = right.clone();
                    wrong[place] = index;
                    wrong
                };
                for index in [columns as i32, i32::MIN] {
                    let fault = input.fault(row, false, k, &with(0, index)).unwrap();
                    assert!(fault.contains("is no column"), "{fault}");
                }
                if k > 1 {
                    assert!(input.fault(row, false, k, &with(0, right[1])).is_some());
                }
                if k as usize > columns {
                    let fault = input.fault(row, false, k, &with(k as usize - 1, 0));
                    assert!(fault.unwrap().contains("not filled"));
                }
                assert_eq!(input.fault(row, false, k, right), None);
                // The same scores stand in every so many rows.
                assert_eq!(input.fault(row + HOSTILE.len(), false, k, right), None);
            }
        }
    }

    /// Of masked rows no right answer of one meaning is right for all others, and NaN that loses is told
    /// from the infinity that loses.
    #[test]
    fn rows_are_ranked_by_the_meaning() {
        let (columns, k) = (3000, 64);
        for &select in Select::ALL {
            for &nan in NanPolicy::ALL {
                let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
                let mut input = Input::hostile(DType::Bf16, columns, semantics);
                let right = answers(&input, columns, k, semantics);
                for (row, right) in right.iter().enumerate() {
                    assert_eq!(input.fault(row, false, k, right), None, "{semantics:?}");
                }
                let other =
                    if nan == NanPolicy::Highest { NanPolicy::Lowest } else { NanPolicy::Highest };
                let wrong = answers(&input, columns, k, Semantics { nan: other, ..semantics });
                let masked = HOSTILE.iter().position(|s| matches!(s, Spread::Masked(_))).unwrap();
                let refused = (masked..HOSTILE.len())
                    .filter(|&row| input.fault(row, false, k, &wrong[row]).is_some());
                assert!(refused.count() >= 3, "{semantics:?}");
            }
        }
    }

    #[test]
    fn a_score_that_does_not_win_is_found() {
        let columns = 2000;
        let mut input = Input::usual(DType::Bf16, columns);
        assert_eq!(input.rows(), ROWS);
        let right = answers(&input, columns, 16, Semantics::DEFAULT).remove(0);
        let loser = (0..columns as i32).find(|column| !right.contains(column)).unwrap();
        let mut wrong = right.clone();
        wrong[3] = loser;
        assert!(input.fault(0, false, 16, &wrong).unwrap().contains("not among the best 16"));
    }

    #[test]
    fn of_ragged_rows_only_the_scores_that_count_are_judged() {
        let (columns, k) = (3000, 64);
        let mut input = Input::hostile(DType::Bf16, columns, Semantics::DEFAULT);
        let chunks = input.bytes.chunks_exact(2);
        let scores: Vec<bf16> = chunks.map(|b| bf16::from_le_bytes([b[0], b[1]])).collect();
        let lengths: Vec<i32> = (0..input.rows()).map(|row| input.length(row) as i32).collect();
        assert_eq!((lengths[0], lengths[1], lengths[6]), (3000, 2625, 750));
        let matrix = host::Matrix::new(&scores, input.rows(), columns).unwrap();
        let matrix = matrix.with_lengths(&lengths).unwrap();
        let ragged = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
        let answer: Vec<i32> = host::top_k(&matrix, k, &ragged).unwrap().indices;
        for (row, right) in answer.chunks(k as usize).enumerate() {
            assert_eq!(input.fault(row, true, k, right), None);
            let mut beyond = right.to_vec();
            beyond[0] = lengths[row];
            assert!(input.fault(row, true, k, &beyond).unwrap().contains("is no column"));
        }
        // Dense, the same rows have more scores.
        assert!((0..7).any(|row| input.fault(row, false, k, &answer[row * 64..][..64]).is_some()));
        assert_eq!(length(5, 7), 5);
    }

    #[test]
    fn long_rows_are_few() {
        assert_eq!((SCORES / (1usize << 24)).clamp(1, ROWS), 1);
        assert_eq!(Input::usual(DType::F32, 1 << 22).rows(), 2);
    }
}

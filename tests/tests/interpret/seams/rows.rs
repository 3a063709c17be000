//! Rows for kernels with a program: scores, spans and a mask; a launch on them, and which answers are right.

use std::cmp::{Ordering, Reverse};
use std::ops::Range;
use topkit::interpret::{Buffer, Fault, Kernel, Launch, Memory, Word};
use topkit::program::KernelArgs;
use topkit::spec::{NanPolicy, Order, Select, Semantics};
use topkit::{DType, Problem, Score};
use topkit_lab::Rng;
use topkit_tests::fuzz;
use topkit_tests::oracle::compare;
use topkit_tests::seams::{Parts, scattered};
use topkit_tests::spans::edges;

/// Elements before the first row and after each, and places after each row of an output.
const GAP: usize = 3;

/// What a kernel writes at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The column of a winner; `None` of a place that was filled.
    pub column: Option<usize>,
    /// The winner's key, if the program writes it.
    pub key: Option<u64>,
}

/// Ragged rows, and which of their columns the program keeps.
pub struct Rows<S> {
    /// Without gaps.
    scores: Vec<S>,
    columns: usize,
    starts: Vec<i32>,
    lengths: Vec<i32>,
    /// For each row a bit for each column, from the row's start on.
    mask: Vec<u32>,
}

impl<S: Score + Word> Rows<S> {
    /// Random rows of the turn. The first is whole, and in every other turn has only zeros of both signs, ones
    /// and NaN; the last has a start and a length of the edges. The columns kept are all, none, a few, some, or
    /// a window, in turn.
    pub fn random(turn: usize, rows: usize, columns: usize) -> Rows<S> {
        let rng = &mut Rng::new(turn as u64);
        let mut scores = fuzz::matrix(rng, rows, columns);
        if turn % 2 == 1 {
            let few = [-0.0, 0.0, f32::NAN, 1.0];
            scores[..columns].fill_with(|| S::from_f32(few[rng.below(4) as usize]));
        }
        let (mut starts, mut lengths) = fuzz::spans(rng, rows, columns);
        (starts[0], lengths[0]) = (0, columns as i32);
        let edges = edges(columns);
        (starts[rows - 1], lengths[rows - 1]) = edges[turn * 5 % edges.len()];
        let mut mask = Vec::new();
        for row in 0..rows {
            let (from, to) = (rng.below(columns as u32), rng.below(columns as u32));
            let kept = |column: u32, rng: &mut Rng| match (turn + row) % 5 {
                0 => rng.bits() & 1 == 0,
                1 => rng.one_in(50),
                2 => (from.min(to)..from.max(to)).contains(&column),
                3 => false,
                _ => true,
            };
            for word in 0..columns.div_ceil(32) as u32 {
                mask.push((0..32).map(|bit| u32::from(kept(word * 32 + bit, rng)) << bit).sum());
            }
        }
        Rows { scores, columns, starts, lengths, mask }
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// The scores of a row, and the columns that they have in the matrix.
    fn row(&self, row: usize) -> (&[S], Range<usize>) {
        let start = self.starts[row].clamp(0, self.columns as i32) as usize;
        let length = self.lengths[row].clamp(0, (self.columns - start) as i32) as usize;
        let span = start..start + length;
        (&self.scores[row * self.columns..][span.clone()], span)
    }

    fn keeps(&self, row: usize, column: usize) -> bool {
        self.mask[row * self.mask_stride() + column / 32] >> (column % 32) & 1 == 1
    }

    /// Words from one row of the mask to the next.
    fn mask_stride(&self) -> usize {
        self.columns.div_ceil(32)
    }

    /// Runs a kernel with a program, and returns the places of each row. A block may read what its row has of
    /// the scores, the spans and the mask, and may write its row's places, each once.
    pub fn launch(
        &self,
        kernel: &Kernel,
        parts: Parts,
        k: usize,
    ) -> Result<Vec<Vec<Place>>, Fault> {
        let (rows, columns) = (self.len(), self.columns);
        let plan = kernel.plan(&Problem::new(S::DTYPE, rows, columns, k as u32))?;
        let stride = columns + GAP;
        let mut padded = vec![S::FILL; rows * stride];
        for (row, scores) in self.scores.chunks_exact(columns).enumerate() {
            padded[row * stride..][..columns].copy_from_slice(scores);
        }
        let mut memory = Memory::new();
        let restricted = |buffer: Buffer,
                          memory: &mut Memory,
                          part: &dyn Fn(usize) -> Range<usize>,
                          element: usize| {
            let bytes = |row| {
                let part = part(row);
                part.start * element..part.end * element
            };
            memory.restrict_to_rows(buffer, (0..rows).map(bytes).collect());
            memory.address(buffer)
        };
        let spans = |row| {
            let (_, span) = self.row(row);
            row * stride + span.start..row * stride + span.end
        };
        let one = |row| row..row + 1;
        let input = memory.input_at("scores", GAP * size_of::<S>(), &padded);
        let scores = restricted(input, &mut memory, &spans, size_of::<S>());
        let input = memory.input("row starts", &self.starts);
        let row_starts = restricted(input, &mut memory, &one, size_of::<i32>());
        let input = memory.input("row lengths", &self.lengths);
        let row_lengths = restricted(input, &mut memory, &one, size_of::<i32>());
        let input = memory.input("the mask", &self.mask);
        let words = |row| {
            let first = row * self.mask_stride();
            first..first + self.row(row).1.len().div_ceil(32)
        };
        let mask = restricted(input, &mut memory, &words, size_of::<u32>());

        let places_stride = k + GAP;
        let words = if parts.pairs { 2 } else { 1 };
        let output = match parts.pairs {
            true => memory.output::<u64>("the output", rows * places_stride * words),
            false => memory.output::<i32>("the output", rows * places_stride),
        };
        let places = |row| row * places_stride * words..(row * places_stride + k) * words;
        let element = if parts.pairs { size_of::<u64>() } else { size_of::<i32>() };
        let output_address = restricted(output, &mut memory, &places, element);
        let zeros = vec![0u8; plan.workspace_bytes];
        let workspace = memory.workspace("the workspace", &zeros);

        let core = KernelArgs {
            scores,
            row_stride: stride as i64,
            row_starts,
            row_lengths,
            indices: if parts.pairs { 0 } else { output_address },
            index_stride: places_stride as i64,
            workspace: memory.address(workspace),
            columns: columns as i32,
            k: k as i32,
            rows: rows as i64,
        };
        let mut args = bytes_of(&core);
        if parts.masked.is_some() {
            args.extend(mask.to_ne_bytes());
            args.extend((self.mask.len() as i64).to_ne_bytes());
            args.extend((self.mask_stride() as u64).to_ne_bytes());
        }
        if parts.pairs {
            args.extend(output_address.to_ne_bytes());
            args.extend((rows * places_stride * words).to_ne_bytes());
            args.extend((places_stride as i64).to_ne_bytes());
        }
        let semantics = &plan.variant.semantics;
        let counts = memory.output::<i32>("the counts", rows);
        if semantics.has_outputs() {
            memory.allow_rewrites(output);
            let of = [("key_counts", restricted(counts, &mut memory, &one, size_of::<i32>()))];
            for word in semantics.launch_words() {
                let (_, value) = of.iter().find(|(name, _)| *name == word.name()).unwrap();
                args.extend(value.to_ne_bytes());
            }
        }
        kernel.launch(&Launch::of(&plan), &args, &mut memory)?;
        let left = memory.read::<u8>(workspace);
        assert!(left[..plan.zeroed_bytes].iter().all(|byte| *byte == Some(0)), "the workspace");
        let answer = read(&memory, output, parts, rows, places_stride, k)?;
        if semantics.count {
            let winners =
                |places: &Vec<Place>| places.iter().flat_map(|place| place.column).count();
            let found: Vec<_> = answer.iter().map(|places| Some(winners(places) as i32)).collect();
            assert_eq!(memory.read::<i32>(counts), found, "the counts");
        }
        Ok(answer)
    }

    /// What is wrong with the places of the rows.
    pub fn wrong(
        &self,
        parts: Parts,
        semantics: &Semantics,
        k: usize,
        got: &[Vec<Place>],
    ) -> Option<String> {
        let rows = got.iter().enumerate();
        let mut wrong = rows.filter_map(|(row, got)| {
            let what = self.wrong_row(row, parts, semantics, k, got)?;
            Some(format!("row {row}: {what}"))
        });
        wrong.next()
    }

    fn wrong_row(
        &self,
        row: usize,
        parts: Parts,
        semantics: &Semantics,
        k: usize,
        got: &[Place],
    ) -> Option<String> {
        let (scores, _) = self.row(row);
        let masked = parts.masked.is_some();
        let value = |column: usize| {
            let score = scores[column].to_f32();
            if masked { -score } else { score }
        };
        let best_first = |a: &usize, b: &usize| -> Ordering {
            let ascending = compare(value(*a).into(), value(*b).into(), semantics.nan);
            if semantics.select == Select::Largest { ascending.reverse() } else { ascending }
        };
        let mut expected: Vec<usize> =
            (0..scores.len()).filter(|&column| !masked || self.keeps(row, column)).collect();
        let kept = expected.clone();
        expected.sort_by_key(|&column| Reverse(scattered(column)));
        expected.sort_by(best_first);
        expected.truncate(k);

        let mut columns: Vec<usize> = got.iter().filter_map(|place| place.column).collect();
        let mut sorted = columns.clone();
        match semantics.order {
            Order::Unsorted => {}
            Order::ByIndex => sorted.sort(),
            Order::ByValue => sorted.sort_by(|a, b| best_first(a, b).then(a.cmp(b))),
        }
        if columns != sorted {
            return Some(format!("{columns:?} are not {}", semantics.order));
        }
        let is_fill = |place: &Place| place.column.is_none();
        if semantics.order != Order::Unsorted && !got.is_sorted_by_key(is_fill) {
            return Some("a fill comes before a winner".to_owned());
        }
        columns.sort();
        if let Some(column) = columns.iter().find(|column| kept.binary_search(column).is_err()) {
            return Some(format!("column {column} is dropped, or not in the row"));
        }
        if let Some(twice) = columns.windows(2).find(|two| two[0] == two[1]) {
            return Some(format!("column {} is there twice", twice[0]));
        }
        if columns.len() != expected.len() {
            return Some(format!("{} winners, and not {}", columns.len(), expected.len()));
        }
        if parts.scattered {
            expected.sort();
            let other = columns.iter().zip(&expected).find(|(got, expected)| got != expected);
            if let Some((got, expected)) = other {
                return Some(format!("column {got} wins, and not {expected}"));
            }
        }
        columns.sort_by(best_first);
        expected.sort_by(best_first);
        let worse = columns.iter().zip(&expected).find(|(a, b)| best_first(a, b).is_ne());
        if let Some((got, expected)) = worse {
            return Some(format!("{} wins, and not {}", value(*got), value(*expected)));
        }
        let key = |column| {
            // Only columns that are dropped have the least key of a score.
            let key = key::<S>(value(column), parts.score(S::DTYPE), semantics);
            let key = key.max(u64::from(masked));
            if parts.scattered { key << 32 | u64::from(scattered(column)) } else { key }
        };
        let mut keys = got.iter().filter_map(|place| Some((place.column?, place.key?)));
        keys.find(|(column, got)| key(*column) != *got).map(|(column, got)| {
            format!("the key of column {column} is {got:#x}, and not {:#x}", key(column))
        })
    }
}

/// The key of a score, of the type that the program gives.
fn key<S: Score>(score: f32, dtype: DType, semantics: &Semantics) -> u64 {
    let bits = if dtype == S::DTYPE { S::from_f32(score).to_bits() } else { Score::to_bits(score) };
    let all = u64::MAX >> (64 - 8 * dtype.bytes());
    let sign = all / 2 + 1;
    let key = match () {
        () if score.is_nan() && semantics.nan == NanPolicy::Highest => all,
        () if score.is_nan() => 0,
        () if score == 0.0 => sign,
        () if bits & sign != 0 => !bits & all,
        () => bits | sign,
    };
    if semantics.select == Select::Largest { key } else { !key & all }
}

fn read(
    memory: &Memory,
    output: Buffer,
    parts: Parts,
    rows: usize,
    stride: usize,
    k: usize,
) -> Result<Vec<Vec<Place>>, Fault> {
    let column = |column: u64, fill: u64| (column != fill).then_some(column as usize);
    let places: Vec<Option<Place>> = if parts.pairs {
        let words = memory.read::<u64>(output);
        let pair = |pair: &[Option<u64>]| {
            Some(Place { key: Some(pair[0]?), column: column(pair[1]?, u64::MAX) })
        };
        words.chunks_exact(2).map(pair).collect()
    } else {
        let words = memory.read::<i32>(output);
        words
            .into_iter()
            .map(|index| Some(Place { key: None, column: column(index? as u64, u64::MAX) }))
            .collect()
    };
    let mut answer = Vec::new();
    for row in 0..rows {
        let unwritten = |place| Fault::Unwritten { what: format!("place {place} of row {row}") };
        let places = places[row * stride..][..k].iter().enumerate();
        let places = places.map(|(place, found)| found.ok_or_else(|| unwritten(place)));
        answer.push(places.collect::<Result<_, _>>()?);
    }
    Ok(answer)
}

/// The first part of a kernel's argument.
fn bytes_of(core: &KernelArgs) -> Vec<u8> {
    let KernelArgs {
        scores,
        row_stride,
        row_starts,
        row_lengths,
        indices,
        index_stride,
        workspace,
        columns,
        k,
        rows,
    } = *core;
    let first = [
        scores,
        row_stride as u64,
        row_starts,
        row_lengths,
        indices,
        index_stride as u64,
        workspace,
    ];
    let mut bytes = first.map(u64::to_ne_bytes).concat();
    bytes.extend([columns, k].map(i32::to_ne_bytes).concat());
    bytes.extend(rows.to_ne_bytes());
    bytes
}

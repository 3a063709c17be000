//! A selector's own functions in every kernel, by the launch path of the library, and on the host: the answers are
//! those of the same functions in Rust.

use crate::case::{codes, each_kernel, interpreter, most_columns};
use topkit::functions::ArgValue;
use topkit::functions::{Arg, ArgKind, Stages, Type};
use topkit::host;
use topkit::interpret::{Gpu, Word};
use topkit::program::{Program, ProgramArgs, Scalar};
use topkit::spec::{NanPolicy, Order, RowShape, Select, Semantics, Ties};
use topkit::{DType, RawLaunch, Score, SelectorSpec, Variant, with_score};
use topkit_lab::Rng;
use topkit_tests::fuzz;
use topkit_tests::oracle::compare;

const ROWS: usize = 3;
/// A page of 64 columns has this many ids.
const PAGE: usize = 64;

/// All that the functions here are given.
struct Given {
    scale: f32,
    window: i32,
    starts: Vec<i32>,
    lens: Vec<i32>,
    bias: Vec<f32>,
    banned: Vec<u8>,
    pages: Vec<i32>,
}

const ARGS: [(&str, ArgKind); 7] = [
    ("scale", ArgKind::Scalar(Type::F32)),
    ("window", ArgKind::Scalar(Type::I32)),
    ("starts", ArgKind::Slice(Type::I32)),
    ("lens", ArgKind::Slice(Type::I32)),
    ("bias", ArgKind::Slice(Type::F32)),
    ("banned", ArgKind::Slice(Type::Bool)),
    ("pages", ArgKind::Slice(Type::I32)),
];

const SPANS: &str = "
    fn row_start(row: i32) -> i32 { starts[row] }
    fn row_len(row: i32) -> i32 { lens[row] - window }";
const KEEP: &str = "
    fn keep(row: i32, col: i32) -> bool { !banned[(col + row) % banned.len() as i32] }";
const SCORE: &str = "
    const EVERY: i32 = 11;
    fn score(x: f32, row: i32, col: i32) -> f32 {
        if col % EVERY == row { return f32::INFINITY; }
        scaled(x) + bias[col]
    }
    fn scaled(x: f32) -> f32 { (x * scale).max(-1e6).min(1e6) }";
const EMIT: &str = "
    fn emit(row: i32, col: i32) -> i32 { pages[(col >> 6) as i64] * 64 + (col & 63) + row * 1000000 }";

/// Which of the functions there are.
#[derive(Debug, Clone, Copy)]
struct Own {
    spans: bool,
    keep: bool,
    score: bool,
    emit: bool,
}

impl Own {
    fn program(self) -> Program {
        let parts =
            [(self.spans, SPANS), (self.keep, KEEP), (self.score, SCORE), (self.emit, EMIT)];
        let source: String =
            parts.iter().filter(|(is_there, _)| *is_there).map(|(_, text)| *text).collect();
        let args = ARGS.map(|(name, kind)| Arg { name: name.to_owned(), kind }).to_vec();
        let stages = Stages::parse(args, &source).unwrap_or_else(|error| panic!("{error}"));
        Program::of_stages(stages).unwrap()
    }

    /// The columns of a row.
    fn span(self, given: &Given, row: usize, columns: usize) -> (usize, usize) {
        if !self.spans {
            return (0, columns);
        }
        let start = given.starts[row].clamp(0, columns as i32);
        let length = given.lens[row].wrapping_sub(given.window).clamp(0, columns as i32 - start);
        (start as usize, length as usize)
    }

    /// The score of an element that may win.
    #[allow(clippy::manual_clamp, reason = "a NaN becomes the least, as in the function")]
    fn score<S: Score>(self, given: &Given, x: S, row: usize, col: usize) -> Option<f64> {
        if self.keep && given.banned[(col + row) % given.banned.len()] != 0 {
            return None;
        }
        Some(match self.score {
            false => x.to_f64(),
            true if col % 11 == row => f64::INFINITY,
            true => {
                let bias = given.bias.get(col).copied().unwrap_or_default();
                f64::from((x.to_f32() * given.scale).max(-1e6).min(1e6) + bias)
            }
        })
    }

    /// What is written for a winner.
    fn emit(self, given: &Given, row: usize, col: usize) -> i32 {
        match self.emit {
            true => given.pages[col / PAGE] * 64 + (col % PAGE) as i32 + row as i32 * 1_000_000,
            false => col as i32,
        }
    }
}

impl Given {
    fn random(rng: &mut Rng, columns: usize) -> Given {
        let number = |rng: &mut Rng, below: usize| rng.below(below as u32) as i32;
        let mut starts: Vec<i32> = (0..ROWS).map(|_| number(rng, columns / 3)).collect();
        let mut lens: Vec<i32> = (0..ROWS).map(|_| number(rng, columns)).collect();
        // What is out of range ends at the matrix, and a length below 0 is none.
        (starts[0], lens[0]) = (-5, i32::MAX);
        lens[ROWS - 1] = number(rng, 3);
        // Shorter than the rows: an element past the end is 0.
        let bias = (0..columns - columns / 8).map(|_| number(rng, 64) as f32 / 8.0 - 4.0).collect();
        let banned = (0..97).map(|_| u8::from(rng.one_in(3))).collect();
        let pages = (0..columns.div_ceil(PAGE) as i32).map(|page| 5 * page + 1).collect();
        Given { scale: 0.37, window: 2, starts, lens, bias, banned, pages }
    }

    /// The values for a program's fields, with addresses in the order of [`ARGS`].
    fn args(&self, program: &Program, addresses: [u64; 5]) -> ProgramArgs {
        let slice = |element, address, length| ArgValue::Slice { element, address, length };
        let [starts, lens, bias, banned, pages] = addresses;
        let values = [
            ("scale", ArgValue::F32(self.scale)),
            ("window", ArgValue::I32(self.window)),
            ("starts", slice(Scalar::I32, starts, self.starts.len())),
            ("lens", slice(Scalar::I32, lens, self.lens.len())),
            ("bias", slice(Scalar::F32, bias, self.bias.len())),
            ("banned", slice(Scalar::Bool, banned, self.banned.len())),
            ("pages", slice(Scalar::I32, pages, self.pages.len())),
        ];
        ProgramArgs::new(program.args(), &values).unwrap()
    }
}

/// What is wrong with the ids of a row.
fn wrong<S: Score>(
    own: Own,
    semantics: &Semantics,
    given: &Given,
    scores: &[S],
    row: usize,
    ids: &[i32],
) -> Option<String> {
    let columns = scores.len();
    let (start, length) = own.span(given, row, columns);
    let score = |col: usize| own.score(given, scores[start + col], row, col);
    let better = |a: f64, b: f64| match semantics.select {
        Select::Largest => compare(b, a, semantics.nan),
        Select::Smallest => compare(a, b, semantics.nan),
    };
    let mut kept: Vec<(f64, usize)> =
        (0..length).filter_map(|col| Some((score(col)?, col))).collect();
    kept.sort_by(|a, b| better(a.0, b.0).then(a.1.cmp(&b.1)));
    kept.truncate(ids.len());
    let best: Vec<usize> = kept.iter().map(|(_, col)| *col).collect();
    let ids_of =
        |cols: &[usize]| cols.iter().map(|col| own.emit(given, row, *col)).collect::<Vec<_>>();
    let (winners, rest) = ids.split_at(best.len());
    if rest.iter().any(|id| *id != -1) {
        return Some(format!("row {row}: after {} winners there are {rest:?}", best.len()));
    }
    if semantics.ties == Ties::LowestIndex && semantics.order == Order::ByValue {
        return (winners != ids_of(&best))
            .then(|| format!("row {row}: {winners:?}, not {:?}", ids_of(&best)));
    }
    // Of equal scores any may win: the scores are the same, and no column is twice.
    let all: Vec<i32> = ids_of(&(0..length).collect::<Vec<_>>());
    let mut cols = Vec::new();
    for id in winners {
        let Some(col) = all.iter().position(|other| other == id) else {
            return Some(format!("row {row}: the id {id} is of no column"));
        };
        cols.push(col);
    }
    cols.sort_unstable();
    cols.dedup();
    let mut found: Vec<f64> = cols.iter().filter_map(|col| score(*col)).collect();
    found.sort_by(|a, b| better(*a, *b));
    let same = found.len() == kept.len()
        && found.iter().zip(&kept).all(|(a, (b, _))| better(*a, *b).is_eq());
    (!same).then(|| format!("row {row}: the scores {found:?}, not {kept:?}"))
}

/// What is wrong with the answers of a variant, and of the host.
fn check<S: Score + Word>(variant: &Variant, own: Own, seed: u64) -> Vec<String> {
    let program = own.program();
    let mut spec = SelectorSpec::of(variant);
    spec.program = Some(program.clone());
    let variant = spec.own(variant);
    let gpu = Gpu::new(interpreter().device_arithmetic());
    let selector = gpu.selector(spec.clone()).unwrap_or_else(|error| panic!("{variant}: {error}"));
    let host = host::Selector::new(spec.clone()).unwrap();
    let stream = gpu.context().new_stream();
    let mut found = Vec::new();
    for turn in 0..3 {
        let rng = &mut Rng::new(seed * 10 + turn);
        let columns = most_columns(&variant, 5000) - turn as usize;
        let k = [40, 1, 700][turn as usize];
        let scores: Vec<S> = fuzz::matrix(rng, ROWS, columns);
        let given = Given::random(rng, columns);
        let mut answers = Vec::new();

        let on_gpu = stream.clone_htod(&scores).unwrap();
        let indices = stream.alloc::<i32>(ROWS * k).unwrap();
        let (starts, lens) =
            (stream.clone_htod(&given.starts).unwrap(), stream.clone_htod(&given.lens).unwrap());
        let (bias, banned) =
            (stream.clone_htod(&given.bias).unwrap(), stream.clone_htod(&given.banned).unwrap());
        let pages = stream.clone_htod(&given.pages).unwrap();
        let addresses =
            [starts.address(), lens.address(), bias.address(), banned.address(), pages.address()];
        let args = given.args(&program, addresses);
        let launch = RawLaunch::new(S::DTYPE, ROWS, columns, k as u32);
        let on_stream = launch.scores(on_gpu.address()).indices(indices.address());
        let plan = selector.plan_variant(&launch.problem(), &variant).unwrap();
        let workspace = stream.clone_htod(&vec![0u8; plan.workspace_bytes.max(1)]).unwrap();
        let on_stream = on_stream.workspace(workspace.address(), plan.workspace_bytes);
        match selector.launch_variant_with(&stream, &on_stream, &variant, &args) {
            Ok(()) => answers.push(("interpreted", stream.clone_dtoh(&indices).unwrap())),
            Err(error) => found.push(format!("{variant}, {own:?}, turn {turn}: {error}")),
        }

        let mut indices = vec![7i32; ROWS * k];
        let exposed = |address: *const u8| address.expose_provenance() as u64;
        let addresses = [
            exposed(given.starts.as_ptr().cast()),
            exposed(given.lens.as_ptr().cast()),
            exposed(given.bias.as_ptr().cast()),
            exposed(given.banned.as_ptr()),
            exposed(given.pages.as_ptr().cast()),
        ];
        let args = given.args(&program, addresses);
        let on_host = launch.scores(exposed(scores.as_ptr().cast()));
        let on_host = on_host.indices(indices.as_mut_ptr().expose_provenance() as u64);
        // SAFETY: the addresses are those of vectors that live until the launch returns.
        unsafe { host.launch_raw_with(&on_host, &args) }.unwrap();
        answers.push(("host", indices));

        for (what, ids) in answers {
            let rows = scores.chunks(columns).zip(ids.chunks(k)).enumerate();
            let wrong = rows.filter_map(|(row, (scores, ids))| {
                wrong(own, &spec.semantics, &given, scores, row, ids)
            });
            found.extend(
                wrong.map(|wrong| format!("{variant}, {own:?}, {what}, turn {turn}: {wrong}")),
            );
        }
    }
    found
}

const PLAIN: Semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
const ALL: Own = Own { spans: true, keep: true, score: true, emit: true };
const MEANINGS: [Semantics; 4] = [
    PLAIN,
    Semantics { select: Select::Smallest, nan: NanPolicy::Lowest, ..PLAIN },
    Semantics { ties: Ties::LowestIndex, order: Order::ByValue, ..PLAIN },
    Semantics { nan: NanPolicy::Lowest, order: Order::ByIndex, ..PLAIN },
];

/// Every kernel, each with other elements and another meaning than the next one.
fn in_every_kernel(own: Own, first: usize) {
    let found: Vec<String> = std::thread::scope(|scope| {
        let work = |place: usize| {
            let dtype = [DType::F32, DType::Bf16, DType::F16][(first + place) % 3];
            let semantics = MEANINGS[(first + place) % MEANINGS.len()];
            let variant = match place {
                8 => codes(DType::Bf16, 128, 16, semantics),
                place => each_kernel(dtype, semantics)[place],
            };
            let dtype = variant.dtype;
            scope.spawn(move || with_score!(dtype, S => check::<S>(&variant, own, place as u64)))
        };
        let workers: Vec<_> = (0..9).map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_kernel_runs_all_stages() {
    in_every_kernel(ALL, 0);
}

#[test]
fn every_kernel_runs_a_score() {
    in_every_kernel(Own { spans: false, keep: false, emit: false, ..ALL }, 1);
}

#[test]
fn every_kernel_keeps_what_a_function_keeps() {
    in_every_kernel(Own { spans: false, score: false, emit: false, ..ALL }, 2);
}

#[test]
fn every_kernel_emits_what_a_function_makes() {
    in_every_kernel(Own { keep: false, score: false, ..ALL }, 3);
}

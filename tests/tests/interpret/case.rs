//! The one interpreter of the suite, and a case: a matrix, and the check of the indices selected from it.

use std::sync::OnceLock;
use topkit::host;
use topkit::interpret::{Interpreter, Kernel, Word};
use topkit::{
    DType, IndexInt, Rows, Score, Variant,
    inspect::render,
    spec::{KernelKind, NanPolicy, RowShape, Select, Semantics},
};
use topkit_lab::Distribution;

pub fn interpreter() -> Interpreter {
    static INTERPRETER: OnceLock<Interpreter> = OnceLock::new();
    let interpreter = INTERPRETER.get_or_init(|| {
        // Compiled kernels stay for the next run; what made them is in their names.
        let folder = concat!(env!("CARGO_TARGET_TMPDIR"), "/interpret");
        Interpreter::new().unwrap_or_else(|error| panic!("{error}")).folder(folder)
    });
    interpreter.clone()
}

pub fn variant(
    dtype: DType,
    vec_size: u32,
    bins: u32,
    threads: u32,
    semantics: Semantics,
) -> Variant {
    let kernel = KernelKind::BlockRadix;
    Variant { kernel, dtype, vec_size, bins, threads, items: 0, cluster: 1, semantics }
}

/// The kernel that holds its row, with as many scores a thread as the columns need.
pub fn resident(
    dtype: DType,
    bins: u32,
    threads: u32,
    items: u32,
    semantics: Semantics,
) -> Variant {
    let kernel = KernelKind::BlockResident;
    let vec_size = 16 / dtype.bytes();
    Variant { kernel, dtype, vec_size, bins, threads, items, cluster: 1, semantics }
}

/// The kernel that holds its row in several CTAs.
pub fn shared(
    dtype: DType,
    bins: u32,
    threads: u32,
    items: u32,
    cluster: u32,
    semantics: Semantics,
) -> Variant {
    let kernel = KernelKind::ClusterResident;
    Variant { kernel, cluster, ..resident(dtype, bins, threads, items, semantics) }
}

/// One variant of each kernel, with 128 threads, for rows of up to [`SIX_COLUMNS`] columns. A filter's
/// stripe is 2048 columns.
pub fn six(dtype: DType, semantics: Semantics) -> [Variant; 6] {
    let filter = |kernel, cluster| {
        let vec_size = 16 / dtype.bytes();
        Variant { kernel, dtype, vec_size, bins: 512, threads: 128, items: 16, cluster, semantics }
    };
    [
        variant(dtype, 16 / dtype.bytes(), 512, 128, semantics),
        resident(dtype, 512, 128, 16, semantics),
        shared(dtype, 512, 128, 8, 2, semantics),
        filter(KernelKind::BlockFilter, 1),
        filter(KernelKind::ClusterFilter, 2),
        filter(KernelKind::GridFilter, 1),
    ]
}

/// Every kernel with either end of the order and both NaN policies. Score types go round, and so do
/// dense and ragged rows, so that the compiler has little to do.
pub fn six_of_every_meaning() -> Vec<Variant> {
    let meanings = Select::ALL.iter().flat_map(|&s| NanPolicy::ALL.iter().map(move |&n| (s, n)));
    let of_meaning = |(turn, (select, nan)): (usize, _)| {
        (0..6).map(move |index| {
            let dtype = DType::ALL[(turn + index) % DType::ALL.len()];
            let rows = RowShape::ALL[(turn + index) % RowShape::ALL.len()];
            six(dtype, Semantics { select, nan, rows, ..Semantics::DEFAULT })[index]
        })
    };
    meanings.enumerate().flat_map(of_meaning).collect()
}

/// What the resident kernels of [`six`] hold.
pub const SIX_COLUMNS: usize = 2048;

pub fn load(variant: &Variant) -> Kernel {
    let source = render(variant).unwrap();
    interpreter().load(&source).unwrap_or_else(|error| panic!("{error}"))
}

/// How a matrix lies in memory: elements before the first row, and after each row.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub offset: usize,
    pub gap: usize,
}

pub const ALIGNED: Layout = Layout { offset: 0, gap: 0 };

/// A matrix. What lies between its rows is NaN, which would win.
pub struct Case<S> {
    scores: Vec<S>,
    columns: usize,
    layout: Layout,
    name: String,
}

impl<S: Score + Word> Case<S> {
    pub fn new(
        distribution: Distribution,
        seed: u64,
        rows: usize,
        columns: usize,
        layout: Layout,
    ) -> Self {
        let scores = distribution.fill::<S>(seed, rows, columns);
        Case::of(distribution.name(), &scores, rows, columns, layout)
    }

    pub fn of(name: &str, given: &[S], rows: usize, columns: usize, layout: Layout) -> Self {
        let stride = columns + layout.gap;
        let mut scores = vec![S::FILL; rows * stride];
        for (row, given) in given.chunks_exact(columns.max(1)).take(rows).enumerate() {
            scores[row * stride..][..columns].copy_from_slice(given);
        }
        Case { scores, columns, layout, name: format!("{name} {} x {columns}", S::DTYPE) }
    }

    /// Selects from the first `rows` rows under one schedule and checks the answer.
    pub fn check<I: IndexInt + Word>(
        &self,
        kernel: &Kernel,
        semantics: &Semantics,
        rows: usize,
        k: u32,
        spans: Option<(&[i32], &[i32])>,
        seed: u64,
    ) {
        if let Some(fault) = self.fault::<I>(kernel, semantics, rows, k, spans, seed) {
            panic!("{fault}");
        }
    }

    /// What is wrong with the kernel or its answer; `None` where nothing is.
    pub fn fault<I: IndexInt + Word>(
        &self,
        kernel: &Kernel,
        semantics: &Semantics,
        rows: usize,
        k: u32,
        spans: Option<(&[i32], &[i32])>,
        seed: u64,
    ) -> Option<String> {
        let Layout { offset, gap } = self.layout;
        let mut input = Rows::host(&self.scores, rows, self.columns).row_stride(self.columns + gap);
        if let Some((starts, lengths)) = spans {
            input = input.starts(starts).lengths(lengths);
        }
        let symbol = kernel.variant().map_or_else(String::new, |variant| variant.symbol());
        let at = |what: &dyn std::fmt::Display| {
            let Case { name, layout, .. } = self;
            Some(format!(
                "{symbol}: top {k} of {rows} rows, {name}, {layout:?}, seed {seed}: {what}"
            ))
        };
        let got: Vec<I> = match kernel.seed(seed).offset(offset).output_gap(3).select(&input, k) {
            Ok(got) => got,
            Err(fault) => return at(&fault),
        };
        host::check(&input, k, semantics, &got).err().and_then(|error| at(&error))
    }
}

/// Ragged rows, for tests that need no other meaning.
pub fn ragged() -> Semantics {
    Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT }
}

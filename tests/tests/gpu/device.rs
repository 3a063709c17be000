//! The one engine of the suite, and a case: a matrix on the host and on the device.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use topkit::cudarc::driver::{CudaSlice, CudaStream, DevicePtr, DevicePtrMut, DeviceRepr};
use topkit::host;
use topkit::{
    DType, Engine, IndexInt, Problem, RawLaunch, Rows, Score, Selector, SelectorSpec, Variant,
    spec::{Fill, RowShape, Semantics},
};
use topkit_lab::Checker;
use topkit_tests::case::{Backend, INDEX_FILL, VALUE_FILL};
pub use topkit_tests::case::{Element, Layout};
use topkit_tests::given::{Given, Map, Marks};

/// The value of every output before a launch; no kernel writes it.
pub const UNTOUCHED: i64 = 0x5AFE_5AFE;

pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        Engine::new().unwrap_or_else(|error| panic!("this suite needs a GPU: {error}"))
    })
}

pub fn new_stream() -> Arc<CudaStream> {
    engine().context().new_stream().unwrap()
}

/// Every axis at every value, for one set of semantics.
pub fn whole_selector(semantics: Semantics) -> Selector {
    let spec = SelectorSpec::builder("Whole")
        .dtype(DType::ALL)
        .k(1..=i32::MAX as u32)
        .all_axes()
        .semantics(semantics)
        .build()
        .unwrap();
    engine().selector(spec).unwrap()
}

/// A problem whose launches need a workspace.
pub fn huge(selector: &Selector) -> Problem {
    let problems = [(1, 1 << 27, 512), (8, 1 << 20, 2048), (1, 1 << 24, 64)];
    let problems = problems.map(|(rows, columns, k)| Problem::new(DType::F32, rows, columns, k));
    let needs = |problem: &Problem| selector.plan(problem).unwrap().workspace_bytes > 0;
    problems.into_iter().find(needs).expect("a plan for a few huge rows has a workspace")
}

/// Variants of a dtype and vector width that serve rows of these columns: the streaming kernels with
/// some bins and threads, and every resident variant that holds the row and is not far too large.
pub fn variants(selector: &Selector, dtype: DType, vec_size: u32, columns: usize) -> Vec<Variant> {
    let pairs = [(2048, 512), (256, 1024), (4096, 1024), (1024, 256), (512, 128), (2048, 1024)];
    let resident_bins = [4096, 512];
    let mut variants = selector.spec().variants();
    variants.retain(|v| {
        v.dtype == dtype
            && v.vec_size == vec_size
            && match v.capacity() {
                None if v.kernel.filters() => {
                    [(2048, 512), (256, 128)].contains(&(v.bins, v.threads))
                }
                None => pairs.contains(&(v.bins, v.threads)),
                Some(capacity) => {
                    (columns..(4 * columns).max(2049)).contains(&(capacity as usize))
                        && resident_bins.contains(&v.bins)
                }
            }
    });
    variants
}

/// The variants that serve a k.
pub fn selecting(variants: &[Variant], k: u32) -> Vec<Variant> {
    let serves = |v: &&Variant| v.kernel.most_k().is_none_or(|most| k <= most);
    variants.iter().filter(serves).copied().collect()
}

/// Compiles variants on every core. Without it, threads that run the same variants would wait for each
/// other's compiles, one after the other.
pub fn compile(selector: &Selector, variants: &[Variant]) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(variant) = variants.get(next.fetch_add(1, Ordering::Relaxed)) {
            selector.artifact(variant).unwrap_or_else(|error| panic!("{variant}: {error}"));
        }
    };
    on_every_core(work);
}

/// Does work on every core at once.
pub fn on_every_core(work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(&work);
        }
    });
}

/// The number above 0 that a variable of the environment sets, or another one without it.
pub fn number_of(variable: &str, otherwise: usize) -> usize {
    let asked = std::env::var(variable).ok().filter(|text| !text.is_empty());
    asked.map_or(otherwise, |text| {
        let number = text.parse().ok().filter(|&number| number > 0);
        number.unwrap_or_else(|| panic!("{variable} is {text:?}, not a number above 0"))
    })
}

/// Enqueues a typed launch with its own workspace, which is freed after the launch on the stream.
pub fn launch<S: Score, I: IndexInt + DeviceRepr>(
    selector: &Selector,
    stream: &Arc<CudaStream>,
    rows: &Rows<'_, S>,
    problem: &Problem,
    indices: &mut CudaSlice<I>,
) {
    let mut workspace = selector.workspace(stream, problem).unwrap();
    assert_eq!(workspace.bytes(), selector.plan(problem).unwrap().workspace_bytes);
    selector.launch_with(stream, rows, problem.k, indices, &mut workspace).unwrap();
}

/// A matrix that the GPU's kernels select from.
pub type Case<S> = topkit_tests::case::Case<S, Gpu>;

/// The one GPU of the suite.
pub struct Gpu;

/// A variant of a selector.
#[derive(Clone)]
pub struct Kernel {
    pub selector: Selector,
    pub variant: Variant,
}

/// A variant of a selector, for the cases.
pub fn on(selector: &Selector, variant: &Variant) -> Kernel {
    Kernel { selector: selector.clone(), variant: *variant }
}

/// Scores on the GPU.
pub struct Matrix<S> {
    stream: Arc<CudaStream>,
    device: CudaSlice<S>,
    /// The checker of the last answer, which mostly fits the next one too, and the rows that it sorted.
    checker: RefCell<Option<(Sorted, Checker)>>,
}

/// Everything that decides the winners of a row: the semantics, and where rows begin and end.
type Sorted = (Semantics, Vec<(usize, usize)>);

impl Backend for Gpu {
    type Kernel = Kernel;
    type Matrix<S: Score + Element> = Matrix<S>;

    fn semantics(kernel: &Kernel) -> Semantics {
        kernel.selector.spec().semantics
    }

    fn name(kernel: &Kernel) -> String {
        kernel.variant.symbol()
    }

    fn put<S: Score + Element>(scores: &[S], offset: usize) -> Matrix<S> {
        let stream = new_stream();
        // One more, since the device has no empty buffers.
        let padded = [&vec![S::FILL; offset], scores, &[S::FILL]].concat();
        let device = stream.clone_htod(&padded).unwrap();
        Matrix { stream, device, checker: RefCell::default() }
    }

    /// The winners of a launch, gathered; what lies between the output's rows is left alone.
    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Kernel,
        matrix: &Matrix<S>,
        rows: &host::Rows<'_, S>,
        k: u32,
        given: &Given<I>,
        layout: Layout,
        _: u64,
    ) -> Result<host::Selection<I, S>, String> {
        let Kernel { selector, variant } = kernel;
        let Semantics { values: has_values, count: has_counts, fill, .. } = variant.semantics;
        let stream = &matrix.stream;
        let (count, columns, row_stride) = (rows.count(), rows.columns(), rows.stride());
        let (k_len, index_stride) = (k as usize, k as usize + 3);
        let untouched = I::from_column(UNTOUCHED as u32);
        let problem = Problem::new(S::DTYPE, count, columns, k);
        let plan = selector.plan_variant(&problem, variant).unwrap();
        let mut workspace = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1)).unwrap();
        let mut indices = stream.clone_htod(&vec![untouched; count * index_stride + 1]).unwrap();
        // The rows of the values have other gaps than those of the indices.
        let (value_stride, unwritten) = (k_len + 2, S::from_bits(0x5555));
        let places = if has_values { count * value_stride } else { 0 };
        let mut values = stream.clone_htod(&vec![unwritten; places + 1]).unwrap();
        let mut counts = stream.clone_htod(&vec![-7i32; count + 1]).unwrap();
        let padded = |spans: &[i32]| stream.clone_htod(&[spans, &[0]].concat()).unwrap();
        let spans = rows.spans().map(|spans| spans.map(padded));
        // The rows of the columns have other gaps still.
        let column_stride = k_len + 1;
        let column_places = if variant.semantics.raw_columns { count * column_stride } else { 0 };
        let mut raw_columns = stream.clone_htod(&vec![-9i32; column_places + 1]).unwrap();
        let ks = given.ks.as_deref().map(padded);
        let shards = given.shards.as_ref();
        let shard_counts = shards.and_then(|shards| shards.counts.as_deref()).map(padded);
        let (mask, mask_stride) = match &given.mask {
            None => (None, 0),
            Some((Marks::Bits(words), stride)) => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                (Some(stream.clone_htod(&bytes).unwrap()), *stride)
            }
            Some((Marks::Bytes(bytes), stride)) => {
                (Some(stream.clone_htod(bytes).unwrap()), *stride)
            }
        };
        let (ids, pages) = match &given.map {
            Map::Columns => (None, None),
            Map::Given(ids, _) | Map::Affine(_, _, ids) => {
                (Some(stream.clone_htod(ids).unwrap()), None)
            }
            Map::Pages(pages, ..) => (None, Some(padded(pages))),
        };
        {
            let element = size_of::<S>() as u64;
            let (scores, _scores) = matrix.device.device_ptr(stream);
            let (output, _output) = indices.device_ptr_mut(stream);
            let (values, _values) = values.device_ptr_mut(stream);
            let (counts, _counts) = counts.device_ptr_mut(stream);
            let (workspace, _workspace) = workspace.device_ptr_mut(stream);
            let guards = spans.each_ref().map(|it| it.as_ref().map(|it| it.device_ptr(stream)));
            let [starts, lengths] =
                guards.each_ref().map(|guard| guard.as_ref().map_or(0, |(address, _)| *address));
            let (raw_columns, _raw_columns) = raw_columns.device_ptr_mut(stream);
            let [ks_guard, pages_guard, shard_guard] =
                [&ks, &pages, &shard_counts].map(|it| it.as_ref().map(|it| it.device_ptr(stream)));
            let ids_guard = ids.as_ref().map(|it| it.device_ptr(stream));
            let mask_guard = mask.as_ref().map(|it| it.device_ptr(stream));
            let address = |guard: Option<u64>| guard.unwrap_or(0);
            let ids = address(ids_guard.as_ref().map(|guard| guard.0));
            let pages = address(pages_guard.as_ref().map(|guard| guard.0));
            let launch = RawLaunch::new(S::DTYPE, count, columns, k)
                .row_ks(address(ks_guard.as_ref().map(|guard| guard.0)))
                .mask(address(mask_guard.as_ref().map(|guard| guard.0)), mask_stride as i64)
                .raw_columns(
                    if variant.semantics.raw_columns { raw_columns } else { 0 },
                    column_stride as i64,
                );
            let launch = match &given.map {
                Map::Columns => launch,
                Map::Given(_, stride) => launch.ids(ids, *stride as i64),
                Map::Affine(scale, offset, _) => launch.affine(*scale, *offset).row_offsets(ids),
                Map::Pages(_, stride, shift) => launch.pages(pages, *stride as i64, *shift),
            };
            let launch = match shards {
                None => launch,
                Some(shards) => {
                    let width = (columns / shards.count) as i64;
                    let counts = address(shard_guard.as_ref().map(|guard| guard.0));
                    let launch = launch.shards(shards.count, width);
                    let launch = launch.shard_counts(counts, shards.count_stride as i64);
                    match &given.map {
                        Map::Given(..) => launch.shard_id_stride(width),
                        _ => launch,
                    }
                }
            };
            let mut launch = launch
                .scores(scores + layout.offset as u64 * element)
                .row_stride(row_stride as i64)
                .row_starts(starts)
                .row_lengths(lengths)
                .indices(output)
                .index_stride(index_stride as i64)
                .values(if has_values { values } else { 0 })
                .value_stride(value_stride as i64)
                .counts(if has_counts { counts } else { 0 })
                .workspace(workspace, plan.workspace_bytes);
            if fill == Fill::Given {
                launch = launch.index_fill(INDEX_FILL);
                launch.value_fill = has_values.then_some(VALUE_FILL);
            }
            // SAFETY: the buffers are as long as the shape says and outlive the copy below.
            unsafe { selector.launch_variant(stream.cu_stream(), &launch, variant) }.unwrap();
        }
        let written = stream.clone_dtoh(&indices).unwrap();
        if plan.zeroed_bytes > 0 {
            let left = stream.clone_dtoh(&workspace.slice(..plan.zeroed_bytes)).unwrap();
            if left.iter().any(|&byte| byte != 0) {
                return Err("it leaves its counters changed".to_owned());
            }
        }
        let indices = gathered(&written, index_stride, k_len, |gap: I| gap == untouched)?;
        let values = match has_values {
            true => {
                let written = stream.clone_dtoh(&values).unwrap();
                let is_gap = |gap: S| gap.to_bits() == unwritten.to_bits();
                Some(gathered(&written[..places], value_stride, k_len, is_gap)?)
            }
            false => None,
        };
        let counts = has_counts.then(|| stream.clone_dtoh(&counts.slice(..count)).unwrap());
        let raw_columns = match variant.semantics.raw_columns {
            true => {
                let written = stream.clone_dtoh(&raw_columns).unwrap();
                Some(gathered(&written[..column_places], column_stride, k_len, |gap| gap == -9)?)
            }
            false => None,
        };
        Ok(host::Selection { indices, values, counts, raw_columns })
    }

    fn accepts<S: Score + Element, I: IndexInt + Element>(
        kernel: &Kernel,
        matrix: &Matrix<S>,
        rows: &host::Rows<'_, S>,
        k: u32,
        got: &host::Selection<I, S>,
    ) -> bool {
        let semantics = Gpu::semantics(kernel);
        if semantics.has_outputs() {
            return host::check_selection(rows, k, &semantics, got).is_ok();
        }
        let span = |row| (rows.scores_of(row).as_ptr().addr(), rows.scores_of(row).len());
        let sorted: Sorted = (semantics, (0..rows.count()).map(span).collect());
        let mut kept = matrix.checker.borrow_mut();
        let fits = |(of, spans): &Sorted| *of == semantics && spans.starts_with(&sorted.1);
        let (sorted, checker) = match kept.take() {
            Some((of, checker)) if fits(&of) => (of, checker),
            _ => (sorted, Checker::new(rows, &semantics)),
        };
        let accepted = checker.accepts(rows, k, &got.indices);
        *kept = Some((sorted, checker));
        accepted
    }
}

/// The first elements of each row; what is between two rows must be a gap still.
fn gathered<T: Copy + std::fmt::Debug>(
    written: &[T],
    stride: usize,
    width: usize,
    is_gap: impl Fn(T) -> bool,
) -> Result<Vec<T>, String> {
    let mut all = Vec::with_capacity(written.len() / stride * width);
    for row in written.chunks_exact(stride) {
        all.extend_from_slice(&row[..width]);
        if row[width..].iter().any(|&gap| !is_gap(gap)) {
            return Err(format!("a gap was written: {row:?}"));
        }
    }
    Ok(all)
}

/// Ragged rows, for tests that need no other meaning.
pub fn ragged() -> Semantics {
    Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT }
}

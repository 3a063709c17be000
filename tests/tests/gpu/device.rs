//! The one engine of the suite, and a case: a matrix on the host and on the device.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use topkit::cudarc::driver::{CudaSlice, CudaStream, DevicePtr, DevicePtrMut, DeviceRepr};
use topkit::host;
use topkit::{
    DType, Engine, IndexInt, Problem, RawLaunch, Rows, Score, Selector, SelectorSpec, Variant,
    spec::{RowShape, Semantics},
};
use topkit_lab::{Checker, Distribution};

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
        .select(semantics.select)
        .nan(semantics.nan)
        .index(semantics.index)
        .rows(semantics.rows)
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
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
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

/// The layout of a matrix in memory: elements before the first row, and after each row.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    pub offset: usize,
    pub gap: usize,
}

/// A matrix on the host and on the device. The elements between its rows are NaN, which would win.
pub struct Case<S> {
    stream: Arc<CudaStream>,
    pub host: Vec<S>,
    device: CudaSlice<S>,
    pub columns: usize,
    pub layout: Layout,
    /// The checker of the last answer, which mostly fits the next one too, and the rows that it sorted.
    checker: RefCell<Option<(Sorted, Checker)>>,
}

/// Everything that decides the winners of a row: the semantics, and where rows begin and end.
type Sorted = (Semantics, Option<(Vec<i32>, Vec<i32>)>);

impl<S: Score + DeviceRepr> Case<S> {
    pub fn new(
        distribution: Distribution,
        seed: u64,
        rows: usize,
        columns: usize,
        layout: Layout,
    ) -> Self {
        Case::of(&distribution.fill::<S>(seed, rows, columns), rows, columns, layout)
    }

    pub fn of(scores: &[S], rows: usize, columns: usize, layout: Layout) -> Self {
        let stream = new_stream();
        let stride = columns + layout.gap;
        // One more, since the device has no empty buffers.
        let mut host = vec![S::FILL; layout.offset + rows * stride + 1];
        for (row, scores) in scores.chunks_exact(columns.max(1)).take(rows).enumerate() {
            host[layout.offset + row * stride..][..columns].copy_from_slice(scores);
        }
        let device = stream.clone_htod(&host).unwrap();
        Case { stream, host, device, columns, layout, checker: RefCell::default() }
    }

    pub fn stride(&self) -> usize {
        self.columns + self.layout.gap
    }

    /// Selects from the first `rows` rows with one variant and checks the answer.
    pub fn check<I: IndexInt + DeviceRepr>(
        &self,
        selector: &Selector,
        variant: &Variant,
        rows: usize,
        k: u32,
        ragged: Option<(&[i32], &[i32])>,
    ) {
        if let Some(fault) = self.fault::<I>(selector, variant, rows, k, ragged) {
            panic!("{fault}");
        }
    }

    /// The first fault of one variant's answer for the first `rows` rows; `None` if it is right.
    pub fn fault<I: IndexInt + DeviceRepr>(
        &self,
        selector: &Selector,
        variant: &Variant,
        rows: usize,
        k: u32,
        ragged: Option<(&[i32], &[i32])>,
    ) -> Option<String> {
        let (got, k_len) = (self.select::<I>(selector, variant, rows, k, ragged), k as usize);
        let end = if rows == 0 { 0 } else { (rows - 1) * self.stride() + self.columns };
        let scores = &self.host[self.layout.offset..][..end];
        let mut matrix = Rows::host(scores, rows, self.columns).row_stride(self.stride());
        if let Some((starts, lengths)) = ragged {
            matrix = matrix.starts(starts).lengths(lengths);
        }
        assert_eq!(got.len(), rows * k_len);
        let semantics = selector.spec().semantics;
        let asked =
            (semantics, ragged.map(|(starts, lengths)| (starts.to_vec(), lengths.to_vec())));
        let mut kept = self.checker.borrow_mut();
        let checker = match kept.take() {
            Some((of, checker)) if of == asked && checker.rows() >= rows => checker,
            _ => Checker::new(&matrix, &semantics),
        };
        let accepted = checker.accepts(&matrix, k, &got);
        *kept = Some((asked, checker));
        (!accepted).then(|| {
            let Layout { offset, gap } = self.layout;
            // The two checks never differ; if they do, the test fails too.
            let why = host::check(&matrix, k, &semantics, &got).map_or_else(
                |mismatch| mismatch.to_string(),
                |()| "the two checks differ".to_owned(),
            );
            format!(
                "{}: top {k} of {rows} x {} {} at offset {offset}, gap {gap}: {why}",
                variant.symbol(),
                self.columns,
                S::DTYPE,
            )
        })
    }

    /// The indices of a launch, gathered; what lies between the output's rows is left alone.
    fn select<I: IndexInt + DeviceRepr>(
        &self,
        selector: &Selector,
        variant: &Variant,
        rows: usize,
        k: u32,
        ragged: Option<(&[i32], &[i32])>,
    ) -> Vec<I> {
        let stream = &self.stream;
        let (k_len, index_stride) = (k as usize, k as usize + 3);
        let untouched = I::from_column(UNTOUCHED as u32);
        let problem = Problem::new(S::DTYPE, rows, self.columns, k);
        let plan = selector.plan_variant(&problem, variant).unwrap();
        let mut workspace = stream.alloc_zeros::<u8>(plan.workspace_bytes.max(1)).unwrap();
        let mut indices = stream.clone_htod(&vec![untouched; rows * index_stride + 1]).unwrap();
        let ragged = ragged.map(|(starts, lengths)| {
            let padded = |spans: &[i32]| stream.clone_htod(&[spans, &[0]].concat()).unwrap();
            (padded(starts), padded(lengths))
        });
        {
            let element = size_of::<S>() as u64;
            let (scores, _scores) = self.device.device_ptr(stream);
            let (output, _output) = indices.device_ptr_mut(stream);
            let (workspace, _workspace) = workspace.device_ptr_mut(stream);
            let guards = ragged.as_ref().map(|(s, l)| (s.device_ptr(stream), l.device_ptr(stream)));
            let launch = RawLaunch::new(S::DTYPE, rows, self.columns, k)
                .scores(scores + self.layout.offset as u64 * element)
                .row_stride(self.stride() as i64)
                .row_starts(guards.as_ref().map_or(0, |(starts, _)| starts.0))
                .row_lengths(guards.as_ref().map_or(0, |(_, lengths)| lengths.0))
                .indices(output)
                .index_stride(index_stride as i64)
                .workspace(workspace, plan.workspace_bytes);
            // SAFETY: the buffers are as long as the shape says and outlive the copy below.
            unsafe { selector.launch_variant(stream.cu_stream(), &launch, variant) }.unwrap();
        }
        let written = stream.clone_dtoh(&indices).unwrap();
        if plan.zeroed_bytes > 0 {
            let left = stream.clone_dtoh(&workspace.slice(..plan.zeroed_bytes)).unwrap();
            assert!(left.iter().all(|&byte| byte == 0), "{variant} leaves its counters changed");
        }
        let mut gathered = Vec::with_capacity(rows * k_len);
        for row in written.chunks_exact(index_stride) {
            gathered.extend_from_slice(&row[..k_len]);
            assert!(row[k_len..].iter().all(|&gap| gap == untouched), "a gap was written: {row:?}");
        }
        gathered
    }
}

/// Ragged rows, for tests that need no other meaning.
pub fn ragged() -> Semantics {
    Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT }
}

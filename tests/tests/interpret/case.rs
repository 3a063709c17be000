//! The one interpreter of the suite, and a case: a matrix, and the check of the indices selected from it.

use std::sync::OnceLock;
use topkit::host::{Rows, Selection};
use topkit::interpret::{Interpreter, Kernel};
use topkit::{
    DType, IndexInt, Score, Variant,
    spec::{KernelKind, RowShape, Semantics},
};
use topkit_tests::case::Backend;
pub use topkit_tests::case::{ALIGNED, Element, Inputs, Layout};
use topkit_tests::given::{Given, HostOutput};
use topkit_tests::{cover::cover, rendered};

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
    Variant {
        kernel,
        dtype,
        vec_size,
        bins,
        threads,
        items: 0,
        cluster: 1,
        stages: Variant::STAGES,
        semantics,
        program: None,
    }
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
    Variant {
        kernel,
        dtype,
        vec_size,
        bins,
        threads,
        items,
        cluster: 1,
        stages: Variant::STAGES,
        semantics,
        program: None,
    }
}

/// The kernel that has a bin for each code of a score.
pub fn codes(dtype: DType, threads: u32, items: u32, semantics: Semantics) -> Variant {
    let kernel = KernelKind::BlockCodes;
    Variant { kernel, ..resident(dtype, 512, threads, items, semantics) }
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

/// The kernel by which a cluster reads its row in each pass.
pub fn by_clusters(dtype: DType, threads: u32, cluster: u32, semantics: Semantics) -> Variant {
    let (kernel, vec_size) = (KernelKind::ClusterRadix, dtype.widest_load());
    Variant { kernel, cluster, ..variant(dtype, vec_size, 2048, threads, semantics) }
}

/// The kernel that holds its row in one warp.
pub fn by_warps(dtype: DType, threads: u32, items: u32, semantics: Semantics) -> Variant {
    let kernel = KernelKind::WarpResident;
    Variant { kernel, ..resident(dtype, 2048, threads, items, semantics) }
}

/// One variant of each kernel, with 128 threads where the kernel has so few, for rows of up to [`most_columns`]. A filter's stripe is 2048
/// columns.
pub fn each_kernel(dtype: DType, semantics: Semantics) -> [Variant; 8] {
    let filter = |kernel, cluster| {
        let vec_size = 16 / dtype.bytes();
        Variant {
            kernel,
            dtype,
            vec_size,
            bins: 512,
            threads: 128,
            items: 16,
            cluster,
            stages: Variant::STAGES,
            semantics,
            program: None,
        }
    };
    [
        variant(dtype, 16 / dtype.bytes(), 512, 128, semantics),
        resident(dtype, 512, 128, 16, semantics),
        shared(dtype, 512, 128, dtype.widest_load().max(8), 2, semantics),
        filter(KernelKind::BlockFilter, 1),
        filter(KernelKind::ClusterFilter, 2),
        filter(KernelKind::GridFilter, 1),
        by_warps(dtype, 128, 32, semantics),
        by_clusters(dtype, 512, 2, semantics),
    ]
}

/// The dtypes that kernels select from as they are stored.
pub const STORED: [DType; 3] = [DType::F32, DType::Bf16, DType::F16];

/// The variants of a kernel in the pairwise cover: with each dtype that it serves and each value of each key.
pub fn covered(kernel: KernelKind) -> Vec<Variant> {
    let rows = cover().0.iter().filter(|row| row.variant.kernel == kernel);
    rows.map(|row| row.variant).collect()
}

/// What the resident kernels of [`each_kernel`] hold in a CTA or a cluster.
pub const MOST_COLUMNS: usize = 2048;

/// The most columns that a variant of [`each_kernel`] or of the cover holds; `streamed` where it holds none.
pub fn most_columns(variant: &Variant, streamed: usize) -> usize {
    variant.capacity().map_or(streamed, |most| MOST_COLUMNS.min(most as usize))
}

pub fn load(variant: &Variant) -> Kernel {
    let source = rendered(variant);
    interpreter().load(&source).unwrap_or_else(|error| panic!("{error}"))
}

/// A matrix that interpreted kernels select from.
pub type Case<S> = topkit_tests::case::Case<S, Interpreted>;

/// The interpreter: a turn is a schedule, and the output has gaps.
pub struct Interpreted;

impl Backend for Interpreted {
    type Kernel = Kernel;
    type Matrix<S: Score + Element> = ();

    fn semantics(kernel: &Kernel) -> Semantics {
        kernel.variant().unwrap().semantics
    }

    fn name(kernel: &Kernel) -> String {
        kernel.variant().unwrap().symbol()
    }

    fn put<S: Score + Element>(_: &[S], _: usize) {}

    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Kernel,
        (): &(),
        rows: &Rows<'_, S>,
        k: u32,
        given: &Given<I>,
        layout: Layout,
        turn: u64,
    ) -> Result<Selection<I, S>, String> {
        let kernel = kernel.seed(turn).offset(layout.offset).output_gap(3);
        let semantics = Self::semantics(&kernel);
        let select = |output: HostOutput<'_, I, S>| kernel.select_into(rows, k, output);
        given
            .answer(&semantics, [rows.count(), rows.columns()], k, select)
            .map_err(|fault| fault.to_string())
    }
}

/// Ragged rows, for tests that need no other meaning.
pub fn ragged() -> Semantics {
    Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT }
}

//! The launch path of the library on the interpreter's backend: what a launch refuses, plans, allocates and
//! captures. Nothing here is about CUDA; `tests/gpu/` tests what is.

mod captured;
mod inputs;
mod outputs;
mod refused;
mod workspaces;

use crate::case::{each_kernel, interpreter, ragged};
use std::sync::Arc;
use topkit::host;
use topkit::interpret::{Gpu, Selector, Slice, Stream};
use topkit::{
    DType, Error, Problem, RawLaunch, Rows, SelectorSpec, Variant,
    spec::{KernelKind, Semantics},
};
use topkit_lab::Distribution;

const COLUMNS: usize = 5000;
const K: u32 = 40;
/// No kernel writes it.
const UNTOUCHED: i32 = 77;

/// Its plans are by a table: a few rows go to `grid_filter`, which needs a workspace, many to `block_radix`.
const FEW: Problem = Problem::new(DType::F32, 2, COLUMNS, K);
const MORE: Problem = Problem::new(DType::F32, 16, COLUMNS, K);
const MANY: Problem = Problem::new(DType::F32, 64, COLUMNS, K);

fn variant(kernel: KernelKind) -> Variant {
    each_kernel(DType::F32, ragged()).into_iter().find(|variant| variant.kernel == kernel).unwrap()
}

fn gpu() -> Gpu {
    let ragged = |problem: Problem| {
        let mut problem = problem;
        problem.ragged = true;
        problem
    };
    let table = [
        (ragged(FEW), variant(KernelKind::GridFilter)),
        (ragged(MORE), variant(KernelKind::GridFilter)),
        (ragged(MANY), variant(KernelKind::BlockRadix)),
    ];
    Gpu::new(interpreter()).measured(&table)
}

/// The sizes of the table, whatever the semantics.
fn selector(gpu: &Gpu, semantics: Semantics) -> Selector {
    let spec = SelectorSpec::builder("Launched").dtype([DType::F32]).k(1..=2000);
    let spec = spec.vec_size([4]).bins([512]).threads([128]).rows(semantics.rows);
    gpu.selector(spec.build().unwrap()).unwrap()
}

/// Buffers for the launches of a problem on one stream.
struct Case {
    stream: Arc<Stream>,
    problem: Problem,
    host: Vec<f32>,
    scores: Slice<f32>,
    indices: Slice<i32>,
}

impl Case {
    fn new(stream: &Arc<Stream>, problem: Problem) -> Case {
        let Problem { rows, columns, k, .. } = problem;
        let host = Distribution::Normal.fill::<f32>(3, rows, columns);
        Case {
            scores: stream.clone_htod(&host).unwrap(),
            indices: stream.clone_htod(&vec![UNTOUCHED; rows * k as usize]).unwrap(),
            stream: stream.clone(),
            problem,
            host,
        }
    }

    fn launch(&mut self, selector: &Selector) -> Result<(), Error> {
        let Problem { rows, columns, k, .. } = self.problem;
        let rows = Rows::interpreted(&self.scores, rows, columns);
        selector.launch(&self.stream, &rows, k, &mut self.indices)
    }

    /// By addresses, with this workspace.
    fn raw(&self, workspace: &Slice<u8>) -> RawLaunch {
        let Problem { dtype, rows, columns, k, .. } = self.problem;
        let launch = RawLaunch::new(dtype, rows, columns, k).scores(self.scores.address());
        launch.indices(self.indices.address()).workspace(workspace.address(), workspace.len())
    }

    /// Checks the answer, and takes it away.
    fn check(&mut self) {
        let Problem { rows, columns, k, .. } = self.problem;
        let got = self.stream.clone_dtoh(&self.indices).unwrap();
        host::check(&Rows::host(&self.host, rows, columns), k, &ragged(), &got).unwrap();
        self.stream.memcpy_htod(&vec![UNTOUCHED; got.len()], &mut self.indices).unwrap();
    }

    fn is_untouched(&self) -> bool {
        self.stream.clone_dtoh(&self.indices).unwrap().iter().all(|&index| index == UNTOUCHED)
    }
}

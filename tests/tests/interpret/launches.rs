//! Selections by launches that no plan makes yet: a row over a cluster, all rows over a cooperative
//! grid, and a workspace that is left as it was found, or is not. The kernels are in `launches/`.

use crate::case::interpreter;
use topkit::host;
use topkit::interpret::{Fault, Kernel, Launch};
use topkit::{DType, Problem, Rows, spec::Semantics};

const INTEGERS: &str = include_str!("../../../templates/ptx/integers.cuh");
const TYPES: &str = include_str!("../../../templates/core/types.cuh");
const ROWS: usize = 3;
const COLUMNS: usize = 500;
const SEEDS: u64 = 8;

fn kernel(entry: &str, text: &str) -> Kernel {
    let types = TYPES.replace("#include \"../ptx/integers.cuh\"", INTEGERS);
    interpreter().load_text(entry, &format!("{types}\n{text}")).unwrap_or_else(|e| panic!("{e}"))
}

/// The grid's kernel, which restores the words of so many rows.
fn by_grid(restored: usize) -> Kernel {
    let constants = format!("#define WORDS {ROWS}u\n#define RESTORED {restored}u\n");
    kernel("greatest_by_grid", &(constants + include_str!("launches/cooperative.cu")))
}

fn select(kernel: &Kernel, launch: Launch, workspace_bytes: usize, seed: u64) -> Result<(), Fault> {
    let scores: Vec<f32> = (0..ROWS * COLUMNS).map(|i| (i * 7919 % 1009 + 1) as f32).collect();
    let input = Rows::host(&scores, ROWS, COLUMNS);
    let kernel = kernel.seed(seed).output_gap(2);
    let found: Vec<i32> = kernel.select_by(&launch, workspace_bytes, workspace_bytes, &input, 1)?;
    host::check(&input, 1, &Semantics::DEFAULT, &found).unwrap();
    Ok(())
}

#[test]
fn a_cluster_shares_a_row() {
    let kernel = kernel("greatest_by_cluster", include_str!("launches/cluster.cu"));
    for seed in 0..SEEDS {
        for ctas in [1, 4, 16] {
            let launch = Launch::new(ROWS as u32 * ctas, 32).cluster(ctas);
            select(&kernel, launch, 0, seed).unwrap_or_else(|fault| panic!("{ctas}: {fault}"));
        }
    }
}

#[test]
fn a_cooperative_grid_shares_all_rows_in_a_workspace() {
    let kernel = by_grid(ROWS);
    for seed in 0..SEEDS {
        select(&kernel, Launch::new(5, 64).cooperative(), 8 * ROWS, seed)
            .unwrap_or_else(|fault| panic!("{fault}"));
    }
}

#[test]
fn a_workspace_that_is_not_restored_is_a_fault() {
    let fault = select(&by_grid(1), Launch::new(2, 64).cooperative(), 8 * ROWS, 0).unwrap_err();
    assert!(matches!(fault, Fault::Workspace { .. }), "{fault}");
    assert_eq!(fault.class(), "workspace");
    // The column of the second row's winner, in its lowest byte, or the byte above.
    let said = fault.to_string();
    assert!(said.contains("of 24 bytes changed, the first at byte "), "{said}");
}

#[test]
fn a_workspace_ends_where_it_is_said_to() {
    let launch = Launch::new(2, 64).cooperative();
    let fault = select(&by_grid(ROWS), launch, 8 * (ROWS - 1), 0).unwrap_err();
    assert!(fault.to_string().contains("at byte 16 of the workspace (16 bytes)"), "{fault}");
}

#[test]
fn a_rendered_kernel_is_launched_as_its_plan_says() {
    let variant = crate::case::variant(DType::F32, 4, 256, 128, Semantics::DEFAULT);
    let kernel = crate::case::load(&variant);
    let plan = kernel.plan(&Problem::new(DType::F32, 7, 1000, 5)).unwrap();
    assert_eq!((plan.variant, plan.grid, plan.cluster), (variant, 7, variant.cluster));
    let wrong = kernel.plan(&Problem::new(DType::Bf16, 7, 1000, 5)).unwrap_err();
    assert!(wrong.to_string().contains("it serves f32"), "{wrong}");
    let text = "extern \"C\" __global__ void of_my_own(int) {}\n";
    let own = interpreter().load_text("of_my_own", text).unwrap();
    let problem = Problem::new(DType::F32, 1, 1, 1);
    assert!(own.plan(&problem).unwrap_err().to_string().contains("not rendered"));
}

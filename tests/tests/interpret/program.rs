//! A program through every kernel: rendered, compiled, launched by the library's launch path with values for its
//! fields, and read back.

use crate::case::{each_kernel, interpreter};
use topkit::functions::ArgValue;
use topkit::interpret::{Gpu, Selector};
use topkit::program::{ProgramArgs, Scalar};
use topkit::{DType, Error, RawLaunch, SelectorSpec, spec::Semantics};
use topkit_tests::program::named;

const COLUMNS: usize = 1000;
const K: u32 = 40;
const ROWS: usize = 2;

fn selector(gpu: &Gpu, mark: u32) -> Selector {
    let spec = SelectorSpec::builder("Named").dtype([DType::F32]).vec_size([4]).bins([512, 2048]);
    gpu.selector(spec.threads([128, 512]).program(named(mark)).build().unwrap()).unwrap()
}

/// Distinct scores, so that every kernel has the same winners.
fn scores() -> Vec<f32> {
    (0..ROWS * COLUMNS).map(|i| (i * 7919 % 100_003) as f32 - 50_000.0).collect()
}

/// The name and the key of each winner of a row, in the order of keys.
fn expected(row: &[f32]) -> Vec<(i32, u32)> {
    let mut all: Vec<usize> = (0..COLUMNS).collect();
    all.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
    let key = |score: f32| if score < 0.0 { !score.to_bits() } else { score.to_bits() | 1 << 31 };
    let winners = all[..K as usize].iter();
    let mut winners: Vec<_> =
        winners.map(|&column| (3 * column as i32 + 1000, key(row[column]))).collect();
    winners.sort_unstable();
    winners
}

#[test]
fn every_kernel_runs_a_program_with_the_fields_of_the_launch() {
    let gpu = Gpu::new(interpreter());
    let (selector, stream) = (selector(&gpu, 0), gpu.context().new_stream());
    let host = scores();
    let scores = stream.clone_htod(&host).unwrap();
    let names: Vec<i32> = (0..COLUMNS as i32).map(|column| 3 * column).collect();
    let names = stream.clone_htod(&names).unwrap();
    for variant in each_kernel(DType::F32, Semantics::DEFAULT) {
        let variant = selector.spec().own(&variant);
        let indices = stream.alloc::<i32>(ROWS * K as usize).unwrap();
        let keys = stream.alloc::<u32>(ROWS * K as usize).unwrap();
        let slice = |element, address, length| ArgValue::Slice { element, address, length };
        let layout = selector.spec().program.as_ref().unwrap().args();
        let values = [
            ("shift", ArgValue::I32(1000)),
            ("names", slice(Scalar::I32, names.address(), COLUMNS)),
            ("keys", slice(Scalar::U32, keys.address(), keys.len())),
        ];
        let fields = ProgramArgs::new(layout, &values).unwrap();
        let launch = RawLaunch::new(DType::F32, ROWS, COLUMNS, K);
        let launch = launch.scores(scores.address()).indices(indices.address());
        let plan = selector.plan_variant(&launch.problem(), &variant).unwrap();
        let workspace = stream.clone_htod(&vec![0u8; plan.workspace_bytes.max(1)]).unwrap();
        let launch = launch.workspace(workspace.address(), plan.workspace_bytes);
        selector.launch_variant_with(&stream, &launch, &variant, &fields).unwrap();
        let read = stream.clone_dtoh(&indices).unwrap().into_iter();
        let pairs: Vec<(i32, u32)> = read.zip(stream.clone_dtoh(&keys).unwrap()).collect();
        for (row, pairs) in pairs.chunks(K as usize).enumerate() {
            let mut pairs = pairs.to_vec();
            pairs.sort_unstable();
            assert_eq!(pairs, expected(&host[row * COLUMNS..][..COLUMNS]), "{variant}");
        }
    }
    assert_eq!(gpu.loaded_kernels(), 8);
}

#[test]
fn a_launch_without_the_fields_of_the_program_is_refused_and_writes_nothing() {
    let gpu = Gpu::new(interpreter());
    let (selector, stream) = (selector(&gpu, 0), gpu.context().new_stream());
    let scores = stream.clone_htod(&scores()).unwrap();
    let indices = stream.clone_htod(&[77i32; ROWS * K as usize]).unwrap();
    let launch = RawLaunch::new(DType::F32, ROWS, COLUMNS, K);
    let launch = launch.scores(scores.address()).indices(indices.address());
    let error = selector.launch_raw(&stream, &launch).unwrap_err();
    assert!(matches!(error, Error::Args(_)), "{error}");
    assert!(error.to_string().contains("`shift: i32`, `names: &[i32]`, `keys: &mut [u32]`"));
    let none = ProgramArgs::new(&topkit::program::ArgsLayout::core(), &[]).unwrap();
    let error = selector.launch_raw_with(&stream, &launch, &none).unwrap_err().to_string();
    assert!(error.contains("other arguments than those of the selector Named"), "{error}");
    assert!(stream.clone_dtoh(&indices).unwrap().iter().all(|&index| index == 77));
    assert_eq!(gpu.loaded_kernels(), 0);
}

//! Kernels with every output compile without a warning, keep to the shared memory that every GPU grants, and spill
//! nothing.

use topkit::cache::Compiler;
use topkit::machine::Nvrtc;
use topkit::spec::{Fill, KernelKind, Order, Semantics, Ties};
use topkit::{DType, SelectorSpec, Variant, inspect::Resources};
use topkit_tests::rendered;

/// The largest variant of each kernel, by shared memory: the most bins and threads.
fn largest(kernel: KernelKind, dtype: DType, semantics: Semantics) -> Option<Variant> {
    let spec = SelectorSpec::builder("Outputs").dtype([dtype]).semantics(semantics).all_axes();
    let variants = spec.build().unwrap().variants().into_iter();
    let own = variants.filter(|variant| variant.kernel == kernel && variant.cluster <= 8);
    own.max_by_key(|variant| (variant.bins, variant.threads, variant.vec_size))
}

/// Every kernel, or some of them, from the first or the second on.
fn compiles(order: Order, from: usize, step: usize) {
    let nvrtc = Nvrtc::find().unwrap_or_else(|error| panic!("this suite needs NVRTC: {error}"));
    let semantics = Semantics { order, values: true, count: true, ..Semantics::DEFAULT };
    for (place, &kernel) in KernelKind::ALL.iter().enumerate().skip(from).step_by(step) {
        let dtype = DType::ALL[(step + place) % DType::ALL.len()];
        let dtype = if kernel.serves(dtype) { dtype } else { DType::Bf16 };
        let fill = Fill::ALL[place / step % 2];
        compiles_well(&nvrtc, kernel, dtype, Semantics { fill, ..semantics });
    }
}

fn compiles_well(nvrtc: &Nvrtc, kernel: KernelKind, dtype: DType, semantics: Semantics) {
    let variant = largest(kernel, dtype, semantics).unwrap();
    let source = rendered(&variant);
    let compiled = nvrtc.compile(&source, "sm_90a".parse().unwrap());
    let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
    assert!(!compiled.log.contains("warning"), "{}", compiled.log);
    let resources = Resources::from_log(&compiled.log).unwrap();
    println!("{}: {resources}", source.entry);
    assert!(resources.shared_bytes <= 48 * 1024, "{}: {resources}", source.entry);
    let spills = (resources.spill_stores, resources.spill_loads);
    assert_eq!(spills, (0, 0), "{}: {resources}", source.entry);
}

#[test]
fn scores_of_64_bits() {
    let nvrtc = Nvrtc::find().unwrap_or_else(|error| panic!("this suite needs NVRTC: {error}"));
    for (turn, &order) in Order::ALL.iter().enumerate() {
        let ties = Ties::ALL[turn % Ties::ALL.len()];
        let semantics = Semantics { order, ties, values: true, count: true, ..Semantics::DEFAULT };
        compiles_well(&nvrtc, KernelKind::BlockRadix, DType::F64, semantics);
    }
}

#[test]
fn sorted_by_value() {
    compiles(Order::ByValue, 0, 1);
}

#[test]
fn sorted_by_index() {
    compiles(Order::ByIndex, 0, 3);
}

#[test]
fn unsorted() {
    compiles(Order::Unsorted, 1, 3);
}

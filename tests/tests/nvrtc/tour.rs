//! The steps of `templates/tour/` compile without a warning, for new and old architectures, within the
//! shared memory and the registers that every GPU has.

use crate::steps::{CANDIDATES, HISTOGRAM, LARGEST, RADIX, SMALLEST, Step, THREADS, VECTORS};
use topkit::{
    Arch,
    cache::Compiler,
    inspect::{RenderedSource, Resources},
    machine::Nvrtc,
};
use topkit_tests::goldens;

/// The compiler takes what is rendered; of a kernel that is not, text and entry count.
fn source(step: Step) -> RenderedSource {
    let first = topkit_tests::rendered(&goldens::variants()[0]);
    RenderedSource { text: step.text(), entry: step.entry.to_owned(), ..first }
}

#[test]
fn the_tour_compiles() {
    let nvrtc = Nvrtc::find().unwrap_or_else(|error| panic!("this suite needs NVRTC: {error}"));
    for step in [HISTOGRAM, RADIX, CANDIDATES, VECTORS, LARGEST, SMALLEST] {
        for arch in [Arch::new(7, 5), Arch::new(9, 0)] {
            let compiled = nvrtc.compile(&source(step), arch).unwrap_or_else(|e| panic!("{e}"));
            assert!(!compiled.log.contains("warning"), "{}", compiled.log);
            let resources = Resources::from_log(&compiled.log).unwrap();
            assert_eq!((resources.spill_stores, resources.spill_loads), (0, 0), "{}", step.entry);
            assert!(resources.shared_bytes <= 48 * 1024, "{}: {resources}", step.entry);
            assert!(resources.registers * THREADS <= 64 * 1024, "{}: {resources}", step.entry);
        }
    }
}

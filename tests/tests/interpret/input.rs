//! The interpreter's errors for inputs that it refuses, and a check that it compiles the given text.

use crate::case::{interpreter, load, variant};
use topkit::host::Rows;
use topkit::interpret::{Fault, InterpretError, Interpreter, Kernel};
use topkit::{DType, Output, Problem, memory, spec::Semantics};
use topkit_tests::rendered;

type HostOutput<'a> = Output<'a, i32, f32, memory::Host>;

#[test]
fn inputs_that_do_not_fit_are_refused_with_the_numbers() {
    let kernel = load(&variant(DType::F32, 4, 256, 128, Semantics::DEFAULT));
    let by = |kernel: &Kernel, rows: &Rows<'_, f32>, k| {
        kernel.select::<f32, i32>(rows, k).unwrap_err().to_string()
    };
    let refusal = |rows: &Rows<'_, f32>, k| by(&kernel, rows, k);
    let scores = vec![0.5f32; 100];
    let input = Rows::host(&scores, 2, 50);
    // Petabytes, which no machine has.
    let many = vec![0.5f32; 10_000];
    let endless = Rows::host(&many, 10_000, 1);
    let mut indices = [7i32; 20];
    let mut refused = |with: for<'a> fn(HostOutput<'a>) -> HostOutput<'a>| {
        let output = with(Output::host(&mut indices));
        kernel.select_into(&input, 10, output).unwrap_err().to_string()
    };
    let says = [
        (refusal(&Rows::host(&scores, 3, 50), 10), "holds 100 elements, but 3 x 50"),
        (refusal(&input, 0), "top 0"),
        (refusal(&input.row_stride(51), 10), "needs 101"),
        (refusal(&input.row_stride(usize::MAX), 10), "needs 18446744073709551615"),
        (refusal(&endless, i32::MAX as u32), "GB of this machine's memory"),
        (by(&kernel.output_gap(usize::MAX), &input, 10), "GB of this machine's memory"),
        (by(&kernel.offset(usize::MAX), &input, 10), "GB of this machine's memory"),
        (refusal(&input.starts(&[0, 0]), 10), "dense"),
        (refusal(&input.ks(&[1, 1]), 10), "the kernel has no k of its rows"),
        (refusal(&input.mask_bytes(&[1; 100]), 10), "the kernel has no mask"),
        (refused(|output| output.index_fill(3)), "the kernel has the standard fill"),
        (refused(|output| output.pages(&[0; 8], 0, 64)), "a page shift of 64; it is at most 31"),
        (refused(|output| output.affine(2, 0)), "the kernel has `ids: columns`"),
    ];
    for (message, part) in says {
        assert!(message.contains(part), "{message}");
    }
    let kernel = load(&variant(DType::Bf16, 4, 256, 128, Semantics::DEFAULT));
    let message = kernel.select::<f32, i32>(&input, 10).unwrap_err().to_string();
    assert!(message.contains("bf16") && message.contains("f32"), "{message}");
}

/// Without scores: a program asks this before it makes any.
#[test]
fn a_kernel_says_beforehand_what_fits() {
    let kernel = load(&variant(DType::F32, 4, 256, 128, Semantics::DEFAULT));
    let fits = |rows, k| kernel.fits(&Problem::new(DType::F32, rows, 700, k));
    fits(2, 1000).unwrap();
    // Petabytes, which no machine has.
    for (rows, k) in [(1 << 20, i32::MAX as u32), (i32::MAX as usize, 1_000_000)] {
        let refused = fits(rows, k).unwrap_err();
        assert!(matches!(refused, Fault::Launch { .. }), "{refused}");
        assert!(refused.to_string().contains("GB of this machine's memory"), "{refused}");
    }
}

#[test]
fn no_rows_and_no_columns_are_answered() {
    let kernel = load(&variant(DType::F32, 4, 256, 128, Semantics::DEFAULT));
    assert_eq!(kernel.select::<f32, i32>(&Rows::host(&[], 0, 5), 3), Ok(vec![]));
    assert_eq!(kernel.select::<f32, i32>(&Rows::host(&[], 2, 0), 3), Ok(vec![-1; 6]));
}

#[test]
fn a_missing_compiler_is_named() {
    let error = Interpreter::with_compiler("no-such-compiler").unwrap_err().to_string();
    assert!(error.contains("no-such-compiler") && error.contains("TOPKIT_CXX"), "{error}");
}

/// Every barrier of a template, taken away, is missed; the fault is at a line of the templates.
#[test]
fn a_missing_barrier_is_a_fault() {
    let source = rendered(&variant(DType::Bf16, 8, 2048, 128, Semantics::DEFAULT));
    let scores = topkit_lab::Distribution::OneBin.fill::<half::bf16>(1, 1, 4000);
    let input = Rows::host(&scores, 1, 4000);
    let barriers: Vec<usize> =
        source.text.match_indices("__syncthreads();").map(|(at, _)| at).collect();
    assert!(barriers.len() >= 5, "the kernel has {} barriers", barriers.len());
    for at in barriers {
        let mut mutant = source.clone();
        mutant.text.replace_range(at..at + "__syncthreads();".len(), "");
        let kernel = interpreter().load(&mutant).unwrap();
        let found = (0..8).find_map(|seed| kernel.seed(seed).select::<_, i32>(&input, 100).err());
        let line = mutant.text[..at].lines().count();
        let fault =
            found.unwrap_or_else(|| panic!("nobody misses the barrier at line {line} of the text"));
        println!("without the barrier at line {line} of the text: {fault}");
        let site = fault.site().unwrap_or_else(|| panic!("{fault}"));
        assert!(site.line.file.starts_with("templates/"), "{fault}");
    }
}

#[test]
fn a_place_that_is_not_written_is_named() {
    let mut source = rendered(&variant(DType::F32, 4, 256, 128, Semantics::DEFAULT));
    source.text = source.text.replace("Output(args, row).fill(slot);", "");
    let fault =
        interpreter().load(&source).unwrap().select::<f32, i32>(&Rows::host(&[1.0], 1, 1), 3);
    assert!(
        matches!(&fault, Err(Fault::Unwritten { what }) if what == "place 1 of row 0"),
        "{fault:?}"
    );
}

#[test]
fn a_text_that_does_not_compile_is_refused_in_the_compilers_words() {
    let text = "#line 7 \"templates/wrong.cuh\"\nextern \"C\" __global__ void wrong(int a) { missing(); }\n";
    let error = interpreter().load_text("wrong", text).unwrap_err();
    assert!(matches!(error, InterpretError::Compile { .. }));
    let message = error.to_string();
    assert!(message.contains("templates/wrong.cuh:7") && message.contains("missing"), "{message}");
}

//! What a launch refuses: shapes, buffers, addresses, contexts, kernels. A refused launch writes nothing.

use super::{Case, FEW, MANY, UNTOUCHED, gpu, selector};
use crate::case::ragged;
use std::sync::Arc;
use topkit::interpret::{Fault, Interpreted, Selector, Stream};
use topkit::{
    DType, Error, IndexInt, Output, Problem, RawLaunch, Rows,
    spec::{KernelKind, Semantics},
};
use topkit_tests::refusals::{INDICES, REFUSALS, SCORES, SPANS};

#[test]
fn every_refusal_names_the_numbers_and_writes_nothing() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let dense = selector(&gpu, Semantics::DEFAULT);
    let scores = stream.clone_htod(&vec![1.0f32; SCORES]).unwrap();
    let halves = stream.clone_htod(&vec![half::bf16::ONE; SCORES]).unwrap();
    let spans = stream.clone_htod(&[5i32; SPANS]).unwrap();
    let mut indices = stream.clone_htod(&vec![UNTOUCHED; INDICES]).unwrap();
    let mut wide = stream.clone_htod(&vec![77i64; INDICES]).unwrap();

    fn said<I: IndexInt>(
        selector: &Selector,
        stream: &Arc<Stream>,
        rows: Rows<'_, f32, Interpreted>,
        k: u32,
        output: Output<'_, I, f32, Interpreted>,
    ) -> String {
        selector.launch(stream, &rows, k, output).unwrap_err().to_string()
    }
    let mut all = Vec::new();
    for refusal in REFUSALS {
        let mut rows = Rows::interpreted(&scores, refusal.rows, refusal.columns);
        rows = refusal.row_stride.map_or(rows, |stride| rows.row_stride(stride));
        rows = if refusal.starts { rows.starts(&spans) } else { rows };
        rows = if refusal.lengths { rows.lengths(&spans) } else { rows };
        let mut output = Output::from(&mut indices);
        if let Some(stride) = refusal.index_stride {
            output = output.row_stride(stride);
        }
        all.push((said(&dense, &stream, rows, refusal.k, output), refusal.says));
    }
    let rows = |rows, columns| Rows::interpreted(&scores, rows, columns);
    all.push((said(&dense, &stream, rows(3, 1000), 10, Output::from(&mut wide)), "i64"));
    let of_halves = Rows::interpreted(&halves, 3, 1000);
    let error = dense.launch(&stream, &of_halves, 10, &mut indices).unwrap_err();
    all.push((error.to_string(), "serves f32, not bf16"));
    for (message, part) in all {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), vec![UNTOUCHED; INDICES]);
    assert_eq!(stream.clone_dtoh(&wide).unwrap(), vec![77; INDICES]);
    assert_eq!(gpu.loaded_kernels(), 0);
}

#[test]
fn launches_by_address_are_checked_too() {
    let gpu = gpu();
    let (stream, dense) = (gpu.context().new_stream(), selector(&gpu, Semantics::DEFAULT));
    let sound = RawLaunch::new(DType::F32, 2, 64, 8).scores(1 << 20).indices(1 << 21);
    for (launch, part) in [
        (sound.scores(0), "the score pointer is null"),
        (sound.indices(0), "the index pointer is null"),
        (sound.scores((1 << 20) + 2), "multiple of its element's 4 bytes"),
        (sound.indices((1 << 21) + 1), "the index pointer 0x200001"),
        (sound.index_stride(7), "row stride of the indices is 7"),
        (sound.row_stride(i64::MAX), "the span of the scores"),
        (sound.row_lengths(64), "lengths were given"),
        (sound.workspace(24, sound.workspace_bytes), "the workspace pointer 0x18"),
    ] {
        let error = dense.launch_raw(&stream, &launch).unwrap_err().to_string();
        assert!(error.contains(part), "{part:?} is not in {error:?}");
    }
    assert_eq!(gpu.loaded_kernels(), 0);
}

/// What the caller of CUDA's `launch_raw` promises is a fault here.
#[test]
fn addresses_of_other_buffers_are_faults() {
    let gpu = gpu();
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let case = Case::new(&stream, Problem::new(DType::F32, 64, 300, 10));
    let none = stream.alloc::<u8>(16).unwrap();
    let sound = case.raw(&none);
    let freed = stream.clone_htod(&vec![0i32; 640]).unwrap().address();
    for (launch, part) in [
        (sound.scores(freed), "the address of scores is nobody's"),
        (sound.indices(freed), "the address of indices is nobody's"),
        (sound.row_stride(301), "row 63 of scores is not in its buffer"),
        (sound.row_stride(-1), "row 1 of scores is not in its buffer"),
        (sound.index_stride(11), "row 58 of indices is not in its buffer"),
        (sound.indices(sound.scores), "indices and scores are in one buffer"),
    ] {
        let error = selector.launch_raw(&stream, &launch).unwrap_err();
        assert!(matches!(error, Error::Fault(Fault::Launch { .. })), "{error}");
        assert!(error.to_string().contains(part), "{part:?} is not in {error}");
    }
    assert!(case.is_untouched());
    let lengths = stream.alloc::<i32>(64).unwrap();
    let error = selector.launch_raw(&stream, &sound.row_lengths(lengths.address())).unwrap_err();
    assert!(matches!(error, Error::Fault(Fault::Uninitialised { .. })), "{error}");
}

#[test]
fn a_stream_or_buffer_of_another_context_is_refused_by_name() {
    let gpus = [gpu(), gpu()];
    let streams = gpus.each_ref().map(|gpu| gpu.context().new_stream());
    let selectors = gpus.each_ref().map(|gpu| selector(gpu, ragged()));
    let scores = streams.each_ref().map(|stream| stream.clone_htod(&[1.0f32; 128]).unwrap());
    let spans = streams.each_ref().map(|stream| stream.clone_htod(&[0i32, 9]).unwrap());
    let mut indices = streams.each_ref().map(|s| s.clone_htod(&[UNTOUCHED; 16]).unwrap());
    let workspace = |at: usize| selectors[at].workspace(&streams[at], &FEW).unwrap();
    let mut workspaces = [workspace(0), workspace(1)];
    assert!(workspaces.iter().all(|workspace| workspace.bytes() > 0));
    let names = [
        "the stream",
        "the score buffer",
        "the buffer of starts",
        "the buffer of lengths",
        "the index buffer",
        "the workspace",
    ];
    for (place, name) in names.into_iter().enumerate() {
        // The one of this place is of the other context.
        let of = |at: usize| usize::from(at == place);
        let rows = Rows::interpreted(&scores[of(1)], 2, 64);
        let rows = rows.starts(&spans[of(2)]).lengths(&spans[of(3)]);
        let (indices, workspace) = (&mut indices[of(4)], &mut workspaces[of(5)]);
        let error =
            selectors[0].launch_with(&streams[of(0)], &rows, 8, indices, workspace).unwrap_err();
        assert!(matches!(error, Error::Context { ref what, .. } if what == name), "{error}");
    }
    let error = selectors[0].workspace(&streams[1], &FEW).unwrap_err();
    assert!(matches!(error, Error::Context { ref what, .. } if what == "the stream"), "{error}");
    for (stream, indices) in streams.iter().zip(&indices) {
        assert_eq!(stream.clone_dtoh(indices).unwrap(), [UNTOUCHED; 16]);
    }
}

#[test]
fn buffers_that_nothing_orders_with_the_stream_are_refused() {
    let gpu = gpu();
    let (stream, again) = (gpu.context().new_stream(), gpu.context().again());
    let selector = selector(&gpu, ragged());
    let mut case = Case::new(&again.default_stream(), MANY);
    let theirs = std::mem::replace(&mut case.stream, stream);
    let error = case.launch(&selector).unwrap_err();
    assert!(
        matches!(error, Error::Unordered { ref what } if what == "the score buffer"),
        "{error}"
    );
    assert!(case.is_untouched());
    // Both are the default stream of the context.
    case.stream = gpu.context().default_stream();
    case.launch(&selector).unwrap();
    case.check();
    // With a second stream, their object records and waits too.
    let _second = theirs.clone_htod(&[0u8]).map(|_| again.new_stream()).unwrap();
    case.stream = gpu.context().new_stream();
    case.launch(&selector).unwrap();
    case.check();
}

#[test]
fn a_refused_kernel_gives_way_to_the_next() {
    let gpu = gpu().refusing(&[KernelKind::GridFilter]);
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let first = selector.plan(&FEW).unwrap();
    assert_eq!(first.variant.kernel, KernelKind::GridFilter);
    let mut case = Case::new(&stream, FEW);
    case.launch(&selector).unwrap();
    case.check();
    let next = selector.plan(&FEW).unwrap();
    assert_ne!(next.variant, first.variant);
    assert_eq!(selector.prepare(&FEW).unwrap(), next);
}

#[test]
fn a_launch_of_which_every_kernel_is_refused_writes_nothing() {
    let gpu = gpu().refusing(KernelKind::ALL);
    let (stream, selector) = (gpu.context().new_stream(), selector(&gpu, ragged()));
    let mut case = Case::new(&stream, FEW);
    let buffers = gpu.context().buffers();
    for _ in 0..2 {
        let error = case.launch(&selector).unwrap_err();
        assert!(matches!(error, Error::Module { .. }), "{error}");
    }
    assert!(case.is_untouched());
    assert_eq!(gpu.loaded_kernels(), 0);
    assert!(gpu.context().buffers() <= buffers + 1);
}

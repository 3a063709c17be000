//! The methods have the shapes that callers rely on, and `::std` and `::topkit` are not shadowed.
#![deny(warnings, missing_docs)]

mod std {}

topkit::topk_kernel! { pub kernel Top { dtype: [f32, f16] } }

/// Opens, plans, explains, shows and launches.
pub fn all(
    engine: &topkit::Engine,
    problem: &topkit::Problem,
    stream: &::std::sync::Arc<topkit::CudaStream>,
    rows: &topkit::Rows<'_, f32>,
    [first, second]: [topkit::Output<'_, i32, f32>; 2],
) -> Result<(), topkit::Error> {
    let top: Top = Top::new(engine)?.clone();
    let _: topkit::Plan = top.plan(problem)?;
    let _: topkit::Explanation = top.explain(problem)?;
    let _: topkit::inspect::RenderedSource = top.source(&Top::variants()[0])?;
    let _: &topkit::Selector = top.selector();
    println!("{top:?}");
    top.launch(stream, rows, 8, first)?;
    let mut workspace: topkit::Workspace = top.workspace(stream, problem)?;
    top.launch_with(stream, rows, 8, second, &mut workspace)
}

#[test]
fn is_accepted() {
    // One streaming kernel of a CTA for each point of the axes; others come beside them.
    let streaming = Top::variants().into_iter().filter(|it| (it.items, it.cluster) == (0, 1));
    assert_eq!(streaming.count(), 4 * 3 * 3);
}

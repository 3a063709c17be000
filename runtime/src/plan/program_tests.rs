//! Tests of plans for selectors with a program: by times of that program, or else by an estimate.

use super::*;
use topkit_codegen::Program;

#[test]
fn a_program_goes_by_its_own_times_and_else_by_an_estimate() {
    let program = |text: &'static str| Program::builder(text).source("A").build().unwrap();
    let (own, other) = (program("struct A {};"), program("struct A { };"));
    // Alone, the measured problem is planned by RESIDENT, and by BLOCK with the program.
    let mut table = table();
    let problem = problem(1, 16384, 64);
    let times = vec![(pdl(BLOCK), 7.0), (pdl(RESIDENT), 8.0)];
    table.points.push((Point { problem, program: Some(own.id()), times }, 1.0));
    let planner = |program: Option<Program>| {
        let spec = SelectorSpec { program, ..spec() };
        of(spec, h200(), Some(table.clone()))
    };
    for (program, name, us, estimate) in [
        (None, RESIDENT, 3.0, false),
        (Some(own.clone()), BLOCK, 7.0, false),
        (Some(other), RESIDENT, 3.0, true),
    ] {
        let id = program.as_ref().map(Program::id);
        let planner = planner(program);
        let explanation = planner.explain(&problem).unwrap();
        assert_eq!(explanation.plan.variant.short_name(), name);
        assert_eq!(explanation.plan.variant.program, id);
        let text = explanation.to_string();
        assert_eq!(text.contains("so an estimate"), estimate, "{text}");
        assert_eq!(id.is_some(), id.is_some_and(|id| text.contains(&format!("program {id}"))));
        let measured = measured(explanation);
        assert_eq!((measured.estimate, measured.within), (estimate, true));
        assert!((measured.expected[0].microseconds / us - 1.0).abs() < 1e-4);
    }
    // Where the program was not measured, the times without it are better than none.
    let far = planner(Some(own)).explain(&Problem { columns: 65536, ..problem }).unwrap();
    assert_eq!(far.plan.variant.short_name(), FOUR);
    assert!(measured(far).estimate);
}

//! The rules of a selector whose own functions are stages of its kernels.

use super::Fault;
use crate::functions::Stage;
use crate::{DType, Ids, IndexType, Key, RowShape, SelectorSpec};

/// Scores that functions take as numbers, and can drop.
const DTYPES: [DType; 3] = [DType::F32, DType::Bf16, DType::F16];

pub(super) fn stages(faults: &mut Vec<Fault>, spec: &SelectorSpec) {
    let Some(stages) = spec.program.as_ref().and_then(|program| program.stages()) else { return };
    let is_there = |stage: &Stage| stages.get(*stage).is_some();
    for (place, dtype) in spec.dtype.iter().enumerate() {
        if let Some(stage) = [Stage::Score, Stage::Keep].iter().find(|stage| is_there(stage))
            && !DTYPES.contains(dtype)
        {
            let message = format!("`fn {}` is not for scores of {dtype}", stage.name());
            faults.push(Fault::new(Key::Dtype, Some(place), message, "use `f32`, `bf16` or `f16`"));
        }
    }
    if let Some(stage) = [Stage::RowStart, Stage::RowLen].iter().find(|stage| is_there(stage))
        && spec.semantics.rows == RowShape::Dense
    {
        let message =
            format!("`fn {}` tells the columns of a row, and all rows are whole", stage.name());
        faults.push(Fault::of(Key::Rows, message, "use `rows: ragged`"));
    }
    let Some(emit) = stages.get(Stage::Emit) else { return };
    if spec.semantics.ids != Ids::Columns {
        let message =
            format!("`ids: {}` and `fn emit` both tell what is written", spec.semantics.ids);
        faults.push(Fault::of(Key::Ids, message, "use `ids: columns`, or remove the function"));
    }
    let index = IndexType::of(emit.result());
    if spec.semantics.index != index {
        let message =
            format!("`fn emit` gives `{index}`, and an index is `{}`", spec.semantics.index);
        faults.push(Fault::of(Key::Index, message, format!("use `index: {index}`")));
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Arg, ArgKind, DType, Ids, IndexType, Program, RowShape, SelectorSpec, Stages, Type,
    };

    const SOURCE: &str = "fn row_len(row: i32) -> i32 { lens[row] }
        fn score(x: f32) -> f32 { -x }
        fn emit(col: i32) -> i64 { col as i64 }";

    fn program() -> Program {
        let args = vec![Arg { name: "lens".to_owned(), kind: ArgKind::Slice(Type::I32) }];
        Program::of_stages(Stages::parse(args, SOURCE).unwrap()).unwrap()
    }

    #[test]
    fn stages_and_keys_fit_each_other() {
        let spec = SelectorSpec::builder("One").dtype([DType::Bf16]).program(program());
        let sound = spec.clone().rows(RowShape::Ragged).index(IndexType::I64);
        assert_eq!(sound.spec().validate(), []);
        let wrong = spec.dtype([DType::F32, DType::F64]).ids(Ids::Affine).spec();
        let said: Vec<String> = wrong.validate().iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "`fn score` is not for scores of f64 (hint: use `f32`, `bf16` or `f16`)",
                "`fn row_len` tells the columns of a row, and all rows are whole (hint: use `rows: ragged`)",
                "`ids: affine` and `fn emit` both tell what is written (hint: use `ids: columns`, or remove the function)",
                "`fn emit` gives `i64`, and an index is `i32` (hint: use `index: i64`)",
            ]
        );
    }
}

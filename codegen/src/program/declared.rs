//! The functions of a declaration, as the macro writes them into a constant: their source, read once, when the program
//! is first asked for.

use super::{ArgsLayout, Made, Parts, Program, ProgramBuilder, ProgramId};
use crate::functions::{Arg, FunctionsError, Origin, Stages};
use std::sync::OnceLock;

/// The source of a selector's functions, and the program that is made of it.
#[derive(Debug)]
pub struct Declared {
    args: &'static str,
    source: &'static str,
    file: &'static str,
    line: usize,
    program: OnceLock<Program>,
}

impl Declared {
    /// Functions whose source starts in that line of a file.
    pub const fn new(
        args: &'static str,
        source: &'static str,
        file: &'static str,
        line: usize,
    ) -> Declared {
        Declared { args, source, file, line, program: OnceLock::new() }
    }

    /// The program. The macro has read and checked the same text; if this release of the library reads it otherwise,
    /// the program has a fault, which the check of specs reports.
    pub fn program(&'static self) -> &'static Program {
        self.program
            .get_or_init(|| self.read().unwrap_or_else(|error| Program::faulty(error.to_string())))
    }

    fn read(&self) -> Result<Program, FunctionsError> {
        let stages = Stages::parse(Arg::parse(self.args)?, self.source)?;
        Program::of_stages(stages.from(Origin::new(self.file, self.line)))
            .map_err(|error| FunctionsError::of_all(&error.to_string()))
    }
}

impl Program {
    /// A program that a constant can have: what the function gives.
    pub const fn declared(program: fn() -> &'static Program) -> Program {
        Program { made: Made::By(program) }
    }

    fn faulty(fault: String) -> Program {
        let id = ProgramId::of(&ProgramBuilder::new(fault.clone().into()));
        Program::of(Parts {
            text: "".into(),
            source: None,
            ordinal: None,
            output: None,
            args: ArgsLayout::core(),
            id,
            stages: None,
            fault: Some(fault),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, SelectorSpec};

    const SOURCE: &str = "fn score(x: f32, col: i32) -> f32 {\n\n    x * scale + bias[col]\n}";

    fn program() -> &'static Program {
        static DECLARED: Declared =
            Declared::new("scale: f32, bias: [f32]", SOURCE, "src/a \"b\".rs", 41);
        DECLARED.program()
    }

    fn other() -> &'static Program {
        static DECLARED: Declared =
            Declared::new("scale: f32, bias: [f32]", SOURCE, "src/other.rs", 7);
        DECLARED.program()
    }

    fn wrong() -> &'static Program {
        static DECLARED: Declared = Declared::new("", SOURCE, "src/lib.rs", 1);
        DECLARED.program()
    }

    const DECLARED: Program = Program::declared(program);

    #[test]
    fn a_constant_has_a_program_whose_text_names_the_lines_of_the_file() {
        let own = DECLARED;
        let text = own.text();
        assert!(
            text.contains("#line 43 \"src/a \\\"b\\\".rs\"\n        return rust::add"),
            "{text}"
        );
        // The place does not tell programs apart: an edit above a declaration keeps its records.
        assert_eq!(DECLARED.id(), Program::declared(other).id());
        assert_ne!(DECLARED.text(), Program::declared(other).text());
        let restored = text.lines().position(|line| line.ends_with("\"program\"")).unwrap();
        assert!(
            text.lines().nth(restored).unwrap() == format!("#line {} \"program\"", restored + 2)
        );
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_of_the_spec() {
        let spec = SelectorSpec::builder("Own").dtype([DType::F32]);
        let error = spec.program(Program::declared(wrong)).build().unwrap_err().to_string();
        assert!(error.contains("there is no `scale` here"), "{error}");
    }
}

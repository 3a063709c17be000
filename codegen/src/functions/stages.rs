//! The stages of a kernel that a user's functions take over: which functions they are, and what each must take and give.
//!
//! A stage is a function of its name; its parameters are told by their names, and it has those that it needs, in any
//! order. Every other function must be called by one.

use super::check::Names;
use super::fault::{FunctionFault, FunctionsError};
use super::tree::{Arg, Function, Functions};
use super::ty::Type;
use proc_macro2::TokenStream;
use std::fmt::Write;

/// The name of a program's text, which is no file.
pub(crate) const PROGRAM: &str = "program";

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The first column of a row.
    RowStart,
    /// The columns of a row.
    RowLen,
    /// Whether an element may win.
    Keep,
    /// The score of an element.
    Score,
    /// What is written for a winner.
    Emit,
}

impl Stage {
    /// All of them, in the order in which a kernel runs them.
    pub const ALL: [Stage; 5] =
        [Stage::RowStart, Stage::RowLen, Stage::Keep, Stage::Score, Stage::Emit];

    /// The name of its function.
    pub const fn name(self) -> &'static str {
        match self {
            Stage::RowStart => "row_start",
            Stage::RowLen => "row_len",
            Stage::Keep => "keep",
            Stage::Score => "score",
            Stage::Emit => "emit",
        }
    }

    /// The parameters that it may have.
    const fn params(self) -> &'static [(&'static str, Type)] {
        const ROW: (&str, Type) = ("row", Type::I32);
        const COLUMN: (&str, Type) = ("col", Type::I32);
        match self {
            Stage::RowStart | Stage::RowLen => &[ROW],
            Stage::Keep | Stage::Emit => &[ROW, COLUMN],
            Stage::Score => &[("x", Type::F32), ROW, COLUMN],
        }
    }

    /// The types that its result may have.
    const fn results(self) -> &'static [Type] {
        match self {
            Stage::RowStart | Stage::RowLen => &[Type::I32],
            Stage::Keep => &[Type::Bool],
            Stage::Score => &[Type::F32],
            Stage::Emit => &[Type::I32, Type::U32, Type::I64],
        }
    }

    /// How one declares it.
    fn example(self) -> String {
        let params = self.params().iter().map(|(name, ty)| format!("{name}: {ty}"));
        let params = params.collect::<Vec<_>>().join(", ");
        format!("`fn {}({params}) -> {}`", self.name(), self.results()[0])
    }

    /// The constant of the generated text that tells whether it is there.
    const fn constant(self) -> &'static str {
        match self {
            Stage::RowStart => "STARTS",
            Stage::RowLen => "ENDS",
            Stage::Keep => "KEEPS",
            Stage::Score => "SCORES",
            Stage::Emit => "EMITS",
        }
    }
}

/// A selector's own functions, of which some are stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stages {
    functions: Functions,
    origin: Option<Origin>,
}

/// Where the source of functions is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    file: String,
    /// The line of the file that the first line of the source is.
    line: usize,
}

impl Origin {
    /// A file, and the line in which the source starts. Of an absolute path compilers are told the name alone: the
    /// text of a kernel is the same on every machine.
    pub fn new(file: &str, line: usize) -> Origin {
        let is_absolute = file.starts_with(['/', '\\']) || file.get(1..2) == Some(":");
        let name = if is_absolute { file.rsplit(['/', '\\']).next() } else { None };
        Origin { file: name.unwrap_or(file).to_owned(), line }
    }
}

impl Stages {
    /// Reads and checks functions from tokens; they are sound if there are no faults.
    pub fn from_tokens(args: Vec<Arg>, tokens: TokenStream) -> (Stages, Vec<FunctionFault>) {
        let (functions, names, mut faults) = Functions::named(args, tokens);
        check(&functions, &names, &mut faults);
        (Stages { functions, origin: None }, faults)
    }

    /// Reads and checks functions from their source.
    ///
    /// # Errors
    /// All their faults.
    pub fn parse(args: Vec<Arg>, source: &str) -> Result<Stages, FunctionsError> {
        let tokens = super::tokens(source)?;
        let (stages, faults) = Stages::from_tokens(args, tokens);
        if faults.is_empty() { Ok(stages) } else { Err(FunctionsError::new(source, &faults)) }
    }

    /// The same, whose source is there: compilers name its lines in their messages.
    pub fn from(self, origin: Origin) -> Stages {
        Stages { origin: Some(origin), ..self }
    }

    /// All functions.
    pub const fn functions(&self) -> &Functions {
        &self.functions
    }

    /// The function of a stage, if there is one.
    pub fn get(&self, stage: Stage) -> Option<&Function> {
        self.functions.get(stage.name())
    }

    /// The text of the functions, and `struct Stages`, through which kernels call them; with the lines of the source
    /// if it is known where that is.
    pub(crate) fn cuda(&self, lines: bool) -> String {
        let origin = self.origin.as_ref().filter(|_| lines);
        let mut text = self.functions.cuda(origin.map(|Origin { file, line }| (&**file, *line)));
        if origin.is_some() {
            let next = text.lines().count() + 2;
            // Writing to a String cannot fail.
            let _ = writeln!(text, "#line {next} \"{}\"", PROGRAM);
        }
        text += "\n// What kernels call, and whether it is there.\nstruct Stages {\n";
        for stage in Stage::ALL {
            let (constant, is_there) = (stage.constant(), self.get(stage).is_some());
            // As above.
            let _ = writeln!(text, "    static constexpr bool {constant} = {is_there};");
        }
        for stage in Stage::ALL {
            let Some(function) = self.get(stage) else { continue };
            let Some((callee, reads_args)) = self.functions.callee(function) else { continue };
            let params =
                stage.params().iter().map(|(name, ty)| format!("{} {name}", ty.cuda_name()));
            let params: Vec<String> =
                std::iter::once("const Args& args".to_owned()).chain(params).collect();
            let own = function.params().map(|(name, _)| name.to_owned());
            let given: Vec<String> =
                reads_args.then(|| "args".to_owned()).into_iter().chain(own).collect();
            let (result, name) = (function.result().cuda_name(), stage.name());
            // As above.
            let _ = write!(
                text,
                "\n    static __device__ __forceinline__ {result} {name}({}) {{\n        return {callee}({});\n    }}\n",
                params.join(", "),
                given.join(", ")
            );
        }
        text + "};\n"
    }
}

fn check(functions: &Functions, names: &Names, faults: &mut Vec<FunctionFault>) {
    let stage_of = |name: &str| Stage::ALL.into_iter().find(|stage| stage.name() == name);
    let mut any = false;
    for (function, place) in functions.all().iter().zip(&names.functions) {
        let Some(stage) = stage_of(function.name()) else {
            if !names.called.contains(&function.name().to_owned()) {
                let text = format!(
                    "`{}` is no stage of a kernel, and no function calls it",
                    function.name()
                );
                let stages = Stage::ALL.map(|stage| format!("`{}`", stage.name())).join(", ");
                faults.push(FunctionFault::new(place, text, format!("the stages are {stages}")));
            }
            continue;
        };
        any = true;
        let known = |name: &str, ty| stage.params().contains(&(name, ty));
        if !function.params().all(|(name, ty)| known(name, ty))
            || !stage.results().contains(&function.result())
        {
            let results =
                stage.results().iter().map(|ty| format!("`{ty}`")).collect::<Vec<_>>().join(" or ");
            let params = stage.params().iter().map(|(name, ty)| format!("`{name}: {ty}`"));
            let params = params.collect::<Vec<_>>().join(", ");
            let text = format!("`{}` may take {params}, and gives {results}", stage.name());
            faults.push(FunctionFault::new(place, text, format!("write {}", stage.example())));
        }
    }
    if !any && faults.is_empty() {
        let place = names.functions.first().cloned().unwrap_or_default();
        let text = "no function is a stage of a kernel";
        faults.push(FunctionFault::new(
            place,
            text,
            format!("write for example {}", Stage::Score.example()),
        ));
    }
}

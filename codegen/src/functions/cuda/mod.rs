//! Writes functions as CUDA C++: a struct of static functions, which read the arguments of the launch through `args`.
//!
//! An expression of Rust that C++ has no expression for, as a `match` with statements, is written as statements before
//! the one that needs it, in the order of Rust. Operations whose meaning differs are functions of `rust` in
//! `templates/functions/`.

mod expression;
mod names;
mod statement;
mod writer;

pub(crate) use names::{identifier_fault, is_keyword};

use super::tree::{ArgKind, Function, Functions};
use super::value::Value;
use names::Names;
use statement::Body;
use std::fmt::Write;
use writer::Writer;

/// The struct of the functions.
pub(super) const STRUCT: &str = "Functions";

impl Functions {
    /// The text of all functions, which `struct Functions` has as static members of their names. With a file
    /// and the line in which the source starts there, compilers name its lines in their messages.
    pub fn cuda(&self, file: Option<(&str, usize)>) -> String {
        let names = self.names();
        let mut writer = Writer::new(file);
        writer
            .line("// The selector's own functions, with Rust's meaning of every operation.", None);
        writer.open(&format!("struct {STRUCT} {{"), None);
        for (constant, name) in self.constants.iter().zip(&names.constants) {
            let (ty, value) =
                (constant.value.ty().cuda_name(), expression::value(constant.value).text);
            writer.line(&format!("static constexpr {ty} {name} = {value};"), Some(constant.place));
        }
        for (at, function) in self.functions.iter().enumerate() {
            if at > 0 || !self.constants.is_empty() {
                writer.blank();
            }
            let (heading, body) = self.heading(function, &names, at);
            writer.open(
                &format!("static __device__ __forceinline__ {heading} {{"),
                Some(function.place),
            );
            Body {
                functions: self,
                function,
                names: &names,
                locals: body,
                fresh: names.all.clone(),
                writer: &mut writer,
            }
            .function();
            writer.close("}");
        }
        writer.close("};");
        writer.text()
    }

    /// How the text calls a function: its name, and whether it is given `args` first.
    pub fn callee(&self, function: &Function) -> Option<(String, bool)> {
        let at = self.functions.iter().position(|other| other.name == function.name)?;
        Some((format!("{STRUCT}::{}", self.names().functions[at]), function.reads_args))
    }

    /// Result, name and parameters of a function, and the names of its locals.
    fn heading(&self, function: &Function, names: &AllNames, at: usize) -> (String, Vec<String>) {
        let mut own = names.all.clone();
        let locals: Vec<String> =
            function.locals.iter().map(|local| own.unique(&local.name)).collect();
        let args = function.reads_args.then(|| "const Args& args".to_owned());
        let params = function.locals[..function.params].iter().zip(&locals);
        let params = params.map(|(local, name)| format!("{} {name}", local.ty.cuda_name()));
        let params: Vec<String> = args.into_iter().chain(params).collect();
        let mut heading = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            heading,
            "{} {}({})",
            function.result.cuda_name(),
            names.functions[at],
            params.join(", ")
        );
        (heading, locals)
    }

    fn names(&self) -> AllNames {
        let mut all = Names::default();
        let constants = self.constants.iter().map(|constant| all.unique(&constant.name)).collect();
        let functions = self.functions.iter().map(|function| all.unique(&function.name)).collect();
        AllNames { constants, functions, all }
    }
}

/// The names of what all functions share.
struct AllNames {
    constants: Vec<String>,
    functions: Vec<String>,
    all: Names,
}

/// An argument in the text; of a slice, the address of its first element.
fn arg(functions: &Functions, at: usize) -> String {
    let arg = &functions.args[at];
    let name = format!("args.{}", arg.name);
    match arg.kind {
        ArgKind::Scalar(ty) => converted(ty, name),
        ArgKind::Slice(_) => name,
    }
}

/// A stored value as its own type: a `bool` is stored as a byte, and a float of 16 bits as its bits.
fn converted(ty: super::ty::Type, stored: String) -> String {
    match ty {
        super::ty::Type::Bool => format!("({stored} != 0)"),
        ty if ty.is_half() => format!("{}{{{stored}}}", ty.cuda_name()),
        _ => stored,
    }
}

/// Whether it is a number that C++ must have in parentheses before an operator.
fn is_negative(value: Value) -> bool {
    match value {
        Value::F32(value) => value.is_sign_negative() && value.is_finite(),
        value => value.as_integer().is_some_and(|value| value < 0),
    }
}

//! Runs functions on the host, as their tree has them: for functions that are given at run time, and for tests of the
//! generated text.
//!
//! What Rust answers with a panic is a [`Stop`] with its place in [`Arithmetic::Checked`]. In
//! [`Arithmetic::Device`] it has the value that the generated text gives it: sums, differences and products wrap, the
//! amount of a shift is taken modulo the width, `x / 0` is 0, `x % 0` is `x`, and an element out of range is 0.

mod builtins;
mod operators;

use super::tree::{Binary, Block, Constant, Expr, Function, Functions, Kind, Place, Statement};
use super::ty::Type;
use super::value::Value;

/// The arguments of a launch, by their number in [`Functions::args`].
pub trait Inputs {
    /// The value of an argument that is none of a slice.
    fn scalar(&self, arg: usize) -> Value;
    /// How many elements a slice has.
    fn length(&self, arg: usize) -> i64;
    /// An element of a slice, which is there: the index is from 0 to below the length.
    fn element(&self, arg: usize, index: i64) -> Value;
}

/// What is done about an operation that has no value in Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// The evaluation stops, where Rust panics.
    Checked,
    /// It has the value that it has on a GPU.
    Device,
}

/// Why an evaluation stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, column {}: {text}", place.line, place.column + 1)]
pub struct Stop {
    place: Place,
    text: String,
}

impl Stop {
    fn new(place: Place, text: impl Into<String>) -> Stop {
        Stop { place, text: text.into() }
    }

    /// Where in the source.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What happened.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Functions {
    /// The result of a function.
    ///
    /// # Errors
    /// Something happened for which Rust panics; never so in [`Arithmetic::Device`].
    pub fn evaluate(
        &self,
        function: &Function,
        values: &[Value],
        inputs: &dyn Inputs,
        arithmetic: Arithmetic,
    ) -> Result<Value, Stop> {
        let run =
            Run { constants: &self.constants, functions: &self.functions, inputs, arithmetic };
        run.call(function, values.to_vec())
    }
}

/// The value of a constant's expression.
pub(super) fn constant(constants: &[Constant], expr: &Expr) -> Result<Value, Stop> {
    let (inputs, arithmetic) = (&NoInputs, Arithmetic::Checked);
    let run = Run { constants, functions: &[], inputs, arithmetic };
    run.expr(expr, &mut Vec::new()).map_err(|exit| exit.stop(expr.place))
}

/// Of functions without arguments.
#[derive(Debug, Clone, Copy)]
pub struct NoInputs;

impl Inputs for NoInputs {
    fn scalar(&self, _: usize) -> Value {
        Value::Bool(false)
    }

    fn length(&self, _: usize) -> i64 {
        0
    }

    fn element(&self, _: usize, _: i64) -> Value {
        Value::Bool(false)
    }
}

/// Why an expression gave no value.
enum Exit {
    Stop(Stop),
    Return(Value),
    Break,
    Continue,
}

impl Exit {
    fn stop(self, place: Place) -> Stop {
        match self {
            Exit::Stop(stop) => stop,
            _ => Stop::new(place, "it leaves a function that it is not in"),
        }
    }
}

impl From<Stop> for Exit {
    fn from(stop: Stop) -> Exit {
        Exit::Stop(stop)
    }
}

struct Run<'a> {
    constants: &'a [Constant],
    functions: &'a [Function],
    inputs: &'a dyn Inputs,
    arithmetic: Arithmetic,
}

/// What a statement gives, and nobody reads.
const NOTHING: Value = Value::Bool(false);

impl Run<'_> {
    fn call(&self, function: &Function, mut locals: Vec<Value>) -> Result<Value, Stop> {
        locals.resize(function.locals.len(), NOTHING);
        match self.block(&function.body, &mut locals) {
            Ok(value) | Err(Exit::Return(value)) => Ok(value),
            Err(exit) => Err(exit.stop(function.place)),
        }
    }

    fn block(&self, block: &Block, locals: &mut Vec<Value>) -> Result<Value, Exit> {
        for statement in &block.statements {
            match statement {
                Statement::Let { local, value } => locals[*local] = self.expr(value, locals)?,
                Statement::Expr(expr) => drop(self.expr(expr, locals)?),
            }
        }
        block.value.as_ref().map_or(Ok(NOTHING), |value| self.expr(value, locals))
    }

    fn expr(&self, expr: &Expr, locals: &mut Vec<Value>) -> Result<Value, Exit> {
        let Expr { kind, ty, place } = expr;
        let own = ty.value().unwrap_or(Type::I32);
        let value = match kind {
            Kind::Integer(value) => Value::integer(own, *value),
            Kind::Literal(value) => *value,
            Kind::Local(local) => locals[*local],
            Kind::Arg(arg) => self.inputs.scalar(*arg),
            Kind::Constant(constant) => self.constants[*constant].value,
            Kind::Unary(operator, value) => {
                let value = self.expr(value, locals)?;
                self.unary(*operator, value, *place)?
            }
            Kind::Binary(operator @ (Binary::Both | Binary::Either), left, right) => {
                let left = self.expr(left, locals)?;
                match left == Value::Bool(*operator == Binary::Both) {
                    true => self.expr(right, locals)?,
                    false => left,
                }
            }
            Kind::Binary(operator, left, right) => {
                let left = self.expr(left, locals)?;
                let right = self.expr(right, locals)?;
                self.binary(*operator, left, right, *place)?
            }
            Kind::Cast(value) => operators::cast(self.expr(value, locals)?, own),
            Kind::Call(function, values) => {
                let values = self.values(values, locals)?;
                self.call(&self.functions[*function], values)?
            }
            Kind::Builtin(builtin, values) => {
                let values = self.values(values, locals)?;
                self.builtin(*builtin, own, &values, *place)?
            }
            Kind::Index(arg, index) => {
                let index = self.expr(index, locals)?.as_integer().unwrap_or(-1);
                let length = self.inputs.length(*arg);
                let at = i64::try_from(index).unwrap_or(-1);
                let is_there = (0..length).contains(&at);
                if !is_there && self.arithmetic == Arithmetic::Checked {
                    let text = format!("the index is {index}, and the slice has {length} elements");
                    return Err(Stop::new(*place, text).into());
                }
                if is_there { self.inputs.element(*arg, at) } else { Value::from_bits(own, 0) }
            }
            Kind::Length(arg) => Value::I64(self.inputs.length(*arg)),
            Kind::If(condition, then, otherwise) => {
                let holds = self.expr(condition, locals)? == Value::Bool(true);
                match (holds, otherwise) {
                    (true, _) => self.block(then, locals)?,
                    (false, Some(otherwise)) => self.expr(otherwise, locals)?,
                    (false, None) => NOTHING,
                }
            }
            Kind::Match(value, arms) => {
                let value = self.expr(value, locals)?.as_integer().unwrap_or_default();
                let has = |range: &(i128, i128)| (range.0..=range.1).contains(&value);
                let arm = arms.iter().find(|arm| arm.ranges.iter().any(has));
                arm.map_or(Ok(NOTHING), |arm| self.expr(&arm.body, locals))?
            }
            Kind::Block(block) => self.block(block, locals)?,
            Kind::Assign { local, operator, value } => {
                let value = self.expr(value, locals)?;
                locals[*local] = match operator {
                    Some(operator) => self.binary(*operator, locals[*local], value, *place)?,
                    None => value,
                };
                NOTHING
            }
            Kind::For(pass) => {
                let own = pass.from.ty.value().unwrap_or(Type::I64);
                let from = self.expr(&pass.from, locals)?.as_integer().unwrap_or_default();
                let to = self.expr(&pass.to, locals)?.as_integer().unwrap_or_default();
                for at in from..to + i128::from(pass.inclusive) {
                    locals[pass.local] = Value::integer(own, at);
                    match self.block(&pass.body, locals) {
                        Ok(_) | Err(Exit::Continue) => {}
                        Err(Exit::Break) => break,
                        Err(exit) => return Err(exit),
                    }
                }
                NOTHING
            }
            Kind::Return(value) => return Err(Exit::Return(self.expr(value, locals)?)),
            Kind::Break => return Err(Exit::Break),
            Kind::Continue => return Err(Exit::Continue),
            Kind::Faulty => return Err(Stop::new(*place, "it has a fault").into()),
        };
        Ok(value)
    }

    fn values(&self, values: &[Expr], locals: &mut Vec<Value>) -> Result<Vec<Value>, Exit> {
        values.iter().map(|value| self.expr(value, locals)).collect()
    }
}

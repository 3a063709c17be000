//! Writes expressions of C++, and before them the statements that they need.

use super::statement::{Body, Target};
use super::{arg, converted, is_negative};
use crate::functions::builtin::Builtin;
use crate::functions::tree::{ArgKind, Binary, Block, Expr, Kind, Unary};
use crate::functions::ty::Type;
use crate::functions::value::Value;

/// An expression of C++.
pub(super) struct Text {
    pub text: String,
    /// Whether it may stand beside an operator as it is.
    whole: bool,
}

impl Text {
    pub fn whole(text: impl Into<String>) -> Text {
        Text { text: text.into(), whole: true }
    }

    fn parts(text: String) -> Text {
        Text { text, whole: false }
    }

    /// Beside an operator.
    fn beside(self) -> String {
        if self.whole { self.text } else { format!("({})", self.text) }
    }
}

/// A value as a literal.
pub(super) fn value(value: Value) -> Text {
    let text = match value {
        Value::F32(value) if value.is_nan() => "__uint_as_float(0x7FC00000u)".to_owned(),
        Value::F32(value) if value.is_infinite() => {
            let bits = value.to_bits();
            return Text::whole(format!("__uint_as_float(0x{bits:08X}u)"));
        }
        Value::F32(value) => format!("{value:?}f"),
        Value::I32(i32::MIN) => return Text::whole("(-2147483647 - 1)"),
        Value::I64(i64::MIN) => return Text::whole("(-9223372036854775807ll - 1)"),
        Value::I32(value) => value.to_string(),
        Value::U32(value) => format!("{value}u"),
        Value::I64(value) => format!("{value}ll"),
        Value::Bool(value) => value.to_string(),
        Value::Bf16(bits) | Value::F16(bits) => {
            format!("{}{{0x{bits:04X}u}}", value.ty().cuda_name())
        }
    };
    Text { text, whole: !is_negative(value) }
}

/// Whether C++ has it as one expression.
pub(super) fn is_simple(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::Unary(_, value) | Kind::Cast(value) | Kind::Index(_, value) => is_simple(value),
        Kind::Binary(_, left, right) => is_simple(left) && is_simple(right),
        Kind::Call(_, values) | Kind::Builtin(_, values) => values.iter().all(is_simple),
        Kind::If(condition, then, Some(otherwise)) => {
            is_simple(condition) && is_simple_block(then) && is_simple(otherwise)
        }
        Kind::Block(block) => is_simple_block(block),
        Kind::Integer(_)
        | Kind::Literal(_)
        | Kind::Local(_)
        | Kind::Arg(_)
        | Kind::Constant(_)
        | Kind::Length(_) => true,
        _ => false,
    }
}

fn is_simple_block(block: &Block) -> bool {
    block.statements.is_empty() && block.value.as_ref().is_some_and(|value| is_simple(value))
}

impl Body<'_, '_> {
    /// An expression with a value; statements that it needs are written before.
    pub fn value(&mut self, expr: &Expr) -> Text {
        match &expr.kind {
            Kind::Integer(number) => {
                value(Value::integer(expr.ty.value().unwrap_or(Type::I32), *number))
            }
            Kind::Literal(literal) => value(*literal),
            Kind::Local(local) => Text::whole(self.locals[*local].clone()),
            Kind::Arg(at) => Text::whole(arg(self.functions, *at)),
            Kind::Constant(constant) => Text::whole(self.names.constants[*constant].clone()),
            Kind::Unary(operator, value) => {
                let is_bool = value.ty.value() == Some(Type::Bool);
                let value = self.value(value);
                match operator {
                    Unary::Negate => Text::whole(format!("rust::neg({})", value.text)),
                    Unary::Not if is_bool => Text::whole(format!("!{}", value.beside())),
                    Unary::Not => Text::whole(format!("~{}", value.beside())),
                }
            }
            Kind::Binary(operator, left, right) if operator.is_logic() && !is_simple(right) => {
                let left = self.value(left);
                let name = self.fresh.unique("t");
                self.writer.line(&format!("bool {name} = {};", left.text), Some(expr.place));
                let holds = if *operator == Binary::Both { "" } else { "!" };
                self.writer.open(&format!("if ({holds}{name}) {{"), Some(expr.place));
                self.into(right, &Target::Set(name.clone()));
                self.writer.close("}");
                Text::whole(name)
            }
            Kind::Binary(operator, left, right) => {
                let half = left.ty.value().is_some_and(Type::is_half);
                let [left, right] = &mut self.operands(&[left, right])[..] else {
                    return Text::whole("0");
                };
                let [left, right] =
                    [left, right].map(|side| std::mem::replace(side, Text::whole("")));
                binary(*operator, left, right, half)
            }
            Kind::Cast(value) => {
                let (from, to) = (value.ty.value(), expr.ty.cuda_name());
                let value = self.value(value).text;
                let is_float = from == Some(Type::F32) && expr.ty.value() != Some(Type::F32);
                Text::whole(if is_float {
                    format!("rust::saturate<{to}>({value})")
                } else {
                    format!("{to}({value})")
                })
            }
            Kind::Call(function, values) => {
                let values: Vec<&Expr> = values.iter().collect();
                let args =
                    self.functions.functions[*function].reads_args.then(|| "args".to_owned());
                let values = self.operands(&values).into_iter().map(|value| value.text);
                let values: Vec<String> = args.into_iter().chain(values).collect();
                let name = &self.names.functions[*function];
                Text::whole(format!("{name}({})", values.join(", ")))
            }
            Kind::Builtin(builtin, values) => {
                let values: Vec<&Expr> = values.iter().collect();
                let values: Vec<String> =
                    self.operands(&values).into_iter().map(|value| value.text).collect();
                let name = builtin.row().name;
                let name = match builtin {
                    // A cast of C++ has the type, and a function only the name.
                    Builtin::FromF32 => format!("{}_of", expr.ty.cuda_name()),
                    _ => format!("rust::{name}"),
                };
                Text::whole(format!("{name}({})", values.join(", ")))
            }
            Kind::Index(at, index) => {
                let index = self.value(index).text;
                let slice = arg(self.functions, *at);
                let read = format!("rust::read({slice}, {slice}_length, {index})");
                match self.functions.args[*at].kind {
                    ArgKind::Slice(ty) | ArgKind::Scalar(ty) => Text::whole(converted(ty, read)),
                }
            }
            Kind::Length(at) => Text::whole(format!("{}_length", arg(self.functions, *at))),
            Kind::If(condition, then, Some(otherwise)) if is_simple(expr) => {
                let condition = self.value(condition).beside();
                let then = then
                    .value
                    .as_ref()
                    .map_or(Text::whole("0"), |value| self.value(value))
                    .beside();
                let otherwise = self.value(otherwise).beside();
                Text::parts(format!("{condition} ? {then} : {otherwise}"))
            }
            Kind::Block(block) if is_simple_block(block) => {
                block.value.as_ref().map_or(Text::whole("0"), |value| self.value(value))
            }
            _ => {
                let name = self.fresh.unique("t");
                self.writer.line(&format!("{} {name};", expr.ty.cuda_name()), Some(expr.place));
                self.into(expr, &Target::Set(name.clone()));
                Text::whole(name)
            }
        }
    }

    /// Values in the order of the source: what a later one's statements could change is kept in a constant first.
    pub fn operands(&mut self, exprs: &[&Expr]) -> Vec<Text> {
        let mut texts = Vec::new();
        for (at, expr) in exprs.iter().enumerate() {
            let text = self.value(expr);
            let later = exprs[at + 1..].iter().any(|expr| !is_simple(expr));
            texts.push(if later && !self.is_stable(expr) {
                let name = self.fresh.unique("t");
                let ty = expr.ty.cuda_name();
                self.writer.line(&format!("const {ty} {name} = {};", text.text), Some(expr.place));
                Text::whole(name)
            } else {
                text
            });
        }
        texts
    }

    /// Whether no statement changes its value.
    pub fn is_stable(&self, expr: &Expr) -> bool {
        match expr.kind {
            Kind::Integer(_)
            | Kind::Literal(_)
            | Kind::Constant(_)
            | Kind::Arg(_)
            | Kind::Length(_) => true,
            Kind::Local(local) => !self.function.locals[local].mutable,
            _ => false,
        }
    }
}

/// An operation of two values.
pub(super) fn binary(operator: Binary, left: Text, right: Text, half: bool) -> Text {
    let named = match operator {
        Binary::Add => "add",
        Binary::Sub => "sub",
        Binary::Mul => "mul",
        Binary::Div => "div",
        Binary::Rem => "rem",
        Binary::Shl => "shl",
        Binary::Shr => "shr",
        _ if half => {
            let [left, right] = [left, right].map(|side| format!("rust::to_f32({})", side.text));
            return Text::parts(format!("{left} {} {right}", operator.symbol()));
        }
        _ => {
            return Text::parts(format!(
                "{} {} {}",
                left.beside(),
                operator.symbol(),
                right.beside()
            ));
        }
    };
    Text::whole(format!("rust::{named}({}, {})", left.text, right.text))
}

//! Gives each number its type at last, and checks what needs that.

use super::body::{Body, Later};
use super::cover::uncovered;
use super::infer::Infer;
use crate::functions::fault::FunctionFault;
use crate::functions::tree::{Block, Expr, Kind, Local, Statement};
use crate::functions::ty::Type;

impl Body<'_> {
    /// The body with the types of all numbers, and the locals with theirs.
    pub(super) fn finish(self, mut block: Block) -> (Block, Vec<Local>) {
        let Body { infer, later, mut locals, faults, earlier, .. } = self;
        // After another fault a number may be open because of it.
        let open = infer.open_floats().filter(|_| faults.len() == earlier);
        for place in open.collect::<Vec<_>>() {
            let text = "nothing says that this float is an `f32`";
            faults.push(FunctionFault::new(place, text, "write it with its type, as `1.0f32`"));
        }
        let checks = later.into_iter().filter_map(|later| check(&infer, later));
        faults.extend(checks);
        for local in &mut locals {
            local.ty = infer.last(local.ty);
        }
        in_block(&infer, &mut block);
        (block, locals)
    }
}

fn check(infer: &Infer, later: Later) -> Option<FunctionFault> {
    match later {
        Later::Fits(ty, value, place) => {
            let ty = infer.last(ty).value().filter(|ty| ty.is_integer())?;
            let (least, greatest) = ty.ends();
            let text = format!("{value} is no `{ty}`, which ends at {least} and {greatest}");
            let hint = match ty {
                Type::I32 if value > greatest && value <= Type::U32.ends().1 => {
                    "write it as a `u32` or an `i64`"
                }
                Type::I32 | Type::U32 => "write it as an `i64`",
                _ => "write a smaller one",
            };
            // A minus before a `u32` is a fault of its own.
            let told = ty == Type::U32 && value < 0;
            (!told && (value < least || value > greatest))
                .then(|| FunctionFault::new(place, text, hint))
        }
        Later::Signed(ty, place) => {
            let ty = infer.last(ty).value()?;
            let text = format!("`-` takes no `{ty}`, which has no sign");
            (!ty.is_signed()).then(|| {
                FunctionFault::new(
                    place,
                    text,
                    "write `0u32.wrapping_sub(..)`, or convert it to `i64`",
                )
            })
        }
        Later::Covers(ty, ranges, place) => {
            let ty = infer.last(ty).value()?;
            if !ty.is_integer() && ty != Type::Bool {
                return None;
            }
            let (least, greatest) = ty.ends();
            let missing = uncovered(least, greatest, &ranges)?;
            let missing = match ty {
                Type::Bool => (missing != 0).to_string(),
                _ => missing.to_string(),
            };
            let text = format!("this `match` has no arm for {missing}");
            Some(FunctionFault::new(place, text, "end it with `_ => ..`"))
        }
    }
}

fn in_block(infer: &Infer, block: &mut Block) {
    for statement in &mut block.statements {
        match statement {
            Statement::Let { value, .. } | Statement::Expr(value) => in_expr(infer, value),
        }
    }
    if let Some(value) = &mut block.value {
        in_expr(infer, value);
    }
    block.ty = infer.last(block.ty);
}

fn in_expr(infer: &Infer, expr: &mut Expr) {
    expr.ty = infer.last(expr.ty);
    match &mut expr.kind {
        Kind::Unary(_, value)
        | Kind::Cast(value)
        | Kind::Index(_, value)
        | Kind::Assign { value, .. }
        | Kind::Return(value) => in_expr(infer, value),
        Kind::Binary(_, left, right) => {
            in_expr(infer, left);
            in_expr(infer, right);
        }
        Kind::Call(_, values) | Kind::Builtin(_, values) => {
            values.iter_mut().for_each(|value| in_expr(infer, value));
        }
        Kind::If(condition, then, otherwise) => {
            in_expr(infer, condition);
            in_block(infer, then);
            if let Some(otherwise) = otherwise {
                in_expr(infer, otherwise);
            }
        }
        Kind::Match(value, arms) => {
            in_expr(infer, value);
            let (least, greatest) = value.ty.value().unwrap_or(Type::I64).ends();
            for arm in arms {
                for (first, last) in &mut arm.ranges {
                    (*first, *last) = ((*first).max(least), (*last).min(greatest));
                }
                in_expr(infer, &mut arm.body);
            }
        }
        Kind::Block(block) => in_block(infer, block),
        Kind::For(pass) => {
            in_expr(infer, &mut pass.from);
            in_expr(infer, &mut pass.to);
            in_block(infer, &mut pass.body);
        }
        Kind::Integer(_)
        | Kind::Literal(_)
        | Kind::Local(_)
        | Kind::Arg(_)
        | Kind::Constant(_)
        | Kind::Length(_)
        | Kind::Break
        | Kind::Continue
        | Kind::Faulty => {}
    }
}

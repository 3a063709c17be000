//! Checks operators, casts and assignments.

use super::body::{Body, Later};
use super::signature::ty_of;
use super::text_of;
use crate::functions::fault::place_of;
use crate::functions::tree::{Binary, Expr, Kind, Local, Place, Unary};
use crate::functions::ty::{Ty, Type};
use quote::ToTokens;
use syn::{BinOp, ExprBinary, ExprCast, ExprUnary, UnOp};

impl Body<'_> {
    pub(super) fn unary(&mut self, unary: &ExprUnary) -> Expr {
        let place = place_of(&unary.to_token_stream());
        let operator = match unary.op {
            UnOp::Neg(_) => Unary::Negate,
            UnOp::Not(_) => Unary::Not,
            _ => {
                return self.faulty(
                    unary,
                    "there is nothing to dereference here",
                    "remove the `*`",
                );
            }
        };
        // The least integer has a magnitude that is none of its type.
        if let (Unary::Negate, syn::Expr::Lit(literal)) = (operator, &*unary.expr) {
            return match self.literal(literal, true) {
                Ok((Kind::Literal(crate::functions::Value::Bool(_)), _)) => {
                    self.faulty(unary, "`-` takes no `bool`", "write `!` for its opposite")
                }
                Ok((kind, ty)) => {
                    self.later.push(Later::Signed(ty, unary.to_token_stream()));
                    Expr { kind, ty, place }
                }
                Err(fault) => fault,
            };
        }
        let value = self.operand(&unary.expr);
        let ty = value.ty;
        let is_bool = self.infer.known(ty) == Ty::Value(Type::Bool);
        match operator {
            Unary::Negate if self.infer.is_integer(ty) || self.infer.is_float(ty) => {
                self.later.push(Later::Signed(ty, unary.to_token_stream()));
            }
            Unary::Not if self.infer.is_integer(ty) || is_bool => {}
            _ => {
                let (symbol, name) = (unary.op.to_token_stream(), self.infer.name(ty));
                let hint = match (operator, self.infer.known(ty).value()) {
                    (_, Some(half)) if half.is_half() => "write `.to_f32()` after it first",
                    (Unary::Negate, _) => "write `!` for the opposite of a `bool`",
                    (Unary::Not, _) => "write `-` for the opposite of a float",
                };
                return self.faulty(unary, format!("`{symbol}` takes no value of {name}"), hint);
            }
        }
        Expr { kind: Kind::Unary(operator, Box::new(value)), ty, place }
    }

    pub(super) fn binary(&mut self, binary: &ExprBinary) -> Expr {
        let place = place_of(&binary.to_token_stream());
        let (operator, assigns) = operator_of(&binary.op);
        let Some(operator) = operator else {
            return self.faulty(
                binary,
                "this operator is not known here",
                "write the operation out",
            );
        };
        if assigns {
            return self.assign(&binary.left, Some(operator), &binary.right, place);
        }
        let left = self.operand(&binary.left);
        let right = self.operand(&binary.right);
        match self.result_of(operator, &left, &right, binary) {
            Some(ty) => {
                Expr { kind: Kind::Binary(operator, Box::new(left), Box::new(right)), ty, place }
            }
            None => Expr { kind: Kind::Faulty, ty: Ty::Faulty, place },
        }
    }

    /// The type of an operation; none after a fault.
    fn result_of(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        whole: &impl ToTokens,
    ) -> Option<Ty> {
        let symbol = operator.symbol();
        if operator.shifts() {
            for side in [left, right] {
                if !self.infer.is_integer(side.ty) {
                    let name = self.infer.name(side.ty);
                    let hint = "shift an integer, by an integer; of a float, `to_bits` first";
                    self.fault(
                        whole.to_token_stream(),
                        format!("`{symbol}` takes integers, not {name}"),
                        hint,
                    );
                    return None;
                }
            }
            return Some(left.ty);
        }
        let Some(ty) = self.infer.unify(left.ty, right.ty) else {
            let (a, b) = (self.infer.name(left.ty), self.infer.name(right.ty));
            let text = format!("`{symbol}` has {a} on its left and {b} on its right");
            let hint = self.sides(left.ty, right.ty);
            [left.ty, right.ty].into_iter().for_each(|ty| self.infer.settle(ty));
            self.fault(whole.to_token_stream(), text, hint);
            return None;
        };
        let known = self.infer.known(ty);
        let (integer, float) = (self.infer.is_integer(ty), self.infer.is_float(ty));
        let is_bool = matches!(known, Ty::Value(Type::Bool) | Ty::Faulty);
        let fits = match operator {
            _ if operator.compares() => true,
            _ if operator.is_logic() => is_bool,
            _ if operator.is_bitwise() => integer || is_bool,
            _ => integer || float,
        };
        if !fits {
            let name = self.infer.name(ty);
            let hint = match known.value() {
                Some(half) if half.is_half() => "write `.to_f32()` after both",
                _ if operator.is_logic() => "compare it, as in `x != 0`",
                _ if operator.is_bitwise() => "convert it: `x.to_bits()`, or `x as i32`",
                _ => "convert it: `b as i32`",
            };
            self.fault(whole.to_token_stream(), format!("`{symbol}` takes no {name}"), hint);
            return None;
        }
        Some(if operator.compares() || operator.is_logic() { Type::Bool.into() } else { ty })
    }

    /// How to give two sides one type.
    fn sides(&self, left: Ty, right: Ty) -> String {
        let (left, right) = (self.infer.known(left), self.infer.known(right));
        match (left.value(), right.value()) {
            (Some(Type::F32), None) | (None, Some(Type::F32)) => {
                "write the number with a point, as in `2.0`".into()
            }
            (Some(a), Some(b)) if a.is_half() || b.is_half() => {
                "write `.to_f32()` after the float of 16 bits".into()
            }
            (Some(Type::F32), Some(_)) => "write `as f32` after the right side".into(),
            (Some(_), Some(Type::F32)) => "write `as f32` after the left side".into(),
            (Some(Type::Bool), _) | (_, Some(Type::Bool)) => {
                "compare the number, as in `x != 0`".into()
            }
            (Some(a), Some(b)) => {
                let wide = if a == Type::I64 { a } else { b };
                let side = if wide == a { "right" } else { "left" };
                format!("write `as {wide}` after the {side} side")
            }
            _ => "give both one type".into(),
        }
    }

    pub(super) fn cast(&mut self, cast: &ExprCast) -> Expr {
        let place = place_of(&cast.to_token_stream());
        let value = self.operand(&cast.expr);
        let target = ty_of(&cast.ty, self.faults);
        let (Some(to), false) = (target.value(), value.ty == Ty::Faulty) else {
            return Expr { kind: Kind::Faulty, ty: target, place };
        };
        // As in Rust, a literal takes the type that it is cast to, where it can.
        if matches!(value.kind, Kind::Integer(_) | Kind::Literal(_)) && self.infer.is_open(value.ty)
        {
            let _ = self.infer.unify(value.ty, target);
        }
        let from = self.infer.known(value.ty);
        let refused = match from.value() {
            Some(from) if from == to => None,
            Some(from) if from.is_half() => {
                Some("write `.to_f32()`, and `as` after it if you need another type".into())
            }
            _ if to.is_half() => Some(format!("write `{to}::from_f32(..)`")),
            _ if to == Type::Bool => Some("compare it, as in `x != 0`".into()),
            Some(Type::Bool) if to == Type::F32 => {
                Some("write `if .. { 1.0 } else { 0.0 }`".into())
            }
            _ => None,
        };
        if let Some(hint) = refused {
            let text = format!("{} is not cast to `{to}`", self.infer.name(from));
            return self.faulty(cast, text, hint);
        }
        Expr { kind: Kind::Cast(Box::new(value)), ty: target, place }
    }

    /// `x = value`, or with an operator `x += value`.
    pub(super) fn assign(
        &mut self,
        left: &syn::Expr,
        operator: Option<Binary>,
        right: &syn::Expr,
        place: Place,
    ) -> Expr {
        let name = match left {
            syn::Expr::Path(path) => path.path.get_ident().map(text_of),
            _ => None,
        };
        let Some(local) = name.as_deref().and_then(|name| self.lookup(name)) else {
            let text = match &name {
                Some(name) => format!("`{name}` is no variable of this function"),
                None => "only a variable can be assigned to".to_owned(),
            };
            return self.faulty(left, text, "declare one: `let mut x = ..;`");
        };
        let Local { name, ty, mutable, .. } = self.locals[local].clone();
        if !mutable {
            let text = format!("`{name}` does not change");
            let hint = match local < self.params {
                true => format!("write `mut {name}` in the parameters"),
                false => format!("declare it with `let mut {name}`"),
            };
            self.fault(left, text, hint);
        }
        let value = match operator {
            None => self.typed(right, ty, &format!("what `{name}` is assigned")),
            Some(operator) => {
                let value = self.operand(right);
                let own = Expr { kind: Kind::Local(local), ty, place };
                let whole = right.to_token_stream();
                match self.result_of(operator, &own, &value, &whole) {
                    Some(_) => value,
                    None => Expr { kind: Kind::Faulty, ty: Ty::Faulty, place },
                }
            }
        };
        Expr { kind: Kind::Assign { local, operator, value: Box::new(value) }, ty: Ty::Unit, place }
    }
}

/// The operator, and whether it assigns.
fn operator_of(op: &BinOp) -> (Option<Binary>, bool) {
    let (operator, assigns) = match op {
        BinOp::Add(_) => (Binary::Add, false),
        BinOp::Sub(_) => (Binary::Sub, false),
        BinOp::Mul(_) => (Binary::Mul, false),
        BinOp::Div(_) => (Binary::Div, false),
        BinOp::Rem(_) => (Binary::Rem, false),
        BinOp::And(_) => (Binary::Both, false),
        BinOp::Or(_) => (Binary::Either, false),
        BinOp::BitXor(_) => (Binary::Xor, false),
        BinOp::BitAnd(_) => (Binary::And, false),
        BinOp::BitOr(_) => (Binary::Or, false),
        BinOp::Shl(_) => (Binary::Shl, false),
        BinOp::Shr(_) => (Binary::Shr, false),
        BinOp::Eq(_) => (Binary::Equal, false),
        BinOp::Lt(_) => (Binary::Less, false),
        BinOp::Le(_) => (Binary::LessEqual, false),
        BinOp::Ne(_) => (Binary::NotEqual, false),
        BinOp::Ge(_) => (Binary::GreaterEqual, false),
        BinOp::Gt(_) => (Binary::Greater, false),
        BinOp::AddAssign(_) => (Binary::Add, true),
        BinOp::SubAssign(_) => (Binary::Sub, true),
        BinOp::MulAssign(_) => (Binary::Mul, true),
        BinOp::DivAssign(_) => (Binary::Div, true),
        BinOp::RemAssign(_) => (Binary::Rem, true),
        BinOp::BitXorAssign(_) => (Binary::Xor, true),
        BinOp::BitAndAssign(_) => (Binary::And, true),
        BinOp::BitOrAssign(_) => (Binary::Or, true),
        BinOp::ShlAssign(_) => (Binary::Shl, true),
        BinOp::ShrAssign(_) => (Binary::Shr, true),
        _ => return (None, false),
    };
    (Some(operator), assigns)
}

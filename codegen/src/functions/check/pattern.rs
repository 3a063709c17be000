//! Reads the patterns of `match`: integers, ranges of them, `|` and `_`.

use super::body::{Body, Later};
use super::text_of;
use crate::functions::tree::Kind;
use crate::functions::ty::{Ty, Type};
use quote::ToTokens;
use syn::{Expr, Pat, RangeLimits};

impl Body<'_> {
    /// Adds the ranges of a pattern; an open end is that of `i128`.
    pub(super) fn pattern(&mut self, pat: &Pat, ty: Ty, ranges: &mut Vec<(i128, i128)>) {
        match pat {
            Pat::Wild(_) => ranges.push((i128::MIN, i128::MAX)),
            Pat::Paren(inner) => self.pattern(&inner.pat, ty, ranges),
            Pat::Or(or) => or.cases.iter().for_each(|case| self.pattern(case, ty, ranges)),
            Pat::Lit(literal) => {
                if let Some(value) = self.end(&Expr::Lit(literal.clone()), ty) {
                    ranges.push((value, value));
                }
            }
            Pat::Range(range) => {
                let inclusive = matches!(range.limits, RangeLimits::Closed(_));
                let first = range.start.as_ref().map_or(Some(i128::MIN), |end| self.end(end, ty));
                let last = range.end.as_ref().map_or(Some(i128::MAX), |end| self.end(end, ty));
                let (Some(first), Some(last)) = (first, last) else { return };
                let last = if inclusive || last == i128::MAX { last } else { last - 1 };
                if first > last {
                    let text = "this range has no value";
                    return self.fault(range, text, "write the smaller end first");
                }
                ranges.push((first, last));
            }
            Pat::Ident(name)
                if name.subpat.is_none()
                    && self.known.constant(&text_of(&name.ident)).is_some() =>
            {
                let path = syn::parse_quote!(#name);
                if let Some(value) = self.end(&path, ty) {
                    ranges.push((value, value));
                }
            }
            Pat::Ident(name) => {
                let hint =
                    format!("write `_`, and name the value before: `let {} = ..;`", name.ident);
                self.fault(name, "a pattern gives no name", hint);
                ranges.push((i128::MIN, i128::MAX));
            }
            Pat::Path(path) => {
                if let Some(value) = self.end(&Expr::Path(path.clone()), ty) {
                    ranges.push((value, value));
                }
            }
            Pat::Guard(guard) => {
                self.fault(
                    guard.if_token,
                    "an arm has no condition here",
                    "write the `if` inside of the arm",
                );
                self.pattern(&guard.pat, ty, ranges);
            }
            other => {
                let text = format!("`{}` is no pattern here", other.to_token_stream());
                self.fault(other, text, "write integers, ranges `0..=7`, `|` and `_`");
            }
        }
    }

    /// The integer that a pattern, or the end of a range, names; a `bool` counts as 0 or 1.
    fn end(&mut self, expr: &Expr, ty: Ty) -> Option<i128> {
        let negative = match expr {
            Expr::Unary(unary) => matches!(unary.op, syn::UnOp::Neg(_)),
            _ => false,
        };
        let fits = matches!(expr, Expr::Lit(_) | Expr::Path(_)) || negative;
        if !fits {
            self.fault(expr, "a pattern is not calculated", "write a number or a constant");
            return None;
        }
        let checked = self.expr(expr);
        if checked.ty == Ty::Faulty {
            return None;
        }
        if self.infer.unify(checked.ty, ty).is_none() {
            let (found, wanted) = (self.infer.name(checked.ty), self.infer.name(ty));
            let hint = if self.infer.is_float(checked.ty) {
                "a float is compared, with `if`".to_owned()
            } else {
                self.conversion(checked.ty, ty)
            };
            self.fault(expr, format!("the pattern is {found}, and the value is {wanted}"), hint);
            return None;
        }
        match checked.kind {
            Kind::Integer(value) => {
                self.later.push(Later::Fits(ty, value, expr.to_token_stream()));
                Some(value)
            }
            Kind::Literal(value) if value.ty() == Type::Bool => value.as_integer(),
            Kind::Constant(constant) => self.known.constants[constant].value.as_integer(),
            _ => None,
        }
    }
}

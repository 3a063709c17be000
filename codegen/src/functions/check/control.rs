//! Checks blocks, `let`, `if`, `match`, `for`, and what leaves a function or a loop.

use super::body::{Body, Later};
use super::signature::{spelling, ty_of};
use super::text_of;
use crate::functions::fault::place_of;
use crate::functions::tree::{Arm, Block, Expr, For, Kind, Statement};
use crate::functions::ty::{Ty, Type};
use quote::ToTokens;
use syn::{ExprForLoop, ExprIf, ExprMatch, ExprReturn, Local, Pat, RangeLimits, Stmt};

impl Body<'_> {
    pub(super) fn block(&mut self, block: &syn::Block) -> Block {
        self.scope(|body| body.statements(block))
    }

    fn statements(&mut self, block: &syn::Block) -> Block {
        let mut statements = Vec::new();
        let mut leaves = false;
        let last = block.stmts.len().saturating_sub(1);
        for (at, statement) in block.stmts.iter().enumerate() {
            match statement {
                Stmt::Local(declared) => statements.extend(self.declaration(declared)),
                Stmt::Expr(expr, semicolon) => {
                    let checked = self.expr(expr);
                    leaves |= checked.ty == Ty::Never;
                    let is_value = !matches!(checked.ty, Ty::Unit | Ty::Never);
                    if semicolon.is_none() && at == last && is_value {
                        let ty = if leaves { Ty::Never } else { checked.ty };
                        return Block { statements, value: Some(Box::new(checked)), ty };
                    }
                    if semicolon.is_none() && is_value && checked.ty != Ty::Faulty {
                        let text = "a statement gives no value, and this has one";
                        self.fault(expr, text, "write `;` after it, or `let x = ` before it");
                    }
                    statements.push(Statement::Expr(checked));
                }
                Stmt::Item(item) => {
                    self.fault(
                        item,
                        "nothing is declared inside a function",
                        "move it out, beside the function",
                    );
                }
                Stmt::Macro(call) => {
                    self.fault(call, "there are no macros here", "write what it stands for");
                }
            }
        }
        Block { statements, value: None, ty: if leaves { Ty::Never } else { Ty::Unit } }
    }

    fn declaration(&mut self, declared: &Local) -> Option<Statement> {
        let (pat, written) = match &declared.pat {
            Pat::Type(typed) => (&*typed.pat, Some(ty_of(&typed.ty, self.faults))),
            pat => (pat, None),
        };
        let value = match &declared.init {
            Some(init) => {
                if let Some((word, _)) = &init.diverge {
                    self.fault(word, "there is no `let .. else` here", "write an `if`");
                }
                match written {
                    Some(ty) => self.typed(&init.expr, ty, "the value"),
                    None => self.operand(&init.expr),
                }
            }
            None => {
                self.faulty(declared, "this variable has no value", "give it one: `let x = ..;`")
            }
        };
        let ty = written.unwrap_or(value.ty);
        match pat {
            Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
                let fault = spelling(&name.ident);
                self.faults.extend(fault);
                let local = self.declare(&text_of(&name.ident), ty, name.mutability.is_some());
                Some(Statement::Let { local, value })
            }
            Pat::Wild(_) => Some(Statement::Expr(value)),
            other => {
                self.fault(other, "a `let` declares one name", "write a `let` for each");
                None
            }
        }
    }

    pub(super) fn branch(&mut self, branch: &ExprIf) -> Expr {
        let place = place_of(&branch.to_token_stream());
        let condition = self.typed(&branch.cond, Type::Bool.into(), "a condition");
        let then = self.block(&branch.then_branch);
        let Some((_, otherwise)) = &branch.else_branch else {
            if !matches!(then.ty, Ty::Unit | Ty::Never | Ty::Faulty) {
                let last = branch.then_branch.stmts.last();
                let text = "this `if` has a value, and no `else`";
                self.fault(
                    last.to_token_stream(),
                    text,
                    "add `else { .. }`, or write `;` after the value",
                );
            }
            return Expr { kind: Kind::If(Box::new(condition), then, None), ty: Ty::Unit, place };
        };
        let otherwise_checked = self.expr(otherwise);
        let ty = self.joined(then.ty, otherwise_checked.ty, otherwise, "`else`", "the `if`");
        Expr {
            kind: Kind::If(Box::new(condition), then, Some(Box::new(otherwise_checked))),
            ty,
            place,
        }
    }

    /// The type of a choice, from that of its first parts and the next one.
    fn joined(
        &mut self,
        first: Ty,
        next: Ty,
        place: &impl ToTokens,
        what: &str,
        before: &str,
    ) -> Ty {
        self.infer.unify(first, next).unwrap_or_else(|| {
            let (a, b) = (self.infer.name(first), self.infer.name(next));
            let hint = match (first, next) {
                (Ty::Unit, _) | (_, Ty::Unit) => {
                    "end both with a value, without `;`, or neither".to_owned()
                }
                _ => self.conversion(next, first),
            };
            self.fault(
                place.to_token_stream(),
                format!("{what} gives {b}, and {before} gives {a}"),
                hint,
            );
            Ty::Faulty
        })
    }

    pub(super) fn choice(&mut self, choice: &ExprMatch) -> Expr {
        let place = place_of(&choice.to_token_stream());
        let value = self.operand(&choice.expr);
        let is_bool = self.infer.known(value.ty) == Ty::Value(Type::Bool);
        if !self.infer.is_integer(value.ty) && !is_bool {
            let text =
                format!("`match` takes an integer, and this is {}", self.infer.name(value.ty));
            self.fault(&choice.expr, text, "write `if` and `else if` with comparisons");
        }
        let mut arms = Vec::new();
        let mut ty = Ty::Never;
        for arm in &choice.arms {
            let mut ranges = Vec::new();
            self.pattern(&arm.pat, value.ty, &mut ranges);
            let body = self.expr(&arm.body);
            ty = self.joined(ty, body.ty, &arm.body, "this arm", "the arms before it");
            arms.push(Arm { ranges, body });
        }
        if arms.is_empty() {
            self.fault(choice, "this `match` has no arms", "write `_ => ..`");
            ty = Ty::Faulty;
        }
        let all = arms.iter().flat_map(|arm| arm.ranges.iter().copied()).collect();
        self.later.push(Later::Covers(value.ty, all, choice.match_token.to_token_stream()));
        Expr { kind: Kind::Match(Box::new(value), arms), ty, place }
    }

    pub(super) fn pass(&mut self, pass: &ExprForLoop) -> Expr {
        let place = place_of(&pass.to_token_stream());
        if let Some(label) = &pass.label {
            self.fault(label, "a loop takes no label", "remove it");
        }
        let mut range = &*pass.expr;
        while let syn::Expr::Paren(inner) = range {
            range = &inner.expr;
        }
        let ends = match range {
            syn::Expr::Range(range) => {
                range.start.as_ref().zip(range.end.as_ref()).map(|ends| (ends, &range.limits))
            }
            _ => None,
        };
        let Some(((from, to), limits)) = ends else {
            let hint = "write `for i in 0..n`, with both ends and without `rev` or `step_by`";
            return self.faulty(&pass.expr, "a loop runs over a range of integers", hint);
        };
        let inclusive = matches!(limits, RangeLimits::Closed(_));
        let from = self.operand(from);
        let to = self.operand(to);
        let joined = self.infer.unify(from.ty, to.ty);
        let ty = match joined {
            Some(ty) if self.infer.is_integer(ty) => ty,
            Some(Ty::Faulty) => Ty::Faulty,
            _ => {
                let (a, b) = (self.infer.name(from.ty), self.infer.name(to.ty));
                let text = format!("the range is from {a} to {b}");
                self.fault(&pass.expr, text, "give both ends one type of integer");
                Ty::Faulty
            }
        };
        let name = match &*pass.pat {
            Pat::Ident(name) if name.by_ref.is_none() && name.subpat.is_none() => {
                let fault = spelling(&name.ident);
                self.faults.extend(fault);
                (text_of(&name.ident), name.mutability.is_some())
            }
            Pat::Wild(_) => ("_".to_owned(), false),
            other => {
                self.fault(other, "a loop has one variable", "write `for i in 0..n`");
                ("_".to_owned(), false)
            }
        };
        self.loops += 1;
        let (local, body) = self.scope(|body| {
            let local = body.declare(&name.0, ty, name.1);
            (local, body.block(&pass.body))
        });
        self.loops -= 1;
        if !matches!(body.ty, Ty::Unit | Ty::Never | Ty::Faulty) {
            let last = pass.body.stmts.last();
            self.fault(
                last.to_token_stream(),
                "the body of a loop gives no value",
                "write `;` after it",
            );
        }
        Expr {
            kind: Kind::For(Box::new(For { local, from, to, inclusive, body })),
            ty: Ty::Unit,
            place,
        }
    }

    pub(super) fn leave(&mut self, leave: &ExprReturn) -> Expr {
        let place = place_of(&leave.to_token_stream());
        let Some(value) = &leave.expr else {
            return self.faulty(leave, "`return` has no value", "write `return ..;`");
        };
        let value = self.typed(value, self.result.into(), "what is returned");
        Expr { kind: Kind::Return(Box::new(value)), ty: Ty::Never, place }
    }

    pub(super) fn leave_loop(&mut self, leave: &syn::Expr, kind: Kind, has_more: bool) -> Kind {
        let word = if kind == Kind::Break { "break" } else { "continue" };
        if has_more {
            self.fault(
                leave,
                format!("`{word}` takes neither a label nor a value"),
                format!("write `{word};`"),
            );
        }
        if self.loops == 0 {
            self.fault(leave, format!("`{word}` is outside of a loop"), "write `return ..;`");
        }
        kind
    }
}

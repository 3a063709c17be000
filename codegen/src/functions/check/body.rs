//! Checks one function: its locals, names and expressions. Operators, calls and control flow have files of their own.

use super::foreign::foreign;
use super::infer::Infer;
use super::signature::Signature;
use super::{Calls, Known, text_of};
use crate::functions::fault::{FunctionFault, place_of};
use crate::functions::tree::{ArgKind, Block, Expr, Kind, Local};
use crate::functions::ty::{Ty, Type};
use crate::functions::value::Value;
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::HashMap;
use syn::{ExprLit, ItemFn, Lit};

/// What is checked at the end, when the types of all numbers are known.
pub(super) enum Later {
    /// This number must be one of its type.
    Fits(Ty, i128, TokenStream),
    /// This type must have a sign.
    Signed(Ty, TokenStream),
    /// These ranges must cover the type.
    Covers(Ty, Vec<(i128, i128)>, TokenStream),
}

/// A function, or the expression of a constant, while it is checked.
pub(super) struct Body<'a> {
    pub known: &'a Known,
    pub faults: &'a mut Vec<FunctionFault>,
    /// How many faults there were before.
    pub earlier: usize,
    pub result: Type,
    /// How many of the locals are parameters.
    pub params: usize,
    pub locals: Vec<Local>,
    pub infer: Infer,
    pub later: Vec<Later>,
    pub calls: Calls,
    pub reads_args: bool,
    /// How many loops are around the place.
    pub loops: usize,
    /// Whether it is the expression of a constant.
    pub is_constant: bool,
    scopes: Vec<HashMap<String, usize>>,
}

impl<'a> Body<'a> {
    pub fn new(known: &'a Known, result: Type, faults: &'a mut Vec<FunctionFault>) -> Body<'a> {
        let earlier = faults.len();
        Body {
            known,
            faults,
            earlier,
            result,
            params: 0,
            locals: Vec::new(),
            infer: Infer::default(),
            later: Vec::new(),
            calls: Vec::new(),
            reads_args: false,
            loops: 0,
            is_constant: false,
            scopes: vec![HashMap::new()],
        }
    }

    pub fn function(&mut self, function: &ItemFn, signature: &Signature) -> Block {
        self.params = signature.params.len();
        for param in &signature.params {
            if self.lookup(&param.name).is_some() {
                let text = format!("two parameters are called `{}`", param.name);
                self.fault(&param.place, text, "rename one of them");
            }
            self.declare(&param.name, param.ty, param.mutable);
        }
        let block = self.block(&function.block);
        let wanted = Ty::Value(self.result);
        if self.infer.unify(block.ty, wanted).is_none() {
            let found = self.infer.name(block.ty);
            let text =
                format!("`{}` gives {found}, and its result is `{}`", signature.name, self.result);
            let last = function.block.stmts.last();
            let hint = match (last, block.ty) {
                (Some(syn::Stmt::Expr(_, Some(_))), Ty::Unit) => {
                    "remove the last semicolon".to_owned()
                }
                _ => format!("end with an expression of type `{}`", self.result),
            };
            let place =
                last.map_or(function.sig.ident.to_token_stream(), ToTokens::to_token_stream);
            self.fault(place, text, hint);
        }
        block
    }

    pub fn fault(
        &mut self,
        place: impl ToTokens,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.faults.push(FunctionFault::new(place, text, hint));
    }

    /// Reports a fault of an expression, and gives an expression that suits every place.
    pub fn faulty(
        &mut self,
        place: impl ToTokens,
        text: impl Into<String>,
        hint: impl Into<String>,
    ) -> Expr {
        let tokens = place.into_token_stream();
        let place = place_of(&tokens);
        self.fault(tokens, text, hint);
        Expr { kind: Kind::Faulty, ty: Ty::Faulty, place }
    }

    pub fn declare(&mut self, name: &str, ty: Ty, mutable: bool) -> usize {
        self.locals.push(Local { name: name.to_owned(), ty, mutable });
        let local = self.locals.len() - 1;
        if name != "_"
            && let Some(scope) = self.scopes.last_mut()
        {
            scope.insert(name.to_owned(), local);
        }
        local
    }

    pub fn lookup(&self, name: &str) -> Option<usize> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    /// Checks something with a scope of its own.
    pub fn scope<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(HashMap::new());
        let checked = check(self);
        self.scopes.pop();
        checked
    }

    /// An expression that must have a value.
    pub fn operand(&mut self, expr: &syn::Expr) -> Expr {
        let checked = self.expr(expr);
        match checked.ty {
            Ty::Unit => self.faulty(
                expr,
                "this has no value",
                "end its block with an expression, without `;`",
            ),
            Ty::Never => {
                let hint = "write it as a statement of its own, or as the end of a block";
                self.faulty(expr, "this leaves the function or the loop, and has no value", hint)
            }
            _ => checked,
        }
    }

    /// An expression of a type, of which messages say what it is for.
    pub fn typed(&mut self, expr: &syn::Expr, wanted: Ty, what: &str) -> Expr {
        let mut checked = self.operand(expr);
        match self.infer.unify(checked.ty, wanted) {
            Some(ty) => {
                checked.ty = ty;
                checked
            }
            None => {
                let (found, needed) = (self.infer.name(checked.ty), self.infer.name(wanted));
                let hint = self.conversion(checked.ty, wanted);
                self.infer.settle(checked.ty);
                self.faulty(expr, format!("{what} is {found}, and must be {needed}"), hint)
            }
        }
    }

    /// How one makes a type of another.
    pub fn conversion(&self, from: Ty, to: Ty) -> String {
        let (from, to) = (self.infer.known(from), self.infer.known(to));
        match (from.value(), to.value()) {
            (Some(from), Some(Type::F32)) if from.is_half() => "write `.to_f32()` after it".into(),
            (_, Some(to)) if to.is_half() => format!("write `{to}::from_f32(..)`"),
            (Some(_), Some(Type::Bool)) => "compare it, as in `x != 0`".into(),
            (Some(Type::Bool), Some(Type::F32)) => "write `if .. { 1.0 } else { 0.0 }`".into(),
            (None, Some(Type::F32)) => "write it with a point, as in `1.0`".into(),
            (_, Some(to)) => format!("write `as {to}` after it"),
            _ => "give both one type".into(),
        }
    }

    /// Any expression.
    pub fn expr(&mut self, expr: &syn::Expr) -> Expr {
        let place = place_of(&expr.to_token_stream());
        let made = |(kind, ty)| Expr { kind, ty, place };
        if self.is_constant && !super::constants::can_have(expr) {
            let hint = "use literals, constants, operators and `as`";
            return self.faulty(expr, "a constant cannot be calculated with this", hint);
        }
        match expr {
            syn::Expr::Paren(inner) => self.expr(&inner.expr),
            syn::Expr::Group(inner) => self.expr(&inner.expr),
            syn::Expr::Lit(literal) => {
                self.literal(literal, false).map_or_else(|fault| fault, made)
            }
            syn::Expr::Path(path) => self.path(path),
            syn::Expr::Unary(unary) => self.unary(unary),
            syn::Expr::Binary(binary) => self.binary(binary),
            syn::Expr::Cast(cast) => self.cast(cast),
            syn::Expr::Call(call) => self.call(call),
            syn::Expr::MethodCall(call) => self.method(call),
            syn::Expr::Index(index) => self.index(index),
            syn::Expr::If(branch) => self.branch(branch),
            syn::Expr::Match(choice) => self.choice(choice),
            syn::Expr::Block(block) => match &block.label {
                Some(label) => self.faulty(label, "a block takes no label", "remove it"),
                None => {
                    let block = self.block(&block.block);
                    let ty = block.ty;
                    made((Kind::Block(block), ty))
                }
            },
            syn::Expr::ForLoop(pass) => self.pass(pass),
            syn::Expr::Assign(assign) => self.assign(&assign.left, None, &assign.right, place),
            syn::Expr::Return(leave) => self.leave(leave),
            syn::Expr::Break(leave) => {
                let extra = leave.label.is_some() || leave.expr.is_some();
                made((self.leave_loop(expr, Kind::Break, extra), Ty::Never))
            }
            syn::Expr::Continue(leave) => {
                made((self.leave_loop(expr, Kind::Continue, leave.label.is_some()), Ty::Never))
            }
            other => {
                let (text, hint) = foreign(other);
                self.faulty(expr, text, hint)
            }
        }
    }

    /// A literal, with a minus sign or without.
    pub fn literal(&mut self, literal: &ExprLit, negative: bool) -> Result<(Kind, Ty), Expr> {
        let tokens = literal.to_token_stream();
        match &literal.lit {
            Lit::Bool(value) => Ok((Kind::Literal(Value::Bool(value.value)), Type::Bool.into())),
            Lit::Int(number) if number.suffix() != "f32" => {
                let Ok(value) = number.base10_parse::<i128>() else {
                    return Err(self.faulty(
                        &tokens,
                        "this number is too large",
                        "`i64` ends at 9223372036854775807",
                    ));
                };
                let value = if negative { -value } else { value };
                let ty = match (number.suffix(), Type::from_name(number.suffix())) {
                    ("", _) => self.infer.open(false, tokens.clone()),
                    (_, Some(ty)) if ty.is_integer() => ty.into(),
                    (suffix, _) => return Err(self.suffix(&tokens, suffix)),
                };
                self.later.push(Later::Fits(ty, value, tokens));
                Ok((Kind::Integer(value), ty))
            }
            Lit::Int(number) => self.float(&tokens, number.base10_digits(), "f32", negative),
            Lit::Float(number) => {
                self.float(&tokens, number.base10_digits(), number.suffix(), negative)
            }
            _ => Err(self.faulty(
                &tokens,
                "there are only numbers, `true` and `false` here",
                "write a number",
            )),
        }
    }

    fn float(
        &mut self,
        tokens: &TokenStream,
        digits: &str,
        suffix: &str,
        negative: bool,
    ) -> Result<(Kind, Ty), Expr> {
        let Ok(value) = digits.parse::<f32>() else {
            return Err(self.faulty(tokens, "this is not a float", "write for example `0.5`"));
        };
        if value.is_infinite() {
            return Err(self.faulty(
                tokens,
                "this is too large for `f32`",
                "write `f32::INFINITY`, or a smaller one",
            ));
        }
        let ty = match suffix {
            "" => self.infer.open(true, tokens.clone()),
            "f32" => Type::F32.into(),
            suffix => return Err(self.suffix(tokens, suffix)),
        };
        Ok((Kind::Literal(Value::F32(if negative { -value } else { value })), ty))
    }

    fn suffix(&mut self, tokens: &TokenStream, suffix: &str) -> Expr {
        let text = format!("no number has the type `{suffix}` here");
        self.faulty(tokens, text, "the suffixes are `f32`, `i32`, `u32` and `i64`")
    }

    /// A name: of a local, an argument or a constant, or `f32::INFINITY`.
    fn path(&mut self, path: &syn::ExprPath) -> Expr {
        let place = place_of(&path.to_token_stream());
        let Some(name) = path.path.get_ident().filter(|_| path.qself.is_none()) else {
            return self.associated(path);
        };
        let text = text_of(name);
        if let Some(local) = self.lookup(&text) {
            return Expr { kind: Kind::Local(local), ty: self.locals[local].ty, place };
        }
        let arg = if self.is_constant { None } else { self.known.arg(&text) };
        if let Some(arg) = arg {
            self.reads_args = true;
            return match self.known.args[arg].kind {
                ArgKind::Scalar(ty) => Expr { kind: Kind::Arg(arg), ty: ty.into(), place },
                ArgKind::Slice(_) => {
                    let hint =
                        format!("write `{text}[..]` for one of its elements, or `{text}.len()`");
                    self.faulty(path, format!("`{text}` is a slice, and no value"), hint)
                }
            };
        }
        if let Some(constant) = self.known.constant(&text) {
            let ty = self.known.constants[constant].value.ty().into();
            return Expr { kind: Kind::Constant(constant), ty, place };
        }
        if self.known.function(&text).is_some() {
            return self.faulty(
                path,
                format!("`{text}` is a function"),
                format!("call it: `{text}(..)`"),
            );
        }
        let hint = self.nearest(&text);
        self.faulty(path, format!("there is no `{text}` here"), hint)
    }

    /// The names that one may have meant.
    fn nearest(&self, written: &str) -> String {
        let locals = self.scopes.iter().flat_map(|scope| scope.keys().map(String::as_str));
        let args =
            self.known.args.iter().filter(|_| !self.is_constant).map(|arg| arg.name.as_str());
        let constants = self.known.constants.iter().map(|constant| constant.name.as_str());
        let mut all: Vec<&str> = locals.chain(args).chain(constants).collect();
        all.sort_unstable();
        all.dedup();
        let same = |name: &&&str| name.to_lowercase() == written.to_lowercase();
        match (all.iter().find(same), &all[..]) {
            (Some(name), _) => format!("did you mean `{name}`?"),
            (None, []) => "declare it: `let x = ..;`".to_owned(),
            (None, all) => format!("known here: {}", super::signature::list(all.iter().copied())),
        }
    }
}

//! Checks calls of the user's functions and of those that the language has, and reads of slices.

use super::body::Body;
use super::signature::list;
use super::text_of;
use crate::functions::builtin::{self, Row};
use crate::functions::fault::place_of;
use crate::functions::tree::{ArgKind, Expr, Kind, Place};
use crate::functions::ty::{Ty, Type};
use crate::functions::value::Value;
use quote::ToTokens;
use syn::{ExprCall, ExprIndex, ExprMethodCall, ExprPath, Ident};

/// Constants that types have.
const ASSOCIATED: &[(&str, Value)] = &[
    ("f32::INFINITY", Value::F32(f32::INFINITY)),
    ("f32::NEG_INFINITY", Value::F32(f32::NEG_INFINITY)),
    ("f32::NAN", Value::F32(f32::NAN)),
    ("f32::MAX", Value::F32(f32::MAX)),
    ("f32::MIN", Value::F32(f32::MIN)),
    ("f32::MIN_POSITIVE", Value::F32(f32::MIN_POSITIVE)),
    ("f32::EPSILON", Value::F32(f32::EPSILON)),
    ("i32::MIN", Value::I32(i32::MIN)),
    ("i32::MAX", Value::I32(i32::MAX)),
    ("u32::MIN", Value::U32(u32::MIN)),
    ("u32::MAX", Value::U32(u32::MAX)),
    ("i64::MIN", Value::I64(i64::MIN)),
    ("i64::MAX", Value::I64(i64::MAX)),
    ("i32::BITS", Value::U32(i32::BITS)),
    ("u32::BITS", Value::U32(u32::BITS)),
    ("i64::BITS", Value::U32(i64::BITS)),
];

/// The type and the name of `f32::name`.
fn parts(path: &ExprPath) -> Option<(Type, &Ident)> {
    let mut segments = path.path.segments.iter();
    let (own, name) = (segments.next()?, segments.next()?);
    let own = Type::from_name(&text_of(&own.ident))?;
    (segments.next().is_none() && path.qself.is_none()).then_some((own, &name.ident))
}

impl Body<'_> {
    /// `f32::INFINITY`.
    pub(super) fn associated(&mut self, path: &ExprPath) -> Expr {
        let written = path.to_token_stream().to_string().replace(' ', "");
        let place = place_of(&path.to_token_stream());
        if let Some((_, value)) = ASSOCIATED.iter().find(|(name, _)| *name == written) {
            let kind = match value.as_integer() {
                Some(value) => Kind::Integer(value),
                None => Kind::Literal(*value),
            };
            return Expr { kind, ty: value.ty().into(), place };
        }
        let own = parts(path).map(|(own, _)| format!("{own}::"));
        let names = ASSOCIATED.iter().map(|(name, _)| *name);
        let near = names.filter(|name| own.as_ref().is_some_and(|own| name.starts_with(own)));
        let near: Vec<&str> = near.collect();
        let hint = match &near[..] {
            [] => "write its value as a constant: `const NAME: f32 = ..;`".to_owned(),
            near => format!("there are {}", list(near.iter().copied())),
        };
        self.faulty(path, format!("there is no `{written}` here"), hint)
    }

    pub(super) fn call(&mut self, call: &ExprCall) -> Expr {
        let place = place_of(&call.to_token_stream());
        let syn::Expr::Path(path) = &*call.func else {
            return self.faulty(&call.func, "only functions can be called", "name a function");
        };
        let given: Vec<&syn::Expr> = call.args.iter().collect();
        let Some(name) = path.path.get_ident() else {
            return self.call_of_type(path, &given, place);
        };
        let name_text = text_of(name);
        let Some(function) = self.known.function(&name_text) else {
            for given in given {
                let _ = self.operand(given);
            }
            let text = format!("there is no function `{name}`");
            let known = self.known;
            let hint = match Type::ALL.into_iter().find_map(|own| builtin::find(own, &name_text)) {
                Some(row) if row.is_method => format!("call it on a value: `x.{name}(..)`"),
                Some(_) => format!("name its type: `f32::{name}(..)`"),
                None if known.signatures.is_empty() => "declare it beside this one".to_owned(),
                None => {
                    format!(
                        "known here: {}",
                        list(known.signatures.iter().map(|one| one.name.as_str()))
                    )
                }
            };
            return self.faulty(name, text, hint);
        };
        let known = self.known;
        let signature = &known.signatures[function];
        self.calls.push((function, call.func.to_token_stream()));
        let wanted = signature.params.iter().map(|param| (param.name.as_str(), param.ty));
        let wanted: Vec<_> = wanted.collect();
        let ty = signature.result.into();
        match self.given(call, &name_text, &wanted, &given) {
            Some(values) => Expr { kind: Kind::Call(function, values), ty, place },
            None => Expr { kind: Kind::Faulty, ty, place },
        }
    }

    /// What a call is given, each of the wanted type; none if they are too few or too many.
    fn given(
        &mut self,
        call: &impl ToTokens,
        name: &str,
        wanted: &[(&str, Ty)],
        given: &[&syn::Expr],
    ) -> Option<Vec<Expr>> {
        if wanted.len() != given.len() {
            let (takes, has) = (wanted.len(), given.len());
            let hint = match wanted {
                [] => format!("write `{name}()`"),
                wanted => format!("it takes {}", list(wanted.iter().map(|(name, _)| *name))),
            };
            for given in given {
                let _ = self.operand(given);
            }
            let text = format!("`{name}` takes {takes} values, and is given {has}");
            self.fault(call.to_token_stream(), text, hint);
            return None;
        }
        let pairs = wanted.iter().zip(given);
        Some(
            pairs
                .map(|((part, ty), given)| self.typed(given, *ty, &format!("`{part}` of `{name}`")))
                .collect(),
        )
    }

    /// `f32::from_bits(x)`, and `f32::max(x, y)`.
    fn call_of_type(&mut self, path: &ExprPath, given: &[&syn::Expr], place: Place) -> Expr {
        let written = path.to_token_stream().to_string().replace(' ', "");
        let row =
            parts(path).and_then(|(own, name)| Some((own, builtin::find(own, &text_of(name))?)));
        let Some((own, row)) = row else {
            for given in given {
                let _ = self.operand(given);
            }
            let hint = match parts(path) {
                Some((own, name)) if name == "from" => format!("write `x as {own}`"),
                Some((own, _)) => {
                    format!("`{own}` has {}", list(builtin::names(own, false).chain(builtin::names(own, true))))
                }
                None => "call a function that is declared here, or one of a type, as `f32::from_bits(..)`".into(),
            };
            return self.faulty(path, format!("there is no function `{written}`"), hint);
        };
        self.row(path, own, row, None, given, place)
    }

    pub(super) fn method(&mut self, call: &ExprMethodCall) -> Expr {
        let place = place_of(&call.to_token_stream());
        let name = text_of(&call.method);
        if let Some(turbofish) = &call.turbofish {
            return self.faulty(turbofish, "a call takes no types here", "remove them");
        }
        if let Some(slice) = self.slice(&call.receiver) {
            if name == "len" && call.args.is_empty() {
                self.reads_args = true;
                return Expr { kind: Kind::Length(slice), ty: Type::I64.into(), place };
            }
            let text = format!("a slice has no `{name}`");
            return self.faulty(
                &call.method,
                text,
                "index it, as in `x[i]`, or ask for its `.len()`",
            );
        }
        let receiver = self.operand(&call.receiver);
        let given: Vec<&syn::Expr> = call.args.iter().collect();
        let own = match self.infer.known(receiver.ty) {
            Ty::Value(own) => own,
            Ty::Open(_) => {
                let hint = match self.infer.is_float(receiver.ty) {
                    true => "write it with its type, as `1.0f32`, or give its `let` one",
                    false => "write it with its type, as `1i32`, or give its `let` one",
                };
                return self.faulty(
                    &call.receiver,
                    "the type of this number is not known yet",
                    hint,
                );
            }
            _ => {
                for given in given {
                    let _ = self.operand(given);
                }
                return Expr { kind: Kind::Faulty, ty: Ty::Faulty, place };
            }
        };
        let Some(row) = builtin::find(own, &name) else {
            let others = list(builtin::names(own, true));
            let hint = match (name.as_str(), own) {
                (_, half) if half.is_half() => "write `.to_f32()` before it".to_owned(),
                ("log" | "log2" | "log10", Type::F32) => {
                    "write `.ln()`, and divide by a constant".to_owned()
                }
                ("powi" | "powf" | "exp2", Type::F32) => {
                    "write products, or `(x.ln() * y).exp()`".to_owned()
                }
                ("round", Type::F32) => "write `(x + 0.5).floor()`".to_owned(),
                ("pow", _) => "write products".to_owned(),
                _ => format!("`{own}` has {others}"),
            };
            for given in given {
                let _ = self.operand(given);
            }
            return self.faulty(&call.method, format!("`{own}` has no `{name}` here"), hint);
        };
        if !row.is_method {
            let text = format!("`{name}` is called on no value");
            return self.faulty(&call.method, text, format!("write `{own}::{name}(..)`"));
        }
        self.row(call, own, row, Some(receiver), &given, place)
    }

    /// A call of a function that the language has.
    fn row(
        &mut self,
        call: &impl ToTokens,
        own: Type,
        row: &'static Row,
        receiver: Option<Expr>,
        given: &[&syn::Expr],
        place: Place,
    ) -> Expr {
        const NAMES: [&str; 3] = ["first", "second", "third"];
        let skip = usize::from(receiver.is_some());
        let wanted = row.params[skip..]
            .iter()
            .zip(NAMES)
            .map(|(part, name)| (name, Ty::Value(part.of(own))));
        let wanted: Vec<_> = wanted.collect();
        let ty = row.result.of(own).into();
        let Some(values) = self.given(call, row.name, &wanted, given) else {
            return Expr { kind: Kind::Faulty, ty, place };
        };
        let values = receiver.into_iter().chain(values).collect();
        Expr { kind: Kind::Builtin(row.builtin, values), ty, place }
    }

    /// The slice that an expression names.
    fn slice(&self, expr: &syn::Expr) -> Option<usize> {
        let syn::Expr::Path(path) = expr else { return None };
        let name = text_of(path.path.get_ident()?);
        let arg = self.known.arg(&name).filter(|_| self.lookup(&name).is_none())?;
        matches!(self.known.args[arg].kind, ArgKind::Slice(_)).then_some(arg)
    }

    pub(super) fn index(&mut self, index: &ExprIndex) -> Expr {
        let place = place_of(&index.to_token_stream());
        let slice = self.slice(&index.expr);
        let at = self.operand(&index.index);
        let Some(arg) = slice else {
            let hint = "index a slice among the arguments by its name, as in `bias[col]`";
            return self.faulty(&index.expr, "this cannot be indexed", hint);
        };
        self.reads_args = true;
        let ty = match self.known.args[arg].kind {
            ArgKind::Slice(ty) | ArgKind::Scalar(ty) => ty.into(),
        };
        if !self.infer.is_integer(at.ty) {
            let text = format!("an index is an integer, and this is {}", self.infer.name(at.ty));
            self.fault(&index.index, text, "write `as i64` after it");
        }
        Expr { kind: Kind::Index(arg, Box::new(at)), ty, place }
    }
}

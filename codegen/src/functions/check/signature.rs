//! Reads what is declared: the names of all items, the parameters and the result of a function, and types.

use super::text_of;
use crate::functions::fault::FunctionFault;
use crate::functions::tree::Arg;
use crate::functions::ty::{Ty, Type};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::collections::HashSet;
use syn::{FnArg, Ident, ItemConst, ItemFn, Pat, ReturnType};

/// What callers know of a function.
pub(super) struct Signature {
    pub name: String,
    pub params: Vec<Param>,
    pub result: Type,
}

/// A parameter; its type is faulty if it could not be read.
pub(super) struct Param {
    pub name: String,
    pub ty: Ty,
    pub mutable: bool,
    pub place: TokenStream,
}

/// Refuses two items of one name, and names that C++ cannot have.
pub(super) fn names(
    args: &[Arg],
    constants: &[ItemConst],
    functions: &[ItemFn],
    faults: &mut Vec<FunctionFault>,
) {
    let mut seen: HashSet<String> = args.iter().map(|arg| arg.name.clone()).collect();
    let constants = constants.iter().map(|constant| &constant.ident);
    for name in constants.chain(functions.iter().map(|function| &function.sig.ident)) {
        if !seen.insert(text_of(name)) {
            let text = format!("`{name}` is declared twice");
            faults.push(FunctionFault::new(name, text, "rename one of them"));
        }
        faults.extend(spelling(name));
    }
}

/// The fault of a name with other characters than those that C++ takes.
pub(super) fn spelling(name: &Ident) -> Option<FunctionFault> {
    let text = text_of(name);
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let hint = "use a to z, A to Z, digits and `_`";
    (!plain).then(|| {
        FunctionFault::new(name, format!("`{text}` is not a name of the generated text"), hint)
    })
}

pub(super) fn read(function: &ItemFn, faults: &mut Vec<FunctionFault>) -> Signature {
    let ItemFn { attrs, sig, .. } = function;
    for attribute in attrs.iter().filter(|attribute| !is_known(attribute)) {
        let text = "a function takes no attributes but doc comments and lints";
        faults.push(FunctionFault::new(attribute, text, "remove it"));
    }
    let words = [
        sig.constness.map(ToTokens::into_token_stream),
        sig.asyncness.map(ToTokens::into_token_stream),
        Some(sig.safety.to_token_stream()).filter(|tokens| !tokens.is_empty()),
        sig.abi.as_ref().map(ToTokens::to_token_stream),
    ];
    for place in words.into_iter().flatten() {
        faults.push(FunctionFault::new(
            place,
            "a function here is a plain `fn`",
            "remove this word",
        ));
    }
    if !sig.generics.params.is_empty() || sig.generics.where_clause.is_some() {
        let text = "a function here has no type parameters";
        faults.push(FunctionFault::new(&sig.generics, text, "write one function for each type"));
    }
    let params = sig.inputs.iter().map(|input| param(input, faults)).collect();
    let result = match &sig.output {
        ReturnType::Type(_, ty) => ty_of(ty, faults).value().unwrap_or(Type::F32),
        ReturnType::Default => {
            let text = format!("`{}` has no result", sig.ident);
            faults.push(FunctionFault::new(
                &sig.ident,
                text,
                "write `-> f32`, or another type, before its braces",
            ));
            Type::F32
        }
    };
    Signature { name: text_of(&sig.ident), params, result }
}

fn is_known(attribute: &syn::Attribute) -> bool {
    ["doc", "allow", "expect", "inline"].iter().any(|name| attribute.path().is_ident(name))
}

fn param(input: &FnArg, faults: &mut Vec<FunctionFault>) -> Param {
    let FnArg::Typed(typed) = input else {
        faults.push(FunctionFault::new(
            input,
            "there is no `self` here",
            "name the arguments of the launch directly",
        ));
        return Param {
            name: "self".into(),
            ty: Ty::Faulty,
            mutable: false,
            place: input.to_token_stream(),
        };
    };
    let ty = ty_of(&typed.ty, faults);
    let place = typed.pat.to_token_stream();
    match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            faults.extend(spelling(&pat.ident));
            Param { name: text_of(&pat.ident), ty, mutable: pat.mutability.is_some(), place }
        }
        Pat::Wild(_) => Param { name: "_".into(), ty, mutable: false, place },
        _ => {
            faults.push(FunctionFault::new(
                &place,
                "a parameter is a name and its type",
                "write `x: f32`",
            ));
            Param { name: "_".into(), ty, mutable: false, place }
        }
    }
}

/// A type as written; a fault if the language has it not.
pub(super) fn ty_of(ty: &syn::Type, faults: &mut Vec<FunctionFault>) -> Ty {
    let name = match ty {
        syn::Type::Path(path) if path.qself.is_none() => path.path.get_ident().map(text_of),
        syn::Type::Paren(inner) => return ty_of(&inner.elem, faults),
        syn::Type::Group(inner) => return ty_of(&inner.elem, faults),
        _ => None,
    };
    if let Some(found) = name.as_deref().and_then(Type::from_name) {
        return Ty::Value(found);
    }
    let hint = match (name.as_deref(), ty) {
        (Some("f64"), _) => "write `f32`".to_owned(),
        (Some("u8" | "u16"), _) => "write `u32`".to_owned(),
        (Some("i8" | "i16"), _) => "write `i32`".to_owned(),
        (Some("usize" | "isize" | "u64" | "i128" | "u128"), _) => "write `i64`".to_owned(),
        (_, syn::Type::Slice(_) | syn::Type::Reference(_)) => {
            "a slice is an argument of the selector, which every function can index by its name"
                .into()
        }
        _ => format!("the types are {}", list(Type::ALL.map(Type::name))),
    };
    let written = ty.to_token_stream().to_string().replace(" ,", ",").replace("& ", "&");
    let text = format!("there is no type `{written}` here");
    faults.push(FunctionFault::new(ty, text, hint));
    Ty::Faulty
}

/// `a, b and c`, each in backticks.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

//! Calculates the constants, each after those that it names.

use super::body::Body;
use super::signature::ty_of;
use super::{Known, text_of};
use crate::functions::evaluate;
use crate::functions::fault::{FunctionFault, place_of};
use crate::functions::tree::{Block, Constant};
use crate::functions::ty::{Ty, Type};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, ItemConst};

/// Whether a constant can be calculated with such an expression.
pub(super) fn can_have(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Lit(_)
            | Expr::Path(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Cast(_)
            | Expr::Paren(_)
            | Expr::Group(_)
    )
}

/// Adds the constants to what is known.
pub(super) fn check(known: &mut Known, items: &[ItemConst], faults: &mut Vec<FunctionFault>) {
    let mut state = vec![State::New; items.len()];
    for at in 0..items.len() {
        calculate(known, items, at, &mut state, faults);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Begun,
    Done,
}

fn calculate(
    known: &mut Known,
    items: &[ItemConst],
    at: usize,
    state: &mut [State],
    faults: &mut Vec<FunctionFault>,
) {
    let item = &items[at];
    match state[at] {
        State::Done => return,
        State::Begun => {
            let text = format!("the constant `{}` needs itself", item.ident);
            return faults.push(FunctionFault::new(&item.ident, text, "write a number"));
        }
        State::New => state[at] = State::Begun,
    }
    let mut names = Vec::new();
    names_of(item.expr.to_token_stream(), &mut names);
    for name in names {
        if let Some(other) = items.iter().position(|item| text_of(&item.ident) == name) {
            calculate(known, items, other, state, faults);
        }
    }
    state[at] = State::Done;
    let value = value(known, item, faults);
    let name = text_of(&item.ident);
    let place = place_of(&item.ident.to_token_stream());
    known.constants.push(Constant { name, value, place });
}

fn value(
    known: &Known,
    item: &ItemConst,
    faults: &mut Vec<FunctionFault>,
) -> crate::functions::Value {
    let before = faults.len();
    let ty = ty_of(&item.ty, faults);
    let mut body = Body::new(known, ty.value().unwrap_or(Type::F32), faults);
    body.is_constant = true;
    let value = body.typed(&item.expr, ty, &format!("`{}`", item.ident));
    let block = Block { statements: Vec::new(), value: Some(Box::new(value)), ty };
    let (block, _) = body.finish(block);
    let otherwise = crate::functions::Value::from_bits(ty.value().unwrap_or(Type::F32), 0);
    let Some(expr) = block.value.filter(|_| faults.len() == before && ty != Ty::Faulty) else {
        return otherwise;
    };
    evaluate::constant(&known.constants, &expr).unwrap_or_else(|stop| {
        let text = format!("`{}` has no value: {}", item.ident, stop.text());
        faults.push(FunctionFault::new(&item.expr, text, "write a sum that its type can hold"));
        otherwise
    })
}

fn names_of(tokens: TokenStream, names: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(name) => names.push(text_of(&name)),
            TokenTree::Group(group) => names_of(group.stream(), names),
            _ => {}
        }
    }
}

//! Finds the types of numbers that are written without one, from where they are used.

use crate::functions::ty::{Ty, Type};
use proc_macro2::TokenStream;

/// What is known of each open number.
#[derive(Default)]
pub(super) struct Infer {
    rows: Vec<Row>,
}

struct Row {
    is_float: bool,
    bound: Option<Ty>,
    place: TokenStream,
}

impl Infer {
    /// The type of a number that may be any integer, or any float.
    pub fn open(&mut self, is_float: bool, place: TokenStream) -> Ty {
        self.rows.push(Row { is_float, bound: None, place });
        Ty::Open(self.rows.len() - 1)
    }

    /// What is known of a type by now.
    pub fn known(&self, mut ty: Ty) -> Ty {
        while let Ty::Open(row) = ty {
            let Some(bound) = self.rows.get(row).and_then(|row| row.bound) else { break };
            ty = bound;
        }
        ty
    }

    /// Whether it is a number whose type is not known by now.
    pub fn is_open(&self, ty: Ty) -> bool {
        matches!(self.known(ty), Ty::Open(_))
    }

    fn is_open_float(&self, ty: Ty) -> bool {
        matches!(ty, Ty::Open(row) if self.rows.get(row).is_some_and(|row| row.is_float))
    }

    /// Whether it is an integer, of whatever type.
    pub fn is_integer(&self, ty: Ty) -> bool {
        match self.known(ty) {
            Ty::Value(ty) => ty.is_integer(),
            open @ Ty::Open(_) => !self.is_open_float(open),
            other => other == Ty::Faulty,
        }
    }

    /// Whether it is a float that can be calculated with.
    pub fn is_float(&self, ty: Ty) -> bool {
        match self.known(ty) {
            Ty::Value(ty) => ty == Type::F32,
            open @ Ty::Open(_) => self.is_open_float(open),
            other => other == Ty::Faulty,
        }
    }

    /// The one type that both are; none if they differ.
    pub fn unify(&mut self, a: Ty, b: Ty) -> Option<Ty> {
        let (a, b) = (self.known(a), self.known(b));
        match (a, b) {
            (Ty::Faulty, other) | (other, Ty::Faulty) => Some(other),
            (Ty::Never, other) | (other, Ty::Never) => Some(other),
            (a, b) if a == b => Some(a),
            (open @ Ty::Open(row), other) | (other, open @ Ty::Open(row)) => {
                let is_float = self.is_open_float(open);
                let fits = match other {
                    Ty::Value(ty) => {
                        if is_float {
                            ty == Type::F32
                        } else {
                            ty.is_integer()
                        }
                    }
                    Ty::Open(_) => is_float == self.is_open_float(other),
                    _ => false,
                };
                if !fits {
                    return None;
                }
                self.rows[row].bound = Some(other);
                Some(other)
            }
            _ => None,
        }
    }

    /// Takes an open float for what it must be, after a fault that says so.
    pub fn settle(&mut self, ty: Ty) {
        if self.is_float(ty) {
            let _ = self.unify(ty, Ty::Value(Type::F32));
        }
    }

    /// The type at last: an integer that is still open is an `i32`, as in Rust.
    pub fn last(&self, ty: Ty) -> Ty {
        match self.known(ty) {
            open @ Ty::Open(_) => {
                Ty::Value(if self.is_open_float(open) { Type::F32 } else { Type::I32 })
            }
            known => known,
        }
    }

    /// The floats that are still open, which Rust takes for `f64`.
    pub fn open_floats(&self) -> impl Iterator<Item = &TokenStream> {
        let open = self.rows.iter().filter(|row| row.is_float && row.bound.is_none());
        open.map(|row| &row.place)
    }

    /// How messages call a type.
    pub fn name(&self, ty: Ty) -> String {
        match self.known(ty) {
            Ty::Value(ty) => format!("`{ty}`"),
            Ty::Unit => "nothing".to_owned(),
            Ty::Never => "no value".to_owned(),
            open @ Ty::Open(_) if self.is_open_float(open) => "a float".to_owned(),
            Ty::Open(_) => "an integer".to_owned(),
            Ty::Faulty => "a faulty expression".to_owned(),
        }
    }
}

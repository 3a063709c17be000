//! The checked functions, as a tree in which every expression has its type and its place in the source.
//!
//! The tree is plain data. Names are resolved: a local, an argument, a constant and a function is the number of its
//! row in the list that declares it.

use super::builtin::Builtin;
use super::ty::{Ty, Type};
use super::value::Value;
use std::fmt;

/// A line of the source, from 1, and a column of it, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Its line.
    pub line: usize,
    /// Its column.
    pub column: usize,
}

/// What a selector's functions are given at each launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ArgKind,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgKind {
    /// A value.
    Scalar(Type),
    /// Values on the device, to be indexed.
    Slice(Type),
}

impl fmt::Display for Arg {
    /// As it is declared.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ArgKind::Scalar(ty) => write!(f, "{}: {ty}", self.name),
            ArgKind::Slice(ty) => write!(f, "{}: [{ty}]", self.name),
        }
    }
}

/// A selector's own functions, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Functions {
    pub(super) args: Vec<Arg>,
    pub(super) constants: Vec<Constant>,
    pub(super) functions: Vec<Function>,
}

/// A constant, with the value of its expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constant {
    pub name: String,
    pub value: Value,
    pub place: Place,
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub(super) name: String,
    /// How many of the locals are its parameters: the first ones.
    pub(super) params: usize,
    pub(super) result: Type,
    pub(super) locals: Vec<Local>,
    pub(super) body: Block,
    pub(super) place: Place,
    /// Whether it or a function that it calls reads an argument of the launch.
    pub(super) reads_args: bool,
}

/// A parameter or a variable of a function. A name that is declared again is another local.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Local {
    pub name: String,
    pub ty: Ty,
    pub mutable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub statements: Vec<Statement>,
    pub value: Option<Box<Expr>>,
    pub ty: Ty,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    Let { local: usize, value: Expr },
    Expr(Expr),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expr {
    pub kind: Kind,
    pub ty: Ty,
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// An integer that its type has.
    Integer(i128),
    /// A float, or a bool.
    Literal(Value),
    Local(usize),
    Arg(usize),
    Constant(usize),
    Unary(Unary, Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Cast(Box<Expr>),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
    /// An element of a slice.
    Index(usize, Box<Expr>),
    /// How many elements a slice has.
    Length(usize),
    If(Box<Expr>, Block, Option<Box<Expr>>),
    Match(Box<Expr>, Vec<Arm>),
    Block(Block),
    Assign {
        local: usize,
        operator: Option<Binary>,
        value: Box<Expr>,
    },
    For(Box<For>),
    Return(Box<Expr>),
    Break,
    Continue,
    /// An expression with a fault.
    Faulty,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct For {
    pub local: usize,
    pub from: Expr,
    pub to: Expr,
    /// Whether the last pass has `to`.
    pub inclusive: bool,
    pub body: Block,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arm {
    /// Each from its first value to its last.
    pub ranges: Vec<(i128, i128)>,
    pub body: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unary {
    Negate,
    Not,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `&&`, whose right side is calculated if its left is true.
    Both,
    /// `||`, whose right side is calculated if its left is false.
    Either,
}

impl Binary {
    /// How Rust spells it.
    pub const fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::Div => "/",
            Binary::Rem => "%",
            Binary::And => "&",
            Binary::Or => "|",
            Binary::Xor => "^",
            Binary::Shl => "<<",
            Binary::Shr => ">>",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::Both => "&&",
            Binary::Either => "||",
        }
    }

    pub const fn compares(self) -> bool {
        matches!(
            self,
            Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual
        )
    }

    pub const fn is_logic(self) -> bool {
        matches!(self, Binary::Both | Binary::Either)
    }

    pub const fn shifts(self) -> bool {
        matches!(self, Binary::Shl | Binary::Shr)
    }

    pub const fn is_bitwise(self) -> bool {
        matches!(self, Binary::And | Binary::Or | Binary::Xor)
    }
}

impl Functions {
    /// What they are given at each launch.
    pub fn args(&self) -> &[Arg] {
        &self.args
    }

    /// All functions, in the order of the source.
    pub fn all(&self) -> &[Function] {
        &self.functions
    }

    /// The function of that name.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}

impl Function {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names and types of its parameters.
    pub fn params(&self) -> impl Iterator<Item = (&str, Type)> {
        let value = |local: &Local| local.ty.value().unwrap_or(Type::F32);
        self.locals[..self.params].iter().map(move |local| (local.name.as_str(), value(local)))
    }

    /// The type of its result.
    pub const fn result(&self) -> Type {
        self.result
    }

    /// Where its name is in the source.
    pub const fn place(&self) -> Place {
        self.place
    }
}

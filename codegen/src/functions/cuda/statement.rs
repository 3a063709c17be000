//! Writes statements, and expressions that C++ has only as statements.

use super::AllNames;
use super::expression::{Text, binary, is_simple};
use super::names::Names;
use super::writer::Writer;
use crate::functions::tree::{Arm, Block, Expr, For, Function, Functions, Kind, Statement};
use crate::functions::ty::Ty;

/// What is done with a value.
pub(super) enum Target {
    Return,
    /// Assigned to this variable.
    Set(String),
    /// There is none.
    None,
}

/// The body of a function while it is written.
pub(super) struct Body<'a, 'w> {
    pub functions: &'a Functions,
    pub function: &'a Function,
    pub names: &'a AllNames,
    pub locals: Vec<String>,
    /// The names that are taken, for those of variables that the source has not.
    pub fresh: Names,
    pub writer: &'a mut Writer<'w>,
}

impl Body<'_, '_> {
    pub fn function(&mut self) {
        for local in self.locals.clone() {
            // The locals' names are unique already; they are only to be taken.
            let _ = self.fresh.unique(&local);
        }
        let function = self.function;
        self.block(&function.body, &Target::Return);
    }

    fn block(&mut self, block: &Block, target: &Target) {
        for statement in &block.statements {
            match statement {
                Statement::Let { local, value } => self.declare(*local, value),
                Statement::Expr(expr) => self.into(expr, &Target::None),
            }
        }
        if let Some(value) = &block.value {
            self.into(value, target);
        }
    }

    fn declare(&mut self, local: usize, value: &Expr) {
        let (name, ty) = (self.locals[local].clone(), value.ty.cuda_name());
        if is_simple(value)
            || !matches!(value.kind, Kind::If(..) | Kind::Match(..) | Kind::Block(_))
        {
            let text = self.value(value).text;
            let constant = if self.function.locals[local].mutable { "" } else { "const " };
            self.writer.line(&format!("{constant}{ty} {name} = {text};"), Some(value.place));
        } else {
            self.writer.line(&format!("{ty} {name};"), Some(value.place));
            self.into(value, &Target::Set(name));
        }
    }

    /// Writes an expression as statements.
    pub fn into(&mut self, expr: &Expr, target: &Target) {
        let place = Some(expr.place);
        match &expr.kind {
            _ if is_simple(expr) => self.give(expr, target),
            Kind::If(condition, then, otherwise) => {
                self.branch(condition, then, otherwise.as_deref(), target, "")
            }
            Kind::Match(value, arms) => self.choice(value, arms, target),
            Kind::Block(block) => {
                self.writer.open("{", place);
                self.block(block, target);
                self.writer.close("}");
            }
            Kind::Assign { local, operator, value } => {
                let text = self.value(value);
                let name = self.locals[*local].clone();
                let text = match operator {
                    Some(operator) => binary(*operator, Text::whole(name.clone()), text, false),
                    None => text,
                };
                self.writer.line(&format!("{name} = {};", text.text), place);
            }
            Kind::For(pass) => self.pass(pass, expr),
            Kind::Return(value) => self.into(value, &Target::Return),
            Kind::Break => self.writer.line("break;", place),
            Kind::Continue => self.writer.line("continue;", place),
            _ => self.give(expr, target),
        }
    }

    fn give(&mut self, expr: &Expr, target: &Target) {
        let text = self.value(expr).text;
        let line = match target {
            Target::Return => format!("return {text};"),
            Target::Set(name) => format!("{name} = {text};"),
            // Nobody reads it, and it changes nothing.
            Target::None => return,
        };
        self.writer.line(&line, Some(expr.place));
    }

    /// `before` ends the branch before it.
    fn branch(
        &mut self,
        condition: &Expr,
        then: &Block,
        otherwise: Option<&Expr>,
        target: &Target,
        before: &str,
    ) {
        let text = self.value(condition).text;
        let line = format!("{before}if ({text}) {{");
        if before.is_empty() {
            self.writer.open(&line, Some(condition.place));
        } else {
            self.writer.between(&line);
        }
        self.block(then, target);
        let Some(otherwise) = otherwise else { return self.writer.close("}") };
        match &otherwise.kind {
            Kind::If(condition, then, otherwise) if is_simple(condition) => {
                return self.branch(condition, then, otherwise.as_deref(), target, "} else ");
            }
            _ => self.writer.between("} else {"),
        }
        self.inside(otherwise, target);
        self.writer.close("}");
    }

    /// An expression that has braces around it already.
    fn inside(&mut self, expr: &Expr, target: &Target) {
        match &expr.kind {
            Kind::Block(block) => self.block(block, target),
            _ => self.into(expr, target),
        }
    }

    fn choice(&mut self, value: &Expr, arms: &[Arm], target: &Target) {
        let text = self.value(value).text;
        let name = match value.kind {
            Kind::Local(local) if !self.function.locals[local].mutable => text,
            _ => {
                let name = self.fresh.unique("chosen");
                let ty = value.ty.cuda_name();
                self.writer.line(&format!("const {ty} {name} = {text};"), Some(value.place));
                name
            }
        };
        for (at, arm) in arms.iter().enumerate() {
            let is_last = at + 1 == arms.len();
            let condition = arm.ranges.iter().map(|range| in_range(&name, *range, value.ty));
            let condition = condition.collect::<Vec<_>>().join(" || ");
            match (at, is_last) {
                (0, true) => self.writer.open("{", Some(value.place)),
                (0, false) => self.writer.open(&format!("if ({condition}) {{"), Some(value.place)),
                // The arms have every value.
                (_, true) => self.writer.between("} else {"),
                (_, false) => self.writer.between(&format!("}} else if ({condition}) {{")),
            }
            self.inside(&arm.body, target);
        }
        self.writer.close("}");
    }

    fn pass(&mut self, pass: &For, expr: &Expr) {
        let ty = pass.from.ty.cuda_name();
        let ends = self.operands(&[&pass.from, &pass.to]);
        let [from, to] = &ends[..] else { return };
        let name = self.locals[pass.local].clone();
        let mutable = self.function.locals[pass.local].mutable;
        let at = if mutable { self.fresh.unique("at") } else { name.clone() };
        let place = Some(expr.place);
        let last = if self.is_stable(&pass.to) {
            to.text.clone()
        } else {
            let last = self.fresh.unique(if pass.inclusive { "last" } else { "end" });
            self.writer.line(&format!("const {ty} {last} = {};", to.text), place);
            last
        };
        let first = &from.text;
        if pass.inclusive {
            // The last pass may have the greatest number of its type.
            let more = self.fresh.unique("more");
            self.writer.line(&format!("{ty} {at} = {first};"), place);
            let next = format!("{more} = {at} != {last}, {at} = rust::wrapping_add({at}, {ty}(1))");
            self.writer
                .open(&format!("for (bool {more} = {at} <= {last}; {more}; {next}) {{"), place);
        } else {
            self.writer
                .open(&format!("for ({ty} {at} = {first}; {at} < {last}; ++{at}) {{"), place);
        }
        if mutable {
            self.writer.line(&format!("{ty} {name} = {at};"), place);
        }
        self.block(&pass.body, &Target::None);
        self.writer.close("}");
    }
}

/// The condition of a range.
fn in_range(name: &str, (first, last): (i128, i128), ty: Ty) -> String {
    use super::expression::value;
    use crate::functions::value::Value;
    let ty = ty.value().unwrap_or(crate::functions::ty::Type::I32);
    let end = |number| value(Value::integer(ty, number)).text;
    let (least, greatest) = ty.ends();
    match (first == least, last == greatest) {
        (true, true) => "true".to_owned(),
        _ if first == last => format!("{name} == {}", end(first)),
        _ if first > last => "false".to_owned(),
        (true, _) => format!("{name} <= {}", end(last)),
        (_, true) => format!("{name} >= {}", end(first)),
        _ => format!("({name} >= {} && {name} <= {})", end(first), end(last)),
    }
}

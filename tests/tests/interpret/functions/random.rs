//! Random well-typed functions, with every construct of the language: the evaluator and the generated text agree.

use super::unit::{PARAMS, run};
use super::{Given, Words, bits, edges, functions};
use topkit::functions::{Arithmetic, Type, Value};

const FUNCTIONS: usize = 60;
const PROGRAMS: u64 = 4;
const ROWS: usize = 120;

/// Writes functions; each calls only those before it.
struct Writer {
    words: Words,
    /// The functions that there are: name, parameters and result.
    known: Vec<(String, Vec<Type>, Type)>,
    /// The variables in scope: name, type, and whether they change.
    scope: Vec<(String, Type, bool)>,
    loops: usize,
    result: Type,
}

const TYPES: [Type; 5] = [Type::F32, Type::I32, Type::U32, Type::I64, Type::Bool];
const INTEGERS: [Type; 3] = [Type::I32, Type::U32, Type::I64];

impl Writer {
    fn one<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.words.below(all.len())]
    }

    fn function(&mut self) -> String {
        let name = format!("f{}", self.known.len());
        let params: Vec<Type> = (0..PARAMS).map(|_| self.one(&Type::ALL)).collect();
        self.result = self.one(&TYPES);
        self.scope = ["a", "b", "c"]
            .into_iter()
            .zip(&params)
            .map(|(name, ty)| (name.to_owned(), *ty, false))
            .collect();
        let list: Vec<String> =
            self.scope.iter().map(|(name, ty, _)| format!("{name}: {ty}")).collect();
        let body = self.block(self.result, 4);
        let text = format!("fn {name}({}) -> {} {body}\n", list.join(", "), self.result);
        self.known.push((name, params, self.result));
        text
    }

    fn block(&mut self, ty: Type, depth: usize) -> String {
        let mark = self.scope.len();
        let mut text = "{ ".to_owned();
        for _ in 0..self.words.below(3) {
            text += &self.statement(depth);
        }
        text += &self.expr(ty, depth);
        self.scope.truncate(mark);
        text + " }"
    }

    /// Statements alone.
    fn body(&mut self, depth: usize) -> String {
        let mark = self.scope.len();
        let mut text = "{ ".to_owned();
        for _ in 0..1 + self.words.below(2) {
            text += &self.statement(depth);
        }
        self.scope.truncate(mark);
        text + "}"
    }

    fn statement(&mut self, depth: usize) -> String {
        let depth = depth.saturating_sub(1);
        let changing: Vec<(String, Type)> = self
            .visible()
            .filter(|(.., changes)| *changes)
            .map(|(name, ty, _)| (name.clone(), *ty))
            .collect();
        match self.words.below(8) {
            0 | 1 if !changing.is_empty() => {
                let (name, ty) = changing[self.words.below(changing.len())].clone();
                let value = self.expr(ty, depth);
                let operator = match ty {
                    Type::Bool => self.one(&["=", "&=", "|=", "^="]),
                    Type::F32 => self.one(&["=", "+=", "-=", "*=", "/="]),
                    _ => self
                        .one(&["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="]),
                };
                format!("{name} {operator} {value}; ")
            }
            2 if depth > 0 => {
                let condition = self.expr(Type::Bool, depth);
                let then = self.body(depth);
                if self.words.below(2) == 0 {
                    return format!("if {condition} {then} ");
                }
                let otherwise = self.body(depth);
                format!("if {condition} {then} else {otherwise} ")
            }
            3 if depth > 1 && self.loops < 2 => {
                let ty = self.one(&INTEGERS);
                let name = self.name();
                let (from, passes) = (self.words.below(5), self.words.below(4));
                let dots = self.one(&["..", "..="]);
                self.scope.push((name.clone(), ty, false));
                self.loops += 1;
                let body = self.body(depth);
                self.loops -= 1;
                self.scope.pop();
                format!("for {name} in {from}{ty}{dots}{} {body} ", from + passes)
            }
            4 if self.loops > 0 && depth > 0 => {
                let condition = self.expr(Type::Bool, depth);
                let word = self.one(&["break", "continue"]);
                format!("if {condition} {{ {word}; }} ")
            }
            5 if depth > 0 => {
                let condition = self.expr(Type::Bool, depth);
                let value = self.expr(self.result, depth);
                format!("if {condition} {{ return {value}; }} ")
            }
            _ => {
                let ty = self.one(&TYPES);
                let value = self.expr(ty, depth);
                let (name, changes) = (self.name(), self.words.below(2) == 0);
                self.scope.push((name.clone(), ty, changes));
                let word = if changes { "mut " } else { "" };
                let written =
                    if self.words.below(2) == 0 { format!(": {ty}") } else { String::new() };
                format!("let {word}{name}{written} = {value}; ")
            }
        }
    }

    /// A new name, or one that is declared again.
    fn name(&mut self) -> String {
        self.one(&["x", "y", "z", "float", "min", "u", "v", "int_2"]).to_owned()
    }

    fn expr(&mut self, ty: Type, depth: usize) -> String {
        if depth == 0 || self.words.below(6) == 0 {
            return self.leaf(ty);
        }
        let depth = depth - 1;
        match self.words.below(10) {
            0 => {
                let (condition, then) = (self.expr(Type::Bool, depth), self.block(ty, depth));
                format!("(if {condition} {then} else {})", self.block(ty, depth))
            }
            1 => {
                let of = self.one(&INTEGERS);
                let value = self.expr(of, depth);
                let (first, second, last) =
                    (self.expr(ty, depth), self.block(ty, depth), self.expr(ty, depth));
                let from = self.words.below(9);
                format!(
                    "(match {value} {{ {from} | 40.. => {first}, 1..=8 => {second} _ => {last} }})"
                )
            }
            2 => format!("({})", self.block(ty, depth)),
            3 => {
                let suitable: Vec<usize> =
                    (0..self.known.len()).filter(|at| self.known[*at].2 == ty).collect();
                if suitable.is_empty() {
                    return self.leaf(ty);
                }
                let (name, params, _) =
                    self.known[suitable[self.words.below(suitable.len())]].clone();
                let given: Vec<String> =
                    params.iter().map(|ty| self.expr(*ty, depth.min(1))).collect();
                format!("{name}({})", given.join(", "))
            }
            _ => self.operation(ty, depth),
        }
    }

    fn operation(&mut self, ty: Type, depth: usize) -> String {
        match ty {
            Type::Bool => match self.words.below(6) {
                0 => {
                    let (a, b) = (self.expr(Type::Bool, depth), self.expr(Type::Bool, depth));
                    format!("({a} {} {b})", self.one(&["&&", "||", "&", "|", "^", "==", "!="]))
                }
                1 => format!("!{}", self.expr(Type::Bool, depth)),
                2 => {
                    let value = self.expr(Type::F32, depth);
                    format!("{value}.{}()", self.one(&["is_nan", "is_finite", "is_infinite"]))
                }
                _ => {
                    let of = self.one(&Type::ALL);
                    let (a, b) = (self.expr(of, depth), self.expr(of, depth));
                    format!("({a} {} {b})", self.one(&["==", "!=", "<", "<=", ">", ">="]))
                }
            },
            Type::F32 => match self.words.below(8) {
                0 => format!("(-{})", self.expr(ty, depth)),
                1 => {
                    let value = self.expr(ty, depth);
                    format!("{value}.{}()", self.one(&["abs", "sqrt", "floor", "ceil", "trunc"]))
                }
                2 => {
                    let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                    format!("{a}.{}({b})", self.one(&["min", "max"]))
                }
                3 => {
                    let (a, b, c) =
                        (self.expr(ty, depth), self.expr(ty, depth), self.expr(ty, depth));
                    format!("{a}.{}({b}, {c})", self.one(&["mul_add", "clamp"]))
                }
                4 => {
                    let of = self.one(&INTEGERS);
                    format!("({} as f32)", self.expr(of, depth))
                }
                5 => {
                    let of = self.one(&[Type::Bf16, Type::F16]);
                    format!("{}.to_f32()", self.expr(of, depth))
                }
                _ => {
                    let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                    format!("({a} {} {b})", self.one(&["+", "-", "*", "/", "%"]))
                }
            },
            Type::Bf16 | Type::F16 => format!("{ty}::from_f32({})", self.expr(Type::F32, depth)),
            integer => match self.words.below(8) {
                0 => {
                    let of = self.one(&[Type::F32, Type::I32, Type::U32, Type::I64, Type::Bool]);
                    format!("({} as {ty})", self.expr(of, depth))
                }
                1 if integer == Type::U32 => {
                    // The bits of a NaN are not said.
                    format!("{}.max(-1e9).to_bits()", self.expr(Type::F32, depth))
                }
                1 => format!("(-{})", self.expr(ty, depth)),
                2 => format!("(!{})", self.expr(ty, depth)),
                3 => {
                    let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                    let name = self.one(&[
                        "min",
                        "max",
                        "wrapping_add",
                        "wrapping_sub",
                        "wrapping_mul",
                        "saturating_add",
                        "saturating_sub",
                    ]);
                    format!("{a}.{name}({b})")
                }
                4 => {
                    let (a, by) = (self.expr(ty, depth), self.one(&INTEGERS));
                    let b = self.expr(by, depth);
                    format!("({a} {} {b})", self.one(&["<<", ">>"]))
                }
                5 => {
                    let (a, b, c) =
                        (self.expr(ty, depth), self.expr(ty, depth), self.expr(ty, depth));
                    format!("{a}.clamp({b}, {c})")
                }
                _ => {
                    let (a, b) = (self.expr(ty, depth), self.expr(ty, depth));
                    format!("({a} {} {b})", self.one(&["+", "-", "*", "/", "%", "&", "|", "^"]))
                }
            },
        }
    }

    /// The nearest declaration of a name is the one that it means.
    fn visible(&self) -> impl Iterator<Item = &(String, Type, bool)> {
        let later =
            |at: usize, name: &String| self.scope[at + 1..].iter().any(|(later, ..)| later == name);
        self.scope
            .iter()
            .enumerate()
            .filter(move |(at, (name, ..))| !later(*at, name))
            .map(|(_, one)| one)
    }

    fn leaf(&mut self, ty: Type) -> String {
        let visible = self.visible().filter(|(_, of, _)| *of == ty).map(|(name, ..)| name.clone());
        let visible: Vec<String> = visible.collect();
        if !visible.is_empty() && self.words.below(4) > 0 {
            return visible[self.words.below(visible.len())].clone();
        }
        let number = self.words.below(70);
        match (ty, self.words.below(4)) {
            (Type::F32, 0) => {
                self.one(&["f32::INFINITY", "f32::NAN", "f32::MAX", "scale"]).to_owned()
            }
            (Type::F32, _) => format!("{:?}f32", number as f32 / 8.0),
            (Type::I32, 0) => format!("seq_lens[{}i32]", number % 9),
            (Type::I32, 1) => "window".to_owned(),
            (Type::I32, 2) => self.one(&["i32::MIN", "i32::MAX", "(-1i32)"]).to_owned(),
            (Type::I64, 0) => format!("offsets[{}u32]", number % 4),
            (Type::I64, 1) => "stride".to_owned(),
            (Type::I64, 2) => self.one(&["i64::MIN", "i64::MAX", "bias.len()"]).to_owned(),
            (Type::Bool, 0) => "on".to_owned(),
            (Type::Bool, _) => self.one(&["true", "false"]).to_owned(),
            (Type::Bf16, 0) => format!("bias[{}i64]", number % 6),
            (Type::Bf16 | Type::F16, _) => format!("{ty}::from_f32({:?})", number as f32 - 30.0),
            _ => format!("{number}{ty}"),
        }
    }
}

#[test]
fn random_functions_have_one_meaning() {
    let edges = edges();
    let mut compared = 0;
    for program in 0..PROGRAMS {
        let (known, scope) = (Vec::new(), Vec::new());
        let mut writer =
            Writer { words: Words(program), known, scope, loops: 0, result: Type::F32 };
        let source: String = (0..FUNCTIONS).map(|_| writer.function()).collect();
        let functions = functions(&source);
        let rows: Vec<_> =
            (0..ROWS).map(|_| [(); PARAMS].map(|()| writer.words.input(&edges))).collect();
        let device = run(&functions, &rows);
        for (row, device) in rows.iter().zip(device.chunks(FUNCTIONS)) {
            for (function, device) in functions.all().iter().zip(device) {
                let given =
                    function.params().zip(row).map(|((_, ty), word)| Value::from_bits(ty, *word));
                let given: Vec<Value> = given.collect();
                let value =
                    functions.evaluate(function, &given, &Given, Arithmetic::Device).unwrap();
                let name = function.name();
                assert_eq!(
                    bits(value),
                    *device,
                    "program {program}, {name} of {given:?} is {value:?}\n{source}"
                );
                if let Ok(checked) =
                    functions.evaluate(function, &given, &Given, Arithmetic::Checked)
                {
                    assert_eq!(
                        bits(checked),
                        bits(value),
                        "program {program}, {name} of {given:?}\n{source}"
                    );
                }
                compared += 1;
            }
        }
    }
    println!("{} functions, {compared} values", PROGRAMS as usize * FUNCTIONS);
}

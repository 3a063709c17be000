//! Builds a program, and checks it: all faults at once.

use super::{ArgsLayout, FieldType, Parts, Program, ProgramId};
use crate::functions::{MEMBERS, Stages, identifier_fault};
use std::borrow::Cow;
use std::collections::HashSet;

/// The parts of a program. [`ProgramBuilder::build`] checks them.
#[derive(Debug, Clone)]
pub struct ProgramBuilder {
    pub(super) text: Cow<'static, str>,
    pub(super) source: Option<Cow<'static, str>>,
    pub(super) ordinal: Option<Cow<'static, str>>,
    pub(super) output: Option<Cow<'static, str>>,
    pub(super) key_bytes: Option<u8>,
    pub(super) fields: Vec<(Cow<'static, str>, FieldType)>,
}

/// A program that cannot be, with everything that is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the program has faults:{}", .faults.iter().map(|fault| format!("\n  - {fault}")).collect::<String>())]
pub struct ProgramError {
    /// Every fault, in a line, with what to do.
    pub faults: Vec<String>,
}

/// The most bytes of an argument: what every GPU takes.
const MOST_BYTES: usize = 4096;

/// Names that the generated text has beside the program.
const TAKEN: &[&str] = &["Args", "Config", "LaunchArgs", "all_args"];

impl ProgramBuilder {
    pub(super) fn new(text: Cow<'static, str>) -> ProgramBuilder {
        ProgramBuilder {
            text,
            source: None,
            ordinal: None,
            output: None,
            key_bytes: None,
            fields: Vec::new(),
        }
    }

    /// The struct of its text that is the kernel's `Source`.
    pub fn source(self, name: impl Into<Cow<'static, str>>) -> Self {
        ProgramBuilder { source: Some(name.into()), ..self }
    }

    /// The struct of its text that is the kernel's `Ordinal`.
    pub fn ordinal(self, name: impl Into<Cow<'static, str>>) -> Self {
        ProgramBuilder { ordinal: Some(name.into()), ..self }
    }

    /// The struct of its text that is the kernel's `Output`.
    pub fn output(self, name: impl Into<Cow<'static, str>>) -> Self {
        ProgramBuilder { output: Some(name.into()), ..self }
    }

    /// Bytes of a key as kernels store it: 2, 4 or 8. Without it, those of the dtype.
    pub fn key_bytes(self, bytes: u8) -> Self {
        ProgramBuilder { key_bytes: Some(bytes), ..self }
    }

    /// Adds a field, which each launch gives a value.
    pub fn field(mut self, name: impl Into<Cow<'static, str>>, kind: FieldType) -> Self {
        self.fields.push((name.into(), kind));
        self
    }

    /// The checked program.
    ///
    /// # Errors
    /// Its faults, all of them.
    pub fn build(self) -> Result<Program, ProgramError> {
        Ok(Program::of(self.parts(None)?))
    }

    /// The checked parts of a program that was made of functions, or of a text alone.
    pub(super) fn parts(self, stages: Option<Stages>) -> Result<Parts, ProgramError> {
        let id = ProgramId::of(&self);
        let args = ArgsLayout::of(self.fields.clone());
        let faults = self.faults(&args);
        if !faults.is_empty() {
            return Err(ProgramError { faults });
        }
        let ProgramBuilder { text, source, ordinal, output, .. } = self;
        Ok(Parts { text, source, ordinal, output, args, id, stages, fault: None })
    }

    fn faults(&self, args: &ArgsLayout) -> Vec<String> {
        let mut faults = Vec::new();
        let structs =
            [("source", &self.source), ("ordinal", &self.ordinal), ("output", &self.output)];
        let named: Vec<(&str, &str)> =
            structs.iter().filter_map(|(what, name)| Some((*what, name.as_deref()?))).collect();
        if named.is_empty() {
            faults
                .push("it names no struct; name its source, its ordinal or its output".to_owned());
        }
        for (place, (what, name)) in named.iter().enumerate() {
            faults.extend(identifier_fault(name, what));
            if TAKEN.contains(name) {
                faults.push(format!(
                    "its {what} is called {name}, a name of every kernel; use another"
                ));
            }
            if let Some((other, _)) = named[..place].iter().find(|(_, other)| other == name) {
                faults
                    .push(format!("{name} is its {other} and its {what}; write a struct for each"));
            }
            if !defines(&self.text, name) {
                faults.push(format!("its text defines no `struct {name}`, which is its {what}"));
            }
        }
        if self.text.lines().any(|line| line.trim_start().starts_with("#include")) {
            faults.push(
                "its text includes a file; a kernel's text is whole, so write out what it needs"
                    .to_owned(),
            );
        }
        if let Some(bytes) = self.key_bytes
            && ![2, 4, 8].contains(&bytes)
        {
            faults.push(format!("its keys have {bytes} bytes; use 2, 4 or 8"));
        }
        let mut members: HashSet<String> = MEMBERS.iter().map(|name| (*name).to_owned()).collect();
        for (name, _) in &self.fields {
            faults.extend(identifier_fault(name, "field"));
        }
        for member in args.member_names() {
            if !members.insert(member.clone()) {
                faults.push(format!(
                    "two members of its argument are called {member}; rename a field"
                ));
            }
        }
        if args.bytes() > MOST_BYTES {
            let bytes = args.bytes();
            faults.push(format!(
                "its argument has {bytes} bytes, and a kernel takes {MOST_BYTES}; pass a slice"
            ));
        }
        faults
    }
}

/// Whether the text defines a struct of that name.
fn defines(text: &str, name: &str) -> bool {
    let word = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut words = text.split(word).filter(|word| !word.is_empty());
    let mut last = "";
    words.any(|word| {
        let found = last == "struct" && word == name;
        last = word;
        found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Scalar;

    const TEXT: &str = "struct A {};\nstruct B final {};";

    fn faults(program: ProgramBuilder) -> Vec<String> {
        program.build().unwrap_err().faults
    }

    #[test]
    fn a_sound_program_keeps_its_parts() {
        let scalar = FieldType::Scalar(Scalar::F32);
        let program = Program::builder(TEXT).source("A").output("B").field("x", scalar);
        let program = program.build().unwrap();
        assert_eq!(
            (program.source(), program.ordinal(), program.output()),
            (Some("A"), None, Some("B"))
        );
        assert_eq!((program.text(), program.args().fields()[0].name()), (TEXT, "x"));
    }

    #[test]
    fn each_fault_is_told_with_what_to_do() {
        let plain = || Program::builder(TEXT).source("A");
        let scalar = FieldType::Scalar(Scalar::F64);
        let slice = FieldType::Slice(Scalar::F32);
        let cases = [
            (Program::builder(TEXT), "names no struct; name its source"),
            (Program::builder("").source("A"), "defines no `struct A`, which is its source"),
            (Program::builder("struct AB {};").output("A"), "defines no `struct A`"),
            (Program::builder("struct Config {};").source("Config"), "a name of every kernel"),
            (plain().ordinal("A"), "A is its source and its ordinal"),
            (Program::builder("#include <x>\nstruct A {};").source("A"), "includes a file"),
            (plain().key_bytes(3), "keys have 3 bytes; use 2, 4 or 8"),
            (
                plain().field("x", scalar).field("x", scalar),
                "two members of its argument are called x",
            ),
            (plain().field("x_length", scalar).field("x", slice), "are called x_length"),
            (plain().field("core", scalar), "are called core"),
            (plain().field("1x", scalar), "field is called `1x`, which is not a name of C++"),
            (plain().field("", scalar), "is called ``"),
            (plain().field("a__b", scalar), "single `_`"),
            (plain().field("é", scalar), "a to z"),
            (plain().field("float", scalar), "`float`, a keyword of C++"),
            ((0..600).fold(plain(), |all, i| all.field(format!("f{i}"), scalar)), "has 4872 bytes"),
        ];
        for (program, words) in cases {
            let faults = faults(program);
            assert!(matches!(&faults[..], [fault] if fault.contains(words)), "{words}: {faults:?}");
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let program = Program::builder("")
            .source("if")
            .key_bytes(1)
            .field("core", FieldType::Slice(Scalar::U8));
        let error = program.build().unwrap_err();
        assert_eq!(error.faults.len(), 4, "{error}");
        assert!(error.to_string().contains("faults:\n  - its source is called `if`"), "{error}");
    }
}

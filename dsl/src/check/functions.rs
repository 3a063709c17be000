//! Checks the arguments and the functions of a declaration, by the checker of codegen, and makes them a program.

use crate::diagnostic::{self, Diagnostic};
use crate::parse::{Body, Declaration};
use crate::source::Source;
use quote::ToTokens;
use topkit_codegen::{Arg, Program, Stage, Stages};

/// The functions of a declaration.
pub struct Own {
    /// Those that could be read.
    pub args: Vec<Arg>,
    /// What became of the functions; `None` where they have faults, which have been reported.
    pub sound: Option<Sound>,
}

/// Functions without a fault.
pub struct Sound {
    pub source: Source,
    pub stages: Stages,
    pub program: Program,
}

/// The functions of a declaration, if it has any or arguments.
pub fn functions(declaration: &Declaration, diagnostics: &mut Vec<Diagnostic>) -> Option<Own> {
    let Body { args: given, functions, .. } = declaration.body.as_ref()?;
    if given.is_none() && functions.is_empty() {
        return None;
    }
    let earlier = diagnostics.len();
    let report = |fault| diagnostic::function_fault(&fault, &declaration.name);
    let tokens = given.as_ref().map(|(_, tokens)| tokens.clone()).unwrap_or_default();
    let (args, faults) = Arg::from_tokens(tokens);
    // After another fault of the arguments a name may be missing because of it.
    let args_are_sound = faults.is_empty();
    diagnostics.extend(faults.into_iter().map(report));
    if let (Some((word, _)), true) = (given, functions.is_empty()) {
        diagnostics.push(diagnostic::args_without_functions(word));
        return Some(Own { args, sound: None });
    }
    if !args_are_sound {
        return Some(Own { args, sound: None });
    }
    let (stages, faults) = Stages::from_tokens(args.clone(), functions.clone());
    diagnostics.extend(faults.into_iter().map(report));
    if diagnostics.len() > earlier {
        return Some(Own { args, sound: None });
    }
    let source = Source::of(functions);
    let text = |stages: &Stages| stages.functions().cuda(None);
    let again = Stages::parse(args.clone(), &source.text);
    if again.is_err() || again.is_ok_and(|again| text(&again) != text(&stages)) {
        let first = functions.clone().into_iter().next().into_token_stream();
        diagnostics.push(diagnostic::not_as_text(first));
        return Some(Own { args, sound: None });
    }
    let program = match (Program::of_stages(stages.clone()), given) {
        (Ok(program), _) => Some(program),
        // The names of arguments are sound.
        (Err(_), Some((word, _))) => {
            diagnostics.push(diagnostic::too_many_args(word));
            None
        }
        (Err(_), None) => None,
    };
    Some(Own { args, sound: program.map(|program| Sound { source, stages, program }) })
}

impl Sound {
    /// The functions that are stages.
    pub fn stages(&self) -> impl Iterator<Item = Stage> {
        Stage::ALL.into_iter().filter(|stage| self.stages.get(*stage).is_some())
    }
}

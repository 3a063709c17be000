//! A plan in words: why it is what it is.

use super::{Limits, Plan, heuristics};
use crate::error::Error;
use crate::problem::Problem;
use std::fmt;
use topkit_codegen::{KernelSpec, Key, LaunchKind};

/// Why a plan is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The plan.
    pub plan: Plan,
    /// What the GPU can do that it was made for.
    pub limits: Limits,
    /// One sentence for each axis.
    pub reasons: Vec<Reason>,
    /// How many members of the family could have served.
    pub members: usize,
}

/// Why an axis has its value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason {
    /// The axis.
    pub key: Key,
    /// The value picked.
    pub value: u32,
    /// The sentence.
    pub why: String,
}

impl Explanation {
    /// The plan for a problem with the reason of every choice; its `Display` is for people.
    ///
    /// # Errors
    /// As for [`Plan::of`].
    pub fn of(spec: &KernelSpec, problem: &Problem, limits: &Limits) -> Result<Explanation, Error> {
        let plan = Plan::of(spec, problem, limits)?;
        let reasons = heuristics::reasons(spec, problem, limits, &plan.variant);
        let members = spec.variants().iter().filter(|member| member.dtype == problem.dtype).count();
        Ok(Explanation { plan, limits: *limits, reasons, members })
    }
}

/// Who works on a row.
fn sharing(launch: LaunchKind, cluster: u32, grid: u32, rows: u32) -> String {
    match launch {
        LaunchKind::ClusterPerRow => format!("{cluster} a row, as a cluster"),
        LaunchKind::CtasPerRow => {
            format!("{} a row, which meet in the workspace", grid / rows.max(1))
        }
        _ => "one a row".to_owned(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { plan, limits, reasons, members } = self;
        writeln!(f, "{}: {} (1 of {members} members)", plan.problem, plan.variant)?;
        let sharing = sharing(
            plan.variant.kernel.launches_as(),
            plan.cluster,
            plan.grid,
            plan.problem.rows as u32,
        );
        writeln!(f, "  {} CTAs, {sharing}; workspace {} bytes", plan.grid, plan.workspace_bytes)?;
        for Reason { key, value, why } in reasons {
            writeln!(f, "  {key} = {value}: {why}")?;
        }
        match limits.stand_in {
            None => write!(f, "  picked by built-in rules, not by measurement on this device"),
            Some(device) => write!(f, "  picked by built-in rules for {device}, without a GPU"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_say_how_many_ctas_a_row_has() {
        assert_eq!(sharing(LaunchKind::CtaPerRow, 1, 4, 4), "one a row");
        assert_eq!(sharing(LaunchKind::ClusterPerRow, 8, 32, 4), "8 a row, as a cluster");
        assert!(sharing(LaunchKind::CtasPerRow, 1, 132, 4).starts_with("33 a row"));
    }
}

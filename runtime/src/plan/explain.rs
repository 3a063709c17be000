//! A plan in words: why it is what it is.

use super::planner::Planner;
use super::{Choice, Limits, Plan, is_sound, rules};
use crate::error::Error;
use crate::problem::Problem;
use std::fmt;
use topkit_codegen::{Key, LaunchKind, SelectorSpec, Variant};

/// Why a plan is what it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// The plan.
    pub plan: Plan,
    /// What the GPU can do that it was made for.
    pub limits: Limits,
    /// One sentence for each axis.
    pub reasons: Vec<Reason>,
    /// How many members of the selector could have served.
    pub members: usize,
    /// What it goes by.
    pub basis: Basis,
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

/// What a plan goes by.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Basis {
    /// Built-in rules.
    Rules {
        /// Why a table that holds on the GPU was not used; `None` where there is none.
        why: Option<String>,
    },
    /// Times that were measured.
    Measured(Measured),
}

/// The times that a plan goes by.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// The GPU that they were measured on.
    pub device: String,
    /// Why they hold on this GPU, where that was another.
    pub stand_in: Option<String>,
    /// Some of those near the problem are of this GPU's own records.
    pub own: bool,
    /// The measured problems that the expected times come from, nearest first.
    pub near: Vec<Problem>,
    /// The problem is one of them or stands between them; else their times stand for it.
    pub within: bool,
    /// How the rows of the problem lie in memory, where some of those problems have rows that lie
    /// otherwise: ragged, or less aligned.
    pub unmeasured: Option<String>,
    /// What is picked without own records stands, since these are not clearly faster.
    pub kept: Option<Kept>,
    /// Kernels that can serve the problem, the fastest first; that is the one picked.
    pub alternatives: Vec<Alternative>,
}

/// A pick that a GPU's own records do not displace, since the fastest of them is faster by no more
/// than 2 in 100, which is mostly noise. Those that are faster are then taken to be as fast.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// The measured problem.
    pub problem: Problem,
    /// What is picked there without own records.
    pub choice: Choice,
    /// By which part of the pick's time the fastest record is faster: 0.01 for 1 in 100.
    pub gain: f64,
}

/// A kernel that a plan could have picked.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Alternative {
    /// The kernel.
    pub variant: Variant,
    /// Its launch begins early, as in [`Plan::starts_early`].
    pub starts_early: bool,
    /// What a launch of it is expected to take.
    pub microseconds: f64,
}

impl Explanation {
    /// The plan by built-in rules for a problem, with the reason of every choice; its `Display` is
    /// for people. [`Selector::explain`](crate::Selector::explain) goes by what was measured, too.
    ///
    /// # Errors
    /// As for [`Plan::of`].
    pub fn of(
        spec: &SelectorSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Explanation, Error> {
        is_sound(spec)?;
        Explanation::by(&Planner::default(), spec, problem, limits)
    }

    pub(crate) fn by(
        planner: &Planner,
        spec: &SelectorSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Explanation, Error> {
        let plan = planner.plan(spec, problem, limits)?;
        let basis = planner.basis(&plan.problem, limits);
        let reasons = match &basis {
            Basis::Rules { .. } => rules::reasons(spec, problem, limits, &plan.variant),
            Basis::Measured(measured) => measured.reasons(&plan.variant),
        };
        let members = spec.variants().iter().filter(|member| member.dtype == problem.dtype).count();
        Ok(Explanation { plan, limits: *limits, reasons, members, basis })
    }
}

impl Measured {
    fn reasons(&self, variant: &Variant) -> Vec<Reason> {
        let why = match (&self.kept, &self.alternatives[..]) {
            (Some(Kept { problem, gain, .. }), _) => format!(
                "the shipped pick, kept since the fastest record of {problem} is faster by only \
                 {:.1} %",
                gain * 100.0
            ),
            (None, [best, next, ..]) => {
                let ratio = next.microseconds / best.microseconds;
                format!("the fastest that was measured; the next takes {ratio:.2} times as long")
            }
            _ => "the only one that was measured and can serve".to_owned(),
        };
        let reason = |key, value, why: &str| Reason { key, value, why: why.to_owned() };
        vec![
            reason(Key::VecSize, variant.vec_size, "kernels were measured with their widest loads"),
            reason(Key::Bins, variant.bins, &why),
            reason(Key::Threads, variant.threads, &why),
        ]
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

/// Kernels and measured problems that the words name.
const SHOWN: usize = 4;

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Alternative { variant, starts_early, microseconds } in
            self.alternatives.iter().take(SHOWN)
        {
            let early = if *starts_early { ", started early" } else { "" };
            writeln!(f, "  {microseconds:8.2} us expected of {variant}{early}")?;
        }
        let own = if self.own { ", in part by the records of this machine" } else { "" };
        write!(f, "  measured on {}{own}", self.device)?;
        if let Some(why) = &self.stand_in {
            write!(f, ", {why}")?;
        }
        let near: Vec<String> = self.near.iter().take(SHOWN).map(Problem::to_string).collect();
        let how = match (self.within, &self.near[..]) {
            (true, [_]) => "at",
            (true, _) => "between",
            (false, _) => "beyond what was measured, so by the nearest:",
        };
        write!(f, "\n  {how} {}", near.join("; "))?;
        if let Some(layout) = &self.unmeasured {
            write!(f, "\n  which stand for rows that lie otherwise: {layout}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { plan, limits, reasons, members, basis } = self;
        writeln!(f, "{}: {} (1 of {members} members)", plan.problem, plan.variant)?;
        let sharing = sharing(
            plan.variant.kernel.launches_as(),
            plan.cluster,
            plan.grid,
            plan.problem.rows as u32,
        );
        let early = if plan.starts_early { "; may start before the launch ahead ends" } else { "" };
        let (grid, workspace) = (plan.grid, plan.workspace_bytes);
        writeln!(f, "  {grid} CTAs, {sharing}; workspace {workspace} bytes{early}")?;
        for Reason { key, value, why } in reasons {
            writeln!(f, "  {key} = {value}: {why}")?;
        }
        let why = match basis {
            Basis::Measured(measured) => return write!(f, "{measured}"),
            Basis::Rules { why: None } => String::new(),
            Basis::Rules { why: Some(why) } => format!(": {why}"),
        };
        match limits.stand_in {
            None => {
                write!(f, "  picked by built-in rules, not by measurement on this device{why}")?;
            }
            Some(device) => {
                write!(f, "  picked by built-in rules for {device}, without a GPU{why}")?;
            }
        }
        write!(f, "\n  which go by {}", model(limits, plan))
    }
}

/// What rules know of a GPU, and the least that a launch can take by it.
fn model(limits: &Limits, plan: &Plan) -> String {
    let Limits { multiprocessors, shared_bytes_per_multiprocessor, .. } = *limits;
    let shared = shared_bytes_per_multiprocessor / 1024;
    let mut text =
        format!("{multiprocessors} multiprocessors with {shared} KB of shared memory each, ");
    text += &match limits.most_cluster {
        0 | 1 => "no clusters".to_owned(),
        most => format!("clusters of up to {most} CTAs"),
    };
    if limits.gigabytes_per_second > 0 {
        let Problem { dtype, rows, columns, .. } = plan.problem;
        let bytes = rows as f64 * columns as f64 * f64::from(dtype.bytes());
        let us = bytes / f64::from(limits.gigabytes_per_second) / 1000.0;
        text += &format!(
            "; at {} GB/s it takes {us:.2} us to read the scores once from memory",
            limits.gigabytes_per_second
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{Arch, DType};

    #[test]
    fn rules_tell_what_they_know_of_the_gpu() {
        let limits = Limits::of_arch(Arch::of_device(8, 0));
        let limits = Limits { gigabytes_per_second: 2000, stand_in: None, ..limits };
        let spec = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
        let problem = Problem::new(DType::F32, 10, 50_000, 64);
        let text = Explanation::of(&spec, &problem, &limits).unwrap().to_string();
        for words in
            ["108 multiprocessors with 164 KB", "no clusters", "at 2000 GB/s it takes 1.00"]
        {
            assert!(text.contains(words), "{words} is not in {text}");
        }
        let unknown = Limits::of_arch(Arch::of_device(9, 0));
        let text = Explanation::of(&spec, &problem, &unknown).unwrap().to_string();
        assert!(text.contains("clusters of up to 16") && !text.contains("GB/s"), "{text}");
    }

    #[test]
    fn the_words_say_how_many_ctas_a_row_has() {
        assert_eq!(sharing(LaunchKind::CtaPerRow, 1, 4, 4), "one a row");
        assert_eq!(sharing(LaunchKind::ClusterPerRow, 8, 32, 4), "8 a row, as a cluster");
        assert!(sharing(LaunchKind::CtasPerRow, 1, 132, 4).starts_with("33 a row"));
    }
}

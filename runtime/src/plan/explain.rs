//! A plan in words: the reason for each decision, the expected times of the other variants, and the cost
//! of a narrowed tuning axis.
//!
//! It plans nothing by itself and measures nothing. A problem that has no plan has no explanation: the
//! error is the plan's.

use super::measured::hysteresis::CLEAR;
use super::{Limits, Plan, PlanError, Planner, VariantLaunch, accepts, is_sound, rules, serialize};
use crate::problem::Problem;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use topkit_codegen::{Key, LaunchKind, SelectorSpec, Variant};

/// The reasons for a plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The plan.
    pub plan: Plan,
    /// The limits of the GPU that it was made for.
    pub limits: Limits,
    /// One sentence for each axis.
    pub reasons: Vec<Reason>,
    /// Variants of the selector for the problem's dtype.
    pub variants: usize,
    /// The source of its times, or the rules.
    pub basis: Basis,
    /// The cost of the declared tuning axes, where the measured table says that they cost time. By rules
    /// it is `None`.
    pub narrowed: Option<Narrowed>,
}

/// Why an axis has its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// The axis.
    #[serde(serialize_with = "serialize::key")]
    pub key: Key,
    /// The value of the plan.
    pub value: u32,
    /// The sentence.
    pub why: String,
}

/// The basis of a plan: rules or measured times.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// Built-in rules.
    Rules {
        /// Why the table that applies to the GPU was not used; `None` where there is none.
        why: Option<String>,
    },
    /// Times that were measured.
    Measured(Measured),
}

/// The measured times that a plan uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Measured {
    /// The GPU that they were measured on.
    pub device: String,
    /// Why they apply to this GPU, where they were measured on another.
    pub stand_in: Option<String>,
    /// Some of the times near the problem are of this GPU's own records.
    pub own: bool,
    /// The measured problems that the expected times come from, nearest first.
    pub near: Vec<Problem>,
    /// The problem is one of these, or lies between them; else the times of the nearest are used.
    pub within: bool,
    /// The layout of the problem, where some of the near problems have another one: ragged rows, or less
    /// aligned rows.
    pub unmeasured: Option<String>,
    /// Some of those times are of kernels without the selector's program, since nothing was measured with
    /// it near the problem. It may change which variant is the fastest.
    pub estimate: bool,
    /// The variant that is planned without own records, where these are not clearly faster.
    pub kept: Option<Box<Hysteresis>>,
    /// Variants that can serve the problem, the fastest first, which is the plan's.
    pub expected: Vec<Expected>,
}

/// A variant that a GPU's own records do not displace, since the fastest of them is faster by no more
/// than 2 in 100, which is mostly noise. Faster variants are then taken to be as fast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Hysteresis {
    /// The measured problem.
    pub problem: Problem,
    /// The variant that is planned there without own records.
    pub launch: VariantLaunch,
    /// By which part of its time the fastest record is faster: 0.01 for 1 in 100.
    pub gain: f64,
}

/// The expected time of a variant for a problem.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Expected {
    /// The variant.
    #[serde(serialize_with = "serialize::variant")]
    pub variant: Variant,
    /// It is launched with PDL, as in [`Plan::pdl`].
    pub pdl: bool,
    /// Microseconds of a launch.
    pub microseconds: f64,
}

/// A variant that is faster than every declared one, outside the values that the selector declares for
/// its tuning axes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Narrowed {
    /// The fastest variant that was measured, whatever is declared.
    pub fastest: Expected,
    /// Its values that are not declared.
    #[serde(serialize_with = "serialize::values")]
    pub undeclared: Vec<(Key, u32)>,
    /// The expected time of the fastest declared variant, divided by its own.
    pub factor: f64,
}

impl Explanation {
    /// The plan by built-in rules for a problem, with the reason of every decision; its `Display` is for
    /// people. [`Selector::explain`](crate::Selector::explain) uses measured times too.
    ///
    /// # Errors
    /// As for [`Plan::of`].
    pub fn of(
        spec: &SelectorSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Explanation, PlanError> {
        is_sound(spec)?;
        Planner::new(Arc::new(spec.clone()), *limits, None).explain(problem)
    }
}

impl Planner {
    /// The plan for a problem, with its reasons.
    ///
    /// # Errors
    /// As for [`Planner::plan`].
    pub(crate) fn explain(&self, problem: &Problem) -> Result<Explanation, PlanError> {
        accepts(&self.spec, problem)?;
        let problem = problem.of_selector(&self.spec);
        let plan = self.unpacked(&problem)?;
        let basis = self.basis(&problem);
        let reasons = match &basis {
            Basis::Rules { .. } => {
                rules::reasons(&self.spec, &problem, &self.limits, &plan.variant)
            }
            Basis::Measured(measured) => measured.reasons(&plan.variant),
        };
        let narrowed = match &basis {
            Basis::Rules { .. } => None,
            Basis::Measured(_) => self.narrowed(&problem),
        };
        let of_dtype = |variant: &&Variant| variant.dtype == problem.dtype;
        let variants = self.spec.variants().iter().filter(of_dtype).count();
        let limits = self.limits;
        let explained = Explanation { plan, limits, reasons, variants, basis, narrowed };
        Ok(match &self.packed {
            None => explained,
            Some(packed) => packed.explain(explained, &self.tried),
        })
    }

    /// The cost of the declared tuning axes, by the table: the fastest variant of the declared values
    /// against the fastest of all measured values. Neither packs nor rules count.
    fn narrowed(&self, problem: &Problem) -> Option<Narrowed> {
        let table = self.table.as_ref()?;
        let mut wide = SelectorSpec::clone(&self.spec);
        let vec_sizes = self.spec.vec_sizes(problem.dtype);
        wide.vec_size = vec_sizes.to_vec().into();
        let of_dtype = |variant: &&Variant| variant.dtype == problem.dtype;
        let times = table.points.iter().flat_map(|(point, _)| &point.times);
        for variant in times.map(|(launch, _)| &launch.variant).filter(of_dtype) {
            for (axis, value) in [
                (&mut wide.vec_size, variant.vec_size),
                (&mut wide.bins, variant.bins),
                (&mut wide.threads, variant.threads),
            ] {
                if !axis.contains(&value) {
                    axis.to_mut().push(value);
                }
            }
        }
        if *wide.vec_size == *vec_sizes
            && [&wide.bins, &wide.threads] == [&self.spec.bins, &self.spec.threads]
        {
            return None;
        }
        let fastest = |spec: Arc<SelectorSpec>| {
            let planner = Planner::new(spec, self.limits, Some(table.clone()));
            let mut expected = planner.expected(problem).into_iter();
            expected.find(|expected| !self.tried.has_refused(&expected.variant))
        };
        let declared = fastest(self.spec.clone())?;
        let fastest = fastest(Arc::new(wide))?;
        let factor = declared.microseconds / fastest.microseconds;
        (factor > 1.0 + CLEAR).then(|| {
            let variant = fastest.variant;
            let undeclared = [
                (Key::VecSize, variant.vec_size, vec_sizes),
                (Key::Bins, variant.bins, &self.spec.bins),
                (Key::Threads, variant.threads, &self.spec.threads),
            ]
            .into_iter()
            .filter(|(_, value, axis)| !axis.contains(value))
            .map(|(key, value, _)| (key, value))
            .collect();
            Narrowed { fastest, undeclared, factor }
        })
    }
}

impl Measured {
    fn reasons(&self, variant: &Variant) -> Vec<Reason> {
        let why = match (&self.kept, &self.expected[..]) {
            (Some(kept), _) => format!(
                "the shipped variant, kept since the fastest record of {} is faster by only \
                 {:.1} %",
                kept.problem,
                kept.gain * 100.0
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
            format!("{} a row, which exchange candidates in the workspace", grid / rows.max(1))
        }
        LaunchKind::WarpPerRow => "one for several rows, each of one warp".to_owned(),
        LaunchKind::CtaPerRow => "one a row".to_owned(),
    }
}

/// Variants and measured problems that the text names.
const SHOWN: usize = 4;

impl fmt::Display for Narrowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Narrowed { fastest, undeclared, factor } = self;
        let values: Vec<String> =
            undeclared.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        write!(
            f,
            "warning: the declared tuning axes leave out {}; with it, {} is expected to take \
             {:.2} us, {factor:.2} times as fast",
            values.join(" and "),
            fastest.variant,
            fastest.microseconds
        )
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Expected { variant, pdl, microseconds } in self.expected.iter().take(SHOWN) {
            let pdl = if *pdl { ", launched with PDL" } else { "" };
            writeln!(f, "  {microseconds:8.2} us expected of {variant}{pdl}")?;
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
            write!(
                f,
                "\n  no measurements for this layout ({layout}); using those of the nearest layout"
            )?;
        }
        if self.estimate {
            write!(f, "\n  measured without the program of this selector, so an estimate")?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { plan, limits, reasons, variants, basis, narrowed } = self;
        writeln!(f, "{}: {} (1 of {variants} variants)", plan.problem, plan.variant)?;
        let sharing = sharing(
            plan.variant.kernel.launches_as(),
            plan.cluster,
            plan.grid,
            plan.problem.rows as u32,
        );
        let pdl = if plan.pdl { "; programmatic dependent launch" } else { "" };
        let (grid, workspace) = (plan.grid, plan.workspace_bytes);
        writeln!(f, "  {grid} CTAs, {sharing}; workspace {workspace} bytes{pdl}")?;
        if let Some(program) = plan.variant.program {
            writeln!(f, "  with the program {program}")?;
        }
        for Reason { key, value, why } in reasons {
            writeln!(f, "  {key} = {value}: {why}")?;
        }
        if let Some(narrowed) = narrowed {
            writeln!(f, "  {narrowed}")?;
        }
        let why = match basis {
            Basis::Measured(measured) => return write!(f, "{measured}"),
            Basis::Rules { why: None } => String::new(),
            Basis::Rules { why: Some(why) } => format!(": {why}"),
        };
        match limits.stand_in {
            None => {
                write!(f, "  by built-in rules, not by measurement on this device{why}")?;
            }
            Some(device) => {
                write!(f, "  by built-in rules for {device}, without a GPU{why}")?;
            }
        }
        write!(f, "\n  the rules know of {}", model(limits, plan))
    }
}

/// The numbers of a GPU that rules use, and the least time of a launch by them.
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
        assert!(sharing(LaunchKind::WarpPerRow, 1, 1, 4).ends_with("each of one warp"));
        assert_eq!(sharing(LaunchKind::ClusterPerRow, 8, 32, 4), "8 a row, as a cluster");
        assert!(sharing(LaunchKind::CtasPerRow, 1, 132, 4).starts_with("33 a row"));
    }
}

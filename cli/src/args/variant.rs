//! The variant that `run` launches: the plan's, or the one that the command line names.
//!
//! It compiles and launches nothing. If the named kernel cannot serve the problem, that is an error with the
//! reason; no other variant replaces it.

use crate::args::spec::{self, Sizes, named};
use crate::ui::exit::Failure;
use serde_json::{Value, json};
use topkit::{Explanation, Plan, SelectorSpec, Variant, spec::KernelKind};

/// Flags that restrict the kernels.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Kernel (else the plan chooses)")]
pub struct Wish {
    /// Algorithms to run in place of the plan's; one or a list. Of their variants the one nearest to
    /// the plan's runs.
    #[arg(long, value_delimiter = ',', value_parser = named(KernelKind::ALL, KernelKind::name))]
    kernel: Vec<KernelKind>,
    #[command(flatten)]
    sizes: Sizes,
}

/// The variant that runs, and why.
#[derive(Debug)]
pub struct Chosen {
    /// The variant, and what its launch needs.
    pub plan: Plan,
    /// Why, for people.
    pub text: String,
    why: Vec<Value>,
    variants: usize,
    forced: bool,
}

impl Wish {
    /// Whether a flag was given.
    pub fn is_open(&self) -> bool {
        let Sizes { items, cluster, stages } = &self.sizes;
        self.kernel.is_empty() && [items, cluster, stages].iter().all(|sizes| sizes.is_empty())
    }

    /// The variant for the problem of an explanation, among the variants of its spec.
    pub fn choose(&self, spec: &SelectorSpec, explained: &Explanation) -> Result<Chosen, Failure> {
        let planned = explained.plan;
        if self.admits(&planned.variant) {
            return Ok(Chosen {
                plan: planned,
                text: reasons(explained),
                why: reasons_json(explained),
                variants: explained.variants,
                forced: !self.is_open(),
            });
        }
        let mut wanted = spec.variants();
        wanted.retain(|variant| self.admits(variant));
        let plan = |variant: &Variant| Plan::with(&planned.problem, variant, &explained.limits);
        let fitting = wanted.iter().filter_map(|variant| plan(variant).ok());
        let nearest = fitting.min_by_key(|plan| distance(&plan.variant, &planned.variant));
        let plan = match (nearest, wanted.iter().max_by_key(|variant| room(variant))) {
            (Some(nearest), _) => nearest,
            // Why not even the one for the longest rows fits.
            (None, Some(roomiest)) => plan(roomiest)?,
            (None, None) => {
                let any = self.kernel.is_empty();
                return Err(spec::no_kernel(if any { KernelKind::ALL } else { &self.kernel }));
            }
        };
        let Plan { variant, grid, cluster, workspace_bytes, .. } = plan;
        let text = format!(
            "{variant}, 1 of {} variants\n{grid} CTAs, by clusters of {cluster}; workspace \
             {workspace_bytes} bytes\nasked for; the plan would take {}",
            explained.variants, planned.variant
        );
        Ok(Chosen { plan, text, why: Vec::new(), variants: explained.variants, forced: true })
    }

    fn admits(&self, variant: &Variant) -> bool {
        (self.kernel.is_empty() || self.kernel.contains(&variant.kernel))
            && self.sizes.admit(variant)
    }
}

impl Chosen {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "variant": spec::json(&self.plan.variant),
            "grid": self.plan.grid,
            "cluster": self.plan.cluster,
            "workspace_bytes": self.plan.workspace_bytes,
            "variants": self.variants,
            "forced": self.forced,
            "why": self.why,
        })
    }
}

/// Columns that a kernel serves.
fn room(variant: &Variant) -> u32 {
    variant.capacity().unwrap_or(u32::MAX)
}

/// The distance of two variants: first by unused capacity, then by the ratio of each size.
fn distance(one: &Variant, other: &Variant) -> (u32, [u64; 6]) {
    let ratio =
        |one: u32, other: u32| u64::from(one.max(other)) * 1024 / u64::from(one.min(other).max(1));
    let ratios = [
        ratio(one.vec_size, other.vec_size),
        ratio(one.threads, other.threads),
        ratio(one.bins, other.bins),
        ratio(one.items, other.items),
        ratio(one.cluster, other.cluster),
        ratio(one.stages, other.stages),
    ];
    (room(one), ratios)
}

/// The variant of the plan and the reasons, without the problem.
fn reasons(explained: &Explanation) -> String {
    let text = explained.to_string();
    let rest: Vec<_> = text.lines().skip(1).map(str::trim).collect();
    format!("{}, 1 of {} variants\n", explained.plan.variant, explained.variants) + &rest.join("\n")
}

/// The same for programs.
fn reasons_json(explained: &Explanation) -> Vec<Value> {
    let reasons = explained.reasons.iter();
    let json = reasons.map(
        |reason| json!({ "key": reason.key.name(), "value": reason.value, "why": reason.why }),
    );
    json.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::spec::Axes;
    use topkit::{Arch, DType, Problem, machine::Limits, spec::Semantics};

    fn choose(kernel: &[KernelKind], sizes: Sizes, columns: usize) -> Result<Chosen, String> {
        let problem = Problem::new(DType::Bf16, 4, columns, 16);
        let axes = Axes::default();
        let spec = spec::for_problem(&problem, &Semantics::DEFAULT, &axes).unwrap();
        let limits = Limits::of_arch(Arch::of_device(9, 0));
        let explained = Explanation::of(&spec, &problem, &limits).unwrap();
        let wish = Wish { kernel: kernel.to_vec(), sizes };
        wish.choose(&spec, &explained).map_err(|failure| failure.to_string())
    }

    #[test]
    fn without_a_wish_it_is_the_plans_with_every_reason() {
        let planned = choose(&[], Sizes::default(), 5000).unwrap();
        assert_eq!(planned.plan.variant.kernel, KernelKind::BlockCodes);
        assert!(planned.text.contains("vec_size = 8: "), "{}", planned.text);
        assert_eq!((planned.forced, planned.why.len()), (false, 3));
        let same = choose(&[KernelKind::BlockCodes], Sizes::default(), 5000).unwrap();
        assert_eq!((same.plan, same.forced), (planned.plan, true));
    }

    #[test]
    fn a_kernel_that_is_asked_for_is_taken_with_the_sizes_nearest_to_the_plans() {
        let planned = choose(&[], Sizes::default(), 5000).unwrap();
        let radix = choose(&[KernelKind::BlockRadix], Sizes::default(), 5000).unwrap();
        let (got, due) = (radix.plan.variant, planned.plan.variant);
        assert_eq!(got.kernel, KernelKind::BlockRadix);
        assert_eq!((got.vec_size, got.bins, got.threads), (due.vec_size, due.bins, due.threads));
        assert!(radix.text.ends_with(&format!("the plan would take {due}")), "{}", radix.text);
        let held = Sizes { items: vec![64], ..Sizes::default() };
        let held = choose(&[], held, 5000).unwrap().plan.variant;
        assert_eq!((held.kernel, held.items, held.threads), (KernelKind::BlockResident, 64, 128));
    }

    #[test]
    fn what_cannot_serve_is_refused_with_the_reason() {
        let long = choose(&[KernelKind::BlockResident], Sizes::default(), 40_000).unwrap_err();
        assert!(long.contains("it serves at most 32768 columns"), "{long}");
        let cluster = Sizes { cluster: vec![5], ..Sizes::default() };
        let none = choose(&[KernelKind::BlockRadix], cluster.clone(), 5000).unwrap_err();
        assert!(none.contains("no kernel has these keys"), "{none}");
        assert!(none.contains("block_radix takes --cluster 1;"));
        let any = choose(&[], cluster, 5000).unwrap_err();
        assert!(any.contains("block_resident takes --items 8|16|32|64 and --cluster 1;"), "{any}");
    }
}

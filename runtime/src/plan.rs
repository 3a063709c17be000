//! Picks the member of a family for a problem, and says why.
//!
//! The choice is arithmetic on the spec and the problem: no device, no measurement, no state. Of
//! each axis the declared value nearest to the wanted one is taken.

use crate::error::Error;
use crate::problem::Problem;
use std::fmt;
use topkit_codegen::{KernelKind, KernelSpec, Key, Variant};

/// The kernel picked for a problem, and what its launch needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The problem it was made for.
    pub problem: Problem,
    /// The kernel.
    pub variant: Variant,
    /// CTAs of the launch.
    pub grid: u32,
    /// Bytes of device memory that the caller lends to the launch.
    pub workspace_bytes: usize,
}

/// Why a plan is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The plan.
    pub plan: Plan,
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

impl Plan {
    /// Picks the member of a family for a problem. It needs no engine, no GPU and no compiler.
    ///
    /// # Errors
    /// The dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub fn of(spec: &KernelSpec, problem: &Problem) -> Result<Plan, Error> {
        plan(spec, problem)
    }
}

impl Explanation {
    /// The plan for a problem with the reason of every choice; its `Display` is for people.
    ///
    /// # Errors
    /// As for [`Plan::of`].
    pub fn of(spec: &KernelSpec, problem: &Problem) -> Result<Explanation, Error> {
        explain(spec, problem)
    }
}

fn plan(spec: &KernelSpec, problem: &Problem) -> Result<Plan, Error> {
    accepts(spec, problem)?;
    let variant = resident(spec, problem).unwrap_or_else(|| streaming(spec, problem));
    // The shape was checked: it fits a grid.
    Ok(Plan { problem: *problem, variant, grid: problem.rows as u32, workspace_bytes: 0 })
}

/// The kernel that reads its rows from memory; it serves every problem.
fn streaming(spec: &KernelSpec, problem: &Problem) -> Variant {
    let pick = |wanted: Wanted, axis: &[u32]| nearest(wanted.value, axis);
    Variant {
        kernel: KernelKind::BlockRadix,
        dtype: problem.dtype,
        vec_size: pick(wanted_vec_size(problem), &spec.vec_size),
        bins: pick(wanted_bins(problem), &spec.bins),
        threads: pick(wanted_threads(problem), &spec.threads),
        items: 0,
        semantics: spec.semantics,
    }
}

/// The kernel that holds its rows in registers, where the family has one wide enough.
///
/// Of those with room for the columns, the one with the fewest scores a thread up to 16, then the
/// fewest threads: a pass over registers is cheap, and every warp makes each barrier dearer.
fn resident(spec: &KernelSpec, problem: &Problem) -> Option<Variant> {
    let vec_size = wanted_vec_size(problem).value;
    if problem.columns > Variant::MAX_CAPACITY as usize || !spec.vec_size.contains(&vec_size) {
        return None;
    }
    let many_rows = problem.rows > MANY_ROWS;
    let shapes = spec
        .threads
        .iter()
        .flat_map(|&threads| Variant::ITEMS.iter().map(move |&items| (threads, items)));
    let (threads, items) = shapes
        .filter(|(threads, items)| {
            (problem.columns..=Variant::MAX_CAPACITY as usize)
                .contains(&((threads * items) as usize))
        })
        .min_by_key(|&(threads, items)| {
            let wanted_items = if many_rows { 32 } else { 16 };
            (threads * items, threads > 512, items.abs_diff(wanted_items))
        })?;
    Some(Variant {
        kernel: KernelKind::BlockResident,
        vec_size,
        bins: nearest(4096, &spec.bins),
        threads,
        items,
        ..streaming(spec, problem)
    })
}

fn explain(spec: &KernelSpec, problem: &Problem) -> Result<Explanation, Error> {
    let plan = plan(spec, problem)?;
    let variant = plan.variant;
    let reason = |key, value, wanted: Wanted, axis: &[u32]| {
        let mut why = wanted.why.to_owned();
        if value != wanted.value {
            why += &format!("; {} is wanted and {axis:?} are declared", wanted.value);
        }
        Reason { key, value, why }
    };
    let vec_size = reason(Key::VecSize, variant.vec_size, wanted_vec_size(problem), &spec.vec_size);
    let reasons = if variant.kernel == KernelKind::BlockResident {
        let wide = Wanted { value: 4096, why: "narrow bins leave few members to rank" };
        let capacity = variant.threads * variant.items;
        let why = format!(
            "with {} scores each they hold {capacity}, a row and little more",
            variant.items
        );
        vec![
            vec_size,
            reason(Key::Bins, variant.bins, wide, &spec.bins),
            Reason { key: Key::Threads, value: variant.threads, why },
        ]
    } else {
        vec![
            vec_size,
            reason(Key::Bins, variant.bins, wanted_bins(problem), &spec.bins),
            reason(Key::Threads, variant.threads, wanted_threads(problem), &spec.threads),
        ]
    };
    let members = spec.variants().iter().filter(|member| member.dtype == problem.dtype).count();
    Ok(Explanation { plan, reasons, members })
}

fn accepts(spec: &KernelSpec, problem: &Problem) -> Result<(), Error> {
    problem.check()?;
    if !spec.dtype.contains(&problem.dtype) {
        let declared: Vec<_> = spec.dtype.iter().map(|dtype| dtype.name()).collect();
        return Err(Error::DType {
            family: spec.name.to_string(),
            declared: declared.join(", "),
            dtype: problem.dtype,
        });
    }
    if !spec.k.contains(problem.k) {
        return Err(Error::K {
            family: spec.name.to_string(),
            declared: spec.k.clone(),
            k: problem.k,
        });
    }
    Ok(())
}

struct Wanted {
    value: u32,
    why: &'static str,
}

fn wanted_vec_size(problem: &Problem) -> Wanted {
    Wanted {
        value: 16 / problem.dtype.bytes(),
        why: "one load is then 16 bytes, the widest there is",
    }
}

/// From about here on, the threshold bin of 2048 overflows the candidate buffer at k = 2048 and
/// costs a scan more: 1 x 256000 f32, 82 us against 57 (H200).
const MANY_COLUMNS: usize = 160 * 1024;

fn wanted_bins(problem: &Problem) -> Wanted {
    if problem.columns > MANY_COLUMNS {
        Wanted { value: 4096, why: "a long row needs narrow bins to fit its threshold bin on chip" }
    } else {
        Wanted { value: 2048, why: "as good as more bins or fewer up to 160K columns" }
    }
}

/// Two rows for each multiprocessor of an H200. Past that, CTAs queue, and small ones queue less:
/// 1024 x 8192 bf16 at k = 512, 30 us with 256 threads against 47 with 1024 (H200).
const MANY_ROWS: usize = 264;

fn wanted_threads(problem: &Problem) -> Wanted {
    if problem.rows > MANY_ROWS {
        Wanted { value: 256, why: "with many rows, several small CTAs share a multiprocessor" }
    } else {
        Wanted { value: 1024, why: "with few rows, each wants all the loads in flight it can get" }
    }
}

/// The value of the axis nearest to the wanted one by ratio; the smaller of two as near.
fn nearest(wanted: u32, axis: &[u32]) -> u32 {
    let distance = |value: u32| {
        let (low, high) = (value.min(wanted), value.max(wanted));
        u64::from(high) * 1024 / u64::from(low.max(1))
    };
    axis.iter().copied().min_by_key(|&value| (distance(value), value)).unwrap_or(wanted)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Explanation { plan, reasons, members } = self;
        writeln!(f, "{}: {} (1 of {members} members)", plan.problem, plan.variant)?;
        writeln!(f, "  {} CTAs, one a row; workspace {} bytes", plan.grid, plan.workspace_bytes)?;
        for Reason { key, value, why } in reasons {
            writeln!(f, "  {key} = {value}: {why}")?;
        }
        write!(f, "  picked by built-in rules, not by measurement on this device")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::DType;

    fn spec(vec_size: &[u32]) -> KernelSpec {
        KernelSpec::builder("Test")
            .dtype([DType::F32, DType::Bf16])
            .k([512, 2048])
            .vec_size(vec_size)
            .threads([256, 1024])
            .build()
            .unwrap()
    }

    #[test]
    fn the_plan_is_a_member_and_says_why() {
        let spec = spec(&[1, 2, 4, 8]);
        for (dtype, vec_size) in [(DType::F32, 4), (DType::Bf16, 8)] {
            let problem = Problem::new(dtype, 32, 131072, 512);
            let plan = plan(&spec, &problem).unwrap();
            assert!(spec.contains(&plan.variant));
            assert_eq!(
                (plan.variant.vec_size, plan.variant.threads, plan.grid),
                (vec_size, 1024, 32)
            );
            let text = explain(&spec, &problem).unwrap().to_string();
            assert!(text.contains("top 512 of 32 x 131072") && text.contains("16 bytes"), "{text}");
        }
    }

    #[test]
    fn an_axis_without_the_wanted_value_gives_its_nearest() {
        let problem = Problem::new(DType::Bf16, 1000, 100, 512);
        let explanation = explain(&spec(&[1, 4]), &problem).unwrap();
        assert_eq!(explanation.plan.variant.vec_size, 4);
        assert_eq!(explanation.plan.variant.threads, 256);
        assert!(explanation.to_string().contains("8 is wanted and [1, 4] are declared"));
        assert_eq!(nearest(512, &[256, 1024]), 256);
        assert_eq!(nearest(512, &[128, 1024]), 1024);
    }

    #[test]
    fn what_was_not_declared_is_refused_with_the_numbers() {
        let spec = spec(&[8]);
        let refused = |problem| plan(&spec, &problem).unwrap_err().to_string();
        let dtype = refused(Problem::new(DType::F16, 1, 8, 512));
        assert!(dtype.contains("Test serves f32, bf16, not f16"), "{dtype}");
        let k = refused(Problem::new(DType::F32, 1, 8, 100));
        assert!(k.contains("[512, 2048]") && k.contains("not 100"), "{k}");
        let columns = refused(Problem::new(DType::F32, 1, 1 << 31, 512));
        assert!(columns.contains("columns is 2147483648") && columns.contains("2147483647"));
    }
}

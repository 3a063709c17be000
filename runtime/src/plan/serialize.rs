//! Plans and explanations for programs: how the types of `topkit-codegen` are serialized in them.
//!
//! The names of fields are stable: a name is added, never renamed. Enums of the declaration are written
//! by their names there.
//!
//! ```json
//! { "problem": { "dtype": "bf16", "rows": 32, "columns": 131072, "k": 512, "vec_size": 8,
//!                "ragged": false },
//!   "variant": { "symbol": "...", "kernel": "cluster_filter", "dtype": "bf16", "vec_size": 8,
//!                "bins": 2048, "threads": 512, "items": 32, "cluster": 4, "stages": 2 },
//!   "pdl": true, "grid": 128, "cluster": 4, "workspace_bytes": 0, "zeroed_bytes": 0 }
//! ```
//!
//! An explanation has this as its `plan`, with `limits`, `reasons`, `variants`, `basis` (`rules` or
//! `measured`) and `narrowed`.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};
use topkit_codegen::{Key, Variant};

pub(super) fn variant<S: Serializer>(variant: &Variant, to: S) -> Result<S::Ok, S::Error> {
    let Variant { kernel, dtype, vec_size, bins, threads, items, cluster, stages, program, .. } =
        *variant;
    let mut all = to.serialize_struct("Variant", 9 + usize::from(program.is_some()))?;
    all.serialize_field("symbol", &variant.symbol())?;
    all.serialize_field("kernel", kernel.name())?;
    all.serialize_field("dtype", dtype.name())?;
    all.serialize_field("vec_size", &vec_size)?;
    all.serialize_field("bins", &bins)?;
    all.serialize_field("threads", &threads)?;
    all.serialize_field("items", &items)?;
    all.serialize_field("cluster", &cluster)?;
    all.serialize_field("stages", &stages)?;
    if let Some(program) = program {
        all.serialize_field("program", &program.to_string())?;
    }
    all.end()
}

pub(super) fn key<S: Serializer>(key: &Key, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(key.name())
}

/// Values of axes, as `["bins", 4096]` each.
pub(super) fn values<S: Serializer>(values: &[(Key, u32)], to: S) -> Result<S::Ok, S::Error> {
    let mut all = to.serialize_seq(Some(values.len()))?;
    for (key, value) in values {
        all.serialize_element(&(key.name(), value))?;
    }
    all.end()
}

/// The name of a measured launch.
impl Serialize for super::VariantLaunch {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Explanation, GpuTable, Here, Limits, Planner};
    use crate::problem::Problem;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use topkit_codegen::{Arch, DType, SelectorSpec};

    fn explain(arch: (u32, u32), threads: &[u32]) -> Explanation {
        let spec = SelectorSpec::builder("Test").dtype([DType::F32]).bins([2048]).threads(threads);
        let arch = Arch::of_device(arch.0, arch.1);
        let limits = Limits::of_arch(arch);
        let here = Here { name: None, arch, multiprocessors: limits.multiprocessors };
        let table = GpuTable::shipped(here).map(Arc::new);
        let planner = Planner::new(Arc::new(spec.build().unwrap()), limits, table);
        planner.explain(&Problem::new(DType::F32, 1, 16384, 64)).unwrap()
    }

    #[test]
    fn a_plan_has_stable_fields() {
        let explained = explain((8, 0), &[512]);
        let plan = explained.plan;
        let document = serde_json::to_value(&explained).unwrap();
        assert_eq!(
            document["plan"],
            json!({
                "problem": {
                    "dtype": "f32", "rows": 1, "columns": 16384, "k": 64, "vec_size": 4,
                    "ragged": false,
                },
                "variant": {
                    "symbol": plan.variant.symbol(), "kernel": plan.variant.kernel.name(),
                    "dtype": "f32", "vec_size": 4, "bins": plan.variant.bins,
                    "threads": plan.variant.threads, "items": plan.variant.items, "cluster": 1,
                    "stages": 2,
                },
                "pdl": false, "grid": 1, "cluster": 1, "workspace_bytes": 0, "zeroed_bytes": 0,
            })
        );
        assert_eq!(document["basis"], json!({ "rules": { "why": null } }));
        assert_eq!(document["limits"]["multiprocessors"], 108);
        assert_eq!(document["reasons"][0]["key"], "vec_size");
        assert_eq!(document["narrowed"], Value::Null);
    }

    #[test]
    fn what_was_measured_is_in_an_explanation() {
        let explained = explain((9, 0), &[512]);
        let document = serde_json::to_value(&explained).unwrap();
        let measured = &document["basis"]["measured"];
        assert!(measured["expected"][0]["microseconds"].is_f64(), "{document}");
        assert!(measured["near"][0]["columns"].is_u64(), "{document}");
        let narrowed = explained.narrowed.expect("one size of CTA is not the fastest there");
        assert_eq!(document["narrowed"]["factor"], narrowed.factor);
        assert!(document["narrowed"]["undeclared"][0][1].is_u64(), "{document}");
    }
}

//! The kernels that were tried: refused by the GPU or the compiler, or loaded. Each planner has one such
//! set; the measured table, the rules and planning among packed variants all ask it, so no plan names a
//! refused kernel while another can serve. It cannot fail.
//!
//! The table and the packs leave out the refused kernels alone. The rules infer more, since each wrong
//! guess of theirs costs a compile: a GPU without room for one cluster has none for larger ones, and a
//! compiler that refuses one size of a kernel refuses the others. A kernel that loaded is never inferred
//! to be refused, so a refusal changes no plan whose kernel is loaded.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use topkit_codegen::Variant;

/// Why a kernel is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The GPU has no room for its clusters.
    NoRoom,
    /// The compiler or the driver refuses it.
    Unusable,
}

/// The kernels that were tried.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    kernels: RwLock<Kernels>,
    /// One was refused. Until then a plan takes no lock.
    any_refused: AtomicBool,
    /// How often a kernel was added: a plan that was made at another version may be another one now.
    version: AtomicU64,
}

#[derive(Debug, Default)]
struct Kernels {
    /// Few, and searched by every plan.
    refused: Vec<(Variant, Refusal)>,
    loaded: HashSet<Variant>,
}

impl Tried {
    /// Notes that a kernel is refused.
    pub(crate) fn refuse(&self, variant: &Variant, refusal: Refusal) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.loaded.remove(variant);
        kernels.refused.retain(|(other, _)| other != variant);
        kernels.refused.push((*variant, refusal));
        self.any_refused.store(true, Ordering::Release);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// Notes that a kernel is loaded.
    pub(crate) fn accept(&self, variant: &Variant) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.refused.retain(|(other, _)| other != variant);
        // A refused kernel is not among the loaded ones.
        if kernels.loaded.insert(*variant) {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// Notes that a kernel was found loaded. If it was refused, it was refused at a launch, and stays so.
    pub(crate) fn found_loaded(&self, variant: &Variant) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        let is_refused = kernels.refused.iter().any(|(other, _)| other == variant);
        if !is_refused && kernels.loaded.insert(*variant) {
            self.version.fetch_add(1, Ordering::Release);
        }
    }

    /// The number of changes so far. A plan that is made after this call and before the next change is that of
    /// this version.
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Whether a kernel was refused.
    pub(crate) fn has_refused(&self, variant: &Variant) -> bool {
        self.any(|_, (other, _)| other == variant)
    }

    /// Whether a kernel was refused, or another refusal tells that it will be.
    pub(crate) fn rules_out(&self, variant: &Variant) -> bool {
        self.any(|kernels, (other, refusal)| {
            let tells = match refusal {
                Refusal::NoRoom => variant.cluster >= other.cluster,
                Refusal::Unusable => variant.kernel == other.kernel,
            };
            tells && !kernels.loaded.contains(variant)
        })
    }

    /// Whether a refusal says something.
    fn any(&self, says: impl Fn(&Kernels, &(Variant, Refusal)) -> bool) -> bool {
        if !self.any_refused.load(Ordering::Acquire) {
            return false;
        }
        let kernels = self.kernels.read().unwrap_or_else(PoisonError::into_inner);
        kernels.refused.iter().any(|refused| says(&kernels, refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::DType;

    fn of(name: &str) -> Variant {
        Variant::from_short_name(DType::F32, name).unwrap()
    }

    #[test]
    fn a_refusal_tells_rules_of_others_but_not_of_what_is_loaded() {
        let [two, eight, other, sixteen] = [
            "cluster_filter v4_b2048_t512_r32_c2",
            "cluster_filter v4_b2048_t512_r32_c8",
            "cluster_resident v4_b4096_t512_r16_c8",
            "cluster_resident v4_b4096_t512_r16_c16",
        ]
        .map(of);
        let tried = Tried::default();
        tried.accept(&sixteen);
        tried.refuse(&eight, Refusal::NoRoom);
        assert_eq!(
            [two, eight, other, sixteen].map(|v| tried.has_refused(&v)),
            [false, true, false, false]
        );
        assert_eq!(
            [two, eight, other, sixteen].map(|v| tried.rules_out(&v)),
            [false, true, true, false]
        );
        tried.refuse(&two, Refusal::Unusable);
        let of_the_kernel = of("cluster_filter v4_b2048_t512_r16_c4");
        assert!(tried.rules_out(&of_the_kernel) && !tried.has_refused(&of_the_kernel));
        assert!(!tried.rules_out(&of("block_filter v4_b2048_t512_r32")));
        // It was refused at a launch.
        tried.found_loaded(&two);
        assert!(tried.has_refused(&two));
        // It loads after all.
        let version = tried.version();
        tried.accept(&two);
        assert_ne!(tried.version(), version);
        // Nothing changes a plan that is made again.
        let version = tried.version();
        tried.accept(&two);
        assert_eq!(tried.version(), version);
        assert!(!tried.has_refused(&two) && !tried.rules_out(&of_the_kernel));
    }
}

//! What loading has shown of kernels: which ones the GPU or the compiler refused, and which ones
//! loaded. One such set belongs to each planner; the measured table, the rules and the packs' stock
//! all ask it, so no plan names a refused kernel while another can serve.
//!
//! The table and the stock leave out the refused kernels alone. The rules infer more, since each
//! wrong guess of theirs costs a compile: a GPU without room for one cluster has none for larger
//! ones, and what refuses one size of a kernel refuses the others. A kernel that loaded is never
//! inferred to be refused, so a refusal changes no plan whose kernel is loaded.

use crate::error::Error;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
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

impl Refusal {
    /// The refusal that an error tells of; `None` where the kernel is not to blame, so that the next
    /// one would fail too, or where trying again may help.
    pub(crate) fn of(error: &Error) -> Option<Refusal> {
        match error {
            Error::Room { .. } => Some(Refusal::NoRoom),
            Error::Module { .. } => Some(Refusal::Unusable),
            Error::Compile(error) if error.blames_kernel => Some(Refusal::Unusable),
            _ => None,
        }
    }
}

/// The kernels that were tried.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    kernels: RwLock<Kernels>,
    /// One was refused. Until then a plan takes no lock.
    any_refused: AtomicBool,
}

#[derive(Debug, Default)]
struct Kernels {
    /// Few, and searched by every plan.
    refused: Vec<(Variant, Refusal)>,
    loaded: HashSet<Variant>,
}

impl Tried {
    /// Notes that a kernel cannot be had.
    pub(crate) fn refuse(&self, variant: &Variant, refusal: Refusal) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.loaded.remove(variant);
        kernels.refused.retain(|(other, _)| other != variant);
        kernels.refused.push((*variant, refusal));
        self.any_refused.store(true, Ordering::Release);
    }

    /// Notes that a kernel is loaded.
    pub(crate) fn accept(&self, variant: &Variant) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.refused.retain(|(other, _)| other != variant);
        kernels.loaded.insert(*variant);
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
    use crate::compile::CompileError;
    use topkit_codegen::{Arch, DType};

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
        // It loads after all.
        tried.accept(&two);
        assert!(!tried.has_refused(&two) && !tried.rules_out(&of_the_kernel));
    }

    #[test]
    fn only_what_a_kernel_is_to_blame_for_refuses_it() {
        let arch = Arch::of_device(9, 0);
        let compile = |blames_kernel| {
            let [compiler, entry, reason, log] = [(); 4].map(|()| String::new());
            Error::Compile(CompileError { compiler, entry, arch, reason, log, blames_kernel })
        };
        let room = Error::Room { entry: String::new(), needed: 16, room: 0 };
        let [entry, reason, log] = [(); 3].map(|()| String::new());
        let module = Error::Module { entry, arch, reason, log };
        let memory = Error::Cuda { doing: "load a compiled kernel", reason: String::new() };
        for (error, refusal) in [
            (room, Some(Refusal::NoRoom)),
            (module, Some(Refusal::Unusable)),
            (compile(true), Some(Refusal::Unusable)),
            (compile(false), None),
            (memory, None),
            (Error::Context { what: "the stream", given: 1, engine: 0 }, None),
        ] {
            assert_eq!(Refusal::of(&error), refusal, "{error}");
        }
    }
}

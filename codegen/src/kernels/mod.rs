//! The kernels, and the facts of each that the host uses: one file a kernel, with the stem of its template.
//!
//! The table at the top names the kernels; a new kernel needs a line of the table, its module and a file.
//! Nothing here chooses between kernels, which is the planner's work, and nothing here fails.

mod block_codes;
mod block_filter;
mod block_radix;
mod block_resident;
mod cluster_filter;
mod cluster_radix;
mod cluster_resident;
mod filter;
mod grid_filter;
mod launch;
mod resident;
mod warp_resident;

pub use launch::LaunchKind;

use crate::naming::named;
use crate::{Arch, DType, Fault, Key, Ties, Variant};

/// Makes the enum, its names, its table of facts and the table of templates.
macro_rules! kernels {
    ($($(#[$doc:meta])* $kind:ident = $stem:ident,)*) => {
        /// The algorithm of a kernel; each is one file in `templates/kernels/`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum KernelKind { $($(#[$doc])* $kind,)* }

        impl KernelKind {
            /// Every kernel.
            pub const ALL: &'static [KernelKind] = &[$(KernelKind::$kind),*];

            /// The name of its template and of its entry function.
            pub const fn name(self) -> &'static str {
                match self { $(KernelKind::$kind => stringify!($stem),)* }
            }

            pub(crate) const fn facts(self) -> &'static Kernel {
                match self { $(KernelKind::$kind => &$stem::KERNEL,)* }
            }

            /// The type in the kernel's template that holds its algorithm.
            pub(crate) const fn cuda_name(self) -> &'static str {
                match self { $(KernelKind::$kind => stringify!($kind),)* }
            }
        }

        /// Path below the templates folder, and text, of each kernel's template.
        pub(crate) const TEMPLATES: &[(&str, &str)] = &[$((
            concat!("kernels/", stringify!($stem), ".cuh"),
            include_str!(concat!("../../templates/kernels/", stringify!($stem), ".cuh")),
        )),*];
    };
}
kernels! {
    /// One CTA a row: radix select over ordered keys. Serves every problem.
    BlockRadix = block_radix,
    /// One CTA a row of at most 32768 columns, the row in its registers.
    BlockResident = block_resident,
    /// One CTA a row of at most 32768 columns of bf16 or 8-bit scores, the row in its registers.
    BlockCodes = block_codes,
    /// A cluster of CTAs a row of at most 524288 columns, the row in their registers.
    ClusterResident = cluster_resident,
    /// One CTA a row of any length, read once.
    BlockFilter = block_filter,
    /// A cluster of CTAs a row of any length, read once.
    ClusterFilter = cluster_filter,
    /// A cluster of CTAs a row of any length: radix select over ordered keys, for very many winners.
    ClusterRadix = cluster_radix,
    /// Many CTAs a row of any length, read once. They exchange candidates through the workspace.
    GridFilter = grid_filter,
    /// One warp a row of at most 1024 columns, the row in its registers.
    WarpResident = warp_resident,
}

named! { KernelKind, "kernel" }

/// The host's facts of a kernel.
pub(crate) struct Kernel {
    launch: LaunchKind,
    /// Whether it serves scores of a dtype.
    serves: fn(DType) -> bool,
    /// It waits by itself for the launch ahead of it on the stream.
    pdl: bool,
    items: &'static [u32],
    clusters: &'static [u32],
    stages: &'static [u32],
    most_k: Option<u32>,
    filters: bool,
    candidates: u32,
    /// The same with keys of 8 bytes.
    wide_candidates: u32,
    chunk: u32,
    ctas: fn(&Variant) -> u32,
    capacity: fn(&Variant) -> Option<u32>,
    /// The faults of a variant beyond the table's limits.
    check: fn(&Variant, &mut Vec<Fault>),
    zeroed_bytes: u64,
    /// Of a launch over at least one row, by rows and CTAs.
    workspace_bytes: fn(&Variant, u64, u64) -> u64,
    /// Why a plan by rules has its bins and its threads, where the kernel decides them.
    reason: fn(&Variant) -> [Option<String>; 2],
    measured: &'static [Sizes],
}

/// Bins, threads, scores a thread, cluster sizes and stages that a tuning measures; every combination.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Histogram bins of one radix pass.
    pub bins: &'static [u32],
    /// Threads of a CTA.
    pub threads: &'static [u32],
    /// Scores a thread.
    pub items: &'static [u32],
    /// CTAs that share a row.
    pub clusters: &'static [u32],
    /// Stripes of a filter in shared memory at once.
    pub stages: &'static [u32],
}

/// The cluster sizes of a selector's variants.
const CLUSTERS: &[u32] = &[2, 3, 4, 6, 8, 16];

/// The stages of a kernel that has no choice of them.
const STAGES: &[u32] = &[Variant::STAGES];

/// Whether scores are compared in words of 32 bits: most kernels have them in registers, or a key of 32 bits of each.
fn in_words(dtype: DType) -> bool {
    dtype.score_bytes() <= 4
}

/// One CTA a multiprocessor.
fn alone(_: &Variant) -> u32 {
    1
}

impl KernelKind {
    /// How its CTAs share the rows of a launch.
    pub const fn launches_as(self) -> LaunchKind {
        self.facts().launch
    }

    /// Whether the kernel waits for the preceding grid of its stream itself, and so may be launched with
    /// programmatic dependent launch (PDL).
    pub const fn pdl(self) -> bool {
        self.facts().pdl
    }

    /// Whether the kernel compiles for an architecture: GPUs before Hopper have no clusters.
    pub fn compiles_for(self, arch: Arch) -> bool {
        self.launches_as() != LaunchKind::ClusterPerRow || arch.capability() >= (9, 0)
    }

    /// The allowed values of [`Variant::items`]: 0 alone for a kernel that holds no scores in registers.
    pub const fn items(self) -> &'static [u32] {
        self.facts().items
    }

    /// The values of [`Variant::cluster`] in the variants of a selector: 1 alone for a kernel without
    /// clusters.
    pub const fn clusters(self) -> &'static [u32] {
        self.facts().clusters
    }

    /// The values of [`Variant::stages`] in the variants of a selector: [`Variant::STAGES`] alone for a
    /// kernel that prefetches no stripes.
    pub const fn stages(self) -> &'static [u32] {
        self.facts().stages
    }

    /// Whether it reads its row once and keeps the candidates above a threshold.
    pub const fn filters(self) -> bool {
        self.facts().filters
    }

    /// The most winners a row that it serves, where it has a limit of its own.
    pub const fn most_k(self) -> Option<u32> {
        self.facts().most_k
    }

    /// Whether it serves scores of a dtype.
    pub fn serves(self, dtype: DType) -> bool {
        (self.facts().serves)(dtype)
    }

    /// The sizes that a tuning measures.
    pub const fn measured(self) -> &'static [Sizes] {
        self.facts().measured
    }

    pub(crate) fn check(self, variant: &Variant, faults: &mut Vec<Fault>) {
        if !self.serves(variant.dtype) {
            let served = DType::ALL.into_iter().filter(|&dtype| self.serves(dtype));
            let served: Vec<_> = served.map(DType::name).collect();
            let message = format!("{self} serves no {} scores", variant.dtype);
            faults.push(Fault::of(Key::Dtype, message, format!("use {}", served.join(", "))));
            return;
        }
        (self.facts().check)(variant, faults);
    }
}

impl Variant {
    /// Candidates of a row that a CTA of `block_radix` keeps on chip. More of them lead to another scan
    /// of the row, never to a lost winner.
    ///
    /// Of a filter: candidates above the threshold that are kept of a row, or of a part by
    /// `grid_filter`.
    pub const fn candidates(&self) -> u32 {
        let facts = self.kernel.facts();
        if self.key_bytes() > 4 { facts.wide_candidates } else { facts.candidates }
    }

    /// Bytes of a key as a kernel compares it: 4 or 8. With a tie rule a key has the column too.
    pub(crate) const fn wide_bytes(&self) -> u32 {
        let wide = self.key_bytes() > 4 || !matches!(self.semantics.ties, Ties::Any);
        if wide { 8 } else { 4 }
    }

    /// Bytes of a key as a kernel stores it beside its column: the program's, or those of a score.
    pub const fn key_bytes(&self) -> u32 {
        let set = match self.program {
            Some(program) => program.key_bytes(),
            None => None,
        };
        match set {
            Some(bytes) => bytes as u32,
            None => self.dtype.score_bytes(),
        }
    }

    /// Whether the winners of a row may be sorted after they are selected.
    pub(crate) const fn sorts(&self) -> bool {
        // A program may drop elements: their places come last, and only a sort counts the others.
        self.semantics.rewrites() || self.program.is_some()
    }

    /// Consecutive vectors in a part of a row. Some kernels read a row in larger pieces.
    pub const fn chunk(&self) -> u32 {
        self.kernel.facts().chunk
    }

    /// CTAs that a multiprocessor should have room for, by their registers.
    pub fn ctas(&self) -> u32 {
        (self.kernel.facts().ctas)(self)
    }

    /// The most columns that the kernel serves, where it has a limit of its own.
    pub fn capacity(&self) -> Option<u32> {
        (self.kernel.facts().capacity)(self)
    }

    /// Bytes of shared memory that a CTA of a launch is given beside the kernel's variables: the
    /// stripes that a filter has on chip.
    pub const fn ring_bytes(&self) -> u32 {
        if self.kernel.filters() {
            self.stages * self.threads * self.items * self.dtype.bytes()
        } else {
            0
        }
    }

    /// Bytes of shared memory that a GPU must grant a CTA. A kernel's variables take no more than
    /// [`Variant::MOST_SHARED_VARIABLES`].
    pub const fn needed_shared_bytes(&self) -> u32 {
        let variables = match self.kernel.filters() {
            true => filter::shared_variables(self),
            false => Variant::MOST_SHARED_VARIABLES,
        };
        variables + self.ring_bytes()
    }

    /// Bytes of device memory that a launch of `grid` CTAs over `rows` rows works in. The first
    /// [`Variant::zeroed_bytes`] are zero before the first launch, and every launch leaves them so.
    pub fn workspace_bytes(&self, rows: u64, grid: u64) -> u64 {
        if rows == 0 { 0 } else { (self.kernel.facts().workspace_bytes)(self, rows, grid) }
    }

    /// Bytes at the head of the workspace that are zero between launches: as many for every
    /// problem, so that one workspace serves launches of different shapes.
    pub const fn zeroed_bytes(&self) -> u64 {
        self.kernel.facts().zeroed_bytes
    }

    /// CTAs of a launch over `rows` rows on a GPU with this many multiprocessors.
    pub fn grid(&self, rows: u64, multiprocessors: u32) -> u64 {
        let resident = u64::from(self.ctas()) * u64::from(multiprocessors);
        self.kernel.launches_as().grid(rows, self.threads, self.cluster, resident)
    }

    /// Why a plan by rules has its bins and its threads, where the kernel decides them.
    pub fn reason(&self) -> [Option<String>; 2] {
        (self.kernel.facts().reason)(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_says_of_itself_agrees() {
        for &kind in KernelKind::ALL {
            let clustered = kind.launches_as() == LaunchKind::ClusterPerRow;
            assert_eq!(clustered, kind.clusters().iter().any(|&cluster| cluster > 1));
            assert!(kind.clusters().iter().all(|cluster| Variant::CLUSTERS.contains(cluster)));
            for sizes in kind.measured() {
                assert!(sizes.items.iter().all(|items| kind.items().contains(items)));
                assert!(sizes.clusters.iter().all(|cluster| kind.clusters().contains(cluster)));
                assert!(sizes.stages.iter().all(|stages| kind.stages().contains(stages)));
            }
        }
    }

    #[test]
    fn keys_of_8_bytes_have_fewer_candidates_and_more_words() {
        let program = |key_bytes| {
            let program = crate::Program::builder("struct Own {};").ordinal("Own");
            Some(program.key_bytes(key_bytes).build().unwrap().id())
        };
        let bytes = |variant: &Variant, grid| variant.workspace_bytes(2, grid);
        let spec = crate::SelectorSpec::builder("All").dtype(crate::DType::ALL).all_axes();
        for variant in spec.build().unwrap().variants().into_iter().step_by(7) {
            let [narrow, wide] = [2, 8].map(|bytes| Variant { program: program(bytes), ..variant });
            assert_eq!((narrow.key_bytes(), wide.key_bytes()), (2, 8));
            if variant.key_bytes() == 8 {
                assert_eq!((wide.candidates(), bytes(&wide, 6)), (variant.candidates(), 0));
                continue;
            }
            assert_eq!(narrow.candidates(), variant.candidates());
            assert_eq!(bytes(&narrow, 6), bytes(&variant, 6));
            assert!(wide.candidates() < variant.candidates());
            if variant.kernel == KernelKind::GridFilter {
                // Three parts a row have all places each; of 71, 923 each.
                assert_eq!(bytes(&variant, 6), 4096 + 6 * (2 + 2 * 4096) * 4);
                assert_eq!(bytes(&wide, 6), 4096 + 6 * (4 + 3 * 3072) * 4);
                assert_eq!(bytes(&variant, 142), 4096 + 142 * (2 + 2 * 923) * 4);
                assert_eq!(bytes(&wide, 142), 4096 + 142 * (4 + 3 * 922) * 4);
                // With a tie rule keys are stored without their columns, and thresholds with them.
                let semantics = crate::Semantics { ties: Ties::LowestIndex, ..variant.semantics };
                let ruled = Variant { semantics, ..variant };
                assert_eq!(bytes(&ruled, 6), 4096 + 6 * (4 + 2 * 4096) * 4);
                assert_eq!(bytes(&ruled, 142), 4096 + 142 * (4 + 2 * 922) * 4);
            }
        }
    }

    #[test]
    fn names_are_those_of_the_templates() {
        for &kind in KernelKind::ALL {
            let path = format!("kernels/{}.cuh", kind.name());
            let text = TEMPLATES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
            let definition = format!("struct {} {{", kind.cuda_name());
            assert!(text.is_some_and(|text| text.contains(&definition)), "{path}: {definition}");
        }
    }
}

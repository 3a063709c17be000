//! The mutants that need not be detected, each with the reason. The list is reviewed, never generated. An
//! unneeded barrier is a defect of the template: it is listed here until it is removed there, and then
//! the exemption fails the test.

use super::sites::Site;

/// One site of one kernel. It has no line number, so that edits of the template do not change it.
pub struct Exempt {
    pub kernel: &'static str,
    pub file: &'static str,
    pub function: &'static str,
    pub construct: &'static str,
    /// The mutation, or [`ANY`].
    pub mutation: &'static str,
    pub reason: &'static str,
}

/// Every mutation of a site.
pub const ANY: &str = "any";

/// Sites of a shared block that this kernel never reaches; a trap in their place proves it.
pub const UNREACHED: &[Exempt] = &[
    Exempt {
        kernel: "block_radix, by value",
        file: "templates/sink/sorted.cuh",
        function: "count",
        construct: "sync_team(team)",
        mutation: ANY,
        reason: "the source drops no element",
    },
    Exempt {
        kernel: "block_codes",
        file: "templates/kernels/block_codes.cuh",
        function: "select",
        construct: RANKED_TIES,
        mutation: ANY,
        reason: "only a rule for ties has them ranked: the kernel with one is mutated here",
    },
    Exempt {
        kernel: "block_codes",
        file: "templates/core/ranking.cuh",
        function: "rank",
        construct: "__shfl_xor_sync(FULL_MASK, better, distance)",
        mutation: ANY,
        reason: "only a rule for ties has them ranked",
    },
    Exempt {
        kernel: "block_codes",
        file: "templates/core/threshold.cuh",
        function: "find",
        construct: "__syncthreads()",
        mutation: ANY,
        reason: "its own search finds the bin; this one splits ties beyond the range of fp16 alone",
    },
    Exempt {
        kernel: "block_codes",
        file: "templates/core/threshold.cuh",
        function: "find",
        construct: "__syncthreads(), number 2",
        mutation: ANY,
        reason: "its own search finds the bin; this one splits ties beyond the range of fp16 alone",
    },
    Exempt {
        kernel: "warp_resident",
        file: "templates/core/warp.cuh",
        function: "warp_sum_through",
        construct: "__shfl_up_sync(FULL_MASK, value, distance)",
        mutation: ANY,
        reason: "of this block it takes the least value alone",
    },
    Exempt {
        kernel: "block_radix",
        file: "templates/ptx/reduce.cuh",
        function: "warp_greatest",
        construct: "__shfl_xor_sync(FULL_MASK, value, distance)",
        mutation: ANY,
        reason: "the kernel takes no extremes of a warp",
    },
    Exempt {
        kernel: "block_filter",
        file: "templates/filter/filter.cuh",
        function: "count",
        construct: "__syncthreads()",
        mutation: ANY,
        reason: "its histogram is clear when it counts the candidates",
    },
    Exempt {
        kernel: "block_filter",
        file: "templates/filter/filter.cuh",
        function: "guess",
        construct: "__syncthreads(), number 2",
        mutation: ANY,
        reason: "its second try guesses again: only a cluster knows a key that k candidates reach",
    },
    Exempt {
        kernel: "grid_filter",
        file: "templates/filter/filter.cuh",
        function: "guess",
        construct: TWO_STRIPES,
        mutation: ANY,
        reason: "each of its CTAs has one stripe: a row of more is too long to interpret",
    },
    Exempt {
        kernel: "cluster_filter, 3 stages",
        file: "templates/filter/filter.cuh",
        function: "guess",
        construct: TWO_STRIPES,
        mutation: ANY,
        reason: "its rows are for its own steps",
    },
    Exempt {
        kernel: "cluster_resident",
        file: "templates/ptx/cluster.cuh",
        function: "cluster_arrive",
        construct: "__cluster_barrier_arrive()",
        mutation: ANY,
        reason: "its CTAs synchronise once to know that all of them run, and later by exchanges",
    },
    Exempt {
        kernel: "cluster_resident",
        file: "templates/core/threshold.cuh",
        function: "find",
        construct: "__syncthreads()",
        mutation: ANY,
        reason: "of this block it takes the result's type alone; the CTAs search together",
    },
    Exempt {
        kernel: "cluster_resident",
        file: "templates/core/threshold.cuh",
        function: "find",
        construct: "__syncthreads(), number 2",
        mutation: ANY,
        reason: "of this block it takes the result's type alone; the CTAs search together",
    },
    Exempt {
        kernel: "cluster_radix",
        file: "templates/ptx/cluster.cuh",
        function: "cluster_arrive",
        construct: "__cluster_barrier_arrive()",
        mutation: ANY,
        reason: "its CTAs synchronise once to know that all of them run, and later by exchanges",
    },
];

/// Mutants that do what the kernel does.
pub const EQUIVALENT: &[Exempt] = &[
    Exempt {
        kernel: "warp_resident",
        file: "templates/kernels/warp_resident.cuh",
        function: "bound",
        construct: "__shfl_xor_sync(FULL_MASK, best, GROUPS)",
        mutation: "no exchange",
        reason: "the bound is then that of half of the lanes: a lower one, with more candidates",
    },
    early_guess("block_filter", ONE_STRIPE, "removed"),
    early_guess("block_filter", ONE_STRIPE, "one less"),
    early_guess("block_filter", TWO_STRIPES, "removed"),
    early_guess("block_filter", TWO_STRIPES, "one less"),
    early_guess("cluster_filter", ONE_STRIPE, "removed"),
    early_guess("cluster_filter", ONE_STRIPE, "one less"),
    early_guess("cluster_filter", TWO_STRIPES, "removed"),
    early_guess("cluster_filter", TWO_STRIPES, "one less"),
    early_guess("grid_filter", ONE_STRIPE, "removed"),
    early_guess("grid_filter", ONE_STRIPE, "one less"),
    early_guess("cluster_filter, 3 stages", ONE_STRIPE, "removed"),
    early_guess("cluster_filter, 3 stages", ONE_STRIPE, "one less"),
];

/// The barrier before `block_codes` ranks ties.
pub const RANKED_TIES: &str = "__syncthreads(), number 3";

const ONE_STRIPE: &str = "copy_async_wait_but_last(STAGES - 1)";
const TWO_STRIPES: &str = "copy_async_wait_but_last(STAGES - 2)";

/// The wait for the stripes of the sample.
const fn early_guess(
    kernel: &'static str,
    construct: &'static str,
    mutation: &'static str,
) -> Exempt {
    Exempt {
        kernel,
        file: "templates/filter/filter.cuh",
        function: "guess",
        construct,
        mutation,
        reason: "the threshold is a guess: from scores that have not arrived it is a bad one, and the row is read again",
    }
}

impl Exempt {
    pub fn is(&self, kernel: &str, site: &Site, mutation: &str) -> bool {
        let Exempt { file, function, construct, .. } = self;
        (self.kernel, *file, *function, *construct, self.mutation)
            == (kernel, &*site.file, &*site.function, &*site.construct, mutation)
    }
}

/// The reason why a list holds it.
pub fn reason(
    list: &'static [Exempt],
    kernel: &str,
    site: &Site,
    mutation: &str,
) -> Option<&'static str> {
    list.iter().find(|exempt| exempt.is(kernel, site, mutation)).map(|exempt| exempt.reason)
}

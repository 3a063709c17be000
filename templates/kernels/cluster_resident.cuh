// cluster_resident: a cluster of CTAs selects the top k of one row that they hold in registers.
//
// Every CTA loads its part of the row once and counts it, rounded to fp16, in a histogram of its
// own. Together they find the threshold bin; each then writes its winners to places of its own. The
// few members of the bin go to all CTAs, and each ranks its own among them; where they are many, all
// CTAs split them by radix over their keys first. Nothing is dropped, so the answer is
// exact however the scores lie.
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB. Barriers: uniform
// over the cluster, whose own is passed once, at the start; later the CTAs meet by letters.
// Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of Config::CLUSTER CTAs;
// k >= 1; columns <= THREADS * ITEMS * CLUSTER; row addresses aligned to their element.
#pragma once
#include "../core/range.cuh"
#include "../ptx/cluster.cuh"
#include "../core/cluster_threshold.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../core/histogram.cuh"
#include "../core/exchange.cuh"
#include "../core/ranking.cuh"
#include "../row/resident/row.cuh"
#include "../row/row.cuh"
#include "../sink/short_row.cuh"
#include "../core/slots.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"

template <class Config>
struct ClusterResident {
    using Bits = typename Config::Bits;
    using Key = typename Config::Bits;
    using Held = ResidentRow<Config>;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    using Found = ClusterThresholdBin;
    using Active = ActiveRange<Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 CODE_SHIFT = 16 - Config::DIGIT_BITS;  // a bin is the upper bits of a code
    static constexpr u32 REST_BITS = CODE_SHIFT > 6 ? CODE_SHIFT - 6 : 0;  // that a second look leaves

    // Members that are ranked each against each, by each CTA its share; with more, a pass of all
    // costs less: 1 x 131072 f32, k = 2048, 6.3 us where one CTA ranks all, and 4.8 (H200).
    static constexpr u32 RANKED = CLUSTER < 4 ? 256 : CLUSTER < 8 ? 384 : 512;

    static_assert(BINS >= 256, "an infinity and NaN are in bins of their own");
    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a CTA share one word");

    struct Shared {
        Histogram<BINS> histogram;
        ClusterThresholdSearch<THREADS, BINS, CLUSTER> search;
        Mailbox for_members;
        Mailbox for_extremes;
        Ranking<Config, RANKED> members;  // of all CTAs
        u64 extremes[CLUSTER];  // keys of the members of each CTA: the least below, the greatest above
        u32 reserved;           // winners in the upper half, members in the lower
        u32 least;
        u32 greatest;
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
            shared.search.prepare();
            shared.for_members.prepare();
            shared.for_extremes.prepare();
        }
        wait_for_grid_ahead();
        const Row<Bits> row = find_row<Config>(args, index);
        const u32 k = u32(args.k);
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(args, index, row.length);
            }
            return;
        }
        cluster_arrive_relaxed();
        const Held held(row, rank);
        const Places& places = held.places;
        let_grid_behind_start();
        __syncthreads();
        cluster_wait();

        held.for_each_code([&](u32 code) { shared.histogram.add(code >> CODE_SHIFT); });
        __syncthreads();
        Found found = shared.search.find(shared.histogram, k, rank, 0);

        Hits members;
        Hits winners;
        held.split_at(found.bin.bin << CODE_SHIFT, (found.bin.bin + 1) << CODE_SHIFT, members, winners);
        const bool equal = !few(found, k) && split(shared, held, winners, members, k, rank, found);

        const u32 above = found.bin.above;
        const u32 inside = found.bin.inside;
        const u32 wanted = k - above;
        const bool meeting = inside != wanted && !equal;
        const u32 own = shared.histogram.counts[found.bin.bin];
        if (meeting && threadIdx.x == 0) {
            shared.for_members.announce(inside * u32(sizeof(u64)));
        }
        Slots slots = reserve_slots(shared.reserved, winners.count(), members.count());
        slots.winner += found.before_above;
        slots.member += found.before_inside;
        if (meeting) {
            held.for_each_hit(members, [&](Key key, u32 column) {
                for (u32 cta = 0; cta < CLUSTER; ++cta) {
                    shared.for_members.send(&shared.members.entries[slots.member],
                                            entry_of(key, column), cta);
                }
                slots.member += 1;
            });
        }
        places.for_each_column(winners, [&](u32 column) {
            Config::emit(args, index, slots.winner++, column);
        });
        if (meeting) {
            shared.for_members.wait(0);
            const u32 first = found.before_inside;
            shared.members.rank(inside, first, first + own, wanted, above,
                                [&](u32 slot, u32 column) { Config::emit(args, index, slot, column); });
            return;
        }
        // All members win, or all are equal.
        places.for_each_column(members, [&](u32 column) {
            if (slots.member < wanted) {
                Config::emit(args, index, above + slots.member, column);
            }
            slots.member += 1;
        });
    }

   private:
    static __device__ __forceinline__ bool few(const Found& found, u32 k) {
        return found.bin.inside <= RANKED || found.bin.inside == k - found.bin.above;
    }

    static __device__ __forceinline__ void narrow(Found& found, const Found& next) {
        found.bin = {next.bin.bin, found.bin.above + next.bin.above, next.bin.inside};
        found.before_above += next.before_above;
        found.before_inside = next.before_inside;
    }

    // Many members: splits them by radix over their keys, until few are left, or all that are left win,
    // or are equal, which it tells. The range of their keys is found first, but for scores beyond the
    // halves: those spread over a range that is known. Scores of 16 bits are split by the rest of their
    // codes before, in one exchange, where those tell all: 1 x 131072 bf16, uniform, k = 512, 5.0 us for
    // 7.8 (H200). It does not pay for others.
    static __device__ __forceinline__ bool split(Shared& shared, const Held& held, Hits& winners,
                                                 Hits& members, u32 k, u32 rank, Found& found) {
        const u32 code = found.bin.bin << CODE_SHIFT;
        if constexpr (sizeof(Bits) == 2) {
            if (Held::tells_all(code)) {
                split_codes(shared, held, winners, members, k, rank, found);
                if (REST_BITS == 0 || few(found, k)) {
                    return REST_BITS == 0;
                }
            }
        }
        Active active = Active::between(Held::BEYOND_HALVES, Held::BEST_NAN);
        if (!Held::is_beyond_halves(code)) {
            active = find_extremes(shared, held, members, rank);
        }
        if (active.least == active.greatest) {
            return true;
        }
        for (u32 pass = 1;; ++pass) {
            shared.histogram.template clear<THREADS>();
            __syncthreads();
            held.for_each_key(
                members, [&](Key key, u32, u32) { shared.histogram.add(active.digit(key)); });
            __syncthreads();
            narrow(found, shared.search.find(shared.histogram, k - found.bin.above, rank, pass));
            const Active inside = active.narrowed_to(found.bin.bin);
            Hits left = {};
            held.for_each_key(members, [&](Key key, u32 word, u32 bit) {
                if (key > inside.greatest) {
                    winners.add(word, bit);
                } else if (key >= inside.least) {
                    left.add(word, bit);
                }
            });
            members = left;
            // From an infinity on, there are two keys: its own, and that of NaN.
            if (active.shift == 0 || inside.least >= Held::BEST_INFINITY) {
                return true;
            }
            if (few(found, k)) {
                return false;
            }
            active = inside;
        }
    }

    // Splits members by what follows in their codes.
    static __device__ __forceinline__ void split_codes(Shared& shared, const Held& held,
                                                       Hits& winners, Hits& members, u32 k, u32 rank,
                                                       Found& found) {
        constexpr u32 FEW = 1u << (CODE_SHIFT - REST_BITS);
        const u32 first = found.bin.bin << CODE_SHIFT;
        if (threadIdx.x < FEW) {
            shared.histogram.counts[threadIdx.x] = 0;
        }
        __syncthreads();
        held.for_each_code_of(members, [&](u32 code) {
            shared.histogram.add((code >> REST_BITS) % FEW);
        });
        __syncthreads();
        const u32 wanted = k - found.bin.above;
        narrow(found, shared.search.template find_of_few<FEW>(shared.histogram, wanted, rank));
        const u32 code = first + (found.bin.bin << REST_BITS);
        held.split_at(code, code + (1u << REST_BITS), members, winners);
    }

    // The range of the keys of all members, in every CTA.
    static __device__ __forceinline__ Active find_extremes(Shared& shared, const Held& held,
                                                           const Hits& members, u32 rank) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        if (threadIdx.x == 0) {
            shared.least = ~0u;
            shared.greatest = 0;
            shared.for_extremes.announce(sizeof(shared.extremes));
        }
        __syncthreads();
        u32 least = ~0u;
        u32 greatest = 0;
        held.for_each_key(members, [&](Key key, u32, u32) {
            least = min(least, u32(key));
            greatest = max(greatest, u32(key));
        });
        least = warp_least(least);
        greatest = warp_greatest(greatest);
        if (lane == 0) {
            atomicMin(&shared.least, least);
            atomicMax(&shared.greatest, greatest);
        }
        __syncthreads();
        if (threadIdx.x < CLUSTER) {
            shared.for_extremes.send(&shared.extremes[rank],
                                     u64(shared.greatest) << 32 | shared.least, threadIdx.x);
        }
        shared.for_extremes.wait(0);
        const u64 both = shared.extremes[lane < CLUSTER ? lane : 0];
        return Active::between(warp_least(u32(both)), warp_greatest(u32(both >> 32)));
    }
};

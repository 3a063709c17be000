// cluster_resident: a cluster of CTAs selects the top k of one row that they keep in registers.
//
// Every CTA loads its part of the row once, rounds it to fp16 and counts it in a histogram of its own.
// Together the CTAs find the threshold bin; each then writes its winners to places of its own. Few
// candidates of the bin are sent to all CTAs, and each CTA ranks its own among all. Many are first split by
// radix passes of all CTAs together. No candidate is dropped, so the answer is exact for every
// distribution.
//
// Source: RadixSelect (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), over the CTAs of a cluster.
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB. Barriers: uniform over the
// cluster. The cluster's own barrier is passed once, at the start; later the CTAs synchronise with
// mbarriers and asynchronous remote stores.
// Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of Config::CLUSTER CTAs;
// k >= 1; columns <= THREADS * ITEMS * CLUSTER; row addresses aligned to their element.
#pragma once
#include "../core/cluster_threshold.cuh"
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/ranking.cuh"
#include "../core/slots.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../ptx/cluster.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../ptx/exchange.cuh"
#include "../row/resident/row.cuh"
#include "../row/row.cuh"
#include "../select/extremes.cuh"
#include "../select/radix_pass.cuh"
#include "../sink/direct.cuh"
#include "../sink/gathered.cuh"
#include "../sink/short_row.cuh"

template <class Config>
struct ClusterResident {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Entry = typename Ordinal::Entry;
    using Resident = ResidentRow<Config>;
    using Places = ResidentPlaces<Config>;
    using Codes = typename Resident::Codes;
    using Hits = typename Places::Hits;
    using Found = ClusterThresholdBin;
    using Wide = typename Ordinal::Wide;
    using Active = ActiveRange<Wide, Config::DIGIT_BITS>;
    static constexpr u32 THREADS = Config::THREADS;
    using Search = ClusterThresholdSearch<THREADS, Config::BINS, Config::CLUSTER>;

    // What the CTAs send each other by. They come first in the shared memory, and stay when a row is sorted.
    struct Exchanges {
        typename Search::Exchanges search;
        Exchange candidates;
        Exchange extremes;

        // One thread.
        __device__ __forceinline__ void prepare() {
            search.prepare();
            candidates.prepare();
            extremes.prepare();
        }
    };
    using Team = BlockTeam<THREADS, sizeof(Exchanges)>;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 CODE_SHIFT = 16 - Config::DIGIT_BITS;  // a bin is the upper bits of a code
    static constexpr u32 REST_BITS = CODE_SHIFT > 6 ? CODE_SHIFT - 6 : 0;  // bits that the second exchange leaves

    // The most candidates that are ranked each against each; each CTA ranks its share. With more, a radix
    // pass costs less. 1 x 131072 f32, k = 2048: 6.3 us if one CTA ranks all, and 4.8 us so (H200).
    static constexpr u32 RANKED = CLUSTER < 4 ? 256 : CLUSTER < 8 ? 384 : 512;

    // A thread with many winners would wait for the value or the id of each, so those of a CTA are gathered, up to as
    // many as there are in 32 x 65536, k = 2048, unless scores are skewed: f32, values, 9.14 us, and 7.90 gathered
    // (H200). Ids alone are not worth it if the row has many CTAs.
    static constexpr bool GATHERS = Config::Output::READS_VALUES || (Config::Output::READS_IDS && CLUSTER < 8);
    using Gathered = GatheredWinners<Config, 1024, GATHERS>;

    static_assert(BINS >= 256, "an infinity and NaN are in bins of their own");
    static_assert(THREADS * Config::ITEMS <= 32768, "two counts of a CTA share one word");

    struct Shared {
        Exchanges exchanges;
        Histogram<BINS> histogram;
        Search search;
        Ranking<Config, RANKED> candidates;  // of all CTAs
        typename Extremes<Wide>::Words extremes[CLUSTER];  // of the candidates' keys of each CTA
        u32 reserved;                 // winners in the upper half, candidates in the lower
        Gathered gathered;            // of this CTA
        Extremes<Wide> own_extremes;  // of the candidates' keys of this CTA
    };
    static_assert(sizeof(Shared) <= 48 * 1024, "every GPU grants a CTA 48 KB of shared memory");

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();
        // Clear the histogram and prepare the exchanges while the preceding grid ends (PDL).
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.reserved = 0;
            shared.exchanges.prepare();
        }
        wait_for_preceding_grid();
        // Find the row. One with no more than k scores is written whole, by one CTA.
        const Row<Config> row = find_row<Config>(args, index);
        const u32 k = find_k<Config>(args, index);
        const DirectSink<Config> sink = {args, index};
        if (row.length <= k) {
            if (rank == 0) {
                take_all<Config>(sink, row, k, team_of(shared));
            }
            return;
        }
        // Load this CTA's part of the row. The barrier makes sure that every exchange is prepared.
        cluster_arrive_relaxed();
        const Resident resident(row, rank);
        const Places& places = resident.places;
        launch_dependents();
        __syncthreads();
        cluster_wait();

        // Count the upper bits of the rounded scores, and find the threshold bin of all CTAs.
        resident.for_each_code([&](u32 code) { shared.histogram.add(code >> CODE_SHIFT); });
        __syncthreads();
        Found found = shared.search.find(shared.exchanges.search, shared.histogram, k, rank, 0);

        // Scores above the bin win; scores in it are the candidates. Many candidates are split by their keys.
        Hits candidates;
        Hits winners;
        resident.split_at(found.bin.bin << CODE_SHIFT, (found.bin.bin + 1) << CODE_SHIFT, candidates, winners);
        const bool equal = !few(found, k) && split(shared, resident, winners, candidates, k, rank, found);

        const u32 above = found.bin.above;
        const u32 inside = found.bin.inside;
        const u32 wanted = k - above;
        const bool ranked = inside != wanted && !equal;
        const u32 own = shared.histogram.counts[found.bin.bin];
        if (ranked && threadIdx.x == 0) {
            shared.exchanges.candidates.announce(inside * u32(sizeof(Entry)));
        }
        // The places of this CTA follow the places of the CTAs of lower rank.
        Slots slots = reserve_slots(shared.reserved, winners.count(), candidates.count());
        slots.winner += found.before_above;
        slots.candidate += found.before_inside;
        // Send the candidates to all CTAs of the cluster, and write the winners meanwhile.
        if (ranked) {
            resident.for_each_hit(candidates, [&](Key key, u32 column) {
                for (u32 cta = 0; cta < CLUSTER; ++cta) {
                    shared.exchanges.candidates.send(&shared.candidates.entries[slots.candidate],
                                            Ordinal::entry(key, column), cta);
                }
                slots.candidate += 1;
            });
        }
        places.for_each_column(winners, [&](u32 column) {
            shared.gathered.put(sink, found.before_above, slots.winner++, column,
                                [&places, column] { return places.key_at(column); });
        });
        if constexpr (GATHERS) {
            __syncthreads();
            shared.gathered.write(sink, found.before_above, shared.reserved >> 16);
        }
        // Rank this CTA's candidates among the candidates of all CTAs.
        if (ranked) {
            shared.exchanges.candidates.wait(0);
            const u32 first = found.before_inside;
            shared.candidates.rank(inside, first, first + own, wanted, above,
                                   [&](u32 slot, u32 column, Wide key) {
                                       sink.put(slot, column, [key] { return Key(key); });
                                   });
            finish(sink, shared, rank);
            return;
        }
        // All candidates win, or all are equal.
        places.for_each_column(candidates, [&](u32 column) {
            if (slots.candidate < wanted) {
                sink.put(above + slots.candidate, column, [&places, column] { return places.key_at(column); });
            }
            slots.candidate += 1;
        });
        finish(sink, shared, rank);
    }

   private:
    // Ends the row in the leader CTA, once all winners are written if they are sorted.
    static __device__ __forceinline__ void finish(const DirectSink<Config>& sink, Shared& shared, u32 rank) {
        if constexpr (Config::Output::SORTS) {
            cluster_arrive();
            cluster_wait();
        }
        if (rank == 0) {
            sink.finish(team_of(shared));
        }
    }

    static __device__ __forceinline__ Team team_of(Shared& shared) { return Team::of(shared); }

    static __device__ __forceinline__ bool few(const Found& found, u32 k) {
        return found.bin.inside <= RANKED || found.bin.inside == k - found.bin.above;
    }

    static __device__ __forceinline__ void narrow(Found& found, const Found& next) {
        found.bin = {next.bin.bin, found.bin.above + next.bin.above, next.bin.inside};
        found.before_above += next.before_above;
        found.before_inside = next.before_inside;
    }

    // Splits many candidates by radix passes over their keys, until few are left, or all that are left win
    // or are equal. Returns whether they are equal. The range of the keys is found first, except for scores
    // beyond the halves, whose range is known. Scores of 16 bits are first split by the rest of their codes,
    // in one exchange, if the codes tell all: 1 x 131072 bf16, uniform, k = 512, 5.0 us, and 7.8 us without
    // (H200). It does not pay for other scores.
    static __device__ __forceinline__ bool split(Shared& shared, const Resident& resident, Hits& winners,
                                                 Hits& candidates, u32 k, u32 rank, Found& found) {
        const u32 code = found.bin.bin << CODE_SHIFT;
        if constexpr (Codes::ARE_EXACT) {
            if (Codes::tells_all(code)) {
                split_codes(shared, resident, winners, candidates, k, rank, found);
                if (few(found, k) || (REST_BITS == 0 && !Ordinal::USES_COLUMN)) {
                    return REST_BITS == 0 && !Ordinal::USES_COLUMN;
                }
            }
        }
        Active active = Active::between(Ordinal::lowest_of(Codes::BEYOND_HALVES),
                                        Ordinal::greatest_of(Codes::BEST_NAN));
        if (!Codes::is_beyond_halves(code)) {
            active = find_extremes(shared, resident, candidates, rank);
        }
        if (active.least == active.greatest) {
            return true;
        }
        for (u32 pass = 1;; ++pass) {
            shared.histogram.template clear<THREADS>();
            __syncthreads();
            Active inside;
            Hits left = {};
            const auto find = [&] {
                narrow(found, shared.search.find(shared.exchanges.search, shared.histogram, k - found.bin.above, rank, pass));
                return found.bin;
            };
            radix_pass(shared.histogram, active, resident, candidates, find, inside, winners, left);
            candidates = left;
            // From an infinity on, there are two score keys: the infinity's and NaN's.
            const bool infinite = Ordinal::score_key(inside.least) >= Codes::BEST_INFINITY;
            if (active.shift == 0 || (infinite && !Ordinal::USES_COLUMN)) {
                return true;
            }
            if (few(found, k)) {
                return false;
            }
            if constexpr (Ordinal::USES_COLUMN) {
                if (infinite) {
                    const bool nan = Ordinal::score_key(inside.greatest) == Codes::BEST_NAN;
                    const u32 score = nan ? Codes::BEST_NAN : Codes::BEST_INFINITY;
                    inside = Active::between(Ordinal::lowest_of(score), Ordinal::greatest_of(score));
                }
            }
            active = within_row<Ordinal>(inside, resident.places.length);
        }
    }

    // Splits candidates by the next bits of their codes.
    static __device__ __forceinline__ void split_codes(Shared& shared, const Resident& resident,
                                                       Hits& winners, Hits& candidates, u32 k, u32 rank,
                                                       Found& found) {
        constexpr u32 FEW = 1u << (CODE_SHIFT - REST_BITS);
        const u32 first = found.bin.bin << CODE_SHIFT;
        if (threadIdx.x < FEW) {
            shared.histogram.counts[threadIdx.x] = 0;
        }
        __syncthreads();
        resident.for_each_code_of(candidates, [&](u32 code) {
            shared.histogram.add((code >> REST_BITS) % FEW);
        });
        __syncthreads();
        const u32 wanted = k - found.bin.above;
        narrow(found, shared.search.template find_of_few<FEW>(shared.exchanges.search.few, shared.histogram, wanted, rank));
        const u32 code = first + (found.bin.bin << REST_BITS);
        resident.split_at(code, code + (1u << REST_BITS), candidates, winners);
    }

    // The range of the keys of all candidates, in every CTA.
    static __device__ __forceinline__ Active find_extremes(Shared& shared, const Resident& resident,
                                                           const Hits& candidates, u32 rank) {
        const u32 lane = threadIdx.x % WARP_SIZE;
        if (threadIdx.x == 0) {
            shared.own_extremes = Extremes<Wide>::of_none();
            shared.exchanges.extremes.announce(sizeof(shared.extremes));
        }
        __syncthreads();
        const auto own = Extremes<Wide>::of_warp(
            [&](auto visit) { resident.for_each_key(candidates, visit); });
        own.add_to(shared.own_extremes);
        __syncthreads();
        if (threadIdx.x < CLUSTER) {
            shared.exchanges.extremes.send(&shared.extremes[rank], shared.own_extremes.words(),
                                          threadIdx.x);
        }
        shared.exchanges.extremes.wait(0);
        const auto there = Extremes<Wide>::of(shared.extremes[lane < CLUSTER ? lane : 0]);
        return Active::between(warp_least(there.least), warp_greatest(there.greatest));
    }
};

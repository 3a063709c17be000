// cluster_radix: a cluster of CTAs selects the top k of one row of any length, by radix over ordered keys.
//
// A sample of the row tells a range of keys that is expected to hold the last winner. Every CTA reads its part of
// the row and counts the keys of the range by their digit; the keys below the range have one bin, and so have the
// keys above it, so a wrong guess costs a pass and no winner. Together the CTAs find the threshold bin. Each reads
// its part again, writes the keys above the bin to places of its own, and counts the next digit of the keys in the
// bin, until every candidate wins or all are equal. A CTA whose candidates fit keeps them in shared memory; else
// its next pass reads its part of the row again.
//
// Source: RadixSelect (Alabi, Blanchard, Gordon, Steinbach, ACM JEA 17, 2012), over the CTAs of a cluster; the
// sample is that of Floyd and Rivest, "Expected time bounds for selection", CACM 18 (1975).
//
// Scope: cluster; grid.x = rows * CLUSTER. Shared memory: static, under 48 KB. Barriers: uniform over the
// cluster. The cluster's own barrier is passed once, at the start, and in a sorted row once more at the end;
// between these the CTAs synchronise with mbarriers and asynchronous remote stores.
// Preconditions: blockDim.x == Config::THREADS; the launch's clusters are of Config::CLUSTER CTAs; k >= 1; row
// addresses aligned to their element.
#pragma once
#include "../core/cluster_threshold.cuh"
#include "../core/histogram.cuh"
#include "../core/range.cuh"
#include "../core/threshold.cuh"
#include "../core/types.cuh"
#include "../core/warp.cuh"
#include "../ptx/cluster.cuh"
#include "../ptx/dependent_launch.cuh"
#include "../ptx/exchange.cuh"
#include "../row/cluster_reader.cuh"
#include "../row/row.cuh"
#include "../sink/direct.cuh"

template <class Config>
struct ClusterRadix {
    using Ordinal = typename Config::Ordinal;
    using Key = typename Ordinal::Key;
    using Wide = typename Ordinal::Wide;
    using Stored = typename Ordinal::Stored;
    using Bits = typename Config::Source::Score::Bits;
    using Sink = DirectSink<Config>;
    using Reader = ClusterReader<Config>;
    using Found = ClusterThresholdBin;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 BINS = Config::BINS;
    static constexpr u32 CLUSTER = Config::CLUSTER;
    static constexpr u32 DIGIT_BITS = Config::DIGIT_BITS;
    using Search = ClusterThresholdSearch<THREADS, BINS, CLUSTER, true>;
    using Active = ActiveRange<Wide, DIGIT_BITS>;

    // What the CTAs send each other by. They come first in the shared memory, and stay when a row is sorted.
    using Exchanges = typename Search::Exchanges;
    using Team = BlockTeam<THREADS, sizeof(Exchanges)>;

    // Scores of the sample: enough that a few hundredths of the row are in the range of keys that it tells. A row
    // that is not much longer is counted whole.
    static constexpr u32 SAMPLED = 4;  // of a thread
    static constexpr u32 SAMPLE = SAMPLED * THREADS;
    static constexpr u32 SAMPLED_FROM = 4 * SAMPLE;

    static_assert(BINS == 1u << DIGIT_BITS, "a histogram has one bin for each value of a digit");
    static_assert(!Ordinal::IN_COLUMN_ORDER || Ordinal::USES_COLUMN, "a tie rule is in the keys");

    // The shared memory but for the candidates, which have the room that is left.
    struct Counts {
        Exchanges exchanges;
        Histogram<BINS> histogram;
        Search search;
        ThresholdSearch<THREADS> sample;
        u32 winners;     // of this pass, in this CTA
        u32 candidates;  // likewise
    };
    static constexpr u32 MOST_BYTES = 48 * 1024;  // every GPU grants them to a CTA
    static constexpr u32 ROOM = (MOST_BYTES - sizeof(Counts)) / (sizeof(Stored) + sizeof(u32)) / 32 * 32;
    static constexpr u32 CANDIDATES = ROOM < Config::CANDIDATES ? ROOM : Config::CANDIDATES;

    struct Shared : Counts {
        Stored keys[CANDIDATES];
        u32 columns[CANDIDATES];
    };
    static_assert(sizeof(Shared) <= MOST_BYTES, "every GPU grants a CTA 48 KB of shared memory");

    // The range of keys of the first pass. Its keys have the bins from 1 on, the keys below it bin 0, and the keys
    // above it the last bin.
    struct First {
        ActiveRange<Wide, DIGIT_BITS - 1> range;
        Wide greatest;  // of all keys

        __device__ __forceinline__ u32 bin(Wide key) const { return range.digit(key) + 1; }

        // The keys of a bin.
        __device__ __forceinline__ Active narrowed_to(u32 bin) const {
            if (bin == 0) {
                return Active::between(0, range.least - 1);
            }
            if (bin == BINS - 1) {
                return Active::between(range.greatest + 1, greatest);
            }
            const auto inside = range.narrowed_to(bin - 1);
            return Active::between(inside.least, inside.greatest);
        }
    };

    static __device__ __forceinline__ void select(const LaunchArgs& args, Shared& shared) {
        const u32 index = blockIdx.x / CLUSTER;
        const u32 rank = cluster_rank();
        // Clear the histogram and prepare the exchanges while the preceding grid ends (PDL).
        shared.histogram.template clear<THREADS>();
        if (threadIdx.x == 0) {
            shared.exchanges.prepare();
        }
        wait_for_preceding_grid();
        // Find the row. One with no more than k scores is written whole.
        const Row<Config> row = find_row<Config>(args, index);
        const u32 k = find_k<Config>(args, index);
        const Sink sink = {args, index};
        if (row.length <= k) {
            take_share(sink, row, k, rank);
            finish(sink, shared, rank);
            return;
        }
        // Guess the range of keys that holds the last winner. The barrier of the cluster makes sure that every
        // exchange is prepared.
        cluster_arrive_relaxed();
        const Reader reader(row, rank);
        __syncthreads();
        const First first = guess(shared, row, k);
        cluster_wait();
        // Count the keys of this CTA's part.
        count(shared, reader, first);
        launch_dependents();
        __syncthreads();

        u32 wanted = k;      // winners not yet written
        u32 kept = 0;        // candidates in shared memory
        bool keeps = false;  // all candidates of this CTA are there
        Active active = {0, first.greatest, 0};  // of the candidates
        for (u32 pass = 0;; ++pass) {
            if (threadIdx.x == 0) {
                shared.winners = 0;
                shared.candidates = 0;
            }
            // Find the threshold bin of all CTAs: the keys above it win.
            const Found found = shared.search.find(shared.exchanges, shared.histogram, wanted, rank, pass);
            const u32 bin = found.bin.bin;
            const u32 own = shared.histogram.counts[bin];
            const Active next =
                within_row<Ordinal>(pass == 0 ? first.narrowed_to(bin) : active.narrowed_to(bin), row.length);
            // The places of this CTA follow the places of the CTAs of lower rank.
            const u32 first_winner = k - wanted + found.before_above;
            wanted -= found.bin.above;
            // The search is over if every candidate wins, or all of them are equal. Else count the next digit, and
            // keep the candidates in shared memory if they fit.
            const bool settled = found.bin.inside == wanted || next.least == next.greatest;
            const bool keep = !settled && !keeps && own <= CANDIDATES;
            if (!settled) {
                __syncthreads();
                shared.histogram.template clear<THREADS>();
                __syncthreads();
            }
            // Write the winners. Of the candidates, write as many as are wanted, or count them.
            const auto split = [&](u32 above, u32 inside, auto column_of, auto key_of) {
                for_each_bit(above, shared.winners, [&](u32 place, u32 bit) {
                    sink.put(first_winner + place, column_of(bit), [&] { return key_of(bit); });
                });
                for_each_bit(inside, shared.candidates, [&](u32 place, u32 bit) {
                    if (settled) {
                        const u32 tie = found.before_inside + place;
                        if (tie < wanted) {
                            sink.put(k - wanted + tie, column_of(bit), [&] { return key_of(bit); });
                        }
                        return;
                    }
                    const Key key = key_of(bit);
                    shared.histogram.add(next.digit(key));
                    if (keep) {
                        shared.keys[place] = Ordinal::stored(key);
                        shared.columns[place] = column_of(bit);
                    }
                });
            };
            if (keeps) {
                split_kept(shared, kept, next, active.greatest, split);
            } else {
                reader.for_each_batch(next.least, next.greatest, active.greatest,
                                      [&](u32 above, u32 inside, auto column_of) {
                    split(above, inside, column_of, [&](u32 bit) { return row.key_at(column_of(bit)); });
                });
            }
            if (settled) {
                finish(sink, shared, rank);
                return;
            }
            __syncthreads();
            if (keep) {
                kept = own;
                keeps = true;
            }
            active = next;
        }
    }

   private:
    // Writes this CTA's share of a row with no more scores than winners, and of the places that are left.
    static __device__ __forceinline__ void take_share(const Sink& sink, const Row<Config>& row, u32 k, u32 rank) {
#pragma unroll 1
        for (u32 slot = rank * THREADS + threadIdx.x; slot < k; slot += CLUSTER * THREADS) {
            if (slot < row.length) {
                sink.put(slot, slot, [&row, slot] { return row.key_at(slot); });
            } else {
                sink.fill(slot);
            }
        }
    }

    // Ends the row in the leader CTA, once all winners are written if they are sorted.
    static __device__ __forceinline__ void finish(const Sink& sink, Shared& shared, u32 rank) {
        if constexpr (Config::Output::SORTS) {
            cluster_arrive();
            cluster_wait();
        }
        if (rank == 0) {
            sink.finish(Team::of(shared));
        }
    }

    // The range of keys that holds the last winner, if the sample is like the row: the same in all CTAs, which
    // read the same scores. Leaves the histogram clear, with a barrier after it.
    static __device__ __forceinline__ First guess(Shared& shared, const Row<Config>& row, u32 k) {
        const Active whole = Active::between(0, Ordinal::greatest_of(Bits(~Bits(0))));
        Wide least = whole.least;
        Wide greatest = whole.greatest;
        if (row.length >= SAMPLED_FROM) {
            // A thread reads scores of equal parts of the row, each at a place of its own in its part.
            const u32 part = row.length / SAMPLE;
#pragma unroll
            for (u32 i = 0; i < SAMPLED; ++i) {
                const u32 number = i * THREADS + threadIdx.x;
                const u32 column = number * part + u32(u64(number * 2654435769u) * part >> 32);
                shared.histogram.add(whole.digit(row.key_at(column)));
            }
            __syncthreads();
            // As many of the sample win as of the row, but for four times the standard deviation.
            const float expected = float(k) * (float(SAMPLE) / float(row.length));
            const float variance = expected * (1.0f - expected / float(SAMPLE));
            const float margin = 4.0f * sqrtf(max(variance, 0.0f)) + 4.0f;
            const float fewest = expected - margin;
            const float most = expected + margin;
            if (fewest >= 1.0f) {
                greatest = whole.narrowed_to(shared.sample.find(shared.histogram, u32(fewest)).bin).greatest;
            }
            if (most < float(SAMPLE)) {
                least = whole.narrowed_to(shared.sample.find(shared.histogram, u32(most)).bin).least;
            }
            shared.histogram.template clear<THREADS>();
            __syncthreads();
        }
        return {ActiveRange<Wide, DIGIT_BITS - 1>::between(least, greatest), whole.greatest};
    }

    // Counts the keys of this CTA's part by their bins of the first pass.
    static __device__ __forceinline__ void count(Shared& shared, const Reader& reader, const First& first) {
        const Wide least = first.range.least;
        const Wide span = first.range.greatest - least;
        u32 above = 0;
        u32 below = 0;
        reader.for_each([&](Wide key) {
            if (key - least <= span) {
                shared.histogram.add(first.bin(key));
            } else if (key < least) {
                below += 1;
            } else {
                above += 1;
            }
        });
        above = warp_sum(above);
        below = warp_sum(below);
        if (threadIdx.x % WARP_SIZE == 0) {
            atomicAdd(&shared.histogram.counts[BINS - 1], above);
            atomicAdd(&shared.histogram.counts[0], below);
        }
    }

    // Splits the candidates in shared memory.
    template <class Split>
    static __device__ __forceinline__ void split_kept(Shared& shared, u32 kept, const Active& next, Wide greatest,
                                                      Split split) {
        for (u32 base = 0; base < kept; base += THREADS) {
            const u32 slot = base + threadIdx.x;
            u32 column = 0;
            Key key = 0;
            u32 hit = 0;
            u32 over = 0;
            if (slot < kept) {
                column = shared.columns[slot];
                key = Ordinal::restored(shared.keys[slot], column);
                hit = next.least <= key && key <= greatest;
                over = key > next.greatest;
            }
            split(hit & over, hit & ~over, [column](u32) { return column; }, [key](u32) { return key; });
        }
    }

    // Calls visit(place, bit) for every bit of a warp's words, with places that `counter` hands out. Neighbouring
    // lanes have neighbouring places, so that they write them together.
    template <class Visit>
    static __device__ __forceinline__ void for_each_bit(u32 bits, u32& counter, Visit visit) {
        const u32 all = warp_sum(__popc(bits));
        if (all == 0) {
            return;
        }
        const u32 lane = threadIdx.x % WARP_SIZE;
        u32 place = 0;
        if (lane == 0) {
            place = atomicAdd(&counter, all);
        }
        place = __shfl_sync(FULL_MASK, place, 0);
        while (true) {
            const u32 lanes = __ballot_sync(FULL_MASK, bits != 0);
            if (lanes == 0) {
                return;
            }
            if (bits != 0) {
                visit(place + __popc(lanes & ((1u << lane) - 1)), __ffs(bits) - 1);
                bits &= bits - 1;
            }
            place += __popc(lanes);
        }
    }
};

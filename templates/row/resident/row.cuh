// A row, or a CTA's part of a row, in registers, rounded to fp16. It is loaded once, and then counted and
// compared in registers.
//
// Scope: block (each thread holds its share). Shared memory: none. Barriers: none.
// Preconditions: a CTA's part has at most THREADS * ITEMS scores; the row is aligned to its element;
// blockDim.x == Config::THREADS; no thread writes the row while it is read. A vector is 16 bytes.
// The first CTA of the row holds the scores before the first aligned vector and after the last whole one,
// one a thread. The CTAs of a cluster take chunks of CHUNK vectors in turn, so that winners that are side
// by side are spread over the CTAs.
#pragma once
#include "../../core/types.cuh"
#include "../../score/code.cuh"
#include "../vectors.cuh"
#include "../words.cuh"

// The word at a place, known only at run time, of an array in registers. Registers cannot be indexed, so
// this is a tree of selections.
template <u32 N>
__device__ __forceinline__ u32 pick(const u32 (&words)[N], u32 place) {
    static_assert((N & (N - 1)) == 0, "a tree of selections has a power of two of leaves");
    if constexpr (N == 1) {
        return words[0];
    } else {
        u32 halved[N / 2];
#pragma unroll
        for (u32 i = 0; i < N / 2; ++i) {
            halved[i] = place & 1 ? words[2 * i + 1] : words[2 * i];
        }
        return pick(halved, place >> 1);
    }
}

// The rank of a CTA in its cluster. Without a cluster it is a constant and takes no register.
template <u32 CLUSTER>
struct ClusterShare {
    u32 rank;
};
template <>
struct ClusterShare<1> {
    static constexpr u32 rank = 0;
    ClusterShare() = default;
    __device__ __forceinline__ explicit ClusterShare(u32) {}
};

// Where the scores of a thread stand in the row.
template <class Config>
struct ResidentPlaces : ClusterShare<Config::CLUSTER>,
                        RowVectors<Config, 16> {
    using Element = typename Config::Source::Element;
    using Word = ScoreWord<Config>;
    using Words = RowWords<Config>;
    static constexpr u32 THREADS = Config::THREADS;
    static constexpr u32 VEC_SIZE = Config::VEC_SIZE;
    static constexpr u32 VECTORS = Config::ITEMS / VEC_SIZE;
    static constexpr u32 VECTOR_PAIRS = VEC_SIZE / 2;
    static constexpr u32 PAIRS = VECTORS * VECTOR_PAIRS;
    static constexpr u32 WORDS = (PAIRS + 15) / 16;  // words of hits: 16 pairs each
    static constexpr u32 STRIDE = THREADS * Config::CLUSTER;  // vectors
    static_assert(VEC_SIZE * sizeof(Element) == 16, "a resident row is loaded 16 bytes at a time");
    static_assert(Config::ITEMS % VEC_SIZE == 0, "a thread holds whole vectors");

    using Vectors = RowVectors<Config, 16>;
    using Vectors::edge_column;
    using Vectors::elements;
    using Vectors::head;
    using Vectors::key;
    using Vectors::key_at;
    using Vectors::length;
    using Vectors::vectors;

    // One bit for each score of the thread. For pair p, bit p % 16 of word p / 16 is the low half, and bit
    // p % 16 + 16 is the high half.
    struct Hits {
        u32 words[WORDS];
        u32 edge;  // 1 if the score before or after the vectors is a hit

        __device__ __forceinline__ void add(u32 word, u32 bit) {
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                words[w] |= w == word ? bit : 0;
            }
            edge |= word == WORDS;
        }

        __device__ __forceinline__ void add(const Hits& others) {
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                words[w] |= others.words[w];
            }
            edge |= others.edge;
        }

        __device__ __forceinline__ void remove(const Hits& others) {
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                words[w] &= ~others.words[w];
            }
            edge &= ~others.edge;
        }

        __device__ __forceinline__ u32 count() const {
            u32 hits = edge;
#pragma unroll
            for (u32 w = 0; w < WORDS; ++w) {
                hits += __popc(words[w]);
            }
            return hits;
        }
    };

    ResidentPlaces() = default;
    __device__ __forceinline__ ResidentPlaces(const Row<Config>& row, u32 rank)
        : ClusterShare<Config::CLUSTER>{rank}, Vectors(row) {}

    // Calls visit(column) once for every hit.
    template <class Visit>
    __device__ __forceinline__ void for_each_column(const Hits& hits, Visit visit) const {
#pragma unroll
        for (u32 w = 0; w < WORDS; ++w) {
            for (u32 rest = hits.words[w]; rest != 0; rest &= rest - 1) {
                visit(column_of(w, __ffs(rest) - 1));
            }
        }
        if (hits.edge != 0) {
            visit(edge_column());
        }
    }

    // Calls visit(column) once for every hit, without a loop: in as much time for many hits as for few.
    template <class Visit>
    __device__ __forceinline__ void for_each_of_many(const Hits& hits, Visit visit) const {
#pragma unroll
        for (u32 p = 0; p < PAIRS; ++p) {
#pragma unroll
            for (u32 second = 0; second < 2; ++second) {
                if (hits.words[p / 16] & 1u << (p % 16 + 16 * second)) {
                    visit(column(p / VECTOR_PAIRS, p % VECTOR_PAIRS * 2 + second));
                }
            }
        }
        if (hits.edge != 0) {
            visit(edge_column());
        }
    }

    // Calls visit(key, word, bit) once for every hit, with the place of its bit. Vectors that hold a hit
    // are loaded again, two at once: with many hits, single loads would wait for each other.
    template <class Visit>
    __device__ __forceinline__ void for_each_key(const Hits& hits, Visit visit) const {
        constexpr u32 CHUNK = VECTORS < 2 ? VECTORS : 2;
        constexpr u32 CHUNK_PAIRS = CHUNK * VECTOR_PAIRS;
        static_assert(16 % CHUNK_PAIRS == 0, "the hits of a chunk are in one word");
#pragma unroll 1
        for (u32 chunk = 0; chunk < VECTORS / CHUNK; ++chunk) {
            const u32 word = chunk * CHUNK_PAIRS / 16;
            const u32 shift = chunk * CHUNK_PAIRS % 16;
            constexpr u32 OF_A_CHUNK = ((1u << (CHUNK_PAIRS - 1) << 1) - 1) * 0x00010001u;
            const u32 here = pick(hits.words, word) >> shift & OF_A_CHUNK;
            if (here == 0) {
                continue;
            }
            u32 loaded[CHUNK * Words::VECTOR];
#pragma unroll
            for (u32 v = 0; v < CHUNK; ++v) {
                if (holds(chunk * CHUNK + v)) {
                    load_vector(chunk * CHUNK + v, v, loaded);
                }
            }
#pragma unroll
            for (u32 item = 0; item < CHUNK_PAIRS * 2; ++item) {
                const u32 bit = 1u << (item / 2 + 16 * (item % 2));
                if (here & bit) {
                    const u32 at = column(chunk * CHUNK + item / VEC_SIZE, item % VEC_SIZE);
                    visit(key(Word::score_of(loaded, item), at), word, bit << shift);
                }
            }
        }
        if (hits.edge != 0) {
            visit(key_at(edge_column()), WORDS, 1u);
        }
    }

    // Loads the scores of a vector of this thread to the words of vector `to`.
    template <u32 N>
    __device__ __forceinline__ void load_vector(u32 v, u32 to, u32 (&words)[N]) const {
        const u32 at = column(v, 0);
        const uint4 vector = __ldg(reinterpret_cast<const uint4*>(elements + at));
        Words::make(*this, vector, at, words, Words::VECTOR * to);
    }

    __device__ __forceinline__ bool holds(u32 v) const {
        return first() + v * STRIDE < vectors;
    }

    __device__ __forceinline__ u32 column(u32 v, u32 item) const {
        return head + (first() + v * STRIDE) * VEC_SIZE + item;
    }

    // The column of the hit that is bit `bit` of word `w`.
    __device__ __forceinline__ u32 column_of(u32 w, u32 bit) const {
        const u32 pair = w * 16 + bit % 16;
        return column(pair / VECTOR_PAIRS, pair % VECTOR_PAIRS * 2 + bit / 16);
    }

    // The first vector of this thread.
    __device__ __forceinline__ u32 first() const {
        constexpr u32 CHUNK = Config::CHUNK;
        if constexpr (Config::CLUSTER == 1) {
            return threadIdx.x;
        } else {
            const u32 chunk = threadIdx.x / CHUNK * Config::CLUSTER + this->rank;
            return chunk * CHUNK + threadIdx.x % CHUNK;
        }
    }

    __device__ __forceinline__ bool holds_edge() const {
        return this->rank == 0 && edge_column() < length;
    }
};

// The scores of a thread, rounded, in registers.
template <class Config>
struct ResidentRow {
    using Score = typename Config::Source::Score;
    using Codes = ScoreCodes<Score>;
    using Bits = typename Score::Bits;
    using Key = typename Config::Ordinal::Key;
    using Word = ScoreWord<Config>;
    using Places = ResidentPlaces<Config>;
    using Hits = typename Places::Hits;
    static constexpr u32 VECTORS = Places::VECTORS;
    static constexpr u32 VECTOR_PAIRS = Places::VECTOR_PAIRS;
    using Words = typename Places::Words;
    static constexpr u32 WORDS = VECTORS * Words::VECTOR;
    // Whether the scores as loaded stay in registers too. If registers are to spare, this saves 0.25 us of
    // loading scores again for their keys (1 x 8192, H200). With small CTAs, it would let fewer of them
    // share an SM.
    static constexpr bool KEEPS_SCORES = Config::CLUSTER > 1      ? WORDS <= 32
                                         : Config::THREADS == 512 ? true
                                                                  : Config::THREADS > 512 && WORDS <= 16;

    Places places;
    u32 words[WORDS];
    u32 pairs[Places::PAIRS];  // -inf where the thread holds no score
    u32 edge;                  // a score before or after the vectors, in the low half

    __device__ __forceinline__ ResidentRow(const Row<Config>& row, u32 rank) : ResidentRow(Places(row, rank)) {}

    __device__ __forceinline__ explicit ResidentRow(const Places& own) : places(own) {
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            Words::clear(words, Words::VECTOR * v);
            if (places.holds(v)) {
                places.load_vector(v, v, words);
            }
        }
        edge = rounded(Word::WORST_BITS, 0);
        if (places.holds_edge()) {
            const u32 at = places.edge_column();
            edge = rounded(Words::score(own, __ldg(own.elements + at), at), 0);
        }
#pragma unroll
        for (u32 p = 0; p < Places::PAIRS; ++p) {
            pairs[p] = rounded(Word::word_of(words, 2 * p), Word::word_of(words, 2 * p + 1));
        }
    }

    // Calls visit(key, column) once for every hit. Expects few hits.
    template <class Visit>
    __device__ __forceinline__ void for_each_hit(const Hits& hits, Visit visit) const {
#pragma unroll
        for (u32 w = 0; w < Places::WORDS; ++w) {
            for (u32 rest = hits.words[w]; rest != 0; rest &= rest - 1) {
                const u32 bit = __ffs(rest) - 1;
                const u32 at = places.column_of(w, bit);
                visit(KEEPS_SCORES ? places.key(score(w * 16 + bit % 16, bit / 16), at) : places.key_at(at), at);
            }
        }
        if (hits.edge != 0) {
            visit(places.key_at(places.edge_column()), places.edge_column());
        }
    }

    // Calls visit(key, word, bit) once for every hit, with the place of its bit. Expects many hits: tests
    // the scores one by one, in registers if they are there.
    template <class Visit>
    __device__ __forceinline__ void for_each_key(const Hits& hits, Visit visit) const {
        if constexpr (!KEEPS_SCORES) {
            places.for_each_key(hits, visit);
        } else {
#pragma unroll
            for (u32 p = 0; p < Places::PAIRS; ++p) {
#pragma unroll
                for (u32 second = 0; second < 2; ++second) {
                    const u32 bit = 1u << (p % 16 + 16 * second);
                    if (hits.words[p / 16] & bit) {
                        visit(key_of(p, second), p / 16, bit);
                    }
                }
            }
            if (hits.edge != 0) {
                visit(places.key_at(places.edge_column()), Places::WORDS, 1u);
            }
        }
    }

    // Calls visit(code) once for every score: 16 bits, greater for a better score.
    template <class Visit>
    __device__ __forceinline__ void for_each_code(Visit visit) const {
#pragma unroll
        for (u32 v = 0; v < VECTORS; ++v) {
            if (places.holds(v)) {
#pragma unroll
                for (u32 p = 0; p < VECTOR_PAIRS; ++p) {
                    const u32 codes = half_codes(pairs[v * VECTOR_PAIRS + p]);
                    visit(codes & 0xFFFFu);
                    visit(codes >> 16);
                }
            }
        }
        if (places.holds_edge()) {
            visit(half_codes(edge) & 0xFFFFu);
        }
    }

    // Calls visit(code) once for every hit. Expects many hits.
    template <class Visit>
    __device__ __forceinline__ void for_each_code_of(const Hits& hits, Visit visit) const {
#pragma unroll
        for (u32 p = 0; p < Places::PAIRS; ++p) {
            const u32 codes = half_codes(pairs[p]);
            if (hits.words[p / 16] & 1u << p % 16) {
                visit(codes & 0xFFFFu);
            }
            if (hits.words[p / 16] & 0x10000u << p % 16) {
                visit(codes >> 16);
            }
        }
        if (hits.edge != 0) {
            visit(half_codes(edge) & 0xFFFFu);
        }
    }

    // The scores that are at least `half`.
    __device__ __forceinline__ Hits at_least(u32 half) const {
        const u32 threshold = half_twice(half);
        Hits hits = {};
#pragma unroll
        for (u32 p = 0; p < Places::PAIRS; ++p) {
            hits.words[p / 16] |= half_at_least(pairs[p], threshold) & (0x00010001u << p % 16);
        }
        hits.edge = half_at_least(edge, threshold) & 1u;
        // A missing score counts as -inf, so drop missing scores if -inf is a hit.
        if (half == HALF_NEGATIVE_INFINITY) {
            drop_absent(hits);
        }
        return hits;
    }

    // The scores in the bin of codes from `first` to before `next`, and the scores above the bin. A code
    // beyond an infinity is a NaN, and no score is at least NaN.
    __device__ __forceinline__ void split_at(u32 first, u32 next, Hits& inside, Hits& above) const {
        inside = at_least(half_of_code(max(first, HALF_CODE_NEGATIVE_INFINITY)));
        above = at_least(next <= HALF_CODE_INFINITY ? half_of_code(next) : HALF_NAN);
        inside.remove(above);
    }

   private:
    // The key of one score of a pair. Precondition: both operands are known at compile time.
    __device__ __forceinline__ Key key_of(u32 pair, u32 second) const {
        const u32 at = places.column(pair / VECTOR_PAIRS, pair % VECTOR_PAIRS * 2 + second);
        return places.key(Word::score_of(words, pair * 2 + second), at);
    }

    // One score of a pair, as it was loaded.
    __device__ __forceinline__ Bits score(u32 pair, u32 second) const {
        if constexpr (Word::SCORES == 1) {
            return pick(words, pair * 2 + second);
        } else {
            return Bits(pick(words, pair) >> (second * 16));
        }
    }

    __device__ __forceinline__ void drop_absent(Hits& hits) const {
#pragma unroll
        for (u32 p = 0; p < Places::PAIRS; ++p) {
            if (!places.holds(p / VECTOR_PAIRS)) {
                hits.words[p / 16] &= ~(0x00010001u << p % 16);
            }
        }
        if (!places.holds_edge()) {
            hits.edge = 0;
        }
    }

    // Two scores as halves that are greater for the better.
    static __device__ __forceinline__ u32 rounded(u32 first, u32 second) {
        u32 pair = rounded_scores(Score{}, first, second);
        if constexpr (!Config::LARGEST) {
            pair ^= HALF_SIGNS;
        }
        return half_unsigned_zeros(half_without_nan<Word::NAN_WINS>(pair));
    }
};

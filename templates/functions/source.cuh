// A source with a selector's own functions: they tell the columns of a row, the elements that may win, and the scores.
//
// `Stages` is generated; each of its functions that is not there leaves what it would tell to `Base`. A score of its
// own is an f32, made of the element as a number.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: the rows of the launch are fewer than 2^31.
#pragma once
#include "../core/types.cuh"
#include "../ptx/grid_constant.cuh"
#include "../score/source.cuh"
#include "values.cuh"

// An element as a number.
template <class Dtype> struct Number;
template <> struct Number<F32> {
    static __device__ __forceinline__ float of(u32 bits) { return __uint_as_float(bits); }
};
template <> struct Number<Bf16> {
    static __device__ __forceinline__ float of(u16 bits) { return rust::to_f32(rust::bf16{bits}); }
};
template <> struct Number<F16> {
    static __device__ __forceinline__ float of(u16 bits) { return rust::to_f32(rust::f16{bits}); }
};

// One of two types.
template <bool FIRST, class A, class B> struct Either { using Type = A; };
template <class A, class B> struct Either<false, A, B> { using Type = B; };

template <class Base, class Dtype, class Args, class Stages>
struct OwnSource : Base {
    using Element = typename Base::Element;
    using Score = typename Either<Stages::SCORES, F32, typename Base::Score>::Type;
    static constexpr bool IDENTITY = !Stages::SCORES && Base::IDENTITY;
    static constexpr bool DROPS = Stages::KEEPS || Base::DROPS;

    const Args* args;
    i32 own_row;

    OwnSource() = default;
    __device__ __forceinline__ OwnSource(const LaunchArgs& args, u32 row)
        : Base(args, row), args(&of_grid(reinterpret_cast<const Args&>(args))), own_row(i32(row)) {}

    // Without a length of its own, a row that starts elsewhere ends with the matrix.
    static __device__ __forceinline__ RowSpan row(const LaunchArgs& launch, u32 row) {
        if constexpr (Stages::STARTS || Stages::ENDS) {
            const Args& args = reinterpret_cast<const Args&>(launch);
            const RowSpan given = Base::row(launch, row);
            i32 start = given.start;
            i32 length = given.length;
            if constexpr (Stages::STARTS) {
                start = Stages::row_start(args, i32(row));
                length = launch.columns;
            }
            if constexpr (Stages::ENDS) {
                length = Stages::row_len(args, i32(row));
            }
            return RowSpan::of(launch, start, length);
        } else {
            return Base::row(launch, row);
        }
    }

    __device__ __forceinline__ typename Score::Bits score(Element element, u32 column) const {
        if constexpr (Stages::SCORES) {
            return __float_as_uint(Stages::score(*args, Number<Dtype>::of(element), own_row, i32(column)));
        } else {
            return Base::score(element, column);
        }
    }

    __device__ __forceinline__ bool keep(u32 column) const {
        if constexpr (Stages::KEEPS) {
            return Stages::keep(*args, own_row, i32(column)) && Base::keep(column);
        } else {
            return Base::keep(column);
        }
    }
};

// Dtypes whose scores are widened as they are loaded: one traits block for each, and their source.
//
// A wider score keeps the order of the narrow ones: a greater number is a greater score, equal numbers are
// equal scores, and NaN is NaN. It need not be the same number, so bits are moved where that is enough. Every
// kernel then compares, rounds and ranks the wider scores. Outputs of stored scores take the elements.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; every bit pattern has a score.
#pragma once
#include "../core/types.cuh"
#include "dtypes.cuh"
#include "source.cuh"

// 8 bits as an fp16 number: of its mantissa the upper four bits, at most, are used.
struct Byte : F16 {
    static constexpr u32 MANTISSA_BITS = 4;
};

// Integers from -128 to 127, as 256 numbers from +0 on.
struct I8 {
    using Bits = u8;
    using Score = Byte;
    static constexpr Bits LEAST = 0x80u;
    static constexpr Bits GREATEST = 0x7Fu;
    static __device__ __forceinline__ u16 widen(u8 bits) { return u16((bits ^ 0x80u) << 6); }
};

struct U8 {
    using Bits = u8;
    using Score = Byte;
    static constexpr Bits LEAST = 0;
    static constexpr Bits GREATEST = 0xFFu;
    static __device__ __forceinline__ u16 widen(u8 bits) { return u16(bits << 6); }
};

// Every integer of 16 bits is a float.
struct I16 {
    using Bits = u16;
    using Score = F32;
    static constexpr Bits LEAST = 0x8000u;
    static constexpr Bits GREATEST = 0x7FFFu;
    static __device__ __forceinline__ u32 widen(u16 bits) {
        return __float_as_uint(float(i32(u32(bits) << 16) >> 16));
    }
};

// 4 exponent bits, and no infinity: only the greatest magnitude is NaN. The number becomes 2^-8 of itself.
struct F8E4m3 {
    using Bits = u8;
    using Score = Byte;
    static constexpr Bits LEAST = 0xFEu;  // -448
    static constexpr Bits GREATEST = 0x7Eu;
    static __device__ __forceinline__ u16 widen(u8 bits) {
        const u32 magnitude = bits & 0x7Fu;
        return u16((bits & 0x80u) << 8 | (magnitude == 0x7Fu ? 0x7FFFu : magnitude << 7));
    }
};

// The upper half of an fp16 number.
struct F8E5m2 {
    using Bits = u8;
    using Score = Byte;
    static constexpr Bits LEAST = 0xFCu;
    static constexpr Bits GREATEST = 0x7Cu;
    static __device__ __forceinline__ u16 widen(u8 bits) { return u16(bits << 8); }
};

// The scores are the elements, widened.
template <class Dtype, bool RAGGED>
struct WidenedSource : PlainSource<Dtype, RAGGED> {
    using Element = typename Dtype::Bits;
    using Score = typename Dtype::Score;
    static constexpr bool IDENTITY = false;

    WidenedSource() = default;
    __device__ __forceinline__ WidenedSource(const LaunchArgs& args, u32 row)
        : PlainSource<Dtype, RAGGED>(args, row) {}

    __device__ __forceinline__ typename Score::Bits score(Element element, u32) const {
        return Dtype::widen(element);
    }
};

template <class Dtype>
struct KnowsRow<WidenedSource<Dtype, false>> {
    static constexpr bool VALUE = true;
};

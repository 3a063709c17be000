// Ordered keys: unsigned integers that compare as the scores do.
//
// Scope: thread. Shared memory: none. Barriers: none. Preconditions: none; every bit pattern has a key.
#pragma once
#include "dtypes.cuh"

// The key of a score: greater scores have greater keys, -0 and +0 share one, and every NaN of
// either sign has the greatest key or the least. No finite or infinite score has those two keys.
template <class Dtype, bool NAN_HIGHEST>
__device__ __forceinline__ typename Dtype::Bits ordered_key(typename Dtype::Bits bits) {
    using Bits = typename Dtype::Bits;
    const Bits magnitude = bits & static_cast<Bits>(~Dtype::SIGN);
    if (magnitude > Dtype::INFINITE) {
        return NAN_HIGHEST ? static_cast<Bits>(~Bits(0)) : Bits(0);
    }
    if (magnitude == 0) {
        return Dtype::SIGN;
    }
    return (bits & Dtype::SIGN) ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | Dtype::SIGN);
}

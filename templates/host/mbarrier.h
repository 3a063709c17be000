// mbarriers and the asynchronous copies that complete on them: the host bodies of device intrinsics.
#pragma once
#include "language.h"

namespace topkit {

using Mbarrier = unsigned long long;

TOPKIT_HOOK inline void mbarrier_init(Mbarrier* at, unsigned arrivals) {
    topkit_call(MBARRIER_INIT, TOPKIT_LINE, reinterpret_cast<Word>(at), arrivals, 0, 0, 0);
}
// fence.mbarrier_init; taken for a whole fence.
TOPKIT_HOOK inline void fence_mbarrier_init() {
    topkit_call(FENCE, TOPKIT_LINE, CLUSTER, 0, 0, 0, 0);
}
// No template uses mbarrier_arrive, mbarrier_expect_tx, mbarrier_test_wait_parity or bulk_copy yet;
// the interpreter's own tests do.
TOPKIT_HOOK inline void mbarrier_arrive(Mbarrier* at, unsigned arrivals = 1) {
    topkit_call(MBARRIER_ARRIVE, TOPKIT_LINE, reinterpret_cast<Word>(at), arrivals, 0, 0, 0);
}
TOPKIT_HOOK inline void mbarrier_arrive_expect_tx(Mbarrier* at, unsigned bytes) {
    topkit_call(MBARRIER_ARRIVE, TOPKIT_LINE, reinterpret_cast<Word>(at), 1, bytes, 0, 0);
}
TOPKIT_HOOK inline void mbarrier_expect_tx(Mbarrier* at, unsigned bytes) {
    topkit_call(MBARRIER_EXPECT, TOPKIT_LINE, reinterpret_cast<Word>(at), bytes, 0, 0, 0);
}
// Waits until the phase of that parity has ended.
TOPKIT_HOOK inline void mbarrier_wait_parity(Mbarrier* at, unsigned parity) {
    topkit_call(MBARRIER_WAIT, TOPKIT_LINE, reinterpret_cast<Word>(at), parity, 0, 0, 0);
}
TOPKIT_HOOK inline bool mbarrier_test_wait_parity(Mbarrier* at, unsigned parity) {
    return topkit_call(MBARRIER_TEST, TOPKIT_LINE, reinterpret_cast<Word>(at), parity, 0, 0, 0);
}

// cp.async.bulk from global to shared memory; addresses and bytes are multiples of 16.
TOPKIT_HOOK inline void bulk_copy(void* to, const void* from, unsigned bytes, Mbarrier* done) {
    topkit_call(BULK_COPY, TOPKIT_LINE, reinterpret_cast<Word>(to), reinterpret_cast<Word>(from),
                bytes, reinterpret_cast<Word>(done), 0);
}
// st.async of 4 or 8 bytes into the shared memory of a CTA of the cluster.
template <class T>
TOPKIT_HOOK void store_async(T* to, typename Given<T>::Type value, Mbarrier* done) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8, "st.async stores 4 or 8 bytes");
    Word word = 0;
    __builtin_memcpy(&word, &value, sizeof value);
    topkit_call(STORE_ASYNC, TOPKIT_LINE, reinterpret_cast<Word>(to), word, sizeof(T),
                reinterpret_cast<Word>(done), 0);
}

}  // namespace topkit

// Copies that a thread waits for by itself: the host bodies of device intrinsics.
#pragma once
#include "language.h"

namespace topkit {

// cp.async of 16 bytes from global to shared memory.
template <class T> TOPKIT_HOOK void copy_async(T* to, const T* from) {
    static_assert(sizeof(T) == 16, "cp.async copies 16 bytes");
    topkit_call(COPY_ASYNC, TOPKIT_LINE, reinterpret_cast<Word>(to), reinterpret_cast<Word>(from), 0,
                0, 0);
}
TOPKIT_HOOK inline void copy_async_commit() {
    topkit_call(COPY_COMMIT, TOPKIT_LINE, 0, 0, 0, 0, 0);
}
// cp.async.wait_group: for all groups but the last `groups`.
TOPKIT_HOOK inline void copy_async_wait_but_last(unsigned groups) {
    topkit_call(COPY_WAIT, TOPKIT_LINE, groups, 0, 0, 0, 0);
}

}  // namespace topkit

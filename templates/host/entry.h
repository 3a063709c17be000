// The way into a kernel: its one argument, by address.
#pragma once
#include "hooks.h"

namespace topkit {

template <class Args> constexpr unsigned long args_bytes(void (*)(Args)) { return sizeof(Args); }

template <class Args>
__attribute__((noinline, no_sanitize("thread", "undefined"))) void enter(void (*kernel)(Args),
                                                                          const void* args) {
    // Each thread writes the same bytes.
    for (unsigned long at = 0; at < sizeof(Args); ++at) {
        args_of_grid[at] = static_cast<const unsigned char*>(args)[at];
    }
    kernel(*static_cast<const Args*>(args));
}

}  // namespace topkit

#define TOPKIT_ENTRY(KERNEL)                                                                   \
    extern "C" __attribute__((visibility("default"))) const unsigned long topkit_args_bytes = \
        topkit::args_bytes(&KERNEL);                                                           \
    extern "C" __attribute__((visibility("default"), no_sanitize("thread", "undefined"))) void \
    topkit_entry(const void* args) {                                                           \
        topkit::enter(&KERNEL, args);                                                          \
    }

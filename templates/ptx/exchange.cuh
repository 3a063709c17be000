// Asynchronous stores into the shared memory of other CTAs of a cluster. An mbarrier tells the receiver
// when all bytes of a phase have arrived.
//
// Scope: thread. Shared memory: one mbarrier each. Barriers: none.
// Preconditions: a CTA sends to another only after a barrier of the cluster that follows the other's
// `prepare`, and does not exit before everything sent to it has arrived. A phase ends when its bytes
// were announced, once, and have arrived, in either order.
#pragma once
#include "integers.cuh"

#ifdef TOPKIT_INTERPRET
using topkit::fence_mbarrier_init;
using topkit::mbarrier_arrive_expect_tx;
using topkit::mbarrier_init;
using topkit::mbarrier_wait_parity;
using topkit::store_async;
#endif

struct Exchange {
    u64 mbarrier;

    // One thread.
    __device__ __forceinline__ void prepare() {
#ifdef TOPKIT_INTERPRET
        mbarrier_init(&mbarrier, 1);
        fence_mbarrier_init();
#else
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;\n\tfence.mbarrier_init.release.cluster;"
                     :: "r"(address()) : "memory");
#endif
    }

    // One thread, once a phase.
    __device__ __forceinline__ void announce(u32 bytes) {
#ifdef TOPKIT_INTERPRET
        mbarrier_arrive_expect_tx(&mbarrier, bytes);
#else
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;"
                     :: "r"(address()), "r"(bytes) : "memory");
#endif
    }

    // Waits for the end of phase `phase`, counted from 0. At most one later phase may have ended.
    __device__ __forceinline__ void wait(u32 phase) {
#ifdef TOPKIT_INTERPRET
        mbarrier_wait_parity(&mbarrier, phase & 1);
#else
        u32 ended;
        do {
            asm volatile("{\n\t.reg .pred ended;\n\t"
                         "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 ended, [%1], %2;\n\t"
                         "selp.u32 %0, 1, 0, ended;\n\t}"
                         : "=r"(ended) : "r"(address()), "r"(phase & 1) : "memory");
        } while (ended == 0);
#endif
    }

    // Stores a value of 64-bit words into the same variable of another CTA, and completes bytes of that
    // CTA's mbarrier.
    template <class Value>
    __device__ __forceinline__ void send(Value* variable, const Value& words, u32 rank) {
        static_assert(sizeof(Value) % sizeof(u64) == 0, "an exchange sends whole words");
#pragma unroll
        for (u32 w = 0; w < sizeof(Value) / sizeof(u64); ++w) {
            u64* to = reinterpret_cast<u64*>(variable) + w;
            const u64 value = reinterpret_cast<const u64*>(&words)[w];
#ifdef TOPKIT_INTERPRET
            store_async(__cluster_map_shared_rank(to, rank), value,
                        __cluster_map_shared_rank(&mbarrier, rank));
#else
            u32 there;
            u32 barrier;
            asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(shared(to)), "r"(rank));
            asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(barrier) : "r"(address()), "r"(rank));
            asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.b64 [%0], %1, [%2];"
                         :: "r"(there), "l"(value), "r"(barrier) : "memory");
#endif
        }
    }

   private:
#ifndef TOPKIT_INTERPRET
    static __device__ __forceinline__ u32 shared(const void* variable) {
        return u32(__cvta_generic_to_shared(variable));
    }
    __device__ __forceinline__ u32 address() const { return shared(&mbarrier); }
#endif
};

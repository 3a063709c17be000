// Barriers of a CTA, of a cluster and of a cooperative grid; distributed shared memory.
#pragma once
#include "language.h"

// The second operand is the reduction: 0 none, 1 or, 2 and, 3 count.
TOPKIT_HOOK inline void __syncthreads() {
    topkit::topkit_call(topkit::BLOCK_BARRIER, TOPKIT_LINE, 0, 0, 0, 0, 0);
}
TOPKIT_HOOK inline int __syncthreads_or(int predicate) {
    return topkit::topkit_call(topkit::BLOCK_BARRIER, TOPKIT_LINE, predicate != 0, 1, 0, 0, 0);
}
TOPKIT_HOOK inline int __syncthreads_and(int predicate) {
    return topkit::topkit_call(topkit::BLOCK_BARRIER, TOPKIT_LINE, predicate != 0, 2, 0, 0, 0);
}
TOPKIT_HOOK inline int __syncthreads_count(int predicate) {
    return topkit::topkit_call(topkit::BLOCK_BARRIER, TOPKIT_LINE, predicate != 0, 3, 0, 0, 0);
}

// Cluster built-ins, under the names that CUDA gives them.
extern "C" const unsigned topkit_cluster_size;
extern "C" const unsigned topkit_cluster_rank;
inline unsigned __clusterSizeInBlocks() { return topkit_cluster_size; }
inline unsigned __clusterRelativeBlockRank() { return topkit_cluster_rank; }
TOPKIT_HOOK inline void __cluster_barrier_arrive() {
    topkit::topkit_call(topkit::CLUSTER_ARRIVE, TOPKIT_LINE, 0, 0, 0, 0, 0);
}
TOPKIT_HOOK inline void __cluster_barrier_arrive_relaxed() {
    topkit::topkit_call(topkit::CLUSTER_ARRIVE, TOPKIT_LINE, 1, 0, 0, 0, 0);
}
TOPKIT_HOOK inline void __cluster_barrier_wait() {
    topkit::topkit_call(topkit::CLUSTER_WAIT, TOPKIT_LINE, 0, 0, 0, 0, 0);
}

namespace topkit {

// The host bodies of bar.sync and bar.arrive. No template uses them yet; the interpreter's own tests do.
TOPKIT_HOOK inline void named_barrier_sync(unsigned id, unsigned threads) {
    topkit_call(NAMED_BARRIER, TOPKIT_LINE, id, threads, 1, 0, 0);
}
TOPKIT_HOOK inline void named_barrier_arrive(unsigned id, unsigned threads) {
    topkit_call(NAMED_BARRIER, TOPKIT_LINE, id, threads, 0, 0, 0);
}

// The host body of mapa: the same variable in the shared memory of another CTA of the cluster.
template <class T> TOPKIT_HOOK T* map_shared_rank(T* variable, unsigned rank) {
    return reinterpret_cast<T*>(
        topkit_call(MAP_SHARED, TOPKIT_LINE, reinterpret_cast<Word>(variable), rank, 0, 0, 0));
}

// The host body of a barrier over a cooperative grid. No template uses it yet; the interpreter's own tests do.
TOPKIT_HOOK inline void grid_barrier() {
    topkit_call(GRID_BARRIER, TOPKIT_LINE, 0, 0, 0, 0, 0);
}

// Shared memory that the launch asks for, after that of the variables.
extern "C" void* topkit_dynamic_shared();
inline void* dynamic_shared() { return topkit_dynamic_shared(); }

}  // namespace topkit

template <class T> __forceinline__ T* __cluster_map_shared_rank(T* variable, unsigned rank) {
    return topkit::map_shared_rank(variable, rank);
}

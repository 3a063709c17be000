// The CTAs of a cluster: their ranks, their barrier and each other's shared memory.
//
// Scope: cluster. Shared memory: none of its own. Barriers: those named so.
// A CTA's shared memory may be used by others from its first arrival on, and until its last wait.
#pragma once
#include "integers.cuh"

__device__ __forceinline__ u32 cluster_rank() { return __clusterRelativeBlockRank(); }

// The same variable in the shared memory of another CTA of the cluster.
template <class T>
__device__ __forceinline__ T* of_cta(T* variable, u32 rank) {
    return static_cast<T*>(__cluster_map_shared_rank(variable, rank));
}

// Every thread of the cluster arrives, and then waits for all others. What was written before an
// arrival can be read after the wait.
__device__ __forceinline__ void cluster_arrive() { __cluster_barrier_arrive(); }
// Lets the others know that this CTA runs, and of its writes no more than a fence before it made known.
__device__ __forceinline__ void cluster_arrive_relaxed() { __cluster_barrier_arrive_relaxed(); }
__device__ __forceinline__ void cluster_wait() { __cluster_barrier_wait(); }

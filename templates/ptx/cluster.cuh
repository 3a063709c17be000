// The CTAs of a cluster: their ranks, their barrier and each other's shared memory.
//
// Scope: cluster. Shared memory: none of its own. Barriers: the functions with that name.
// Other CTAs may use a CTA's shared memory from the CTA's first arrival until its last wait.
#pragma once
#include "integers.cuh"

__device__ __forceinline__ u32 cluster_rank() { return __clusterRelativeBlockRank(); }

// The same variable in the shared memory of another CTA of the cluster.
template <class T>
__device__ __forceinline__ T* of_cta(T* variable, u32 rank) {
    return static_cast<T*>(__cluster_map_shared_rank(variable, rank));
}

// Every thread of the cluster arrives, and then waits for all others. After the wait, a thread can read
// all that others wrote before they arrived.
__device__ __forceinline__ void cluster_arrive() { __cluster_barrier_arrive(); }
// Tells the others only that this CTA runs: it orders no writes.
__device__ __forceinline__ void cluster_arrive_relaxed() { __cluster_barrier_arrive_relaxed(); }
__device__ __forceinline__ void cluster_wait() { __cluster_barrier_wait(); }

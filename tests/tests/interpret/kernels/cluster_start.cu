// Reads the shared memory of a block that may not have begun.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    words[threadIdx.x] = args.in[me()];
    __syncthreads();
    if (RIGHT) {
        __cluster_barrier_arrive();
        __cluster_barrier_wait();
    }
    const u32 other = __clusterRelativeBlockRank() ^ 1;
    const u32 value = *__cluster_map_shared_rank(&words[threadIdx.x], other);  // fault
    args.out[me() ^ 64] = value;
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
}

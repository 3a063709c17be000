// Returns while another block may still read its shared memory.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    words[threadIdx.x] = args.in[me()];
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
    const u32 other = __clusterRelativeBlockRank() ^ 1;
    const u32 value = *__cluster_map_shared_rank(&words[threadIdx.x], other);  // fault
    args.out[me() ^ 64] = value;
    if (RIGHT) {
        __cluster_barrier_arrive();
        __cluster_barrier_wait();
    }
}

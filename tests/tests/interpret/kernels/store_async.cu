// Sends words to the other block of the cluster; without its wait, that block reads too soon.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[64];
    __shared__ u64 done;
    if (threadIdx.x == 0) {
        topkit::mbarrier_init(&done, 1);
        topkit::mbarrier_arrive_expect_tx(&done, sizeof words);
    }
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
    const u32 other = __clusterRelativeBlockRank() ^ 1;
    topkit::store_async(__cluster_map_shared_rank(&words[threadIdx.x], other), args.in[me() ^ 64],  // fault
                        __cluster_map_shared_rank(&done, other));  // fault
    if (RIGHT) {
        topkit::mbarrier_wait_parity(&done, 0);
    }
    args.out[me()] = words[threadIdx.x];  // fault
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
}

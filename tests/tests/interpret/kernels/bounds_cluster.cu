// Reads the shared memory of a rank that the cluster does not have.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 word;
    if (threadIdx.x == 0) {
        word = 0;
    }
    __syncthreads();
    const u32 rank = __clusterRelativeBlockRank() + (RIGHT ? 0 : __clusterSizeInBlocks());
    args.out[me()] = *__cluster_map_shared_rank(&word, rank) + args.in[me()];  // fault
}

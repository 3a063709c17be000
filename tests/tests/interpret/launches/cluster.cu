// The greatest of a row, which four CTAs share as a cluster: each finds that of its share, and the
// first reads the others' through distributed shared memory. Scores are positive, k is 1.
extern "C" __global__ void greatest_by_cluster(const __grid_constant__ LaunchArgs args) {
    __shared__ u64 best;
    const u32 ctas = __clusterSizeInBlocks();
    const u32 rank = __clusterRelativeBlockRank();
    const u32 row = blockIdx.x / ctas;
    if (threadIdx.x == 0) {
        best = 0;
    }
    __syncthreads();
    const u32* scores = static_cast<const u32*>(args.scores) + row * args.row_stride;
    for (u32 column = rank * blockDim.x + threadIdx.x; column < u32(args.columns);
         column += ctas * blockDim.x) {
        atomicMax_block(&best, u64(scores[column]) << 32 | column);
    }
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
    if (rank == 0 && threadIdx.x == 0) {
        u64 winner = 0;
        for (u32 other = 0; other < ctas; ++other) {
            const u64 found = *__cluster_map_shared_rank(&best, other);
            winner = found > winner ? found : winner;
        }
        static_cast<i32*>(args.indices)[row * args.index_stride] = i32(winner & 0xFFFFFFFFu);
    }
    __cluster_barrier_arrive();
    __cluster_barrier_wait();
}

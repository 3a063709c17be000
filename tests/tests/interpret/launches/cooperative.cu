// The greatest of each row, which all CTAs of the grid share: they combine their results in a word of
// the workspace for each row, and the first CTA leaves the word as it was. Scores are positive, k is 1.
extern "C" __global__ void greatest_by_grid(const __grid_constant__ LaunchArgs args) {
    u64* best = static_cast<u64*>(args.workspace);
    const u32 rows = WORDS;
    const u32 threads = gridDim.x * blockDim.x;
    const u32 me = blockIdx.x * blockDim.x + threadIdx.x;
    for (u32 row = 0; row < rows; ++row) {
        const u32* scores = static_cast<const u32*>(args.scores) + row * args.row_stride;
        for (u32 column = me; column < u32(args.columns); column += threads) {
            atomicMax(&best[row], u64(scores[column]) << 32 | column);
        }
    }
    topkit::grid_barrier();
    if (me < rows) {
        static_cast<i32*>(args.indices)[me * args.index_stride] = i32(best[me] & 0xFFFFFFFFu);
        if (me < RESTORED) {
            best[me] = 0;
        }
    }
}

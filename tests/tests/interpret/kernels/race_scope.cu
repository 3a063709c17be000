// Counts over the grid with an atomic that is one within a block only.
template <bool RIGHT> static __device__ void body(const Args& args) {
    if (RIGHT) {
        atomicAdd(&args.work[0], 1u);
    } else {
        atomicAdd_block(&args.work[0], 1u);  // fault
    }
    args.out[me()] = args.in[me()];
}

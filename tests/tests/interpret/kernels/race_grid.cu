// Reads what another block writes, with no grid barrier between.
template <bool RIGHT> static __device__ void body(const Args& args) {
    const u32 threads = gridDim.x * blockDim.x;
    const u32 other = (me() + blockDim.x) % threads;
    args.out[me()] = 0;  // fault
    if (RIGHT) {
        topkit::grid_barrier();
    }
    args.out[other] += args.in[other];  // fault
}

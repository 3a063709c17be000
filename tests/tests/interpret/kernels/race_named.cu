// A warp produces and another consumes; the producer does not say that it is ready.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[32];
    if (threadIdx.x < 32) {
        if (!RIGHT) {
            topkit::named_barrier_arrive(1, 64);
        }
        words[threadIdx.x] = args.in[me()];  // fault
        if (RIGHT) {
            topkit::named_barrier_arrive(1, 64);
        }
        args.out[me()] = args.in[me()];
    } else {
        topkit::named_barrier_sync(1, 64);
        args.out[me()] = words[threadIdx.x - 32] - args.in[me() - 32] + args.in[me()];  // fault
    }
}

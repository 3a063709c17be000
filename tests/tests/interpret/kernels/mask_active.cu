// Takes the active mask for the set of threads that took a branch.
template <bool RIGHT> static __device__ void body(const Args& args) {
    const bool odd = threadIdx.x % 2 == 1;
    const u32 mask = RIGHT ? __ballot_sync(0xFFFFFFFFu, odd) : 0;
    u32 value = args.in[me()];
    if (odd) {
        value = __shfl_sync(RIGHT ? mask : __activemask(), value, threadIdx.x % 32);  // fault
    }
    args.out[me()] = value;
}

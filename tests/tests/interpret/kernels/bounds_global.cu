// Writes one word too far.
template <bool RIGHT> static __device__ void body(const Args& args) {
    const u32 at = me() + (RIGHT ? 0 : 1);
    args.out[at] = args.in[me()];  // fault
}

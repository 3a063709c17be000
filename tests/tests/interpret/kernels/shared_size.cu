// Takes more shared memory than a block is granted.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 words[RIGHT ? 12 * 1024 : 12 * 1024 + 1];
    words[threadIdx.x] = args.in[me()];
    args.out[me()] = words[threadIdx.x];
}

// A caller leaves itself out of its mask.
template <bool RIGHT> static __device__ void body(const Args& args) {
    const u32 mask = RIGHT ? 0xFFFFFFFFu : 0x7FFFFFFFu;
    const u32 same = __shfl_sync(mask, args.in[me()], threadIdx.x % 32);  // fault
    args.out[me()] = same;
}

// Loads a vector from an address that is a multiple of its element only.
template <bool RIGHT> static __device__ void body(const Args& args) {
    const u32* from = args.in + (RIGHT ? 0 : 1);
    const uint4 four = __ldg(reinterpret_cast<const uint4*>(from));  // fault
    args.out[me()] = RIGHT ? args.in[me()] : four.x;
}

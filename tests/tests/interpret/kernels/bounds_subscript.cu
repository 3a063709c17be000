// Reads beyond an array, into the next member of its struct.
struct Two {
    u32 first[64];
    u32 second[64];
};
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ Two two;
    two.first[threadIdx.x] = args.in[me()];
    two.second[threadIdx.x] = 1;
    __syncthreads();
    const u32 at = RIGHT ? threadIdx.x : threadIdx.x + 64;
    args.out[me()] = two.first[at];  // fault
}

// A mask names lanes that wait at a barrier of the block.
template <bool RIGHT> static __device__ void body(const Args& args) {
    if (RIGHT || threadIdx.x % 32 != 5) {
        __syncwarp();  // fault
    }
    __syncthreads();
    args.out[me()] = args.in[me()];
}

// A warp reads a count to which another warp still adds.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 count;
    if (threadIdx.x == 0) {
        count = 0;
    }
    __syncthreads();
    atomicAdd(&count, 1u);  // fault
    if (RIGHT) {
        __syncthreads();
    } else {
        __syncwarp();
    }
    args.out[me()] = args.in[me()] + (threadIdx.x < 32 ? count - blockDim.x : 0);  // fault
}

// The last block to finish reads what the others wrote, after fences that order only within a block.
template <bool RIGHT> static __device__ void fence() {
    if (RIGHT) {
        __threadfence();
    } else {
        __threadfence_block();
    }
}

template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ bool last;
    args.out[me()] = 0;  // fault
    __syncthreads();
    if (threadIdx.x == 0) {
        fence<RIGHT>();
        last = atomicAdd(&args.work[0], 1u) == gridDim.x - 1;
        fence<RIGHT>();
    }
    __syncthreads();
    if (last) {
        for (u32 i = threadIdx.x; i < gridDim.x * blockDim.x; i += blockDim.x) {
            args.out[i] += args.in[i];  // fault
        }
    }
}

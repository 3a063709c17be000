// Writes a word that others may still be reading.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ u32 word;
    u32 sum = args.in[me()];
    for (u32 round = 0; round < 4; ++round) {
        if (threadIdx.x == round * 16) {
            word = round;  // fault
        }
        __syncthreads();
        sum += word - round;  // fault
        if (RIGHT) {
            __syncthreads();
        }
    }
    args.out[me()] = sum;
}

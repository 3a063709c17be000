// Needs the copies of two groups, and waits for all but the last.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ uint4 brought[2][64];
    const uint4* from = reinterpret_cast<const uint4*>(args.in);
    topkit::copy_async(&brought[0][threadIdx.x], from);
    topkit::copy_async_commit();
    topkit::copy_async(&brought[1][threadIdx.x], from + me() / 4);
    topkit::copy_async_commit();
    if (RIGHT) {
        topkit::copy_async_wait_but_last(0);
    } else {
        topkit::copy_async_wait_but_last(1);
    }
    if (brought[0][threadIdx.x].y != args.in[1]) {
        __trap();
    }
    const u32 word = reinterpret_cast<const u32*>(&brought[1][threadIdx.x])[me() % 4];
    if (word != args.in[me()]) {
        __trap();  // fault
    }
    args.out[me()] = word;
}

// Reads the bytes of the thread's own copy before it has waited for the copy: no race, but the bytes
// have no meaning.
template <bool RIGHT> static __device__ void body(const Args& args) {
    __shared__ uint4 brought[64];
    topkit::copy_async(&brought[threadIdx.x], reinterpret_cast<const uint4*>(args.in) + me() / 4);
    topkit::copy_async_commit();
    if (RIGHT) {
        topkit::copy_async_wait_but_last(0);
    }
    const u32 word = reinterpret_cast<const u32*>(&brought[threadIdx.x])[me() % 4];
    if (word != args.in[me()]) {
        __trap();  // fault
    }
    args.out[me()] = word;
}

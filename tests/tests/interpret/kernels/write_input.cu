// Writes to what the host gave for reading.
template <bool RIGHT> static __device__ void body(const Args& args) {
    args.out[me()] = args.in[me()];
    if (!RIGHT) {
        const_cast<u32*>(args.in)[me()] = 0;  // fault
    }
}

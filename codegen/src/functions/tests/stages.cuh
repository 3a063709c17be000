// The selector's own functions, with Rust's meaning of every operation.
struct Functions {
    static __device__ __forceinline__ float score(float x) {
        return twice(x);
    }

    static __device__ __forceinline__ float twice(float x) {
        return rust::mul(x, 2.0f);
    }

    static __device__ __forceinline__ u32 emit(const Args& args, i32 col, i32 row) {
        return u32(rust::add(rust::read(args.pages, args.pages_length, row), col));
    }
};

// What kernels call, and whether it is there.
struct Stages {
    static constexpr bool STARTS = false;
    static constexpr bool ENDS = false;
    static constexpr bool KEEPS = false;
    static constexpr bool SCORES = true;
    static constexpr bool EMITS = true;

    static __device__ __forceinline__ float score(const Args& args, float x, i32 row, i32 col) {
        return Functions::score(x);
    }

    static __device__ __forceinline__ u32 emit(const Args& args, i32 row, i32 col) {
        return Functions::emit(args, col, row);
    }
};

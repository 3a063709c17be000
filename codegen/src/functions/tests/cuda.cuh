// The selector's own functions, with Rust's meaning of every operation.
struct Functions {
    static constexpr i32 PAGE = 64;

    static __device__ __forceinline__ float score(const Args& args, float x, i32 row, i32 col) {
        return (rust::add(col, args.window) >= rust::read(args.seq_lens, args.seq_lens_length, row)) ? __uint_as_float(0x7F800000u) : rust::mul(biased(args, x, col), args.scale);
    }

    static __device__ __forceinline__ float biased(const Args& args, float x, i32 col) {
        const float x_2 = rust::mul_add(rust::max(x, -1.5f), 0.5f, rust::to_f32(rust::bf16{rust::read(args.bias, args.bias_length, col)}));
        const i32 float_2 = rust::saturate<i32>(x_2);
        return (args.on != 0) ? x_2 : float(float_2);
    }

    static __device__ __forceinline__ i32 emit(const Args& args, i32 row, i32 col) {
        return rust::add(rust::mul(rust::read(args.pages, args.pages_length, rust::add(rust::mul(i64(row), args.pages_per_row), i64(rust::div(col, PAGE)))), PAGE), col & rust::sub(PAGE, 1));
    }

    static __device__ __forceinline__ float weight(float x, i32 n) {
        float sum = 0.0f;
        for (i32 i = 0; i < n; ++i) {
            if ((i == 7) || rust::is_nan(x)) {
                break;
            }
            float t;
            const i32 chosen = rust::rem(i, 4);
            if (chosen == 0) {
                t = x;
            } else if (chosen == 1 || chosen == 2) {
                const float half = rust::mul(x, 0.5f);
                t = rust::mul(half, half);
            } else {
                continue;
            }
            sum = rust::add(sum, t);
        }
        i32 i_2 = 1;
        for (bool more = i_2 <= n; more; more = i_2 != n, i_2 = rust::wrapping_add(i_2, i32(1))) {
            float t_2;
            if (sum > 10.0f) {
                return sum;
            } else {
                const float t_3 = sum;
                float t_4;
                {
                    sum = rust::mul(sum, 2.0f);
                    t_4 = sum;
                }
                t_2 = rust::add(t_3, t_4);
            }
            sum = t_2;
        }
        return sum;
    }
};

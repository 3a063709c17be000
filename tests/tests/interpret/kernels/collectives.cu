// Every warp collective against what it should return; wrong is one that expects a lane too many.
static __device__ inline void expect(bool holds) {
    if (!holds) {
        __trap();  // fault
    }
}

template <bool RIGHT> static __device__ void body(const Args& args) {
    const u32 all = 0xFFFFFFFFu;
    const u32 lane = threadIdx.x % 32;
    const int below = static_cast<int>(lane) - 16;
    expect(__shfl_sync(all, lane * 7, 5) == 35);
    expect(__shfl_sync(all, lane, 2, 8) == (lane & ~7u) + 2);
    expect(__shfl_up_sync(all, lane, 3) == (lane < 3 ? lane : lane - 3));
    expect(__shfl_down_sync(all, lane, 3) == (lane > 28 ? lane : lane + 3));
    expect(__shfl_xor_sync(all, lane, 9) == (lane ^ 9));
    expect(__shfl_sync(all, u64(lane) << 40, 31) == u64(31) << 40);
    expect(__shfl_sync(all, 0.5f * lane, 4) == 2.0f);
    expect(__ballot_sync(all, lane % 3 == 0) == 0x49249249u);
    expect(__all_sync(all, lane < 32) && !__all_sync(all, lane < 31));
    expect(__any_sync(all, lane == 31) && !__any_sync(all, lane == 32));
    expect(__match_any_sync(all, lane / 4) == 0xFu << (lane / 4 * 4));
    int same = 0;
    expect(__match_all_sync(all, 9u, &same) == all && same == 1);
    expect(__match_all_sync(all, lane, &same) == 0 && same == 0);
    expect(__reduce_add_sync(all, lane) == 496 && __reduce_add_sync(all, below) == -16);
    expect(__reduce_min_sync(all, below) == -16 && __reduce_max_sync(all, below) == 15);
    expect(__reduce_min_sync(all, lane + 1) == 1 && __reduce_max_sync(all, lane) == 31);
    expect(__reduce_and_sync(all, lane | 64) == 64 && __reduce_or_sync(all, lane) == 31);
    expect(__reduce_xor_sync(all, lane == 3 ? 5u : 0u) == 5);
    expect(__syncthreads_count(lane < 5) == 10);
    expect(__syncthreads_or(threadIdx.x == 63) && !__syncthreads_or(0));
    expect(__syncthreads_and(1) && !__syncthreads_and(threadIdx.x != 63));
    if (lane % 2 == 1) {
        expect(__ballot_sync(0xAAAAAAAAu, 1) == (RIGHT ? 0xAAAAAAAAu : all));  // fault
    }
    expect((__activemask() >> lane & 1) == 1);
    args.out[me()] = args.in[me()];
}

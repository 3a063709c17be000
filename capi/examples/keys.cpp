// What the keys of a selector cost: a graph of 20 launches, the median of 30 replays, in µs a launch, normal scores,
// every score marked, each row's k that of the launch. `docs/performance.md` has its numbers.
//
// With INCLUDE and LIB of a CUDA toolkit, from the root of the repository:
//   cargo build --release --package topkit-capi
//   g++ -std=c++17 -O2 capi/examples/keys.cpp -I capi/include -I INCLUDE -o keys -L target/release -ltopkit -L LIB -lcudart
//   LD_LIBRARY_PATH=target/release:LIB ./keys
// With `nvcc -x cu` in place of `g++`, the columns of `gather` are the default and then a kernel that looks up the pages.
#include <cuda_runtime.h>
#include <topkit.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

static void check(topkit_status status) {
    if (status != TOPKIT_OK) {
        fprintf(stderr, "topkit: %s\n", topkit_last_error());
        exit(1);
    }
}

static void check(cudaError_t error) {
    if (error != cudaSuccess) {
        fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(error));
        exit(1);
    }
}

static void *allocate(size_t bytes) {
    void *memory = nullptr;
    check(cudaMalloc(&memory, bytes));
    check(cudaMemset(memory, 0, bytes));
    return memory;
}

template <class T>
static void copy(void *to, const std::vector<T> &from) {
    check(cudaMemcpy(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice));
}

// The bits of the nearest bf16 number.
static uint16_t rounded(float number) {
    uint32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static const int MOST_ROWS = 128, MOST_K = 2048, PAGE_SHIFT = 6;
static const size_t MOST_SCORES = size_t(MOST_ROWS) * 32768, WORKSPACE = size_t(64) << 20;

// Device memory of every launch.
struct Memory {
    void *scores = allocate(MOST_SCORES * 4);
    void *indices = allocate(size_t(MOST_ROWS) * MOST_K * 4);
    void *values = allocate(size_t(MOST_ROWS) * MOST_K * 4);
    void *ids = allocate(MOST_SCORES * 4);
    void *pages = allocate((MOST_SCORES >> PAGE_SHIFT) * 4);
    void *columns = allocate(size_t(MOST_ROWS) * MOST_K * 4);
    void *mask = allocate(MOST_SCORES);
    void *ks = allocate(MOST_ROWS * 4);
    void *counts = allocate(MOST_ROWS * 4);
    void *workspace = allocate(WORKSPACE);
};

struct Keys {
    const char *name;
    void (*set)(topkit_selector_config &);
};

static const Keys KEYS[] = {
    {"none", [](topkit_selector_config &) {}},
    {"ties", [](topkit_selector_config &c) { c.ties = TOPKIT_TIES_LOWEST_INDEX; }},
    {"values", [](topkit_selector_config &c) { c.values = TOPKIT_VALUES_TRUE; }},
    {"count", [](topkit_selector_config &c) { c.count = TOPKIT_COUNT_TRUE; }},
    {"by_index", [](topkit_selector_config &c) { c.order = TOPKIT_ORDER_BY_INDEX; }},
    {"by_value", [](topkit_selector_config &c) { c.order = TOPKIT_ORDER_BY_VALUE; }},
    {"given", [](topkit_selector_config &c) { c.ids = TOPKIT_IDS_GIVEN; }},
    {"affine", [](topkit_selector_config &c) { c.ids = TOPKIT_IDS_AFFINE; }},
    {"pages", [](topkit_selector_config &c) { c.ids = TOPKIT_IDS_PAGES; }},
    {"pages, columns", [](topkit_selector_config &c) { c.ids = TOPKIT_IDS_PAGES, c.raw_columns = 1; }},
    {"bits", [](topkit_selector_config &c) { c.mask = TOPKIT_MASK_BITS; }},
    {"bytes", [](topkit_selector_config &c) { c.mask = TOPKIT_MASK_BYTES; }},
    {"k_per_row", [](topkit_selector_config &c) { c.k_per_row = TOPKIT_K_PER_ROW_TRUE; }},
};

#ifdef __CUDACC__
// What `ids: pages` does, as a kernel of its own.
static __global__ void gather(int32_t *indices, int k, const int32_t *pages, int64_t page_stride) {
    const int place = blockIdx.x * blockDim.x + threadIdx.x;
    if (place < k) {
        int32_t &index = indices[int64_t(blockIdx.y) * k + place];
        const int32_t page = pages[blockIdx.y * page_stride + (index >> PAGE_SHIFT)];
        index = page << PAGE_SHIFT | (index & ((1 << PAGE_SHIFT) - 1));
    }
}
#endif

static double microseconds(const topkit_engine *engine, cudaStream_t stream, const Memory &memory,
                           const topkit_selector_config &config, int64_t rows, int64_t columns, int k,
                           bool gathers = false) {
    topkit_selector *selector = nullptr;
    check(topkit_selector_create(engine, &config, &selector));
    topkit_launch launch = TOPKIT_LAUNCH_INIT;
    launch.rows = rows;
    launch.columns = columns;
    launch.k = k;
    launch.scores = memory.scores;
    launch.indices = memory.indices;
    launch.workspace = memory.workspace;
    launch.workspace_bytes = WORKSPACE;
    if (config.values) launch.values = memory.values;
    if (config.count) launch.counts = static_cast<int32_t *>(memory.counts);
    if (config.ids == TOPKIT_IDS_GIVEN) launch.ids = memory.ids, launch.id_stride = columns;
    if (config.ids == TOPKIT_IDS_AFFINE) launch.id_scale = 4, launch.id_offset = 1;
    if (config.ids == TOPKIT_IDS_PAGES) {
        launch.pages = static_cast<int32_t *>(memory.pages);
        launch.page_stride = columns >> PAGE_SHIFT;
        launch.page_shift = PAGE_SHIFT;
    }
    if (config.raw_columns) launch.raw_columns = static_cast<int32_t *>(memory.columns);
    if (config.mask) launch.mask = memory.mask;
    launch.mask_stride = config.mask == TOPKIT_MASK_BITS ? columns / 32 : config.mask ? columns : 0;
    if (config.k_per_row) launch.row_ks = static_cast<int32_t *>(memory.ks);
    check(topkit_selector_launch(selector, stream, &launch));
    check(cudaStreamSynchronize(stream));

    const int launches = 20, replays = 40, skipped = 10;
    cudaGraph_t graph;
    cudaGraphExec_t replayed;
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < launches; ++i) {
        check(topkit_selector_launch(selector, stream, &launch));
#ifdef __CUDACC__
        if (gathers) {
            gather<<<dim3((k + 255) / 256, rows), 256, 0, stream>>>(
                static_cast<int32_t *>(memory.indices), k, static_cast<int32_t *>(memory.pages), columns >> PAGE_SHIFT);
        }
#endif
    }
    check(cudaStreamEndCapture(stream, &graph));
    check(cudaGraphInstantiate(&replayed, graph, 0));
    cudaEvent_t begin, end;
    check(cudaEventCreate(&begin));
    check(cudaEventCreate(&end));
    std::vector<float> times;
    for (int i = 0; i < replays; ++i) {
        float milliseconds = 0;
        check(cudaEventRecord(begin, stream));
        check(cudaGraphLaunch(replayed, stream));
        check(cudaEventRecord(end, stream));
        check(cudaEventSynchronize(end));
        check(cudaEventElapsedTime(&milliseconds, begin, end));
        if (i >= skipped) times.push_back(milliseconds * 1000 / launches);
    }
    check(cudaGraphExecDestroy(replayed));
    check(cudaGraphDestroy(graph));
    check(cudaEventDestroy(begin));
    check(cudaEventDestroy(end));
    topkit_selector_destroy(selector);
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
}

int main() {
    check(cudaSetDevice(0));
    const Memory memory;
    topkit_engine *engine = nullptr;
    check(topkit_engine_create(TOPKIT_CURRENT_DEVICE, &engine));
    cudaStream_t stream;
    check(cudaStreamCreate(&stream));
    check(cudaMemset(memory.mask, 0xff, MOST_SCORES));
    std::vector<int32_t> pages(MOST_SCORES >> PAGE_SHIFT), ids(MOST_SCORES);
    for (size_t i = 0; i < pages.size(); ++i) pages[i] = int32_t(i * 7);
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = int32_t(i * 3);
    copy(memory.pages, pages);
    copy(memory.ids, ids);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    const int64_t shapes[][2] = {{1, 65536}, {32, 65536}, {128, 32768}};
    for (int dtype : {TOPKIT_DTYPE_F32, TOPKIT_DTYPE_BF16}) {
        for (auto [rows, columns] : shapes) {
            std::vector<float> scores(size_t(rows) * columns);
            for (float &score : scores) score = normal(random);
            std::vector<uint16_t> halves(scores.size());
            std::transform(scores.begin(), scores.end(), halves.begin(), rounded);
            dtype == TOPKIT_DTYPE_F32 ? copy(memory.scores, scores) : copy(memory.scores, halves);
            for (int k : {512, 2048}) {
                copy(memory.ks, std::vector<int32_t>(size_t(rows), k));
                printf("%s %lld x %lld, %d:", dtype == TOPKIT_DTYPE_F32 ? "f32" : "bf16",
                       (long long)rows, (long long)columns, k);
                for (const Keys &keys : KEYS) {
                    topkit_selector_config config = TOPKIT_SELECTOR_CONFIG_INIT;
                    config.dtype = dtype;
                    config.k_first = 1;
                    config.k_last = MOST_K;
                    keys.set(config);
                    printf(" %s %.2f;", keys.name,
                           microseconds(engine, stream, memory, config, rows, columns, k));
                    fflush(stdout);
                }
#ifdef __CUDACC__
                topkit_selector_config plain = TOPKIT_SELECTOR_CONFIG_INIT;
                plain.dtype = dtype;
                plain.k_first = 1;
                plain.k_last = MOST_K;
                printf(" gather %.2f;", microseconds(engine, stream, memory, plain, rows, columns, k, true));
#endif
                printf("\n");
            }
        }
    }
    topkit_engine_destroy(engine);
}

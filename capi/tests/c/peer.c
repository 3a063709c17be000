/* The interface for benchmarks, as far as it goes without a GPU. */
#include "expect.h"

#ifdef __cplusplus
extern "C" {
#endif
int peer_count(void);
const char *peer_name(int variant);
int peer_supports(int variant, int dtype, int64_t rows, int64_t columns, int k, int lengths_given);
size_t peer_workspace(int variant, int dtype, int64_t rows, int64_t columns, int k);
int64_t peer_stride(int variant, int dtype, int64_t columns);
int peer_run(int variant, int dtype, const void *scores, int64_t rows, int64_t columns,
             int64_t row_stride, const int32_t *lengths, int k, int32_t *indices, void *values,
             void *workspace, size_t workspace_bytes, topkit_stream stream);
#ifdef __cplusplus
}
#endif

static int run(int variant, int dtype, int64_t rows, void *values) {
    return peer_run(variant, dtype, NULL, rows, 100, 100, NULL, 5, NULL, values, NULL, 0, NULL);
}

int main(void) {
    int place = 0;
    EXPECT_TRUE(peer_count() == 1);
    EXPECT_TRUE(strcmp(peer_name(0), "topkit") == 0);
    EXPECT_TRUE(peer_name(1) == NULL && peer_name(-1) == NULL);
    EXPECT_TRUE(peer_stride(0, 1, 1001) == 1001);

    EXPECT(peer_supports(1, 0, 1, 100, 5, 0), 0, "`variant` is 1");
    EXPECT(peer_supports(0, 3, 1, 100, 5, 0), 0, "`dtype` is 3; it can be 0 (f32), 1 (bf16)");
    EXPECT(peer_supports(0, 0, -1, 100, 5, 0), 0, "`rows` is -1");
    EXPECT(peer_workspace(0, -1, 1, 100, 5), 0, "`dtype` is -1");
    EXPECT(run(2, 0, 1, NULL), TOPKIT_ERROR_ARGUMENT, "`variant` is 2");
    EXPECT(run(0, 99, 1, NULL), TOPKIT_ERROR_ARGUMENT, "`dtype` is 99");
    EXPECT(run(0, 0, -7, NULL), TOPKIT_ERROR_ARGUMENT, "`rows` is -7");

    /* With a driver the null scores are at fault; without one, or without a GPU, that is. */
    topkit_engine *engine = NULL;
    topkit_status machine = topkit_engine_create(0, &engine);
    EXPECT(run(0, 0, 1, NULL), machine == TOPKIT_OK ? TOPKIT_ERROR_ARGUMENT : machine, "");
    EXPECT(run(0, 0, 1, &place), machine == TOPKIT_OK ? TOPKIT_ERROR_ARGUMENT : machine, "");
    EXPECT_TRUE(peer_supports(0, 2, 1, 100, 5, 1) == (machine == TOPKIT_OK));
    topkit_engine_destroy(engine);
    return faults != 0;
}

/* The 2048 best of each of 32 rows of 131072 bf16 scores: topkit from C, with the CUDA runtime. */
#include <cuda_runtime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <topkit.h>

enum { ROWS = 32, COLUMNS = 131072, K = 2048 };

static void check(topkit_status status) {
    if (status != TOPKIT_OK) {
        fprintf(stderr, "topkit: %s\n", topkit_last_error());
        exit(1);
    }
}

static void cuda(cudaError_t error) {
    if (error != cudaSuccess) {
        fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(error));
        exit(1);
    }
}

int main(void) {
    /* Once a process: an engine on GPU 0, and a selector for the scores. */
    topkit_engine *engine = NULL;
    check(topkit_engine_create(0, &engine));
    topkit_selector_config config = TOPKIT_SELECTOR_CONFIG_INIT;
    config.dtype = TOPKIT_DTYPE_BF16;
    config.k_first = K;
    topkit_selector *selector = NULL;
    check(topkit_selector_create(engine, &config, &selector));

    /* Once a shape: compile and load the kernel, and get the size of its workspace. */
    topkit_problem problem = TOPKIT_PROBLEM_INIT;
    problem.rows = ROWS;
    problem.columns = COLUMNS;
    problem.k = K;
    check(topkit_selector_prepare(selector, &problem));
    topkit_plan plan = TOPKIT_PLAN_INIT;
    check(topkit_selector_plan(selector, &problem, &plan));
    printf("%s, %zu bytes of workspace\n", plan.kernel, plan.workspace_bytes);

    /* Scores that are 0, 1/128, 2/128, ... up to 255/128, over and over, row by row differently. */
    size_t scores_bytes = sizeof(uint16_t) * ROWS * COLUMNS;
    uint16_t *host_scores = (uint16_t *)malloc(scores_bytes);
    int32_t *host_indices = (int32_t *)malloc(sizeof(int32_t) * ROWS * K);
    if (!host_scores || !host_indices) return 1;
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++) {
        union { float number; uint32_t bits; } score;
        score.number = (float)((i * 37 + i / COLUMNS) % 256) / 128.0f;
        host_scores[i] = (uint16_t)(score.bits >> 16); /* bf16 is the upper half of an f32 */
    }

    cudaStream_t stream;
    void *scores = NULL, *indices = NULL, *workspace = NULL;
    cuda(cudaStreamCreate(&stream));
    cuda(cudaMalloc(&scores, scores_bytes));
    cuda(cudaMalloc(&indices, sizeof(int32_t) * ROWS * K));
    if (plan.workspace_bytes > 0) {
        cuda(cudaMalloc(&workspace, plan.workspace_bytes));
        cuda(cudaMemset(workspace, 0, plan.workspace_bytes));
    }
    cuda(cudaMemcpy(scores, host_scores, scores_bytes, cudaMemcpyHostToDevice));

    /* Every time: enqueue the selection. It can be captured in a CUDA graph just so. */
    topkit_launch launch = TOPKIT_LAUNCH_INIT;
    launch.rows = ROWS;
    launch.columns = COLUMNS;
    launch.k = K;
    launch.scores = scores;
    launch.indices = indices;
    launch.workspace = workspace;
    launch.workspace_bytes = plan.workspace_bytes;
    check(topkit_selector_launch(selector, stream, &launch));

    cuda(cudaStreamSynchronize(stream));
    cuda(cudaMemcpy(host_indices, indices, sizeof(int32_t) * ROWS * K, cudaMemcpyDeviceToHost));

    /* Each score is in a row 512 times, so the best 2048 are the scores from 252/128 on. */
    int wrong = 0;
    for (size_t i = 0; i < (size_t)ROWS * K; i++) {
        size_t column = (size_t)host_indices[i], row = i / K;
        wrong += column >= COLUMNS || ((row * COLUMNS + column) * 37 + row) % 256 < 252;
    }
    printf("%d of %d indices are wrong\n", wrong, ROWS * K);

    cuda(cudaFree(workspace));
    cuda(cudaFree(indices));
    cuda(cudaFree(scores));
    cuda(cudaStreamDestroy(stream));
    topkit_selector_destroy(selector);
    topkit_engine_destroy(engine);
    free(host_indices);
    free(host_scores);
    return wrong != 0;
}

/* Every error that needs no GPU. Each is a status and a text, and nothing is written. */
#include "expect.h"

/* A config as a later header may have it. */
typedef struct later_config {
    topkit_selector_config known;
    int64_t more;
} later_config;

static void engines(void) {
    topkit_engine *engine = NULL;
    EXPECT(topkit_engine_create(0, NULL), TOPKIT_ERROR_ARGUMENT, "`engine` is NULL");
    EXPECT(topkit_engine_create(-2, &engine), TOPKIT_ERROR_ARGUMENT, "ordinal -2 is negative");

    /* No machine has so many GPUs; one without a driver lacks that first. */
    topkit_status status = topkit_engine_create(4096, &engine);
    if (status == TOPKIT_ERROR_DRIVER) {
        EXPECT(status, TOPKIT_ERROR_DRIVER, "libcuda was not found");
        EXPECT(topkit_engine_create(TOPKIT_CURRENT_DEVICE, &engine), TOPKIT_ERROR_DRIVER, "libcuda");
        EXPECT(topkit_engine_create(0, &engine), TOPKIT_ERROR_DRIVER, "install the driver");
    } else {
        EXPECT(status, TOPKIT_ERROR_DEVICE, "");
    }
    EXPECT_TRUE(engine == NULL);
    topkit_engine_destroy(NULL);
}

static void configs(void) {
    topkit_selector *selector = NULL;
    topkit_selector_config good = TOPKIT_SELECTOR_CONFIG_INIT;
    good.dtype = TOPKIT_DTYPE_BF16;
    good.k_first = 2048;
    EXPECT(topkit_selector_create(NULL, &good, NULL), TOPKIT_ERROR_ARGUMENT, "`selector` is NULL");
    EXPECT(topkit_selector_create(NULL, NULL, &selector), TOPKIT_ERROR_ARGUMENT,
           "`topkit_selector_config` is NULL");
    /* What is right in itself gets as far as the engine that is missing. */
    EXPECT(topkit_selector_create(NULL, &good, &selector), TOPKIT_ERROR_ARGUMENT,
           "`engine` is NULL");

    topkit_selector_config bad;
#define REFUSED(field, value, words)                                                      \
    bad = good;                                                                           \
    bad.field = value;                                                                    \
    EXPECT(topkit_selector_create(NULL, &bad, &selector), TOPKIT_ERROR_ARGUMENT, words)
    REFUSED(size, 0, "set it to sizeof(topkit_selector_config)");
    /* The first version had 40 bytes. */
    REFUSED(size, 39, "set it to sizeof(topkit_selector_config)");
    REFUSED(size, (size_t)-1, "set it to sizeof(topkit_selector_config)");
    REFUSED(dtype, 0, "`dtype` is 0; it can be TOPKIT_DTYPE_F32, TOPKIT_DTYPE_BF16, TOPKIT_DTYPE_F16, ");
    REFUSED(dtype, 4, "`dtype` is 4");
    REFUSED(select, 2, "`select` is 2");
    REFUSED(nan, -1, "`nan` is -1");
    REFUSED(rows, 3, "`rows` is 3");
    REFUSED(index, 3, "`index` is 3");
    REFUSED(k_first, 0, "k starts at 1");
    REFUSED(k_first, -5, "`k_first` is -5");
    REFUSED(k_last, 2047, "empty range");
    REFUSED(k_last, -1, "`k_last` is -1");
    REFUSED(reserved, 7, "`reserved` is 7");
    REFUSED(order, 3, "TOPKIT_ORDER_UNSORTED, TOPKIT_ORDER_BY_VALUE or TOPKIT_ORDER_BY_INDEX");
    REFUSED(values, 2, "TOPKIT_VALUES_FALSE or TOPKIT_VALUES_TRUE");
    REFUSED(count, -1, "`count` is -1");
    REFUSED(fill, 2, "TOPKIT_FILL_STANDARD or TOPKIT_FILL_GIVEN");

    later_config later;
    later.known = good;
    later.known.size = sizeof later;
    later.more = 0;
    EXPECT(topkit_selector_create(NULL, &later.known, &selector), TOPKIT_ERROR_ARGUMENT,
           "`engine` is NULL");
    later.more = 1;
    EXPECT(topkit_selector_create(NULL, &later.known, &selector), TOPKIT_ERROR_UNSUPPORTED,
           "use a newer library");
    EXPECT_TRUE(selector == NULL);
    topkit_selector_destroy(NULL);
}

static void selections(void) {
    topkit_plan plan = TOPKIT_PLAN_INIT;
    plan.workspace_bytes = 7;
    topkit_problem problem = TOPKIT_PROBLEM_INIT;
    EXPECT(topkit_selector_plan(NULL, NULL, NULL), TOPKIT_ERROR_ARGUMENT, "`topkit_plan` is NULL");
    EXPECT(topkit_selector_plan(NULL, NULL, &plan), TOPKIT_ERROR_ARGUMENT,
           "`topkit_problem` is NULL");
    EXPECT(topkit_selector_plan(NULL, &problem, &plan), TOPKIT_ERROR_ARGUMENT,
           "`selector` is NULL");
    plan.size = 0;
    EXPECT(topkit_selector_plan(NULL, &problem, &plan), TOPKIT_ERROR_ARGUMENT,
           "sizeof(topkit_plan)");
    EXPECT_TRUE(plan.size == 0 && plan.workspace_bytes == 7);

    EXPECT(topkit_selector_prepare(NULL, NULL), TOPKIT_ERROR_ARGUMENT, "`topkit_problem` is NULL");
    EXPECT(topkit_selector_prepare(NULL, &problem), TOPKIT_ERROR_ARGUMENT, "`selector` is NULL");
    problem.size = sizeof(problem) - 1;
    EXPECT(topkit_selector_prepare(NULL, &problem), TOPKIT_ERROR_ARGUMENT,
           "sizeof(topkit_problem)");

    topkit_launch launch = TOPKIT_LAUNCH_INIT;
    EXPECT(topkit_selector_launch(NULL, NULL, NULL), TOPKIT_ERROR_ARGUMENT,
           "`topkit_launch` is NULL");
    EXPECT(topkit_selector_launch(NULL, NULL, &launch), TOPKIT_ERROR_ARGUMENT,
           "`selector` is NULL");
    launch.size = 8;
    EXPECT(topkit_selector_launch(NULL, NULL, &launch), TOPKIT_ERROR_ARGUMENT,
           "sizeof(topkit_launch)");
}

int main(void) {
    EXPECT_TRUE(strcmp(topkit_last_error(), "") == 0);
    EXPECT_TRUE(strcmp(topkit_version(), TOPKIT_VERSION) == 0);
    engines();
    configs();
    selections();
    return faults != 0;
}

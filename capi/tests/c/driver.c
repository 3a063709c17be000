/* A driver that lacks functions, found before the machine's own, is an error and no panic. */
#include "expect.h"

int main(void) {
    topkit_engine *engine = NULL;
    EXPECT(topkit_engine_create(0, &engine), TOPKIT_ERROR_DRIVER, "it has no function cu");
    EXPECT(topkit_engine_create(TOPKIT_CURRENT_DEVICE, &engine), TOPKIT_ERROR_DRIVER,
           "driver for CUDA 12.0 or later");
    EXPECT_TRUE(engine == NULL);
    return faults != 0;
}

/* The functions of the header beside this file, by the driver's library on GPU 0. */
#include "cuda_runtime.h"
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t address;

/* A function of the driver; the program ends where there is none. */
static void *symbol(const char *name) {
    static void *library = NULL;
    if (library == NULL) library = dlopen("libcuda.so.1", RTLD_NOW);
    void *found = library == NULL ? NULL : dlsym(library, name);
    if (found == NULL) {
        fprintf(stderr, "libcuda.so.1 has no %s\n", name);
        exit(2);
    }
    return found;
}

/* Sets `pointer` to that function; ISO C has no cast from an object's pointer to a function's. */
#define FIND(pointer, name)                           \
    do {                                              \
        void *found = symbol(name);                   \
        memcpy(&(pointer), &found, sizeof(pointer));  \
    } while (0)

/* The runtime starts the driver and takes the primary context by itself. */
static void start(void) {
    static int started = 0;
    if (started) return;
    int (*init)(unsigned);
    int (*retain)(void **, int);
    int (*set_current)(void *);
    FIND(init, "cuInit");
    FIND(retain, "cuDevicePrimaryCtxRetain");
    FIND(set_current, "cuCtxSetCurrent");
    void *context = NULL;
    if (init(0) != 0 || retain(&context, 0) != 0 || set_current(context) != 0) {
        fprintf(stderr, "GPU 0 cannot be opened\n");
        exit(2);
    }
    started = 1;
}

const char *cudaGetErrorString(cudaError_t error) {
    int (*words)(int, const char **);
    const char *text = NULL;
    FIND(words, "cuGetErrorString");
    words((int)error, &text);
    return text == NULL ? "unknown error" : text;
}

cudaError_t cudaMalloc(void **memory, size_t bytes) {
    int (*allocate)(address *, size_t);
    address found = 0;
    start();
    FIND(allocate, "cuMemAlloc_v2");
    int error = allocate(&found, bytes);
    *memory = (void *)(uintptr_t)found;
    return (cudaError_t)error;
}

cudaError_t cudaFree(void *memory) {
    int (*release)(address);
    if (memory == NULL) return cudaSuccess;
    FIND(release, "cuMemFree_v2");
    return (cudaError_t)release((address)(uintptr_t)memory);
}

cudaError_t cudaMemset(void *memory, int byte, size_t bytes) {
    int (*set)(address, unsigned char, size_t);
    FIND(set, "cuMemsetD8_v2");
    return (cudaError_t)set((address)(uintptr_t)memory, (unsigned char)byte, bytes);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind) {
    if (kind == cudaMemcpyHostToDevice) {
        int (*up)(address, const void *, size_t);
        FIND(up, "cuMemcpyHtoD_v2");
        return (cudaError_t)up((address)(uintptr_t)to, from, bytes);
    }
    int (*down)(void *, address, size_t);
    FIND(down, "cuMemcpyDtoH_v2");
    return (cudaError_t)down(to, (address)(uintptr_t)from, bytes);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    int (*create)(cudaStream_t *, unsigned);
    start();
    FIND(create, "cuStreamCreate");
    return (cudaError_t)create(stream, 0);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    int (*synchronize)(cudaStream_t);
    FIND(synchronize, "cuStreamSynchronize");
    return (cudaError_t)synchronize(stream);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    int (*destroy)(cudaStream_t);
    FIND(destroy, "cuStreamDestroy_v2");
    return (cudaError_t)destroy(stream);
}

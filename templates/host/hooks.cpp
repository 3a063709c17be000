// What the compiler's instrumentation calls. Linked into the shared object of every kernel, in place
// of the sanitizers' own libraries, and compiled without instrumentation.
//
// A load or store of the text arrives as __tsan_readN or __tsan_writeN, before it happens; the
// interpreter checks it, and a faulty thread never returns from the call.
#include "hooks.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define SHOWN __attribute__((visibility("default")))

namespace {

using topkit::Word;

enum Access : unsigned { READ = 0, WRITE = 1, VOLATILE = 2 };

struct Hooks {
    void* machine;
    void (*access)(void* machine, Word at, Word size, unsigned access, Word line);
    Word (*call)(void* machine, unsigned call, Word line, const Word* operands);
};

struct Dim3 {
    unsigned x, y, z;
};

}  // namespace

extern "C" {

// Set by the interpreter: the hooks before a launch, the rest whenever it resumes a thread.
SHOWN Hooks topkit_hooks = {};
SHOWN Word topkit_stack[2] = {};   // this thread's own stack, which nobody else may reach
SHOWN char* topkit_shared = nullptr;
SHOWN Word topkit_static_shared = 0;
SHOWN unsigned topkit_cluster_size = 1;
SHOWN unsigned topkit_cluster_rank = 0;
SHOWN Dim3 threadIdx = {};
SHOWN Dim3 blockIdx = {};
SHOWN Dim3 blockDim = {};
SHOWN Dim3 gridDim = {};

// First and last address of the image, from the linker.
extern HIDDEN char __ehdr_start;
extern HIDDEN char _end;
SHOWN void topkit_image(Word* bounds) {
    bounds[0] = reinterpret_cast<Word>(&__ehdr_start);
    bounds[1] = reinterpret_cast<Word>(&_end);
}

// Shared memory: the text's thread-local variables lie where the CTA of the running thread has them.
struct TlsIndex {
    unsigned long module, offset;
};
HIDDEN void* __tls_get_addr(TlsIndex* variable) { return topkit_shared + variable->offset; }
HIDDEN void* topkit_dynamic_shared() { return topkit_shared + topkit_static_shared; }

HIDDEN Word topkit_call(unsigned call, Word line, Word a, Word b, Word c, Word d, Word e) {
    const Word operands[5] = {a, b, c, d, e};
    return topkit_hooks.call(topkit_hooks.machine, call, line, operands);
}

#define ACCESS(NAME, SIZE, KIND)                                                              \
    HIDDEN __attribute__((noinline)) void NAME(void* address) {                               \
        const Word at = reinterpret_cast<Word>(address);                                      \
        if (at - topkit_stack[0] >= topkit_stack[1]) {                                        \
            topkit_hooks.access(topkit_hooks.machine, at, SIZE, KIND, TOPKIT_LINE);           \
        }                                                                                     \
    }
#define SIZES(PREFIX, KIND)         \
    ACCESS(PREFIX##1, 1, KIND)      \
    ACCESS(PREFIX##2, 2, KIND)      \
    ACCESS(PREFIX##4, 4, KIND)      \
    ACCESS(PREFIX##8, 8, KIND)      \
    ACCESS(PREFIX##16, 16, KIND)
SIZES(__tsan_read, READ)
SIZES(__tsan_write, WRITE)
SIZES(__tsan_unaligned_read, READ)
SIZES(__tsan_unaligned_write, WRITE)
SIZES(__tsan_volatile_read, READ | VOLATILE)
SIZES(__tsan_volatile_write, WRITE | VOLATILE)
SIZES(__tsan_unaligned_volatile_read, READ | VOLATILE)
SIZES(__tsan_unaligned_volatile_write, WRITE | VOLATILE)

#define RANGE(NAME, KIND)                                                                     \
    HIDDEN __attribute__((noinline)) void NAME(void* address, unsigned long size) {           \
        const Word at = reinterpret_cast<Word>(address);                                      \
        if (at - topkit_stack[0] >= topkit_stack[1]) {                                        \
            topkit_hooks.access(topkit_hooks.machine, at, size, KIND, TOPKIT_LINE);           \
        }                                                                                     \
    }
RANGE(__tsan_read_range, READ)
RANGE(__tsan_write_range, WRITE)

// clang copies and clears through these.
HIDDEN void* __tsan_memcpy(void* to, const void* from, unsigned long size) {
    topkit_hooks.access(topkit_hooks.machine, reinterpret_cast<Word>(from), size, READ, TOPKIT_LINE);
    topkit_hooks.access(topkit_hooks.machine, reinterpret_cast<Word>(to), size, WRITE, TOPKIT_LINE);
    return __builtin_memcpy(to, from, size);
}
HIDDEN void* __tsan_memmove(void* to, const void* from, unsigned long size) {
    topkit_hooks.access(topkit_hooks.machine, reinterpret_cast<Word>(from), size, READ, TOPKIT_LINE);
    topkit_hooks.access(topkit_hooks.machine, reinterpret_cast<Word>(to), size, WRITE, TOPKIT_LINE);
    return __builtin_memmove(to, from, size);
}
HIDDEN void* __tsan_memset(void* to, int byte, unsigned long size) {
    topkit_hooks.access(topkit_hooks.machine, reinterpret_cast<Word>(to), size, WRITE, TOPKIT_LINE);
    return __builtin_memset(to, byte, size);
}

HIDDEN void __tsan_init() {}
HIDDEN void __tsan_func_entry(void*) {}
HIDDEN void __tsan_func_exit() {}

// The layouts are those of the compilers' own undefined-behaviour runtime.
struct SourceLocation {
    const char* file;
    unsigned line, column;
};
struct TypeDescriptor {
    unsigned short kind, info;
    char name[1];
};
struct OutOfBounds {
    SourceLocation at;
    const TypeDescriptor* array;
    const TypeDescriptor* index;
};
struct TypeMismatch {
    SourceLocation at;
    const TypeDescriptor* type;
    unsigned char log_alignment, check;
};

HIDDEN __attribute__((noinline)) void __ubsan_handle_out_of_bounds(OutOfBounds* data, Word index) {
    topkit_call(topkit::SUBSCRIPT, TOPKIT_LINE, index, reinterpret_cast<Word>(data->array->name), 0,
                0, 0);
}
HIDDEN __attribute__((noinline)) void __ubsan_handle_type_mismatch_v1(TypeMismatch* data,
                                                                      Word address) {
    topkit_call(topkit::MISALIGNED, TOPKIT_LINE, address, Word(1) << data->log_alignment,
                reinterpret_cast<Word>(data->type->name), 0, 0);
}

}  // extern "C"

/* topkit: exact top-k selection on NVIDIA GPUs, for C99, C++ and every language that can call C.
 *
 * An engine is a GPU; a selector is a kind of selection on it (the type of the scores, which end
 * wins, which k). A selector plans (chooses the kernel and the size of the workspace), prepares
 * (compiles and loads the kernel before the first launch) and launches (enqueues a selection on a
 * stream). NVRTC compiles kernels at run time; they are cached on disk for the next process.
 *
 * The answer of a selection
 *   Row r of the input is `columns` scores from `scores + r * row_stride`. Row r of the output is
 *   k indices from `indices + r * index_stride`: the columns of the k best scores, in no order,
 *   each once. The answer is exact for every distribution of scores. Of equal scores any may win,
 *   and the winners may differ from run to run. -0 equals +0, and -inf is a score like any other. A
 *   row with fewer than k scores gives all its columns and then the fill: -1, all bits set for
 *   TOPKIT_INDEX_U32.
 *
 * Units
 *   Strides are in elements, sizes in bytes. rows, columns and k are at most 2^31 - 1.
 *
 * Errors
 *   A function returns a topkit_status. On an error nothing was enqueued and no output was written,
 *   and topkit_last_error() says what was wrong and what to do.
 *
 * Ownership
 *   The caller owns all device memory and every stream, and keeps them until the stream has passed
 *   the launch. Engines and selectors are made and destroyed by the functions below. A selector
 *   keeps the parts of its engine that it needs, so the two may be destroyed in any order, and before
 *   their launches have ended or a graph that captured one is replayed: a loaded kernel stays loaded
 *   for as long as its CUDA context lives. Engines keep the primary context alive; after the last
 *   engine is destroyed, another user of the context, such as the CUDA runtime, must keep it alive.
 *   Make an engine once: engines of a GPU share loaded kernels, but an engine that is made after all
 *   others were destroyed loads them again.
 *
 * Threads
 *   Any number of threads may use one engine or selector at the same time; destroy it when none
 *   does. Every function leaves the calling thread's current CUDA context as it found it.
 *
 * CUDA graphs
 *   topkit_selector_launch allocates nothing, never synchronises, and can be captured after
 *   topkit_selector_prepare for the same rows, columns and k, with any row stride and alignment;
 *   without it the launch fails with TOPKIT_ERROR_CAPTURE. Call nothing else of topkit while a stream
 *   is being captured. A captured launch keeps its addresses; lengths and starts are read when the
 *   graph runs.
 *
 * Growth
 *   Each struct begins with its size. Initialise it with its ..._INIT, or set every byte to 0 and
 *   `size` to its sizeof. Structs grow at the end only, and 0 in a new field means the
 *   behaviour of the library before the field existed.
 */
#ifndef TOPKIT_H
#define TOPKIT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header; topkit_version() tells the library's. */
#define TOPKIT_VERSION "0.1.0"

/* The result of a call. Codes may be added. */
typedef enum topkit_status {
    TOPKIT_OK = 0,
    TOPKIT_ERROR_ARGUMENT = 1,    /* an argument is null, out of range or does not fit another */
    TOPKIT_ERROR_UNSUPPORTED = 2, /* valid, but this version cannot do it */
    TOPKIT_ERROR_DRIVER = 3,      /* the CUDA driver is missing, broken or too old */
    TOPKIT_ERROR_DEVICE = 4,      /* there is no such GPU */
    TOPKIT_ERROR_COMPILER = 5,    /* NVRTC is missing, or cannot target the GPU, or a pack cannot be used */
    TOPKIT_ERROR_COMPILE = 6,     /* no kernel: NVRTC refused it, compiling is denied, no pack has it, or a file failed */
    TOPKIT_ERROR_CUDA = 7,        /* a call of the CUDA driver failed */
    TOPKIT_ERROR_WORKSPACE = 8,   /* the workspace is smaller than the plan says */
    TOPKIT_ERROR_CAPTURE = 9,     /* a kernel would have to be loaded during a stream capture */
    TOPKIT_ERROR_INTERNAL = 10,   /* a fault of topkit itself; please report it */
    TOPKIT_STATUS_MAX = 0x7fffffff /* no status: it makes the enum 32 bits wide */
} topkit_status;

/* The type of a score. It has no default. */
enum {
    TOPKIT_DTYPE_F32 = 1, /* IEEE 754 binary32 */
    TOPKIT_DTYPE_BF16 = 2, /* bfloat16: the upper half of an f32 */
    TOPKIT_DTYPE_F16 = 3, /* IEEE 754 binary16 */
    TOPKIT_DTYPE_I32 = 5, /* Signed integer of 32 bits */
    TOPKIT_DTYPE_U32 = 6, /* Unsigned integer of 32 bits */
    TOPKIT_DTYPE_I16 = 7, /* Signed integer of 16 bits */
    TOPKIT_DTYPE_I8 = 8, /* Signed integer of 8 bits */
    TOPKIT_DTYPE_U8 = 9, /* Unsigned integer of 8 bits */
    TOPKIT_DTYPE_F8_E4M3 = 10, /* OCP 8-bit floating point E4M3, the variant without infinities: float8_e4m3fn */
    TOPKIT_DTYPE_F8_E5M2 = 11, /* OCP 8-bit floating point E5M2: the upper half of an f16 */
    TOPKIT_DTYPE_F64 = 12 /* IEEE 754 binary64 */
};

/* Which end of the order wins. */
enum { TOPKIT_SELECT_LARGEST = 0, TOPKIT_SELECT_SMALLEST = 1 };

/* Where NaN of either sign ranks: above +inf, as torch.topk has it, or below -inf. */
enum { TOPKIT_NAN_HIGHEST = 0, TOPKIT_NAN_LOWEST = 1 };

/* Rows of one length, of a start and len read on the device, or of the candidates of several shards. */
enum { TOPKIT_ROWS_DENSE = 0, TOPKIT_ROWS_RAGGED = 1, TOPKIT_ROWS_SHARDS = 2 };

/* The integer type of the indices; the standard fill is -1, all bits set for u32. */
enum { TOPKIT_INDEX_I32 = 0, TOPKIT_INDEX_U32 = 1, TOPKIT_INDEX_I64 = 2 };

/* In what order the winners of a row are written. */
enum { TOPKIT_ORDER_UNSORTED = 0, TOPKIT_ORDER_BY_VALUE = 1, TOPKIT_ORDER_BY_INDEX = 2 };

/* Whether the winners' scores are written too. */
enum { TOPKIT_VALUES_FALSE = 0, TOPKIT_VALUES_TRUE = 1 };

/* Whether the number of each row's winners is written too. */
enum { TOPKIT_COUNT_FALSE = 0, TOPKIT_COUNT_TRUE = 1 };

/* What is written where a row has no score left: -1 and the worst infinity, or what the launch gives. */
enum { TOPKIT_FILL_STANDARD = 0, TOPKIT_FILL_GIVEN = 1 };

/* Which of equal scores win when not all of them can. */
enum { TOPKIT_TIES_ANY = 0, TOPKIT_TIES_LOWEST_INDEX = 1, TOPKIT_TIES_HIGHEST_INDEX = 2 };

/* Whether an answer, order included, depends on its row alone. It needs a rule for ties and an order. */
enum { TOPKIT_BATCH_INVARIANT_FALSE = 0, TOPKIT_BATCH_INVARIANT_TRUE = 1 };

/* What is written for a winner: its column, or an id that is given or made of the column. */
enum { TOPKIT_IDS_COLUMNS = 0, TOPKIT_IDS_GIVEN = 1, TOPKIT_IDS_AFFINE = 2, TOPKIT_IDS_PAGES = 3 };

/* Whether the winners' columns are written too, beside their ids. */
enum { TOPKIT_RAW_COLUMNS_FALSE = 0, TOPKIT_RAW_COLUMNS_TRUE = 1 };

/* Which scores may win: all, or those that the launch marks by bits or by bytes. */
enum { TOPKIT_MASK_NONE = 0, TOPKIT_MASK_BITS = 1, TOPKIT_MASK_BYTES = 2 };

/* Whether each row has a k of its own, read on the device, of at most the launch's. */
enum { TOPKIT_K_PER_ROW_FALSE = 0, TOPKIT_K_PER_ROW_TRUE = 1 };

/* In place of an ordinal: the GPU of the CUDA context that is current on the calling thread. */
enum { TOPKIT_CURRENT_DEVICE = -1 };

/* A CUDA stream: the same type as CUstream and cudaStream_t. NULL is the default stream. */
struct CUstream_st;
typedef struct CUstream_st *topkit_stream;

typedef struct topkit_engine topkit_engine;
typedef struct topkit_selector topkit_selector;

/* The declaration of a selector. */
typedef struct topkit_selector_config {
    size_t size;      /* sizeof(topkit_selector_config) */
    int32_t dtype;    /* TOPKIT_DTYPE_...; must be given */
    int32_t select;   /* TOPKIT_SELECT_... */
    int32_t nan;      /* TOPKIT_NAN_... */
    int32_t rows;     /* TOPKIT_ROWS_... */
    int32_t index;    /* TOPKIT_INDEX_... */
    int32_t k_first;  /* the least k of its launches, at least 1; must be given */
    int32_t k_last;   /* the greatest; 0 for k_first alone */
    int32_t reserved; /* 0 */
    int32_t order;    /* TOPKIT_ORDER_... */
    int32_t values;   /* TOPKIT_VALUES_...: whether its launches write the winners' scores */
    int32_t count;    /* TOPKIT_COUNT_...: whether its launches write the winners of each row */
    int32_t fill;     /* TOPKIT_FILL_... */
    int32_t ties;     /* TOPKIT_TIES_... */
    int32_t batch_invariant; /* TOPKIT_BATCH_INVARIANT_...; true needs a rule for ties and an order */
    int32_t ids;          /* TOPKIT_IDS_... */
    int32_t raw_columns;  /* TOPKIT_RAW_COLUMNS_...; true needs other ids than columns */
    int32_t mask;         /* TOPKIT_MASK_...; not for scores of i32 and u32 */
    int32_t k_per_row;    /* TOPKIT_K_PER_ROW_... */
    int32_t reserved_end; /* 0 */
} topkit_selector_config;

#define TOPKIT_SELECTOR_CONFIG_INIT \
    { sizeof(topkit_selector_config), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* A problem: the shape of a launch, its row stride and its alignment. */
typedef struct topkit_problem {
    size_t size;        /* sizeof(topkit_problem) */
    int64_t rows;       /* as in topkit_launch, and so are the next two */
    int64_t columns;
    int64_t row_stride; /* 0 for `columns` */
    int64_t alignment;  /* bytes of which `scores` is a multiple; 0 for 16, as cudaMalloc gives */
    int32_t k;          /* winners a row */
    int32_t reserved;   /* 0 */
} topkit_problem;

#define TOPKIT_PROBLEM_INIT { sizeof(topkit_problem), 0, 0, 0, 0, 0, 0 }

/* The plan of a launch. */
typedef struct topkit_plan {
    size_t size;            /* sizeof(topkit_plan) */
    size_t workspace_bytes; /* device memory that the caller passes to the launch */
    char kernel[128];       /* the name of the kernel, NUL-terminated; longer ones are cut */
} topkit_plan;

#define TOPKIT_PLAN_INIT { sizeof(topkit_plan), 0, { 0 } }

/* One selection. Every pointer in it is a device pointer. */
typedef struct topkit_launch {
    size_t size;                /* sizeof(topkit_launch) */
    int64_t rows;               /* 0 enqueues nothing and needs no kernel, prepared or not */
    int64_t columns;            /* the length of a dense row, the bound of a ragged one */
    const void *scores;         /* the first score of row 0, aligned to a score; need not be more */
    int64_t row_stride;         /* from row to row of the scores; 0 for `columns`; may be negative */
    const int32_t *row_starts;  /* [rows], the first column of each row; NULL for 0. Ragged only */
    const int32_t *row_lengths; /* [rows]; NULL for all up to the last column. Ragged only. Starts
                                   and lengths are clamped to the columns; indices count from the
                                   start */
    void *indices;              /* index 0 of row 0; aligned to an index; overlaps no input */
    int64_t index_stride;       /* from row to row of the indices, at least k; 0 for k */
    void *workspace;            /* at least the plan's workspace_bytes, aligned to 16 bytes; NULL if
                                   that is 0. All its bytes are 0 before its first launch;
                                   nothing else writes to it between launches. Launches that may
                                   run at the same time need one each, as in threads that launch on
                                   cudaStreamPerThread: that is another stream in each */
    size_t workspace_bytes;     /* bytes of it */
    int32_t k;                  /* winners a row; may exceed its length */
    int32_t reserved;           /* 0 */
    void *values;               /* value 0 of row 0, as the scores are stored; aligned to a score; overlaps
                                   nothing. TOPKIT_VALUES_TRUE only, and needed there */
    int64_t value_stride;       /* from row to row of the values, at least k; 0 for k */
    int32_t *counts;            /* [rows], the winners of each row; overlaps nothing. TOPKIT_COUNT_TRUE only,
                                   and needed there */
    int64_t index_fill;         /* the index where a row has no score left. TOPKIT_FILL_GIVEN only, else 0 */
    uint64_t value_fill;        /* the bits of the value there. TOPKIT_FILL_GIVEN and TOPKIT_VALUES_TRUE
                                   only, else 0 */
    const void *ids;            /* the id of the first score of row 0, of the type of the indices: the id to write
                                   for each score, beside it. TOPKIT_IDS_GIVEN only, and needed there */
    int64_t id_stride;          /* from row to row of the ids; 0 where all rows have the same */
    int64_t id_scale;           /* an id is column * id_scale + id_offset + row_offsets[row]; 0 for 1.
                                   TOPKIT_IDS_AFFINE only, as the next two */
    int64_t id_offset;
    const void *row_offsets;    /* [rows], of the type of the indices; NULL for none */
    const int32_t *pages;       /* entry 0 of row 0: an id is pages[column >> shift] << shift | column & mask.
                                   TOPKIT_IDS_PAGES only, and needed there, as the next two */
    int64_t page_stride;        /* from row to row of the page table; 0 where all rows have the same */
    int32_t page_shift;         /* the logarithm of a page's columns, at most 31 */
    int32_t reserved_end;       /* 0 */
    int32_t *raw_columns;       /* the column of winner 0 of row 0; -1 where a row has no score left; overlaps
                                   nothing. TOPKIT_RAW_COLUMNS_TRUE only, and needed there */
    int64_t raw_column_stride;  /* from row to row of the columns, at least k; 0 for k */
    const void *mask;           /* the mask of row 0, of all `columns`: words of 32 bits, the first column in the
                                   lowest bit, or bytes; a score may win where its bit is 1, or its byte is not 0.
                                   TOPKIT_MASK_BITS and TOPKIT_MASK_BYTES only, and needed there */
    int64_t mask_stride;        /* from row to row of the mask, in words or bytes; 0 for one of all rows */
    const int32_t *row_ks;      /* [rows], the k of each row, clamped to 0 and k. TOPKIT_K_PER_ROW_TRUE only,
                                   and needed there */
    int64_t shards;             /* shards of a row, each of `columns / shards` columns; 0 for rows in one piece.
                                   TOPKIT_ROWS_SHARDS only, and needed there, as the next four; row_stride is 0 for
                                   the columns of a shard then. Column c is candidate c % width of shard c / width */
    int64_t shard_stride;       /* from shard to shard of the scores; 0 for `rows` rows */
    const int32_t *shard_counts; /* [shards][rows], the candidates that each shard has of each row, clamped to 0 and
                                   to the columns of a shard; NULL where all shards are full */
    int64_t shard_count_stride; /* from shard to shard of the counts; 0 for `rows` */
    int64_t shard_id_stride;    /* from shard to shard of the ids; 0 for `rows` rows */
} topkit_launch;

#define TOPKIT_LAUNCH_INIT \
    { sizeof(topkit_launch), 0, 0, NULL, 0, NULL, NULL, NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0, 0, \
      NULL, 0, 0, 0, NULL, NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0, 0, NULL, 0, 0 }

/* The version of the library: "0.1.0". A constant string. */
const char *topkit_version(void);

/* The message of the last call on this thread that failed; "" if none has. UTF-8, several lines for a
 * compiler's log. It belongs to the library and is valid until the next call on this thread that fails,
 * or the end of the thread. */
const char *topkit_last_error(void);

/* Makes an engine on a GPU, in its primary context, which is also that of the CUDA runtime (and so
 * of PyTorch). `ordinal` counts GPUs as the driver does, from 0; TOPKIT_CURRENT_DEVICE takes the GPU
 * of the calling thread's current context, which must be a primary one.
 *
 * ERROR_ARGUMENT: `engine` is NULL, `ordinal` is negative, or no primary context is current.
 * ERROR_DRIVER, ERROR_DEVICE, ERROR_COMPILER, ERROR_CUDA: the machine lacks it, or it failed. */
topkit_status topkit_engine_create(int32_t ordinal, topkit_engine **engine);

/* Destroys an engine. NULL is allowed. */
void topkit_engine_destroy(topkit_engine *engine);

/* Makes a selector. Nothing is compiled yet.
 *
 * ERROR_ARGUMENT: something is NULL, or a field of `config` is out of range. The config is checked
 * first, the engine last.
 * ERROR_UNSUPPORTED: `config` has fields that this library does not know, and they are not 0. */
topkit_status topkit_selector_create(const topkit_engine *engine,
                                     const topkit_selector_config *config,
                                     topkit_selector **selector);

/* Destroys a selector. NULL is allowed. */
void topkit_selector_destroy(topkit_selector *selector);

/* Chooses the kernel and the workspace of a launch of this problem. It compiles nothing. Fields of
 * `plan` that this library does not know are set to 0.
 *
 * Other row strides and alignments of the same rows, columns and k may have other plans. A launch with
 * another stride or alignment needs no more than this plan's kernel and workspace_bytes: it uses this
 * plan if its own kernel is not loaded or its own workspace is missing. topkit_selector_prepare may
 * find that the GPU or the compiler refuses a kernel; later plans name another one, so prepare before
 * you plan.
 *
 * ERROR_ARGUMENT: something is NULL, negative or beyond 2^31 - 1, or the selector was not made for
 * this k. `plan` is checked first, the selector last.
 * ERROR_UNSUPPORTED: `problem` has fields that this library does not know, and they are not 0. */
topkit_status topkit_selector_plan(const topkit_selector *selector, const topkit_problem *problem,
                                   topkit_plan *plan);

/* Compiles and loads the kernel of this problem's plan, so that its launches do neither, with any row
 * stride or alignment. It may take a second. Call it before a capture and before the first request.
 *
 * ERROR_ARGUMENT: as for topkit_selector_plan.
 * ERROR_UNSUPPORTED: as for topkit_selector_plan; or the GPU has no room for the kernel.
 * ERROR_COMPILE, ERROR_CUDA: the kernel did not compile or load. */
topkit_status topkit_selector_prepare(const topkit_selector *selector,
                                      const topkit_problem *problem);

/* Enqueues a selection on a stream of the engine's context. It returns before the GPU is done; a
 * fault on the GPU shows in a later call of CUDA. The first launch of a kernel that was not prepared
 * compiles and loads it.
 *
 * The caller promises that the addresses are valid for the shape and that the stream is of the engine's
 * context: checking them would cost calls of the driver for every launch. All else is checked.
 *
 * ERROR_ARGUMENT: something is NULL, misaligned, out of range, or overlaps; or starts or lengths were
 * given to a selector of dense rows; or outputs, a fill, ids, a mask or a k of each row to one that was made without
 * them, or none to one that needs them; or the selector was not made for this k.
 * ERROR_UNSUPPORTED: `launch` has fields that this library does not know, and they are not 0; or the
 * GPU has no room for the kernel.
 * ERROR_WORKSPACE: it is smaller than every plan of this shape needs.
 * ERROR_CAPTURE: the stream is being captured and the kernel was not prepared.
 * ERROR_COMPILE, ERROR_CUDA: the kernel did not compile, load or launch. */
topkit_status topkit_selector_launch(const topkit_selector *selector, topkit_stream stream,
                                     const topkit_launch *launch);

#ifdef __cplusplus
}
#endif

#endif

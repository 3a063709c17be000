/* Prints what the header says of sizes, offsets and codes, a line each. */
#include <stddef.h>
#include <stdio.h>
#include <topkit.h>

#define SIZE(type) printf("%s %zu\n", #type, sizeof(type))
#define FIELD(type, field) printf("%s.%s %zu\n", #type, #field, offsetof(type, field))
#define CODE(name) printf("%s %d\n", #name, (int)name)

int main(void) {
    SIZE(topkit_status);
    SIZE(topkit_selector_config);
    FIELD(topkit_selector_config, size);
    FIELD(topkit_selector_config, dtype);
    FIELD(topkit_selector_config, select);
    FIELD(topkit_selector_config, nan);
    FIELD(topkit_selector_config, rows);
    FIELD(topkit_selector_config, index);
    FIELD(topkit_selector_config, k_first);
    FIELD(topkit_selector_config, k_last);
    FIELD(topkit_selector_config, reserved);
    FIELD(topkit_selector_config, order);
    FIELD(topkit_selector_config, values);
    FIELD(topkit_selector_config, count);
    FIELD(topkit_selector_config, fill);
    FIELD(topkit_selector_config, ties);
    FIELD(topkit_selector_config, batch_invariant);
    FIELD(topkit_selector_config, ids);
    FIELD(topkit_selector_config, raw_columns);
    FIELD(topkit_selector_config, mask);
    FIELD(topkit_selector_config, k_per_row);
    FIELD(topkit_selector_config, reserved_end);
    SIZE(topkit_problem);
    FIELD(topkit_problem, size);
    FIELD(topkit_problem, rows);
    FIELD(topkit_problem, columns);
    FIELD(topkit_problem, row_stride);
    FIELD(topkit_problem, alignment);
    FIELD(topkit_problem, k);
    FIELD(topkit_problem, reserved);
    SIZE(topkit_plan);
    FIELD(topkit_plan, size);
    FIELD(topkit_plan, workspace_bytes);
    FIELD(topkit_plan, kernel);
    SIZE(topkit_launch);
    FIELD(topkit_launch, size);
    FIELD(topkit_launch, rows);
    FIELD(topkit_launch, columns);
    FIELD(topkit_launch, scores);
    FIELD(topkit_launch, row_stride);
    FIELD(topkit_launch, row_starts);
    FIELD(topkit_launch, row_lengths);
    FIELD(topkit_launch, indices);
    FIELD(topkit_launch, index_stride);
    FIELD(topkit_launch, workspace);
    FIELD(topkit_launch, workspace_bytes);
    FIELD(topkit_launch, k);
    FIELD(topkit_launch, reserved);
    FIELD(topkit_launch, values);
    FIELD(topkit_launch, value_stride);
    FIELD(topkit_launch, counts);
    FIELD(topkit_launch, index_fill);
    FIELD(topkit_launch, value_fill);
    FIELD(topkit_launch, ids);
    FIELD(topkit_launch, id_stride);
    FIELD(topkit_launch, id_scale);
    FIELD(topkit_launch, id_offset);
    FIELD(topkit_launch, row_offsets);
    FIELD(topkit_launch, pages);
    FIELD(topkit_launch, page_stride);
    FIELD(topkit_launch, page_shift);
    FIELD(topkit_launch, reserved_end);
    FIELD(topkit_launch, raw_columns);
    FIELD(topkit_launch, raw_column_stride);
    FIELD(topkit_launch, mask);
    FIELD(topkit_launch, mask_stride);
    FIELD(topkit_launch, row_ks);
    FIELD(topkit_launch, shards);
    FIELD(topkit_launch, shard_stride);
    FIELD(topkit_launch, shard_counts);
    FIELD(topkit_launch, shard_count_stride);
    FIELD(topkit_launch, shard_id_stride);
    CODE(TOPKIT_OK);
    CODE(TOPKIT_ERROR_ARGUMENT);
    CODE(TOPKIT_ERROR_UNSUPPORTED);
    CODE(TOPKIT_ERROR_DRIVER);
    CODE(TOPKIT_ERROR_DEVICE);
    CODE(TOPKIT_ERROR_COMPILER);
    CODE(TOPKIT_ERROR_COMPILE);
    CODE(TOPKIT_ERROR_CUDA);
    CODE(TOPKIT_ERROR_WORKSPACE);
    CODE(TOPKIT_ERROR_CAPTURE);
    CODE(TOPKIT_ERROR_INTERNAL);
    CODE(TOPKIT_CURRENT_DEVICE);
    return 0;
}

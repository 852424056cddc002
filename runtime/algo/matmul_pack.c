// The step that packs the second matrices of products in blocks of columns. No algorithm of its
// own.
#include "algo/matmul.h"

// Rows of src2 that one work-item packs: 32 rows of 32 columns are 4 KiB of each tensor.
#define RUN 32

struct instance matmul_pack_instance(const struct device *device, int vectors)
{
    struct instance instance = instance_start("matmul_pack", 1, 1, 1);

    instance_define(&instance, "V", device->vector_width);
    instance_define(&instance, "NV", vectors);
    return instance;
}

struct tensor matmul_pack(struct plan_builder *builder, const struct problem *problem,
                          int vectors, struct operand *packed)
{
    const struct device *device = builder_device(builder);
    const struct tensor *src2 = &problem->u.matmul.src2;
    struct instance instance = matmul_pack_instance(device, vectors);
    int block = device->vector_width * vectors;
    int64_t blocks = ceil_div(src2->size[MATMUL_COLUMNS], block), batch = 1;
    int64_t elements = blocks * src2->size[MATMUL_ROWS] * block;
    struct tensor once = *src2, out = *src2;
    struct step *step;

    for (int i = MATMUL_BATCHES - 1; i >= 0; i--) {
        once.size[i] = src2->stride[i] ? src2->size[i] : 1;
        out.stride[i] = src2->stride[i] ? elements * batch : 0;
        batch *= once.size[i];
    }
    *packed = plan_scratch(builder, (size_t)(elements * batch) * cvy_dtype_bytes(src2->dtype));
    step = plan_step(builder, PHASE_RUN, &instance);
    step_tensor(step, OPERAND(SLOT_SRC2), src2->dtype);
    step_tensor(step, *packed, src2->dtype);
    step_long(step, RUN);
    step_long(step, once.size[MATMUL_ROWS]);
    step_long(step, once.size[MATMUL_COLUMNS]);
    for (int i = 1; i < MATMUL_BATCHES; i++)
        step_long(step, once.size[i]);
    step_strides(step, &once, CVY_MAX_RANK);
    step_flat(step, batch * blocks * ceil_div(src2->size[MATMUL_ROWS], RUN));
    return out;
}

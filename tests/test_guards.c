// Kernels read and write nothing beside their tensors: every labelled row runs in host memory that
// ends, or begins, at a page that may not be touched. The judge's canaries cannot see a read. A
// driver that copies host memory sees nothing here; PoCL works in it.
#include "plan_fixture.h"
#include "rows.h"

#include <sys/mman.h>
#include <unistd.h>

TestSuite(guards, .init = open_all, .fini = close_all, .timeout = 280);

enum { MOST_BLOCKS = REF_MAX_SOURCES + 16 };

// The host memory of one problem and the buffers over it.
static struct {
    void *pages[MOST_BLOCKS];
    size_t bytes[MOST_BLOCKS];
    cvy_buffer *buffers[MOST_BLOCKS];
    int count;
    bool front;             // the guard is in front of tensors, else behind them
} blocks;

// Zeros, between two pages without access. Host memory begins at a multiple of 4 bytes: behind
// smaller elements, up to 3 bytes are not guarded.
static cvy_tensor guarded(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
    int i = blocks.count++;
    char *pages, *host;

    bytes = (bytes + 3) / 4 * 4;
    cr_assert_lt(i, MOST_BLOCKS);
    blocks.buffers[i] = NULL;
    blocks.bytes[i] = whole + 2 * page;
    pages = mmap(NULL, blocks.bytes[i], PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(pages != MAP_FAILED);
    blocks.pages[i] = pages;
    if (bytes == 0)
        return (cvy_tensor) { NULL, 0 };
    cr_assert_eq(mprotect(pages + page, whole, PROT_READ | PROT_WRITE), 0);
    host = pages + page + (blocks.front ? 0 : whole - bytes);
    OK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes, .host = host },
                         &blocks.buffers[i]));
    return (cvy_tensor) { blocks.buffers[i], 0 };
}

static void release_blocks(void)
{
    for (int i = 0; i < blocks.count; i++) {
        cvy_buffer_destroy(&blocks.buffers[i]);
        munmap(blocks.pages[i], blocks.bytes[i]);
    }
    blocks.count = 0;
}

static cvy_tensor floats(int64_t count)
{
    return guarded((size_t)count * sizeof(float));
}

static cvy_tensor map(const cvy_desc *desc)
{
    cvy_desc dense = judge_dense(desc);

    return guarded(cvy_desc_bytes(&dense));
}

static size_t indices_bytes(const struct ref_problem *problem)
{
    cvy_desc desc = problem->op == REF_GATHER ? problem->gather.indices : *ref_src(problem);

    if (problem->op != REF_GATHER)
        desc.dtype = problem->max_unpool.indices_dtype;
    if (desc.dtype != CVY_I32)
        desc.dtype = CVY_I64;
    return (size_t)cvy_desc_elements(&desc) * cvy_dtype_bytes(desc.dtype);
}

// A source in the first one's layout, unless it has one.
static cvy_tensor like_first(const struct ref_problem *problem, const cvy_desc *desc)
{
    cvy_desc own = *desc;

    if (own.layout == CVY_LAYOUT_DEFAULT && problem->op != REF_MATMUL)
        own.layout = ref_src(problem)->layout;
    return map(&own);
}

static void make_sources(const struct ref_problem *problem, cvy_tensor *sources, cvy_args *args)
{
    const cvy_desc *src2 = ref_src2(problem);

    if (problem->op == REF_CONCAT) {
        for (size_t i = 0; i < problem->concat.src_count; i++)
            sources[args->src_count++] = map(&problem->sources[i]);
    } else if (problem->op == REF_WHERE) {
        cvy_desc condition = problem->where.condition;

        condition.dtype = CVY_BOOL;
        sources[args->src_count++] = like_first(problem, &condition);
        sources[args->src_count++] = map(&problem->where.src);
        sources[args->src_count++] = like_first(problem, &problem->where.src2);
    } else {
        args->src = map(ref_src(problem));
    }
    if (problem->op == REF_BINARY)
        src2 = &problem->binary.src2;
    if (src2 != NULL && problem->op != REF_WHERE)
        args->src2 = like_first(problem, src2);
    args->srcs = args->src_count ? sources : NULL;
}

static void run(struct ref_problem *problem, cvy_plan *plan)
{
    cvy_tensor sources[REF_MAX_SOURCES];
    cvy_args args = { .src_count = 0 };
    struct ref_needs needs;
    cvy_plan_info info;

    OK(cvy_plan_info_get(plan, &info));
    ref_infer(problem, &needs);
    make_sources(problem, sources, &args);
    args.weights = floats(needs.weights);
    args.bias = floats(needs.bias);
    args.weights2 = floats(needs.weights2);
    args.bias2 = floats(needs.bias2);
    args.slope = floats(needs.slope);
    args.scale = floats(needs.scale);
    args.mean = floats(needs.mean);
    args.variance = floats(needs.variance);
    if (problem->op == REF_MATMUL && problem->matmul.bias.rank)
        args.bias = map(&problem->matmul.bias);
    args.dst = guarded(cvy_desc_bytes(&info.dst));
    if (needs.residual)
        args.residual = guarded(cvy_desc_bytes(&info.dst));
    if (needs.indices_out)
        args.indices = guarded(cvy_desc_bytes(&info.indices));
    if (needs.indices_in)
        args.indices = guarded(indices_bytes(problem));
    OK(cvy_plan_enqueue(plan, queue, &args, NULL, NULL));
    OK(cvy_queue_finish(queue));
    release_blocks();
}

static void run_rows(bool front)
{
    blocks.front = front;
    for (size_t i = 0; i < rows_count(); i++)
        for (int nhwc = 0; nhwc < 2; nhwc++) {
            struct judge_problem problem;
            cvy_plan *plan = NULL;

            rows_problem(i, nhwc ? CVY_NHWC : CVY_NCHW, JUDGE_REAL, &problem);
            fprintf(stderr, "%s, %s\n", problem.label, nhwc ? "NHWC" : "NCHW");
            OK(create(&problem.ref, &plan));
            run(&problem.ref, plan);
            cvy_plan_destroy(&plan);
        }
}

Test(guards, nothing_behind_a_tensor_is_touched)
{
    run_rows(false);
}

Test(guards, nothing_in_front_of_a_tensor_is_touched)
{
    run_rows(true);
}

// Replays what PyTorch answered (golden/record.py) on a device, through text, planner and queue as
// a user would. CONVOY_DEVICE picks the device, CONVOY_TEST_GOLDEN=TEXT only the lines with TEXT.
#include "golden_case.h"
#include "plan_fixture.h"

#include <math.h>

TestSuite(golden, .init = open_all, .fini = close_all, .timeout = 900);

enum { LEAST_CASES = 500, MOST_SHOWN = 20, AROUND = 256, MOST_SOURCES = 8 };
static const uint8_t unwritten = 0xff;      // four of them are a NaN that no operator makes

static const struct {
    const char *name;
    size_t at;
    bool constant;              // packed by cvy_plan_prepare
} slots[] = {
    { "src", offsetof(cvy_args, src), false }, { "src2", offsetof(cvy_args, src2), false },
    { "weights", offsetof(cvy_args, weights), true }, { "bias", offsetof(cvy_args, bias), true },
    { "weights2", offsetof(cvy_args, weights2), true },
    { "bias2", offsetof(cvy_args, bias2), true }, { "slope", offsetof(cvy_args, slope), true },
    { "scale", offsetof(cvy_args, scale), true }, { "mean", offsetof(cvy_args, mean), true },
    { "variance", offsetof(cvy_args, variance), true },
    { "residual", offsetof(cvy_args, residual), false },
    { "indices", offsetof(cvy_args, indices), false },
};

// A case at work. What fails is said once, with the line.
struct replay {
    const char *line;
    int number;                 // of the line, from 1
    const uint8_t *answer;
    struct golden_case c;
    bool prepared, failed, shown;
    double worst;               // error as a share of its tolerance
    cvy_plan *plan;
    cvy_plan_info info;
    cvy_weights *weights;
    cvy_buffer *inputs[GOLDEN_MOST_INPUTS], *dst, *indices;
    cvy_tensor sources[MOST_SOURCES];
    cvy_args args;
    uint8_t *dst_image, *indices_image;
};

static void replay_fail(struct replay *r, const char *format, ...)
{
    char text[600];
    va_list list;

    if (r->failed)
        return;
    r->failed = true;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (r->shown)
        cr_expect(false, "golden.txt:%d: %s (%s, %s): %s", r->number, r->line,
                  r->info.algorithm[0] ? r->info.algorithm : "no plan",
                  r->prepared ? "prepared" : "raw", text);
}

static bool went_well(struct replay *r, const char *step, cvy_status status)
{
    if (status != CVY_OK)
        replay_fail(r, "%s gives %s: %s", step, cvy_status_name(status), cvy_error_text());
    return status == CVY_OK;
}

// Before -----------------------------------------------------------------------------------------

// Memory with NaN all around, and the image of it; the caller frees that.
static uint8_t *image_of(size_t bytes)
{
    size_t total = bytes + 2 * AROUND;
    uint8_t *image = malloc(total);

    cr_assert(image, "out of memory");
    memset(image, unwritten, total);
    return image;
}

static bool upload(struct replay *r, const uint8_t *image, size_t bytes, cvy_buffer **out)
{
    const cvy_buffer_params params = { .bytes = bytes + 2 * AROUND };

    return went_well(r, "buffer", cvy_buffer_create(context, &params, out))
        && went_well(r, "write", cvy_queue_write(queue, (cvy_tensor) { *out, 0 }, image,
                                                 params.bytes, NULL, NULL));
}

static cvy_tensor *slot_of(struct replay *r, const char *name)
{
    if (strcmp(name, "srcs") == 0 && r->args.src_count < MOST_SOURCES) {
        r->args.srcs = r->sources;
        return &r->sources[r->args.src_count++];
    }
    for (size_t i = 0; i < COUNT_OF(slots); i++)
        if (strcmp(slots[i].name, name) == 0)
            return (cvy_tensor *)(void *)((char *)&r->args + slots[i].at);
    return NULL;
}

static bool upload_inputs(struct replay *r)
{
    for (int i = 0; i < r->c.input_count && !r->failed; i++) {
        const struct golden_input *input = &r->c.inputs[i];
        size_t bytes = cvy_desc_bytes(&input->desc);
        uint8_t *image = image_of(bytes);
        cvy_tensor *slot = slot_of(r, input->slot);

        golden_pack(input, image + AROUND);
        if (!slot)
            replay_fail(r, "there is no slot %s", input->slot);
        else if (upload(r, image, bytes, &r->inputs[i]))
            *slot = (cvy_tensor) { r->inputs[i], AROUND };
        free(image);
    }
    return !r->failed;
}

static bool same_sizes(const cvy_desc *a, const cvy_desc *b)
{
    return a->rank == b->rank && memcmp(a->size, b->size, (size_t)a->rank * sizeof *a->size) == 0;
}

static bool make_plan(struct replay *r)
{
    // Tolerances are those of direct summation.
    const cvy_plan_options options = { .exact = true };

    if (!went_well(r, "plan", cvy_plan_from_spec(context, r->c.spec, &options, &r->plan))
        || !went_well(r, "info", cvy_plan_info_get(r->plan, &r->info)))
        return false;
    if (!same_sizes(&r->info.dst, &r->c.dst) || r->info.dst.dtype != r->c.dst.dtype)
        replay_fail(r, "dst has other sizes or another dtype: rank %d, size[0] %lld, dtype %d",
                    (int)r->info.dst.rank, (long long)r->info.dst.size[0], (int)r->info.dst.dtype);
    if (r->c.indices != (r->info.indices.rank > 0))
        replay_fail(r, "the plan's indices have rank %d", (int)r->info.indices.rank);
    return !r->failed;
}

static bool prepare(struct replay *r)
{
    cvy_args constants = { .src_count = 0 };

    for (size_t i = 0; i < COUNT_OF(slots); i++) {
        cvy_tensor *from = (cvy_tensor *)(void *)((char *)&r->args + slots[i].at);

        if (!slots[i].constant)
            continue;
        *(cvy_tensor *)(void *)((char *)&constants + slots[i].at) = *from;
        *from = (cvy_tensor) { NULL, 0 };
    }
    if (!went_well(r, "prepare", cvy_plan_prepare(r->plan, queue, &constants, &r->weights)))
        return false;
    r->args.prepared = r->weights;
    return true;
}

static bool has_constants(const struct golden_case *c)
{
    for (int i = 0; i < c->input_count; i++)
        for (size_t s = 0; s < COUNT_OF(slots); s++)
            if (slots[s].constant && strcmp(slots[s].name, c->inputs[i].slot) == 0)
                return true;
    return false;
}

static bool open_outputs(struct replay *r)
{
    size_t bytes = cvy_desc_bytes(&r->info.dst);

    r->dst_image = image_of(bytes);
    r->args.dst.offset = AROUND;
    if (!upload(r, r->dst_image, bytes, &r->dst))
        return false;
    r->args.dst.buffer = r->dst;
    if (!r->c.indices)
        return true;
    bytes = cvy_desc_bytes(&r->info.indices);
    r->indices_image = image_of(bytes);
    r->args.indices.offset = AROUND;
    if (!upload(r, r->indices_image, bytes, &r->indices))
        return false;
    r->args.indices.buffer = r->indices;
    return true;
}

// After ------------------------------------------------------------------------------------------

static bool download(struct replay *r, cvy_buffer *buffer, size_t bytes, uint8_t *image)
{
    size_t total = bytes + 2 * AROUND;

    if (!went_well(r, "read", cvy_queue_read(queue, (cvy_tensor) { buffer, 0 }, image, total, NULL,
                                             NULL)))
        return false;
    for (size_t i = 0; i < AROUND; i++)
        if (image[i] != unwritten || image[AROUND + bytes + i] != unwritten)
            replay_fail(r, "memory around an output was written");
    return !r->failed;
}

// The tolerance of an element: the upper half of a float32.
static double tolerance_at(const struct replay *r, int64_t i)
{
    int64_t count = cvy_desc_elements(&r->c.dst);
    uint32_t bits = 0;
    uint16_t upper;
    float value;

    memcpy(&upper, r->answer + 4 * count + 2 * i, sizeof upper);
    bits = (uint32_t)upper << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double share_of(const struct replay *r, int64_t i, float got, float want)
{
    if (isnan(want))
        return isnan(got) ? 0.0 : INFINITY;
    if (r->c.how == GOLDEN_EQUAL || isinf(want))
        return got == want ? 0.0 : INFINITY;
    if (r->c.how == GOLDEN_BITS)
        return memcmp(&got, &want, sizeof got) == 0 ? 0.0 : INFINITY;
    return isfinite(got) ? fabs((double)got - (double)want) / tolerance_at(r, i) : INFINITY;
}

// The error of a float32 as a share of its tolerance; 0 or infinity where it must be equal.
static double judge_float(const struct replay *r, int64_t i, const uint8_t *at)
{
    static const uint8_t nothing[4] = { 0xff, 0xff, 0xff, 0xff };
    float got, want;

    memcpy(&got, at, sizeof got);
    memcpy(&want, r->answer + 4 * i, sizeof want);
    return memcmp(at, nothing, sizeof nothing) == 0 ? INFINITY : share_of(r, i, got, want);
}

static void show_bad(struct replay *r, const char *what, int64_t i, const uint8_t *got,
                     const uint8_t *want, size_t bytes, int64_t bad)
{
    char hex[2][20];
    float floats[2] = { 0.0f, 0.0f };

    for (size_t b = 0; b < bytes && b < 8; b++) {
        snprintf(hex[0] + 2 * b, 3, "%02x", got[bytes - 1 - b]);
        snprintf(hex[1] + 2 * b, 3, "%02x", want[bytes - 1 - b]);
    }
    if (bytes == sizeof *floats) {
        memcpy(&floats[0], got, sizeof *floats);
        memcpy(&floats[1], want, sizeof *floats);
    }
    replay_fail(r, "%s at %lld (N, C, spatial order): got %.9g (%s), want %.9g (%s), tolerance "
                "%.3g; %lld of %lld bad", what, (long long)i, (double)floats[0], hex[0],
                (double)floats[1], hex[1], r->c.how == GOLDEN_NEAR ? tolerance_at(r, i) : 0.0,
                (long long)bad, (long long)cvy_desc_elements(&r->c.dst));
}

static void check_dst(struct replay *r)
{
    int64_t count = cvy_desc_elements(&r->c.dst), first = -1, bad = 0;
    size_t bytes = cvy_dtype_bytes(r->c.dst.dtype);
    const uint8_t *image = r->dst_image + AROUND;

    for (int64_t i = 0; i < count; i++) {
        const uint8_t *at = image + (size_t)golden_place(&r->info.dst, i) * bytes;
        double share = r->c.dst.dtype == CVY_F32 ? judge_float(r, i, at)
                     : memcmp(at, r->answer + (size_t)i * bytes, bytes) ? INFINITY : 0.0;

        if (!(share <= 1.0)) {
            first = first < 0 ? i : first;
            bad++;
        }
        r->worst = share > r->worst ? share : r->worst;
    }
    if (first >= 0)
        show_bad(r, "dst is wrong", first,
                 image + (size_t)golden_place(&r->info.dst, first) * bytes,
                 r->answer + (size_t)first * bytes, bytes, bad);
}

static int64_t index_at(const struct replay *r, int64_t i)
{
    bool wide = r->info.indices.dtype == CVY_I64;
    const uint8_t *at = r->indices_image + AROUND
                      + golden_place(&r->info.indices, i) * (wide ? 8 : 4);
    int64_t index;
    int32_t narrow;

    memcpy(&index, at, sizeof index);
    memcpy(&narrow, at, sizeof narrow);
    return wide ? index : narrow;
}

static void check_indices(struct replay *r)
{
    int64_t count = cvy_desc_elements(&r->c.dst);
    const uint8_t *answers = r->answer + count * (r->c.how == GOLDEN_NEAR ? 6 : 4);

    for (int64_t i = 0; i < count; i++) {
        int32_t want;

        memcpy(&want, answers + 4 * i, sizeof want);
        if (index_at(r, i) != want) {
            replay_fail(r, "index %lld (N, C, spatial order): got %lld, want %d", (long long)i,
                        (long long)index_at(r, i), want);
            return;
        }
    }
}

static void check_outputs(struct replay *r)
{
    if (download(r, r->dst, cvy_desc_bytes(&r->info.dst), r->dst_image))
        check_dst(r);
    if (r->c.indices
        && download(r, r->indices, cvy_desc_bytes(&r->info.indices), r->indices_image))
        check_indices(r);
}

static void replay_close(struct replay *r)
{
    cvy_weights_destroy(&r->weights);
    cvy_plan_destroy(&r->plan);
    for (int i = 0; i < GOLDEN_MOST_INPUTS; i++)
        cvy_buffer_destroy(&r->inputs[i]);
    cvy_buffer_destroy(&r->dst);
    cvy_buffer_destroy(&r->indices);
    free(r->dst_image);
    free(r->indices_image);
    golden_free(&r->c);
}

// All --------------------------------------------------------------------------------------------

struct golden {
    uint8_t *text, *binary;
    size_t text_bytes, binary_bytes;
};

static void golden_open(struct golden *g)
{
    g->text = golden_load(GOLDEN_DIR "/golden.txt", &g->text_bytes);
    g->binary = golden_load(GOLDEN_DIR "/golden.bin", &g->binary_bytes);
    cr_assert(g->text && g->binary, "%s has no golden.txt or golden.bin", GOLDEN_DIR);
}

static void run(struct replay *r)
{
    r->prepared = r->number % 2 == 0 && has_constants(&r->c);
    if (make_plan(r) && upload_inputs(r) && open_outputs(r) && (!r->prepared || prepare(r))
        && went_well(r, "enqueue", cvy_plan_enqueue(r->plan, queue, &r->args, NULL, NULL)))
        check_outputs(r);
}

// One line: whether it went well.
static bool replay_line(const struct golden *g, const char *line, int number, bool shown,
                        double *worst)
{
    struct replay r = { .line = line, .number = number, .shown = shown };

    if (!golden_parse(line, &r.c))
        replay_fail(&r, "malformed");
    else if (r.c.offset > g->binary_bytes
             || golden_answer_bytes(&r.c) > g->binary_bytes - r.c.offset)
        replay_fail(&r, "its answer lies beyond golden.bin");
    r.answer = g->binary + r.c.offset;
    if (!r.failed)
        run(&r);
    if (!r.failed && r.worst > *worst)
        *worst = r.worst;
    replay_close(&r);
    return !r.failed;
}

Test(golden, every_operator_answers_as_pytorch_does)
{
    struct golden g;
    const char *only = getenv("CONVOY_TEST_GOLDEN");
    int number = 0, run = 0, failed = 0;
    double worst = 0.0;
    char *save = NULL;
    cvy_device_info info;

    OK(cvy_context_device_info(context, &info));
    golden_open(&g);
    for (char *line = strtok_r((char *)g.text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        number++;
        if (only && !strstr(line, only))
            continue;
        run++;
        failed += !replay_line(&g, line, number, failed < MOST_SHOWN, &worst);
    }
    printf("golden on %s: %d cases, %d failed, worst error %.3f of its tolerance\n", info.name, run,
           failed, worst);
    cr_expect(failed == 0, "%d of %d cases failed", failed, run);
    cr_expect(only || run >= LEAST_CASES, "only %d cases, not %d", run, LEAST_CASES);
    free(g.text);
    free(g.binary);
}

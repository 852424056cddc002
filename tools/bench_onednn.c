// oneDNN as a peer of the bench: opened when it is asked for, so that the program needs it for
// nothing else and OpenMP reads its environment after we have set it.
#include "bench.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The library -------------------------------------------------------------------------------------

#define CALLS(X) \
    X(dnnl_version) X(dnnl_engine_create) X(dnnl_stream_create) X(dnnl_stream_wait) \
    X(dnnl_memory_create) X(dnnl_memory_destroy) X(dnnl_memory_get_data_handle) \
    X(dnnl_memory_desc_init_by_tag) X(dnnl_memory_desc_equal) \
    X(dnnl_dilated_convolution_forward_desc_init) \
    X(dnnl_dilated_deconvolution_forward_desc_init) X(dnnl_pooling_v2_forward_desc_init) \
    X(dnnl_inner_product_forward_desc_init) X(dnnl_primitive_attr_create) \
    X(dnnl_primitive_attr_destroy) X(dnnl_primitive_attr_set_post_ops) X(dnnl_post_ops_create) \
    X(dnnl_post_ops_destroy) X(dnnl_post_ops_append_eltwise) X(dnnl_primitive_desc_create) \
    X(dnnl_primitive_desc_destroy) X(dnnl_primitive_desc_query) X(dnnl_primitive_desc_query_md) \
    X(dnnl_primitive_create) X(dnnl_primitive_destroy) X(dnnl_primitive_execute) \
    X(dnnl_reorder_primitive_desc_create)

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define LIBRARY "libdnnl.so." TEXT(DNNL_VERSION_MAJOR)

struct library {
#define MEMBER(name) __typeof__(&name) name;
    CALLS(MEMBER)
#undef MEMBER
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};
static struct library dnn;

static bool load(char error[BENCH_ERROR])
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL) {
        snprintf(error, BENCH_ERROR, "%s", dlerror());
        return false;
    }
#define LOAD(name) \
    *(void **)&dnn.name = dlsym(library, #name); \
    if (dnn.name == NULL) { \
        snprintf(error, BENCH_ERROR, LIBRARY " has no " #name); \
        return false; \
    }
    CALLS(LOAD)
#undef LOAD
    return true;
}

// A thread for each core, where it stays: as PoCL has it. What the user has set stays.
static void set_environment(void)
{
    setenv("OMP_PROC_BIND", "true", 0);
    setenv("OMP_PLACES", "cores", 0);
}

static bool begin(const struct bench_place *place, char version[BENCH_NAME],
                  char error[BENCH_ERROR])
{
    const dnnl_version_t *v;

    (void)place;
    set_environment();
    if (!load(error)) {
        return false;
    }
    v = dnn.dnnl_version();
    snprintf(version, BENCH_NAME, "%d.%d.%d", v->major, v->minor, v->patch);
    if (dnn.dnnl_engine_create(&dnn.engine, dnnl_cpu, 0) != dnnl_success ||
        dnn.dnnl_stream_create(&dnn.stream, dnn.engine, dnnl_stream_default_flags) !=
            dnnl_success) {
        snprintf(error, BENCH_ERROR, "no engine for this processor");
        return false;
    }
    return true;
}

// Memory ------------------------------------------------------------------------------------------

typedef dnnl_memory_desc_t desc;

// Of one primitive: 4 memories at most.
struct step {
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t args[4];
    int count;
};

struct state {
    struct step steps[2];
    int count;
    desc plain_dst;             // NCHW
    desc dst;
};

static desc describe(int rank, const int64_t *size, dnnl_format_tag_t tag)
{
    dnnl_dims_t dims;
    desc md;

    memset(&md, 0, sizeof md);
    memcpy(dims, size, (size_t)rank * sizeof *size);
    dnn.dnnl_memory_desc_init_by_tag(&md, rank, dims, dnnl_f32, tag);
    return md;
}

static dnnl_memory_t memory(const desc *md, void *values)
{
    dnnl_memory_t m = NULL;

    dnn.dnnl_memory_create(&m, md, dnn.engine, values != NULL ? values : DNNL_MEMORY_ALLOCATE);
    return m;
}

static bool reorder(dnnl_memory_t from, const desc *from_md, dnnl_memory_t to, const desc *to_md)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t p = NULL;
    const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    bool good = dnn.dnnl_reorder_primitive_desc_create(&pd, from_md, dnn.engine, to_md,
                                                       dnn.engine, NULL) == dnnl_success &&
                dnn.dnnl_primitive_create(&p, pd) == dnnl_success &&
                dnn.dnnl_primitive_execute(p, dnn.stream, 2, args) == dnnl_success &&
                dnn.dnnl_stream_wait(dnn.stream) == dnnl_success;

    if (p != NULL) {
        dnn.dnnl_primitive_destroy(p);
    }
    if (pd != NULL) {
        dnn.dnnl_primitive_desc_destroy(pd);
    }
    return good;
}

// Memory as `md` says with values that lie as `plain` says; without values: room.
static dnnl_memory_t filled(const desc *md, const desc *plain, const float *values)
{
    dnnl_memory_t to = memory(md, NULL);
    dnnl_memory_t from = values != NULL ? memory(plain, (void *)(uintptr_t)values) : NULL;

    if (from != NULL) {
        if (!reorder(from, plain, to, md)) {
            dnn.dnnl_memory_destroy(to);
            to = NULL;
        }
        dnn.dnnl_memory_destroy(from);
    }
    return to;
}

// Operators ---------------------------------------------------------------------------------------

// One primitive to make: its descs as oneDNN may choose them, and as our values lie.
struct wish {
    dnnl_op_desc_t op;          // points at one of the next
    dnnl_convolution_desc_t conv;
    dnnl_deconvolution_desc_t deconv;
    dnnl_pooling_v2_desc_t pool;
    dnnl_inner_product_desc_t linear;
    desc src, weights, bias, dst;
    const float *src_values, *weights_values, *bias_values;
    dnnl_memory_t src_memory;   // the step before has it; else NULL
    bool relu;
};

static dnnl_status_t make_desc(const struct wish *wish, dnnl_primitive_desc_t *out)
{
    dnnl_primitive_attr_t attr = NULL;
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = dnn.dnnl_primitive_attr_create(&attr);

    if (status == dnnl_success && wish->relu) {
        dnn.dnnl_post_ops_create(&ops);
        dnn.dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
        status = dnn.dnnl_primitive_attr_set_post_ops(attr, ops);
        dnn.dnnl_post_ops_destroy(ops);
    }
    if (status == dnnl_success) {
        status = dnn.dnnl_primitive_desc_create(out, wish->op, attr, dnn.engine, NULL);
    }
    if (attr != NULL) {
        dnn.dnnl_primitive_attr_destroy(attr);
    }
    return status;
}

static desc chosen(dnnl_primitive_desc_t pd, dnnl_query_t what)
{
    return *dnn.dnnl_primitive_desc_query_md(pd, what, 0);
}

static void add_arg(struct step *step, int arg, dnnl_memory_t memory)
{
    step->args[step->count++] = (dnnl_exec_arg_t) { arg, memory };
}

static bool fill_step(const struct wish *wish, dnnl_primitive_desc_t pd, struct step *step)
{
    const desc src = chosen(pd, dnnl_query_src_md), dst = chosen(pd, dnnl_query_dst_md);
    bool good = true;

    add_arg(step, DNNL_ARG_SRC, wish->src_memory != NULL ? wish->src_memory :
            filled(&src, &wish->src, wish->src_values));
    add_arg(step, DNNL_ARG_DST, memory(&dst, NULL));
    if (wish->weights_values != NULL) {
        const desc weights = chosen(pd, dnnl_query_weights_md);

        add_arg(step, DNNL_ARG_WEIGHTS, filled(&weights, &wish->weights, wish->weights_values));
    }
    if (wish->bias_values != NULL) {
        add_arg(step, DNNL_ARG_BIAS, filled(&wish->bias, &wish->bias, wish->bias_values));
    }
    for (int i = 0; i < step->count; i++) {
        good = good && step->args[i].memory != NULL;
    }
    return good;
}

static bool add_step(struct state *s, const struct wish *wish, char how[128])
{
    struct step *step = &s->steps[s->count];
    dnnl_primitive_desc_t pd = NULL;
    const char *name = "";
    bool good;

    if (make_desc(wish, &pd) != dnnl_success) {
        return false;
    }
    dnn.dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    snprintf(how + strlen(how), 128 - strlen(how), s->count > 0 ? " + %s" : "%s", name);
    s->count++;
    s->dst = chosen(pd, dnnl_query_dst_md);
    good = dnn.dnnl_primitive_create(&step->primitive, pd) == dnnl_success &&
           fill_step(wish, pd, step);
    dnn.dnnl_primitive_desc_destroy(pd);
    return good;
}

// A window of the problem, and how its maps may lie.
struct window {
    int64_t c, k, h, w, oh, ow, groups;
    dnnl_dims_t kernel, stride, dilation, begin, end;
    dnnl_format_tag_t tag;      // any, or that of src and dst
    dnnl_alg_kind_t winograd;   // 0: auto
};

static void set_axis(struct window *w, int axis, const struct bench_problem *p)
{
    w->kernel[axis] = p->kernel[axis];
    w->stride[axis] = p->stride[axis];
    w->dilation[axis] = p->dilation[axis] - 1;
    w->begin[axis] = p->begin[axis];
    w->end[axis] = p->end[axis];
}

static void set_no_axis(struct window *w, int axis)
{
    w->kernel[axis] = w->stride[axis] = 1;
    w->dilation[axis] = w->begin[axis] = w->end[axis] = 0;
}

static struct window whole_window(const struct bench_problem *p, dnnl_format_tag_t tag)
{
    struct window w = { p->c, p->k, p->h, p->w, p->oh, p->ow, p->groups, .tag = tag };

    set_axis(&w, 0, p);
    set_axis(&w, 1, p);
    return w;
}

// Grouped weights have an axis for the groups, in front.
static desc weights_desc(const struct window *w, bool backward, bool any)
{
    int64_t k = w->k / w->groups, c = w->c / w->groups;
    const int64_t size[] = { w->groups, k, c, w->kernel[0], w->kernel[1] };
    dnnl_format_tag_t tag = w->groups > 1 ? (backward ? dnnl_acbde : dnnl_abcde) :
                            backward ? dnnl_bacd : dnnl_abcd;

    return w->groups > 1 ? describe(5, size, any ? dnnl_format_tag_any : tag) :
           describe(4, size + 1, any ? dnnl_format_tag_any : tag);
}

// A convolution or its transposed; src_md: that of the step before.
static bool add_conv(struct state *s, int64_t n, const struct window *w, bool backward,
                     const desc *src_md, struct wish *wish, char how[128])
{
    const int64_t src_size[] = { n, w->c, w->h, w->w }, dst_size[] = { n, w->k, w->oh, w->ow };
    const int64_t bias_size[] = { w->k };
    desc src = src_md != NULL ? *src_md : describe(4, src_size, w->tag);
    desc dst = describe(4, dst_size, w->tag), weights = weights_desc(w, backward, true);
    const desc *bias = wish->bias_values != NULL ? &wish->bias : NULL;
    dnnl_status_t status;

    wish->src = describe(4, src_size, dnnl_nchw);
    wish->weights = weights_desc(w, backward, false);
    wish->bias = describe(1, bias_size, dnnl_x);
    if (backward) {
        wish->op = &wish->deconv;
        status = dnn.dnnl_dilated_deconvolution_forward_desc_init(
            &wish->deconv, dnnl_forward_inference, dnnl_deconvolution_direct, &src, &weights, bias,
            &dst, w->stride, w->dilation, w->begin, w->end);
    } else {
        wish->op = &wish->conv;
        status = dnn.dnnl_dilated_convolution_forward_desc_init(
            &wish->conv, dnnl_forward_inference,
            w->winograd != 0 ? w->winograd : dnnl_convolution_auto, &src, &weights, bias, &dst,
            w->stride, w->dilation, w->begin, w->end);
    }
    return status == dnnl_success && add_step(s, wish, how);
}

static bool open_conv(struct state *s, const struct bench_problem *p, const struct bench_data *d,
                      dnnl_format_tag_t tag, dnnl_alg_kind_t winograd, char how[128])
{
    struct window w = whole_window(p, tag);
    struct wish wish = { .src_values = d->src, .weights_values = d->weights,
                         .bias_values = p->bias ? d->bias : NULL, .relu = p->relu };

    w.winograd = winograd;
    return add_conv(s, p->n, &w, p->op == BENCH_DECONV, NULL, &wish, how);
}

static bool open_separable(struct state *s, const struct bench_problem *p,
                           const struct bench_data *d, dnnl_format_tag_t tag, char how[128])
{
    struct window first = whole_window(p, tag), second = whole_window(p, tag);
    struct wish wish = { .src_values = d->src, .weights_values = d->weights,
                         .bias_values = p->bias ? d->bias : NULL };
    struct wish wish2 = { .weights_values = d->weights2,
                          .bias_values = p->bias2 ? d->bias2 : NULL, .relu = p->relu };
    desc between;

    first.k = first.groups = p->c;
    second.h = p->oh;
    set_no_axis(&second, 0);
    if (p->spatial) {
        set_no_axis(&first, 1);
        first.ow = p->w;
        second.groups = p->c;
    } else {
        set_no_axis(&second, 1);
        second.w = p->ow;
    }
    if (!add_conv(s, p->n, &first, false, NULL, &wish, how)) {
        return false;
    }
    between = s->dst;
    wish2.src_memory = s->steps[0].args[1].memory;
    return add_conv(s, p->n, &second, false, &between, &wish2, how);
}

static bool open_pool(struct state *s, const struct bench_problem *p, const struct bench_data *d,
                      dnnl_format_tag_t tag, char how[128])
{
    const struct window w = whole_window(p, tag);
    const int64_t src_size[] = { p->n, p->c, p->h, p->w };
    const int64_t dst_size[] = { p->n, p->c, p->oh, p->ow };
    struct wish wish = { .src_values = d->src };
    desc src = describe(4, src_size, tag), dst = describe(4, dst_size, tag);
    dnnl_alg_kind_t kind = p->maximum ? dnnl_pooling_max :
                           p->exclude_pad ? dnnl_pooling_avg_exclude_padding :
                           dnnl_pooling_avg_include_padding;

    wish.op = &wish.pool;
    wish.src = describe(4, src_size, dnnl_nchw);
    return dnn.dnnl_pooling_v2_forward_desc_init(&wish.pool, dnnl_forward_inference, kind, &src,
                                                 &dst, w.stride, w.kernel, w.dilation, w.begin,
                                                 w.end) == dnnl_success &&
           add_step(s, &wish, how);
}

static bool open_linear(struct state *s, const struct bench_problem *p,
                        const struct bench_data *d, dnnl_format_tag_t tag, char how[128])
{
    const int64_t src_size[] = { p->n, p->c }, weights_size[] = { p->k, p->c };
    const int64_t dst_size[] = { p->n, p->k };
    struct wish wish = { .src_values = d->src, .weights_values = d->weights,
                         .bias_values = p->bias ? d->bias : NULL, .relu = p->relu };
    bool any = tag == dnnl_format_tag_any;
    desc src = describe(2, src_size, any ? dnnl_format_tag_any : dnnl_ab);
    desc weights = describe(2, weights_size, dnnl_format_tag_any);
    desc dst = describe(2, dst_size, any ? dnnl_format_tag_any : dnnl_ab);

    wish.op = &wish.linear;
    wish.src = describe(2, src_size, dnnl_ab);
    wish.weights = describe(2, weights_size, dnnl_ab);
    wish.bias = describe(1, dst_size + 1, dnnl_x);
    return dnn.dnnl_inner_product_forward_desc_init(&wish.linear, dnnl_forward_inference, &src,
                                                    &weights, p->bias ? &wish.bias : NULL, &dst) ==
               dnnl_success &&
           add_step(s, &wish, how);
}

// Sides -------------------------------------------------------------------------------------------

static bool run(void *state, int calls)
{
    struct state *s = state;
    bool good = true;

    for (int call = 0; good && call < calls; call++) {
        for (int i = 0; good && i < s->count; i++) {
            good = dnn.dnnl_primitive_execute(s->steps[i].primitive, dnn.stream, s->steps[i].count,
                                              s->steps[i].args) == dnnl_success;
        }
    }
    return dnn.dnnl_stream_wait(dnn.stream) == dnnl_success && good;
}

static bool result(void *state, float *nchw)
{
    struct state *s = state;
    dnnl_memory_t to = memory(&s->plain_dst, nchw);
    bool good = to != NULL && reorder(s->steps[s->count - 1].args[1].memory, &s->dst, to,
                                      &s->plain_dst);

    if (to != NULL) {
        dnn.dnnl_memory_destroy(to);
    }
    return good;
}

static void close_side(void **state)
{
    struct state *s = *state;

    for (int i = 0; i < s->count; i++) {
        // The second step's source is the first one's output.
        for (int j = i; j < s->steps[i].count; j++) {
            if (s->steps[i].args[j].memory != NULL) {
                dnn.dnnl_memory_destroy(s->steps[i].args[j].memory);
            }
        }
        if (s->steps[i].primitive != NULL) {
            dnn.dnnl_primitive_destroy(s->steps[i].primitive);
        }
    }
    free(s);
    *state = NULL;
}

static bool open_op(struct state *s, const struct bench_problem *p, const struct bench_data *d,
                    dnnl_format_tag_t tag, dnnl_alg_kind_t winograd, char how[128])
{
    switch (p->op) {
    case BENCH_CONV:
    case BENCH_DECONV: return open_conv(s, p, d, tag, winograd, how);
    case BENCH_POOL: return open_pool(s, p, d, tag, how);
    case BENCH_SEPARABLE: return open_separable(s, p, d, tag, how);
    case BENCH_LINEAR: return open_linear(s, p, d, tag, how);
    default: return false;
    }
}

static bool open_tagged(const struct bench_problem *p, const struct bench_data *d,
                        dnnl_format_tag_t tag, dnnl_alg_kind_t winograd, struct bench_side *out)
{
    const int64_t size[] = { p->n, p->k, p->oh, p->ow };
    struct state *s = calloc(1, sizeof *s);

    *out = (struct bench_side) { .name = "onednn", .state = s, .run = run, .result = result,
                                 .close = close_side, .spins = true };
    if (s == NULL) {
        return false;
    }
    s->plain_dst = p->op == BENCH_LINEAR ? describe(2, size, dnnl_ab) :
                   describe(4, size, dnnl_nchw);
    if (!open_op(s, p, d, tag, winograd, out->how) || !run(s, 1)) {
        bench_side_close(out);
        return false;
    }
    sched_getaffinity(0, sizeof out->cores, &out->cores);
    return true;
}

// Its own best layout for rows in NHWC, plain NCHW for the others. Pooling takes the layout that it
// is given: blocks of channels are what the convolutions around it have.
static dnnl_format_tag_t layout_tag(const struct bench_problem *p)
{
    return p->layout == CVY_NCHW ? dnnl_nchw : p->op != BENCH_POOL ? dnnl_format_tag_any :
           dnnl_nChw16c;
}

static bool open_auto(const struct bench_place *place, const struct bench_problem *problem,
                      const struct bench_data *data, struct bench_side *out,
                      char error[BENCH_ERROR])
{
    (void)place;
    if (!open_tagged(problem, data, layout_tag(problem), 0, out)) {
        snprintf(error, BENCH_ERROR, "it has no primitive for this");
        return false;
    }
    return true;
}

static bool open_winograd(const struct bench_place *place, const struct bench_problem *problem,
                          const struct bench_data *data, struct bench_side *out,
                          char error[BENCH_ERROR])
{
    (void)place;
    if (problem->op != BENCH_CONV || problem->layout != CVY_NHWC ||
        problem->kernel[0] != 3 || problem->kernel[1] != 3 ||
        !open_tagged(problem, data, dnnl_format_tag_any, dnnl_convolution_winograd, out)) {
        snprintf(error, BENCH_ERROR, "it has no Winograd convolution for this");
        return false;
    }
    snprintf(out->name, sizeof out->name, "onednn winograd");
    return true;
}

const struct bench_peer bench_onednn = { "onednn", "onednn", begin, open_auto };
const struct bench_peer bench_onednn_winograd = { "onednn", "onednn winograd", NULL,
                                                  open_winograd };

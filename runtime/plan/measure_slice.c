// Parts of problems that are quick to check: fewer images, rows and columns, then channels.
#include "plan/measure.h"

static int64_t pool_work(const struct problem *problem)
{
    double taps = 1.0;

    for (int i = 0; i < 3; i++)
        taps *= (double)MAX(problem->u.pool.window.kernel[i], 1);
    return (int64_t)MIN(taps * (double)tensor_elements(&problem->dst), 1e18);
}

static double problem_work(const struct problem *problem)
{
    double moved = (double)tensor_elements(&problem->src)
        + (double)tensor_elements(&problem->dst);

    if (problem->op == OP_CONV)
        return moved + (double)conv_macs(problem, &problem->u.conv);
    return problem->op == OP_POOL ? moved + (double)pool_work(problem) : moved;
}

double measure_work(const struct plan_request *request)
{
    double work = problem_work(&request->problem);

    return request->problem.op == OP_CONV || request->problem.op == OP_POOL
        ? work : work + (double)MAX(request->info.macs, 0);
}

void measure_request(const struct problem *problem, struct plan_request *out)
{
    const struct conv_problem *conv = &problem->u.conv;
    int64_t k = problem->dst.size[AXIS_C];

    memset(out, 0, sizeof *out);
    out->problem = *problem;
    request_tensor(out, SLOT_SRC, &problem->src);
    request_constant(out, SLOT_WEIGHTS, problem->src.size[AXIS_C] / conv->groups * k
                     * window_taps(&conv->window));
    if (conv->bias)
        request_constant(out, SLOT_BIAS, k);
    if (conv->activation.kind == CVY_PRELU)
        request_constant(out, SLOT_SLOPE, k);
    if (conv->residual)
        request_tensor(out, SLOT_RESIDUAL, &problem->dst);
    request_tensor(out, SLOT_DST, &problem->dst);
    out->info.macs = conv_macs(problem, conv);
    out->info.dst.rank = 5;
    out->info.dst.dtype = problem->dst.dtype;
    problem_key(problem, NULL, out->info.spec);
}

// Fewer of an axis; dense tensors stay so, and strided ones keep their strides.
static void resize(struct tensor *t, int axis, int64_t size)
{
    bool dense = tensor_is_dense(t);

    t->size[axis] = size;
    if (dense)
        tensor_set_dense(t, t->layout);
}

static bool halve_batch(struct problem *p)
{
    int64_t n = p->src.size[AXIS_N];

    if (n < 2)
        return false;
    resize(&p->src, AXIS_N, n / 2);
    resize(&p->dst, AXIS_N, n / 2);
    return true;
}

// Takes half of the axis's windows off the end, and what they alone need. Windows, padding and the
// size of what padding mirrors stay as they are.
static bool halve_axis(struct problem *p, int axis)
{
    const struct window *w = p->op == OP_CONV ? &p->u.conv.window : &p->u.pool.window;
    int i = axis - AXIS_SPATIAL;
    bool back = p->op == OP_CONV && p->direction == BACKWARD_DATA;
    struct tensor *few = back ? &p->src : &p->dst, *many = back ? &p->dst : &p->src;
    int64_t off = few->size[axis] / 2;
    int64_t least = w->dilation[i] * (w->kernel[i] - 1) + 1 + 2 * w->pad[i];

    if (few->size[axis] < 16)
        return false;
    if (many->size[axis] - off * w->stride[i] < MAX(least, 4))
        return false;
    resize(few, axis, few->size[axis] - off);
    resize(many, axis, many->size[axis] - off * w->stride[i]);
    return true;
}

static bool halve_map(struct problem *p)
{
    int axis = AXIS_W;

    for (int i = AXIS_D; i <= AXIS_W; i++)
        if (p->dst.size[i] > p->dst.size[axis])
            axis = i;
    return halve_axis(p, axis);
}

// Whole groups first, then output channels or input channels of each; enough for blocks of two
// vectors stay.
#define LEAST_CHANNELS 32
static bool halve_channels(struct problem *p)
{
    int64_t groups = p->op == OP_CONV ? p->u.conv.groups : p->src.size[AXIS_C];
    int64_t c = p->src.size[AXIS_C], k = p->dst.size[AXIS_C];

    if (groups > LEAST_CHANNELS && groups % 2 == 0) {
        if (p->op == OP_CONV)
            p->u.conv.groups = groups / 2;
        resize(&p->src, AXIS_C, c / 2);
        resize(&p->dst, AXIS_C, k / 2);
        return true;
    }
    if (p->op != OP_CONV)
        return false;
    c /= groups;
    k /= groups;
    if (k >= c && k > LEAST_CHANNELS)
        resize(&p->dst, AXIS_C, groups * ((k + 1) / 2));
    else if (c > LEAST_CHANNELS)
        resize(&p->src, AXIS_C, groups * ((c + 1) / 2));
    else
        return false;
    return true;
}

void measure_slice(const struct plan_request *full, double work, struct plan_request *out)
{
    struct problem p = full->problem;
    bool window = p.op == OP_CONV || (p.op == OP_POOL && p.u.pool.kind < CVY_POOL_ADAPTIVE_MAX
                                      && p.u.pool.indices == CVY_INDICES_NONE);

    *out = *full;
    if (!window)
        return;
    while (problem_work(&p) > work
           && (halve_batch(&p) || halve_map(&p) || halve_channels(&p)))
        ;
    if (problem_work(&p) == problem_work(&full->problem))
        return;
    if (p.op == OP_CONV) {
        measure_request(&p, out);
        return;
    }
    out->problem = p;
    request_tensor(out, SLOT_SRC, &p.src);
    request_tensor(out, SLOT_DST, &p.dst);
}

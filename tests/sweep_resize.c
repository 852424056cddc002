// Random resizes.
#include "sweep_parts.h"

static void choose_size(struct sweep *s, cvy_resize_params *p, int axis)
{
    static const float scales[] = { 0.5f, 2.0f, 3.0f, 1.0f, 0.7f, 1.3f, 1.0f / 3.0f, 2.5f, 0.9f };
    int64_t most = p->src.rank == 3 ? 90 : p->src.rank == 4 ? 24 : 9;
    float scale = scales[random_between(&s->random, 0, 8)];

    if (random_chance(&s->random, 40) && (float)p->src.size[2 + axis] * scale >= 1.0f) {
        p->scale[axis] = scale;
        if (random_chance(&s->random, 80)) {
            return;
        }
    }
    p->output_size[axis] = random_chance(&s->random, 10) ? 1 :
                           random_chance(&s->random, 15) ? p->src.size[2 + axis] :
                           random_between(&s->random, 1, most);
}

// Inside of the input, a little beyond, backwards.
static void choose_region(struct sweep *s, cvy_resize_params *p, int axis)
{
    static const float begins[] = { 0.0f, 0.0f, 0.1f, 0.25f, -0.2f, 1.0f, 0.4f };
    static const float ends[] = { 1.0f, 1.0f, 0.9f, 0.75f, 1.3f, 0.0f, 0.55f };

    p->roi_begin[axis] = begins[random_between(&s->random, 0, 6)];
    p->roi_end[axis] = ends[random_between(&s->random, 0, 6)];
}

bool sweep_resize(struct sweep *s)
{
    static const float coefficients[] = { 0.0f, 0.0f, -0.5f, -0.75f, -1.0f };
    static const int64_t axes[] = { 1, 2, 2, 2, 2, 3 };
    cvy_resize_params *p = &s->out->ref.resize;

    s->out->ref.op = REF_RESIZE;
    sweep_feature_map(s, (int)sweep_pick(s, axes, 6), sweep_channels(s), &p->src);
    p->mode = (cvy_resize_mode)random_between(&s->random, CVY_NEAREST, CVY_BICUBIC);
    p->coordinates = (cvy_resize_coordinates)random_between(&s->random,
                                                            CVY_COORDINATES_DEFAULT,
                                                            CVY_TF_CROP_AND_RESIZE);
    p->rounding = (cvy_resize_rounding)random_between(&s->random, CVY_ROUND_FLOOR,
                                                      CVY_ROUND_PREFER_CEIL);
    p->cubic_a = coefficients[random_between(&s->random, 0, 4)];
    p->exclude_outside = random_chance(&s->random, 30);
    p->extrapolation_value = random_chance(&s->random, 50) ? 0.0f : 3.5f;
    for (int i = 0; i < p->src.rank - 2; i++) {
        choose_size(s, p, i);
        choose_region(s, p, i);
    }
    return ref_resize_meets_input(p) && sweep_dst(s, &p->dst);
}

// Resize and Upsample: which axes, from scales or sizes, in which mode. Convoy resizes the spatial
// axes of maps; where a model resizes others, they are moved there.
#include "onnx/ops_shape.h"

#include <math.h>
#include <string.h>

struct resize {
    cvy_desc src;
    int64_t sizes[CVY_MAX_RANK];        // of the output, 0: in times scale
    float scales[CVY_MAX_RANK];         // 0: out over in
    float begin[CVY_MAX_RANK], end[CVY_MAX_RANK];       // the region, shares of each axis
    cvy_resize_mode mode;
    cvy_resize_coordinates coordinates;
    cvy_resize_rounding rounding;
};

// At load -----------------------------------------------------------------------------------------

static const char *const modes[] = { "nearest", "linear", "cubic", NULL };
static const char *const modes_1[] = { "nearest", "bilinear", "linear", NULL };
// In the order of cvy_resize_coordinates and cvy_resize_rounding.
static const char *const coordinates[] = {
    "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "half_pixel_symmetric",
    "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL
};
static const char *const roundings[] = {
    "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL
};
static const char *const policies[] = { "stretch", "not_larger", "not_smaller", NULL };

static size_t choice(const struct onnx_node *node, const char *name, const char *const *choices)
{
    const char *text = onnx_string(node, name, choices[0]);
    size_t i = 0;

    while (choices[i] && strcmp(text, choices[i]) != 0)
        i++;
    return i;
}

static bool is_simple(const struct onnx_node *node)     // no coordinate modes yet
{
    return op_is(node, "Upsample") || node->opset < 11;
}

cvy_status check_resize(const struct onnx_node *node)
{
    bool upsample = op_is(node, "Upsample");
    cvy_status st = CVY_OK;

    if (upsample && node->opset >= 10)
        TRY(onnx_fail(CVY_ERR_MODEL_OP, "Upsample is no operator since opset 10"));
    TRY(op_choose(node, "mode", upsample ? modes_1 : modes));
    if (upsample && node->opset < 7) {
        TRY(op_require(node, "width_scale"));
        TRY(op_require(node, "height_scale"));
    } else if (upsample && node->opset < 9) {
        TRY(op_require(node, "scales"));
    }
    if (is_simple(node))
        return CVY_OK;
    TRY(op_choose(node, "coordinate_transformation_mode", coordinates));
    TRY(op_choose(node, "nearest_mode", roundings));
    TRY(op_choose(node, "keep_aspect_ratio_policy", policies));
    st = op_only(node, "antialias", 0, 0);
out:
    return st;
}

// Reading -----------------------------------------------------------------------------------------

static void read_modes(const struct onnx_node *node, struct resize *r)
{
    static const cvy_resize_rounding order[] = { CVY_ROUND_PREFER_FLOOR, CVY_ROUND_PREFER_CEIL,
                                                 CVY_ROUND_FLOOR, CVY_ROUND_CEIL };

    r->mode = (cvy_resize_mode)choice(node, "mode", modes);
    if (op_is(node, "Upsample"))
        r->mode = choice(node, "mode", modes_1) == 0 ? CVY_NEAREST : CVY_BILINEAR;
    r->coordinates = CVY_ASYMMETRIC;
    r->rounding = CVY_ROUND_FLOOR;
    if (is_simple(node))
        return;
    r->coordinates = (cvy_resize_coordinates)(CVY_HALF_PIXEL
        + choice(node, "coordinate_transformation_mode", coordinates));
    r->rounding = order[choice(node, "nearest_mode", roundings)];
}

static cvy_status put_scales(struct resize *r, const float *scales, size_t count,
                             const struct op_list *axes)
{
    if (count != axes->count)
        return onnx_fail(CVY_ERR_MODEL, "%zu scales for %zu axes", count, axes->count);
    for (size_t i = 0; i < count; i++) {
        if (!(scales[i] > 0.0f && isfinite(scales[i])))
            return onnx_fail(CVY_ERR_MODEL, "scales[%zu] is %g", i, (double)scales[i]);
        r->scales[axes->at[i]] = scales[i];
    }
    return CVY_OK;
}

// Scales in attributes: of height and width, or of all axes.
static cvy_status read_scale_attrs(const struct op *op, struct resize *r,
                                   const struct op_list *axes)
{
    float scales[4] = { 1.0f, 1.0f, onnx_float(op->node, "height_scale", 1.0f),
                        onnx_float(op->node, "width_scale", 1.0f) };
    size_t count;
    const float *given = onnx_floats(op->node, "scales", &count);

    return op->node->opset < 7 ? put_scales(r, scales, 4, axes)
        : put_scales(r, given, count, axes);
}

// All axes keep the ratio that the smallest or largest of the wanted ones needs.
static void keep_ratio(const struct op *op, struct resize *r, const struct op_list *axes)
{
    size_t policy = choice(op->node, "keep_aspect_ratio_policy", policies);
    float scale = 0.0f;

    for (size_t i = 0; i < axes->count; i++) {
        float ratio = (float)r->sizes[axes->at[i]] / (float)r->src.size[axes->at[i]];

        if (i == 0 || (policy == 1 ? ratio < scale : ratio > scale))
            scale = ratio;
    }
    for (size_t i = 0; i < axes->count && policy != 0; i++) {
        r->scales[axes->at[i]] = scale;
        r->sizes[axes->at[i]] =
            (int64_t)floorf(scale * (float)r->src.size[axes->at[i]] + 0.5f);
    }
}

static cvy_status read_sizes(const struct op *op, struct resize *r, const struct op_list *axes)
{
    struct op_list sizes;
    cvy_status st = CVY_OK;

    TRY(op_input_ints(op, 3, "sizes", &sizes));
    if (sizes.count != axes->count)
        TRY(onnx_fail(CVY_ERR_MODEL, "%zu sizes for %zu axes", sizes.count, axes->count));
    for (size_t i = 0; i < sizes.count; i++) {
        if (sizes.at[i] < 1 || sizes.at[i] > INT32_MAX || r->src.size[axes->at[i]] < 1)
            TRY(onnx_fail(CVY_ERR_SHAPE, "sizes[%zu] is %lld, of an axis of %lld", i,
                          (long long)sizes.at[i], (long long)r->src.size[axes->at[i]]));
        r->sizes[axes->at[i]] = sizes.at[i];
        r->scales[axes->at[i]] = 0.0f;
    }
    keep_ratio(op, r, axes);
out:
    return st;
}

static cvy_status read_region(const struct op *op, struct resize *r, const struct op_list *axes)
{
    float roi[2 * CVY_MAX_RANK];
    size_t count;
    cvy_status st = CVY_OK;

    TRY(op_input_floats(op, 1, "roi", 2 * CVY_MAX_RANK, roi, &count));
    if (count != 2 * axes->count)
        TRY(onnx_fail(CVY_ERR_MODEL, "roi has %zu elements for %zu axes", count, axes->count));
    for (size_t i = 0; i < axes->count; i++) {
        int64_t axis = axes->at[i];
        float length = (float)r->src.size[axis] * (roi[axes->count + i] - roi[i]);

        r->begin[axis] = roi[i];
        r->end[axis] = roi[axes->count + i];
        if (r->scales[axis] == 0.0f)
            continue;
        if (!(length * r->scales[axis] >= 1.0f && length * r->scales[axis] < 0x1p31f))
            TRY(onnx_fail(CVY_ERR_SHAPE, "roi leaves nothing of axis %d", (int)axis));
        r->sizes[axis] = (int64_t)floorf(length * r->scales[axis]);
    }
out:
    return st;
}

static bool has_contents(const struct op *op, size_t input)
{
    cvy_desc desc;

    return op_has(op, input) && op_desc(op, op->in[input], &desc) == CVY_OK
        && !(desc.rank == 1 && desc.size[0] == 0);
}

static cvy_status read_axes(const struct op *op, struct resize *r, struct op_list *axes)
{
    bool given, seen[CVY_MAX_RANK];
    int32_t axis;
    cvy_status st = CVY_OK;

    TRY(op_attr_ints(op, "axes", axes, &given));
    for (int i = 0; !given && i < r->src.rank; i++)
        axes->at[axes->count++] = i;
    TRY(op_axes(axes, r->src.rank, seen));
    for (size_t i = 0; i < axes->count; i++) {
        TRY(op_axis(axes->at[i], r->src.rank, &axis));
        axes->at[i] = axis;
    }
out:
    return st;
}

static cvy_status read_resize(const struct op *op, struct resize *r)
{
    const size_t scales_input = is_simple(op->node) ? 1 : 2;
    float scales[CVY_MAX_RANK];
    struct op_list axes;
    size_t count;
    cvy_status st = CVY_OK;

    *r = (struct resize) { .mode = CVY_NEAREST };
    TRY(op_desc(op, op->in[0], &r->src));
    for (int i = 0; i < CVY_MAX_RANK; i++)
        r->scales[i] = r->end[i] = 1.0f;
    read_modes(op->node, r);
    TRY(read_axes(op, r, &axes));
    if (has_contents(op, scales_input)) {
        TRY(op_input_floats(op, scales_input, "scales", CVY_MAX_RANK, scales, &count));
        TRY(put_scales(r, scales, count, &axes));
    } else if (has_contents(op, 3)) {
        TRY(read_sizes(op, r, &axes));
    } else if (op_is(op->node, "Upsample") && op->node->opset < 9) {
        TRY(read_scale_attrs(op, r, &axes));
    } else {
        TRY(onnx_fail(CVY_ERR_MODEL, "neither scales nor sizes are given"));
    }
    if (r->coordinates == CVY_TF_CROP_AND_RESIZE)
        TRY(read_region(op, r, &axes));
out:
    return st;
}

// Adding ------------------------------------------------------------------------------------------

static int64_t size_of(const struct resize *r, int axis)
{
    return r->sizes[axis] ? r->sizes[axis]
        : (int64_t)floorf((float)r->src.size[axis] * r->scales[axis]);
}

// Align corners by scales counts the output's size with its fraction, o (in - 1) / (in scale - 1),
// which is a region that ends before the input does.
static void align_fractions(struct resize *r)
{
    bool fractions = false;

    for (int i = 0; i < r->src.rank; i++) {
        float exact = (float)r->src.size[i] * r->scales[i];

        fractions = fractions || (!r->sizes[i] && exact != (float)size_of(r, i));
    }
    if (!fractions || r->coordinates != CVY_ALIGN_CORNERS)
        return;
    r->coordinates = CVY_TF_CROP_AND_RESIZE;
    for (int i = 0; i < r->src.rank; i++) {
        float exact = (float)r->src.size[i] * r->scales[i], size = (float)size_of(r, i);

        if (r->scales[i] == 1.0f)
            continue;
        r->sizes[i] = (int64_t)size;
        r->end[i] = size == 1.0f ? 0.0f : size == exact ? 1.0f : (size - 1.0f) / (exact - 1.0f);
    }
}

static bool is_resized(const struct resize *r, int axis)
{
    bool same = r->sizes[axis] ? r->sizes[axis] == r->src.size[axis] && r->scales[axis] == 0.0f
        : r->scales[axis] == 1.0f;
    bool whole = r->begin[axis] == 0.0f && r->end[axis] == 1.0f;

    return !same || !whole;
}

// Resizes `count` axes of src, which are its spatial ones from `first` on.
static cvy_status add_resize(const struct op *op, const struct resize *r, cvy_value src,
                             const int32_t *axes, size_t count, cvy_value *out)
{
    cvy_resize_params params = {
        .mode = r->mode, .coordinates = r->coordinates, .rounding = r->rounding,
        .cubic_a = onnx_float(op->node, "cubic_coeff_a", -0.75f),
        .exclude_outside = onnx_int(op->node, "exclude_outside", 0) != 0,
        .extrapolation_value = onnx_float(op->node, "extrapolation_value", 0.0f) };

    for (size_t i = 0; i < count; i++) {
        params.output_size[i] = r->sizes[axes[i]];
        params.scale[i] = r->scales[axes[i]];
        params.roi_begin[i] = r->begin[axes[i]];
        params.roi_end[i] = r->end[axes[i]];
    }
    params.cubic_a = op_not_zero(params.cubic_a);
    return cvy_graph_resize(op->graph, &params,
                            &(cvy_node) { .name = op->node->name, .src = src }, out);
}

// The axes to resize last, all others as one batch before them; afterwards back.
static cvy_status resize_moved(const struct op *op, const struct resize *r, const int32_t *order,
                               size_t others)
{
    const size_t rank = (size_t)r->src.rank;
    struct op_list map = { .count = 2, .at = { 1, 1 } }, sizes = { .count = rank };
    int32_t back[CVY_MAX_RANK] = { 0 };
    cvy_value value;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < rank; i++) {
        back[order[i]] = (int32_t)i;
        sizes.at[i] = i < others ? r->src.size[order[i]] : size_of(r, order[i]);
        if (i >= others)
            map.at[map.count++] = r->src.size[order[i]];
    }
    map.at[0] = op_product(sizes.at, 0, (int32_t)others);
    TRY(op_transpose(op, op->in[0], order, &value));
    TRY(op_reshape(op, value, &map, &value));
    TRY(add_resize(op, r, value, order + others, rank - others, &value));
    TRY(op_reshape(op, value, &sizes, &value));
    st = op_transpose(op, value, back, &op->out[0]);
out:
    return st;
}

static cvy_status resize_by_axes(const struct op *op, const struct resize *r)
{
    static const int32_t spatial[] = { 2, 3, 4 };
    int32_t order[CVY_MAX_RANK] = { 0 };
    const int32_t rank = r->src.rank;
    size_t count = 0, others;

    for (int32_t i = 0; i < rank; i++)
        if (!is_resized(r, i))
            order[count++] = i;
    others = count;
    for (int32_t i = 0; i < rank; i++)
        if (is_resized(r, i))
            order[count++] = i;
    op->out[0] = op->in[0];
    if (others == (size_t)rank)
        return CVY_OK;
    if (rank >= 3 && rank <= 5 && !is_resized(r, 0) && !is_resized(r, 1))
        return add_resize(op, r, op->in[0], spatial, (size_t)rank - 2, &op->out[0]);
    if ((size_t)rank - others > 3)
        return onnx_fail(CVY_ERR_UNSUPPORTED, "%zu axes to resize; 3 are possible",
                         (size_t)rank - others);
    return resize_moved(op, r, order, others);
}

// Resize of opset 10 reads the pixel above where an axis shrinks, that below where it grows.
static bool shrinks(const struct op *op, const struct resize *r, bool *all)
{
    bool any = false;

    *all = true;
    if (!op_is(op->node, "Resize") || !is_simple(op->node) || r->mode != CVY_NEAREST)
        return false;
    for (int i = 0; i < r->src.rank; i++) {
        any = any || r->scales[i] < 1.0f;
        *all = *all && r->scales[i] <= 1.0f;
    }
    return any;
}

EXPAND(expand_resize)
{
    struct resize r;
    bool all;
    cvy_status st = CVY_OK;

    TRY(read_resize(op, &r));
    if (shrinks(op, &r, &all)) {
        r.rounding = CVY_ROUND_CEIL;
        if (!all)
            TRY(onnx_fail(CVY_ERR_UNSUPPORTED, "some axes grow and some shrink in opset 10"));
    }
    align_fractions(&r);
    st = resize_by_axes(op, &r);
out:
    return st;
}

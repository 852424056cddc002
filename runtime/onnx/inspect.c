// What a model has in it, for people to read: made from what the loader unpacked, whether or not a
// graph came out of it.
#include "onnx/load.h"

#include <stdio.h>

// The public info comes first, so that its address is that of the whole.
struct info {
    cvy_onnx_info shown;
    cvy_onnx_operator *operators;
    cvy_onnx_gap *gaps;
    cvy_port_info *inputs, *outputs;
    char **texts;               // all texts of the info
    size_t text_count;
};

static cvy_status add_text(struct info *info, const char *text, const char **out)
{
    char **place = &info->texts[info->text_count];
    cvy_status st = onnx_string_copy(text, place);

    if (st != CVY_OK)
        return st;
    info->text_count++;
    *out = *place;
    return CVY_OK;
}

// Operators ---------------------------------------------------------------------------------------

// A node, and then all nodes of its operator.
struct use {
    const char *domain, *name;
    size_t nodes, unsupported;
};

static int by_name(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int order = strcmp(x->domain, y->domain);

    return order ? order : strcmp(x->name, y->name);
}

static int by_weight(const void *a, const void *b)
{
    const struct use *x = a, *y = b;

    if (!x->unsupported != !y->unsupported)
        return x->unsupported ? -1 : 1;
    return x->nodes != y->nodes ? (x->nodes < y->nodes ? 1 : -1) : by_name(a, b);
}

static struct use use_of(const struct onnx_loader *loader, size_t n)
{
    const Cvy__NodeProto *node = loader->proto->node[n];
    struct use use = { .domain = node->domain ? node->domain : "",
                       .name = node->op_type ? node->op_type : "", .nodes = 1 };
    // Of a model without an opset, which is at fault for that.
    int64_t opset = loader->opset > 0 ? loader->opset : INT64_MAX;

    if (strcmp(use.domain, "ai.onnx") == 0)
        use.domain = "";
    use.unsupported = *use.domain || !onnx_op_find(use.name, opset)
        || (loader->unsupported && loader->unsupported[n]);
    return use;
}

// Sorted by name, so that nodes of one operator are neighbours. Returns how many operators.
static size_t merge_uses(struct use *uses, size_t count)
{
    size_t kept = 0;

    qsort(uses, count, sizeof *uses, by_name);
    for (size_t i = 0; i < count; i++) {
        if (kept && by_name(&uses[kept - 1], &uses[i]) == 0) {
            uses[kept - 1].nodes++;
            uses[kept - 1].unsupported += uses[i].unsupported;
        } else {
            uses[kept++] = uses[i];
        }
    }
    return kept;
}

static cvy_status find_uses(const struct onnx_loader *loader, struct use **out, size_t *count)
{
    struct use *uses;
    cvy_status st = onnx_zalloc(loader->proto->n_node, sizeof *uses, &uses);

    *out = uses;
    if (st != CVY_OK)
        return st;
    for (size_t n = 0; n < loader->proto->n_node; n++)
        uses[n] = use_of(loader, n);
    *count = merge_uses(uses, loader->proto->n_node);
    qsort(uses, *count, sizeof *uses, by_weight);
    return CVY_OK;
}

static cvy_status add_operators(struct info *info, const struct use *uses, size_t count)
{
    cvy_status st = CVY_OK;

    TRY(onnx_zalloc(count, sizeof *info->operators, &info->operators));
    for (size_t i = 0; i < count; i++) {
        const struct use *use = &uses[i];
        cvy_onnx_operator *to = &info->operators[i];
        char name[2 * ONNX_QUOTE_BYTES + 2];

        snprintf(name, sizeof name, "%s%s%s", QUOTED(use->domain), *use->domain ? "::" : "",
                 QUOTED(use->name));
        *to = (cvy_onnx_operator) { .nodes = use->nodes, .unsupported = use->unsupported };
        TRY(add_text(info, name, &to->name));
    }
    info->shown.operators = info->operators;
    info->shown.operator_count = count;
out:
    return st;
}

static cvy_status add_gaps(struct info *info, const struct onnx_gaps *gaps)
{
    cvy_status st = CVY_OK;

    TRY(onnx_zalloc(gaps->count, sizeof *info->gaps, &info->gaps));
    for (size_t i = 0; i < gaps->count; i++) {
        const char *text = onnx_gaps_get(gaps, i, &info->gaps[i].count);

        TRY(add_text(info, text, &info->gaps[i].text));
    }
    info->shown.gaps = info->gaps;
    info->shown.gap_count = gaps->count;
out:
    return st;
}

// Inputs and outputs ------------------------------------------------------------------------------

static cvy_desc port_desc(const Cvy__ValueInfoProto *proto)
{
    const Cvy__TensorTypeProto *tensor = proto->type ? proto->type->tensor_type : NULL;
    cvy_desc desc = { .rank = CVY_ANY_RANK };

    if (!tensor)
        return desc;
    desc.dtype = onnx_dtype_find(tensor->elem_type);
    if (!tensor->shape || tensor->shape->n_dim > CVY_MAX_RANK)
        return desc;
    desc.rank = (int32_t)tensor->shape->n_dim;
    for (int i = 0; i < desc.rank; i++) {
        const Cvy__DimensionProto *dim = tensor->shape->dim[i];

        desc.size[i] = dim->has_dim_value && dim->dim_value >= 0 ? dim->dim_value : CVY_ANY_SIZE;
    }
    return desc;
}

static cvy_status add_port(struct info *info, const struct onnx_loader *loader,
                           const Cvy__ValueInfoProto *proto, cvy_port_info *out)
{
    const char *name = proto->name ? proto->name : "";
    const struct onnx_value *value = loader->names.cap ? onnx_value_find(loader, name) : NULL;

    *out = (cvy_port_info) { .desc = port_desc(proto), .constant = value && value->constant };
    return add_text(info, name, &out->name);
}

// An initialiser that has an input's name is that input's default.
static bool has_default(const struct onnx_loader *loader, const char *name)
{
    const struct onnx_value *value =
        name && loader->names.cap ? onnx_value_find(loader, name) : NULL;

    return value && value->initializer;
}

static cvy_status add_ports(struct info *info, const struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    cvy_onnx_info *shown = &info->shown;
    cvy_status st = CVY_OK;

    TRY(onnx_zalloc(proto->n_input, sizeof *info->inputs, &info->inputs));
    TRY(onnx_zalloc(proto->n_output, sizeof *info->outputs, &info->outputs));
    for (size_t i = 0; i < proto->n_input; i++)
        if (!has_default(loader, proto->input[i]->name))
            TRY(add_port(info, loader, proto->input[i], &info->inputs[shown->input_count++]));
    for (size_t i = 0; i < proto->n_output; i++) {
        TRY(add_port(info, loader, proto->output[i], &info->outputs[i]));
        info->outputs[i].constant = false;
    }
    shown->output_count = proto->n_output;
    shown->inputs = info->inputs;
    shown->outputs = info->outputs;
out:
    return st;
}

// Parameters --------------------------------------------------------------------------------------

// A sum that ends at what 63 bits hold: sizes are the file's, and may be anything.
static void add_product(int64_t *sum, int64_t a, int64_t b)
{
    int64_t product;

    if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(*sum, product, sum))
        *sum = INT64_MAX;
}

static void count_tensor(cvy_onnx_info *shown, const Cvy__TensorProto *tensor)
{
    int64_t elements = 1;

    for (size_t k = 0; k < tensor->n_dims; k++) {
        int64_t size = tensor->dims[k] > 0 ? tensor->dims[k] : 0;

        if (__builtin_mul_overflow(elements, size, &elements))
            elements = INT64_MAX;
    }
    shown->parameters++;
    add_product(&shown->parameter_elements, elements, 1);
    add_product(&shown->parameter_bytes, elements,
                (int64_t)cvy_dtype_bytes(onnx_dtype_find(tensor->data_type)));
}

static void count_parameters(cvy_onnx_info *shown, const Cvy__GraphProto *proto)
{
    for (size_t i = 0; i < proto->n_initializer; i++)
        count_tensor(shown, proto->initializer[i]);
    for (size_t n = 0; n < proto->n_node; n++) {
        const Cvy__NodeProto *node = proto->node[n];
        bool constant = node->op_type && strcmp(node->op_type, "Constant") == 0;

        for (size_t i = 0; constant && i < node->n_attribute; i++)
            if (node->attribute[i]->t)
                count_tensor(shown, node->attribute[i]->t);
    }
}

// -------------------------------------------------------------------------------------------------

static cvy_status add_texts(struct info *info, const Cvy__ModelProto *model, const char *error)
{
    const char *name = model->producer_name ? model->producer_name : "";
    const char *version = model->producer_version ? model->producer_version : "";
    char producer[2 * ONNX_QUOTE_BYTES + 1];
    cvy_status st = add_text(info, error, &info->shown.load_text);

    snprintf(producer, sizeof producer, "%s%s%s", QUOTED(name), *name && *version ? " " : "",
             QUOTED(version));
    return st == CVY_OK ? add_text(info, producer, &info->shown.producer) : st;
}

cvy_status onnx_info_create(const struct onnx_loader *loader, cvy_status loaded,
                            cvy_onnx_info **out)
{
    const Cvy__GraphProto *proto = loader->proto;
    char error[ONNX_TEXT_BYTES];
    struct info *info = NULL;
    struct use *uses = NULL;
    cvy_onnx_info *shown;
    size_t operators = 0;
    cvy_status st = CVY_OK;

    snprintf(error, sizeof error, "%s", loaded == CVY_OK ? "" : cvy_error_text());
    *out = NULL;
    TRY(find_uses(loader, &uses, &operators));
    TRY(onnx_zalloc(1, sizeof *info, &info));
    TRY(onnx_zalloc(operators + loader->gaps.count + proto->n_input + proto->n_output + 2,
                    sizeof *info->texts, &info->texts));
    info->shown = (cvy_onnx_info) { .load_status = loaded, .opset = loader->opset,
                                    .ir_version = loader->model->ir_version,
                                    .nodes = proto->n_node };
    TRY(add_texts(info, loader->model, error));
    TRY(add_operators(info, uses, operators));
    TRY(add_gaps(info, &loader->gaps));
    TRY(add_ports(info, loader));
    count_parameters(&info->shown, proto);
    *out = &info->shown;
    info = NULL;                // the caller's now
out:
    shown = info ? &info->shown : NULL;
    cvy_onnx_info_destroy(&shown);
    free(uses);
    return st;
}

void cvy_onnx_info_destroy(cvy_onnx_info **info)
{
    struct info *whole = info ? (struct info *)*info : NULL;

    if (!whole)
        return;
    for (size_t i = 0; i < whole->text_count; i++)
        free(whole->texts[i]);
    free(whole->texts);
    free(whole->operators);
    free(whole->gaps);
    free(whole->inputs);
    free(whole->outputs);
    free(whole);
    *info = NULL;
}

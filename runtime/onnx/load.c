// cvy_onnx_load: from the bytes of a file to a graph. What is not supported is collected first, and
// the graph is made only if there is none of it.
#include "onnx/load.h"

#include <unistd.h>

enum { FIRST_IR = 1, FIRST_IR_WITH_OPSETS = 3, NEWEST_IR = 13, NEWEST_OPSET = 21 };

// The model as a whole ----------------------------------------------------------------------------

// 0: the model names none, and may have no node of the default domain.
static cvy_status read_opset(struct onnx_loader *loader)
{
    const Cvy__ModelProto *model = loader->model;
    int64_t *out = &loader->opset;

    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = model->opset_import[i]->domain;
        int64_t version = model->opset_import[i]->version;

        // Operators of other domains are not supported, whatever their opset.
        if (domain && *domain && strcmp(domain, "ai.onnx"))
            continue;
        if (version <= 0 || (*out && *out != version))
            return onnx_fail(CVY_ERR_MODEL, "opset %lld%s", (long long)version,
                             *out ? " beside another one" : ": it must be 1 or more");
        *out = version;
    }
    if (!*out && model->ir_version < FIRST_IR_WITH_OPSETS)
        *out = 1;
    return *out <= NEWEST_OPSET ? CVY_OK
        : onnx_gaps_add(&loader->gaps, "opset %lld, newer than %d", (long long)*out, NEWEST_OPSET);
}

static cvy_status read_model(struct onnx_loader *loader)
{
    const Cvy__ModelProto *model = loader->model;
    cvy_status st = CVY_OK;

    if (!model->has_ir_version || model->ir_version < FIRST_IR || !model->graph)
        return onnx_fail(CVY_ERR_MODEL, "not an ONNX model: no IR version or no graph");
    loader->proto = model->graph;
    if (model->ir_version > NEWEST_IR)
        TRY(onnx_gaps_add(&loader->gaps, "IR version %lld, newer than %d",
                          (long long)model->ir_version, NEWEST_IR));
    TRY(read_opset(loader));
    for (size_t i = 0; i < model->n_functions; i++)
        TRY(onnx_gaps_add(&loader->gaps, "functions of the model's own"));
    for (size_t i = 0; i < loader->proto->n_sparse_initializer; i++)
        TRY(onnx_gaps_add(&loader->gaps, "sparse tensors"));
out:
    return st;
}

static cvy_status read_nodes(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    struct onnx_node_reader reader = { &loader->source, loader->opset };
    cvy_status st = CVY_OK;

    TRY(onnx_zalloc(proto->n_node, sizeof *loader->nodes, &loader->nodes));
    TRY(onnx_zalloc(proto->n_node, sizeof *loader->unsupported, &loader->unsupported));
    for (size_t n = 0; n < proto->n_node; n++) {
        TRY(onnx_node_open(proto->node[n], n, &reader, &loader->nodes[n]));
        loader->unsupported[n] = !loader->nodes[n];
    }
out:
    return st;
}

// Of a tensor whose dtype needs no inference: contents, an input, what Cast makes. Else 0.
static cvy_dtype known_dtype(const struct onnx_loader *loader, const struct onnx_value *value)
{
    const Cvy__TypeProto *type = value->input ? value->input->type : NULL;
    const struct onnx_node *maker = value->node == NO_NODE ? NULL : loader->nodes[value->node];

    if (value->initializer)
        return onnx_dtype_find(value->initializer->data_type);
    if (type && type->tensor_type)
        return onnx_dtype_find(type->tensor_type->elem_type);
    if (maker && onnx_is_constant(maker))
        return onnx_constant_value(maker).desc.dtype;
    return maker && strcmp(maker->op->name, "Cast") == 0
        ? onnx_dtype_find(onnx_int(maker, "to", 0)) : CVY_DTYPE_DEFAULT;
}

// Half and double precision is refused where layers meet it, with all else that is not supported,
// and not by the first node that compiling comes to. Casting it is fine.
static cvy_status check_floats(struct onnx_loader *loader)
{
    cvy_status st = CVY_OK;

    for (size_t n = 0; n < loader->proto->n_node && st == CVY_OK; n++) {
        const struct onnx_node *node = loader->nodes[n];
        const char *dtype = NULL;

        for (size_t i = 0; node && node->op->single && i < node->input_count && !dtype; i++) {
            const char *name = loader->proto->node[n]->input[i];
            if (*name)
                dtype = onnx_other_float(known_dtype(loader, onnx_value_find(loader, name)));
        }
        if (dtype)
            st = onnx_gaps_add(&loader->gaps, "%s of %s", node->op->name, dtype);
        loader->unsupported[n] |= dtype != NULL;
    }
    return st;
}

// Inputs and constants ----------------------------------------------------------------------------

// A rank beyond Convoy's is a gap: dtype 0.
static cvy_status read_shape(struct onnx_loader *loader, const Cvy__TensorShapeProto *shape,
                             const char *name, cvy_desc *desc)
{
    desc->rank = CVY_ANY_RANK;
    if (!shape)
        return CVY_OK;
    if (shape->n_dim > CVY_MAX_RANK) {
        desc->dtype = CVY_DTYPE_DEFAULT;
        return onnx_gaps_add(&loader->gaps, "inputs of rank %zu", shape->n_dim);
    }
    desc->rank = (int32_t)shape->n_dim;
    for (size_t i = 0; i < shape->n_dim; i++) {
        const Cvy__DimensionProto *dim = shape->dim[i];

        // Some exporters write -1 for a size that is open.
        if (dim->has_dim_value && (dim->dim_value < -1 || dim->dim_param))
            return onnx_fail(CVY_ERR_MODEL, "input \"%s\" has size %lld on axis %zu",
                             QUOTED(name), (long long)dim->dim_value, i);
        desc->size[i] = dim->has_dim_value ? dim->dim_value : CVY_ANY_SIZE;
    }
    return CVY_OK;
}

// dtype 0 with OK: not supported, which is among the gaps now.
static cvy_status read_input(struct onnx_loader *loader, const struct onnx_value *value,
                             cvy_desc *desc)
{
    const Cvy__TypeProto *type = value->input->type;
    cvy_status st;

    *desc = (cvy_desc) { .dtype = CVY_DTYPE_DEFAULT };
    if (type && (type->has_sequence_type || type->has_map_type || type->has_opaque_type
                 || type->has_sparse_tensor_type || type->has_optional_type))
        return onnx_gaps_add(&loader->gaps, "inputs that are no dense tensors");
    if (!type || !type->tensor_type)
        return onnx_fail(CVY_ERR_MODEL, "input \"%s\" has no type", QUOTED(value->name));
    st = onnx_dtype(type->tensor_type->elem_type, &loader->gaps, &desc->dtype);
    return st == CVY_OK ? read_shape(loader, type->tensor_type->shape, value->name, desc) : st;
}

// The default of an input stands for it: Convoy's networks have no optional inputs.
static cvy_status add_input(struct onnx_loader *loader, const char *name)
{
    struct onnx_value *value = onnx_value_find(loader, name);
    cvy_graph_input_params params = { .name = value->name, .constant = value->constant };
    cvy_status st;

    if (value->initializer)
        return CVY_OK;
    st = read_input(loader, value, &params.desc);
    if (st != CVY_OK || !params.desc.dtype)
        return st;
    return cvy_graph_input(loader->graph, &params, &value->id);
}

static cvy_status add_initializer(struct onnx_loader *loader, const Cvy__TensorProto *proto)
{
    struct onnx_value *value = onnx_value_find(loader, proto->name);
    struct onnx_view view;
    cvy_status st = onnx_tensor_view(proto, &loader->source, &view);

    if (st == CVY_OK && view.tensor.desc.dtype && value->used && !loader->gaps.count)
        st = cvy_graph_constant(loader->graph, value->name, &view.tensor.desc, view.tensor.data,
                                &value->id);
    free(view.owned);
    return st;
}

static cvy_status add_sources(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < proto->n_input; i++)
        TRY(add_input(loader, proto->input[i]->name));
    for (size_t i = 0; i < proto->n_initializer; i++)
        TRY(add_initializer(loader, proto->initializer[i]));
out:
    return st;
}

// Nodes -------------------------------------------------------------------------------------------

// What the graph calls for a node when it is compiled.
static cvy_status expand(void *user, cvy_graph *graph, const char *name, const cvy_value *inputs,
                         cvy_value *outputs)
{
    const struct onnx_node *node = user;
    cvy_status st;

    (void)name;
    memset(outputs, 0, node->output_count * sizeof *outputs);
    st = node->op->expand(node, graph, inputs, outputs);
    for (size_t i = 0; i < node->output_count && st == CVY_OK; i++)
        if (node->output_used[i] && !outputs[i])
            st = onnx_fail(CVY_ERR_INTERNAL, "output %zu of %s was not made", i, node->op->name);
    return st;
}

static void destroy(void *user)
{
    onnx_node_close(user);
}

static cvy_status add_constant(struct onnx_loader *loader, size_t n)
{
    struct onnx_tensor tensor = onnx_constant_value(loader->nodes[n]);
    struct onnx_value *value = onnx_value_find(loader, loader->proto->node[n]->output[0]);

    return cvy_graph_constant(loader->graph, value->name, &tensor.desc, tensor.data, &value->id);
}

static cvy_status add_deferred(struct onnx_loader *loader, size_t n, cvy_value *inputs,
                               cvy_value *outputs)
{
    const Cvy__NodeProto *proto = loader->proto->node[n];
    struct onnx_node *node = loader->nodes[n];
    const cvy_deferred_params params = {
        .name = node->name, .op = node->op->name, .expand = expand, .user = node,
        .destroy = destroy, .inputs = inputs, .input_count = node->input_count,
        .output_count = node->output_count,
    };
    cvy_status st;

    for (size_t i = 0; i < node->input_count; i++)
        inputs[i] = *proto->input[i] ? onnx_value_find(loader, proto->input[i])->id : 0;
    st = cvy_graph_deferred(loader->graph, &params, outputs);
    if (st != CVY_OK)
        return st;
    loader->nodes[n] = NULL;    // the graph's now
    for (size_t i = 0; i < params.output_count; i++)
        if (*proto->output[i])
            onnx_value_find(loader, proto->output[i])->id = outputs[i];
    return CVY_OK;
}

static cvy_status add_nodes(struct onnx_loader *loader)
{
    size_t count = loader->proto->n_node, most_inputs = 0, most_outputs = 0;
    cvy_value *inputs = NULL, *outputs = NULL;
    cvy_status st = CVY_OK;

    for (size_t n = 0; n < count; n++) {
        const struct onnx_node *node = loader->nodes[n];
        most_inputs = node->input_count > most_inputs ? node->input_count : most_inputs;
        most_outputs = node->output_count > most_outputs ? node->output_count : most_outputs;
    }
    TRY(onnx_zalloc(most_inputs, sizeof *inputs, &inputs));
    TRY(onnx_zalloc(most_outputs, sizeof *outputs, &outputs));
    for (size_t i = 0; i < count; i++) {
        size_t n = loader->order[i];

        if (onnx_is_constant(loader->nodes[n]))
            TRY(add_constant(loader, n));
        else
            TRY(add_deferred(loader, n, inputs, outputs));
    }
out:
    free(outputs);
    free(inputs);
    return st;
}

static cvy_status add_outputs(struct onnx_loader *loader)
{
    const Cvy__GraphProto *proto = loader->proto;
    cvy_status st = CVY_OK;

    for (size_t i = 0; i < proto->n_output && st == CVY_OK; i++) {
        const struct onnx_value *value = onnx_value_find(loader, proto->output[i]->name);

        st = cvy_graph_output(loader->graph, value->name, value->id);
    }
    return st;
}

// -------------------------------------------------------------------------------------------------

// Gaps of inputs and initialisers are found where they are added: the graph made so far goes then.
static cvy_status load_graph(struct onnx_loader *loader)
{
    cvy_status st = CVY_OK;

    TRY(read_model(loader));
    TRY(read_nodes(loader));
    TRY(onnx_values_open(loader));
    TRY(check_floats(loader));
    TRY(cvy_graph_create(&loader->graph));
    TRY(add_sources(loader));
    TRY(onnx_gaps_status(&loader->gaps));
    TRY(onnx_order_find(loader));
    TRY(add_nodes(loader));
    TRY(add_outputs(loader));
out:
    return st;
}

static void loader_close(struct onnx_loader *loader)
{
    for (size_t n = 0; loader->nodes && n < loader->proto->n_node; n++)
        onnx_node_close(loader->nodes[n]);
    free(loader->nodes);
    free(loader->unsupported);
    free(loader->order);
    free(loader->values);
    onnx_names_close(&loader->names);
    onnx_gaps_free(&loader->gaps);
    cvy_graph_destroy(&loader->graph);
}

// The bytes of a model, and the folder of its external data: -1 if there can be none, for which
// no_folder gives the reason.
struct model_file {
    const void *data;
    size_t bytes;
    void *owned;                // data, if it may go once it is unpacked
    int folder;
    const char *no_folder;
};

// What is wrong with the model is in the info; what is not the model's fault is an error.
static cvy_status describe(const struct onnx_loader *loader, cvy_status loaded,
                           cvy_onnx_info **out)
{
    bool told = loaded == CVY_OK || loaded == CVY_ERR_IO || loaded == CVY_ERR_MODEL
        || loaded == CVY_ERR_MODEL_LIMIT || loaded == CVY_ERR_MODEL_OP;

    return told && loader->proto ? onnx_info_create(loader, loaded, out) : loaded;
}

// The graph to out, unless it is NULL. With info, a model that does not load is no error.
static cvy_status load_bytes(struct model_file *file, const struct onnx_limits *limits,
                             cvy_onnx_info **info, cvy_graph **out)
{
    struct onnx_unpacked unpacked = { .left = 0 };
    struct onnx_loader loader = { .source = { file->folder, file->no_folder, limits->bytes,
                                              &loader.gaps } };
    cvy_status st = CVY_OK, loaded;

    TRY(onnx_wire_check(file->data, file->bytes, ONNX_ROOT_MODEL, limits));
    TRY(onnx_unpack(file->data, file->bytes, ONNX_ROOT_MODEL, limits, &unpacked));
    free(file->owned);
    file->owned = NULL;
    loader.model = unpacked.model;
    loaded = load_graph(&loader);
    TRY(info ? describe(&loader, loaded, info) : loaded);
    if (out && loaded == CVY_OK) {
        *out = loader.graph;
        loader.graph = NULL;    // the caller's now
    }
out:
    loader_close(&loader);
    onnx_unpacked_close(&unpacked);
    return st;
}

static cvy_status load_path(const char *path, const cvy_onnx_options *options,
                            cvy_onnx_info **info, cvy_graph **out)
{
    struct model_file file = { .folder = -1, .no_folder = "options.external_data is off" };
    struct onnx_limits limits;
    cvy_status st = CVY_OK;

    if (!path)
        return onnx_fail(CVY_ERR_ARGUMENT, "path is NULL");
    TRY(onnx_limits_get(options, &limits));
    TRY(onnx_file_read(path, limits.bytes, &file.owned, &file.bytes));
    file.data = file.owned;
    if (options && options->external_data)
        TRY(onnx_folder_open(path, &file.folder));
    TRY(load_bytes(&file, &limits, info, out));
out:
    if (file.folder >= 0)
        close(file.folder);
    free(file.owned);
    return st;
}

cvy_status cvy_onnx_load(const char *path, const cvy_onnx_options *options, cvy_graph **out)
{
    if (!out)
        return onnx_fail(CVY_ERR_ARGUMENT, "out is NULL");
    *out = NULL;
    return load_path(path, options, NULL, out);
}

cvy_status cvy_onnx_inspect(const char *path, const cvy_onnx_options *options,
                            cvy_onnx_info **info, cvy_graph **graph)
{
    if (graph)
        *graph = NULL;
    if (!info)
        return onnx_fail(CVY_ERR_ARGUMENT, "info is NULL");
    *info = NULL;
    return load_path(path, options, info, graph);
}

cvy_status cvy_onnx_load_memory(const void *data, size_t bytes, const cvy_onnx_options *options,
                                cvy_graph **out)
{
    struct model_file file = { .data = data, .bytes = bytes, .folder = -1,
                               .no_folder = "the model is in memory" };
    struct onnx_limits limits;
    cvy_status st;

    if (!out)
        return onnx_fail(CVY_ERR_ARGUMENT, "out is NULL");
    *out = NULL;
    if (!data)
        return onnx_fail(CVY_ERR_ARGUMENT, "data is NULL");
    st = onnx_limits_get(options, &limits);
    if (st != CVY_OK)
        return st;
    if (bytes > (uint64_t)limits.bytes)
        return onnx_fail(CVY_ERR_MODEL_LIMIT, "%zu bytes; max_bytes is %lld", bytes,
                         (long long)limits.bytes);
    return load_bytes(&file, &limits, NULL, out);
}

// Tensors on their own ----------------------------------------------------------------------------

cvy_status cvy_onnx_tensor_load(const char *path, cvy_onnx_tensor *out)
{
    struct onnx_gaps gaps = { .count = 0 };
    struct onnx_source source = { -1, "a tensor on its own", 0, &gaps };
    struct onnx_unpacked unpacked = { .left = 0 };
    struct onnx_tensor tensor = { .data = NULL };
    struct onnx_limits limits;
    void *data = NULL;
    size_t bytes = 0;
    cvy_status st = CVY_OK;

    if (!out)
        return onnx_fail(CVY_ERR_ARGUMENT, "out is NULL");
    memset(out, 0, sizeof *out);
    if (!path)
        return onnx_fail(CVY_ERR_ARGUMENT, "path is NULL");
    TRY(onnx_limits_get(NULL, &limits));
    source.bytes_left = limits.bytes;
    TRY(onnx_file_read(path, limits.bytes, &data, &bytes));
    TRY(onnx_wire_check(data, bytes, ONNX_ROOT_TENSOR, &limits));
    TRY(onnx_unpack(data, bytes, ONNX_ROOT_TENSOR, &limits, &unpacked));
    TRY(onnx_tensor_copy(unpacked.tensor, &source, &tensor));
    TRY(onnx_gaps_status(&gaps));
    onnx_escape(unpacked.tensor->name ? unpacked.tensor->name : "", out->name, sizeof out->name);
    out->desc = tensor.desc;
    out->data = tensor.data;
    tensor.data = NULL;         // the caller's now
out:
    free(tensor.data);
    onnx_unpacked_close(&unpacked);
    onnx_gaps_free(&gaps);
    free(data);
    return st;
}

void cvy_onnx_tensor_free(cvy_onnx_tensor *tensor)
{
    if (!tensor)
        return;
    free(tensor->data);
    memset(tensor, 0, sizeof *tensor);
}

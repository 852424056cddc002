// See vision.h. run_model() is all that it takes to run an ONNX model once.
#include "vision.h"
#include <convoy/onnx.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OUTPUTS = 8 };

struct image photo_load(const char *file)
{
    char error[IMAGE_ERROR];
    struct image photo;

    REQUIRE(image_load(file, 3, &photo, error), 4, "%s: %s", file, error);
    return photo;
}

void photo_save(const char *file, const struct image *photo)
{
    char error[IMAGE_ERROR];

    REQUIRE(image_save_png(file, photo, error), 4, "%s: %s", file, error);
}

struct image photo_squared(const struct image *photo)
{
    const int side = photo->width > photo->height ? photo->width : photo->height;
    const int left = (side - photo->width) / 2, top = (side - photo->height) / 2;
    struct image square = { side, side, 3, allocate((size_t)side * (size_t)side, 3) };

    for (int y = 0; y < photo->height; y++)
        memcpy(square.pixels + 3 * ((size_t)(y + top) * (size_t)side + (size_t)left),
               photo->pixels + 3 * (size_t)y * (size_t)photo->width, 3 * (size_t)photo->width);
    return square;
}

float *photo_input(const struct image *photo, int width, int height, const float mean[3],
                   const float std[3])
{
    const size_t count = (size_t)width * (size_t)height * 3;
    float *input = allocate(count, sizeof *input);

    REQUIRE(image_resize(photo, width, height, input), 1, "out of memory");
    for (size_t i = 0; i < count; i++)
        input[i] = (input[i] / 255.0f - mean[i % 3]) / std[i % 3];
    return input;
}

void run_model(const char *model, const char *device, cvy_desc desc, const float *input,
               struct output *outputs, size_t count)
{
    cvy_tensor from = { NULL, 0 }, to[MOST_OUTPUTS] = { { NULL, 0 } };
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_graph *graph = NULL;
    cvy_network *network = NULL;
    cvy_port_info port;
    cvy_network_info info;
    cvy_network_port result;

    check(cvy_onnx_load(model, NULL, &graph));
    check(cvy_graph_input_get(graph, 0, &port));
    const cvy_network_input shape = { port.name, desc, NULL };
    example_open(device, &context, &queue);
    check(cvy_graph_compile(graph, context, &(cvy_network_options) {
        .inputs = &shape, .input_count = 1 }, &network));
    check(cvy_network_info_get(network, &info));
    REQUIRE(info.inputs == 1 && info.outputs == count && count <= MOST_OUTPUTS, 4,
            "%s: %zu inputs and %zu outputs, not 1 and %zu", model, info.inputs, info.outputs,
            count);

    from.buffer = new_buffer(context, cvy_desc_bytes(&desc));
    check(cvy_queue_write(queue, from, input, cvy_desc_bytes(&desc), NULL, NULL));
    for (size_t i = 0; i < count; i++) {
        check(cvy_network_output_get(network, i, &result));
        to[i].buffer = new_buffer(context, result.bytes);
        outputs[i].count = result.bytes / sizeof(float);
        outputs[i].values = allocate(outputs[i].count, sizeof(float));
    }
    check(cvy_network_enqueue(network, queue, &from, to, NULL, NULL));
    for (size_t i = 0; i < count; i++)
        check(cvy_queue_read(queue, to[i], outputs[i].values, outputs[i].count * sizeof(float),
                             NULL, NULL));

    for (size_t i = 0; i < count; i++)
        cvy_buffer_destroy(&to[i].buffer);
    cvy_buffer_destroy(&from.buffer);
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
    cvy_queue_destroy(&queue);
    cvy_context_destroy(&context);
}

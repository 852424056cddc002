// classify MODEL.onnx PHOTO.png: the five largest entries of the model's first output.
#include <convoy/onnx.h>
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(call) if ((call) != CVY_OK) return fprintf(stderr, "%s\n", cvy_error_text()), 1
int main(int argc, char **argv)
{
    cvy_context *context = NULL;
    cvy_queue *queue = NULL;
    cvy_graph *graph = NULL;
    cvy_network *network = NULL;
    cvy_buffer *src = NULL, *dst = NULL;
    cvy_event *sent = NULL, *done = NULL;
    cvy_port_info in;
    cvy_network_port out;
    CHECK(cvy_onnx_load(argc == 3 ? argv[1] : "MODEL.onnx", NULL, &graph));
    CHECK(cvy_graph_input_get(graph, 0, &in));
    int64_t c = in.desc.size[1], h = in.desc.size[2], w = in.desc.size[3];
    if (in.desc.rank != 4 || (c != 1 && c != 3) || h < 1 || w < 1)
        return fprintf(stderr, "%s: is no photo of 1 or 3 channels and fixed size\n", in.name), 1;
    // The photo's pixels from 0 to 1, each the nearest one, channels innermost as they come.
    png_image photo = { .version = PNG_IMAGE_VERSION };
    if (!png_image_begin_read_from_file(&photo, argv[2]))
        return fprintf(stderr, "%s: %s\n", argv[2], photo.message), 1;
    photo.format = c == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    unsigned char *pixels = malloc(PNG_IMAGE_SIZE(photo));
    float *x = malloc((size_t)(c * h * w) * sizeof *x), *y;
    if (!png_image_finish_read(&photo, NULL, pixels, 0, NULL))
        return fprintf(stderr, "%s: %s\n", argv[2], photo.message), 1;
    for (int64_t i = 0; i < c * h * w; i++) {
        int64_t row = i / c / w * photo.height / h, column = i / c % w * photo.width / w;
        x[i] = (float)pixels[(row * photo.width + column) * c + i % c] / 255.0f;
    }
    cvy_network_input shape = { in.name, cvy_nhwc(CVY_F32, 1, h, w, c), NULL };
    CHECK(cvy_context_create(NULL, &context));
    CHECK(cvy_queue_create(context, NULL, &queue));
    CHECK(cvy_graph_compile(graph, context, &(cvy_network_options) {
        .inputs = &shape, .input_count = 1 }, &network));
    CHECK(cvy_network_output_get(network, 0, &out));
    size_t bytes = (size_t)(c * h * w) * sizeof *x, count = out.bytes / sizeof *y;
    CHECK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = bytes }, &src));
    CHECK(cvy_buffer_create(context, &(cvy_buffer_params) { .bytes = out.bytes }, &dst));
    // None of these waits: until it wants the result, this thread is free.
    y = malloc(out.bytes);
    cvy_tensor from = { src, 0 }, to = { dst, 0 };
    CHECK(cvy_queue_write(queue, from, x, bytes, NULL, &sent));
    CHECK(cvy_network_enqueue(network, queue, &from, &to, NULL, NULL));
    CHECK(cvy_queue_read(queue, to, y, out.bytes, NULL, &done));
    CHECK(cvy_event_wait(done, -1));
    for (size_t k = 0, best = 0; k < 5 && k < count; k++, y[best] = -INFINITY, best = 0) {
        for (size_t i = 1; i < count; i++)
            best = y[i] > y[best] ? i : best;
        printf("%5zu  %g\n", best, y[best]);
    }
    return 0;       // the handles go with the process
}

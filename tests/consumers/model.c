// A program that embeds Convoy's ONNX loader: loads a model and compiles it. model MODEL.onnx
#include <convoy/convoy.h>
#include <convoy/onnx.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const cvy_context_params lazy = { .compile = CVY_COMPILE_LAZY };
    cvy_context *context = NULL;
    cvy_graph *graph = NULL;
    cvy_network *network = NULL;
    cvy_network_info info = { 0 };

    cvy_status st = cvy_onnx_load(argc > 1 ? argv[1] : "model.onnx", NULL, &graph);
    if (st == CVY_OK)
        st = cvy_context_create(&lazy, &context);
    if (st == CVY_OK)
        st = cvy_graph_compile(graph, context, NULL, &network);
    if (st == CVY_OK)
        st = cvy_network_info_get(network, &info);
    if (st != CVY_OK)
        fprintf(stderr, "%s\n", cvy_error_text());
    else
        printf("convoy %s: a model of %zu launches\n", cvy_version(), info.launches);
    cvy_network_destroy(&network);
    cvy_graph_destroy(&graph);
    cvy_context_destroy(&context);
    return st == CVY_OK && info.launches > 0 ? 0 : 1;
}

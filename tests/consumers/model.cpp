// model.c in C++: loads a model and compiles it. model MODEL.onnx
#include <convoy/onnx.hpp>
#include <cstdio>

int main(int argc, char **argv)
{
    try {
        const convoy::Graph graph = convoy::load_onnx(argc > 1 ? argv[1] : "model.onnx");
        const convoy::Context context = convoy::Context::create();
        const convoy::Network network = graph.compile(context);
        std::printf("convoy %s: a model of %zu launches\n", cvy_version(), network.info().launches);
        convoy::load_onnx("no such file");
    } catch (const convoy::Error &error) {
        std::printf("%s\n", error.what());
        return error.status() == CVY_ERR_IO ? 0 : 1;
    }
    return 1;
}

// Every class of convoy.hpp at work, with exceptions or without: exit status 0 if all is as it
// should be.
#include <array>
#include <convoy/convoy.hpp>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

int failures = 0;

void expect(bool right, const char *what)
{
    if (right)
        return;
    std::fprintf(stderr, "not so: %s\n", what);
    failures++;
}

#ifdef CONVOY_NO_EXCEPTIONS
template <class T> T take(convoy::Result<T> result)
{
    if (!result.ok()) {
        std::fprintf(stderr, "%s\n", result.error().what());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>)
        return std::move(result).value();
}
#define TAKE(call) take(call)
#define STATUS(call) (call).status()
#else
#define TAKE(call) call
template <class F> cvy_status status_of(F call)
{
    try {
        call();
    } catch (const convoy::Error &error) {
        expect(error.opencl() == 0 && error.what()[0] != '\0', "an error has a text");
        return error.status();
    }
    return CVY_OK;
}
#define STATUS(call) status_of([&] { (void)(call); })
#endif

// 1 x 1 x 3 x 6, a 3 x 3 filter.
cvy_conv_params a_conv()
{
    cvy_conv_params params{};
    params.src = cvy_nchw(CVY_F32, 1, 1, 3, 6);
    params.out_channels = 1;
    params.kernel_size[0] = params.kernel_size[1] = 3;
    return params;
}

constexpr std::array<float, 18> image{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};
const std::vector<float> ones(9, 1.0f);
const std::vector<float> expected{9, 18, 27, 36};

cvy_context_params lazy()
{
    cvy_context_params params{};
    params.compile = CVY_COMPILE_LAZY;
    return params;
}

void errors_and_handles(convoy::Context &context)
{
    expect(STATUS(convoy::Plan::conv(context, cvy_conv_params{})) != CVY_OK, "empty params fail");
    expect(STATUS(convoy::Buffer::create(context, size_t{0})) == CVY_ERR_ARGUMENT, "no bytes");
    convoy::Buffer first = TAKE(convoy::Buffer::create(context, 64));
    convoy::Buffer second = std::move(first);
    expect(!first && second && second.bytes() == 64, "a moved handle is empty");
    convoy::Buffer third(second.release());
    expect(!second && third.get() != nullptr, "a released handle goes on living");
    third = TAKE(convoy::Buffer::wrap(context, third.cl_mem()));
    expect(third.bytes() == 64, "a wrapped buffer");
    third.reset();
    expect(!third, "reset destroys");
    expect(!TAKE(convoy::devices()).empty(), "there are devices");
    expect(TAKE(context.device_info()).name[0] != '\0', "the device has a name");
    expect(TAKE(context.stats()).failed == 0, "all kernels compiled");
    expect(context.cl_context() != nullptr && context.cl_device() != nullptr, "OpenCL's handles");
    convoy::Context same = TAKE(convoy::Context::wrap(context.cl_context(), context.cl_device(),
                                                      lazy()));
    expect(same.cl_context() == context.cl_context(), "a wrapped context");
}

void plans(convoy::Context &context)
{
    cvy_queue_params profiling{};
    profiling.profiling = true;
    convoy::Queue queue = TAKE(convoy::Queue::create(context, profiling));
    convoy::Buffer src = TAKE(convoy::Buffer::create(context, sizeof image));
    convoy::Buffer weights = TAKE(convoy::Buffer::create(context, 9 * sizeof(float)));
    convoy::Buffer dst = TAKE(convoy::Buffer::create(context, 8 * sizeof(float)));
    convoy::Plan plan = TAKE(convoy::Plan::conv(context, a_conv()));
    expect(TAKE(plan.info()).macs == 36, "36 multiply-adds");
    convoy::Event written, done;
    std::vector<float> result(4), all(8);

    TAKE(queue.write(src, image));
    TAKE(queue.write(weights, ones));
    TAKE(queue.fill(dst, -1.0f, dst.bytes(), {}, &written));
    cvy_args constants{}, args{};
    constants.weights = weights;
    convoy::Weights prepared = TAKE(plan.prepare(queue, constants));
    TAKE(prepared.wait());
    TAKE(prepared.release_raw());
    args.src = src;
    args.prepared = prepared.get();
    args.dst = dst;
    TAKE(queue.reserve(plan));
    TAKE(queue.enqueue(plan, args, {written.get()}, &done));
    TAKE(done.wait());
    expect(TAKE(done.wait_for(0)), "what is complete is complete");
    expect(TAKE(done.times()).ended >= TAKE(done.times()).started, "times");
    expect(TAKE(done.launch(0)).times.started == TAKE(done.times()).started, "launch");
    TAKE(queue.read(dst, result));
    expect(result == expected, "the convolution's result");

    // Behind it, a copy on another queue that waits for the first one's event.
    convoy::Queue other = TAKE(convoy::Queue::wrap(context, queue.cl_queue()));
    convoy::Event same = TAKE(convoy::Event::wrap(context, done.cl_event()));
    TAKE(other.copy(dst, dst.at(16), 16, {same.get()}, &same));
    TAKE(other.read(dst, all.data(), 32, {same.get()}));
    expect(all[4] == 9 && all[7] == 36, "a copy");
    auto *mapped = static_cast<float *>(TAKE(queue.map(dst, 32, CVY_READ_ONLY)));
    expect(mapped[5] == 18, "mapped memory");
    TAKE(queue.unmap(dst, mapped));
    TAKE(queue.flush());
    TAKE(queue.finish());

    convoy::Plan relu = TAKE(convoy::Plan::from_spec(context, "activation n1 c4 h1 w1 +relu"));
    expect(TAKE(relu.info()).dst.size[1] == 4, "a plan from text");
}

void networks(convoy::Context &context)
{
    convoy::Graph graph = TAKE(convoy::Graph::create());
    cvy_graph_input_params input{};
    input.name = "image";
    input.desc = cvy_nchw(CVY_F32, 1, 1, 3, 6);
    cvy_desc filter = cvy_nchw(CVY_F32, 1, 1, 3, 3);
    cvy_node node{}, behind{};
    node.src = TAKE(graph.input(input));
    node.weights = TAKE(graph.constant("ones", filter, ones.data()));
    behind.src = TAKE(graph.conv(cvy_conv_params{}, node));
    cvy_activation_params relu{};
    relu.activation.kind = CVY_RELU;
    TAKE(graph.output("sums", TAKE(graph.activation(relu, behind))));
    expect(TAKE(graph.info()).nodes == 2, "two nodes");
    expect(std::string(TAKE(graph.input_info(0)).name) == "image", "the input's name");
    expect(std::string(TAKE(graph.output_info(0)).name) == "sums", "the output's name");

    convoy::Network network = TAKE(graph.compile(context));
    graph.reset();
    convoy::Queue queue = TAKE(convoy::Queue::create(context));
    convoy::Buffer src = TAKE(convoy::Buffer::create(context, TAKE(network.input(0)).bytes));
    convoy::Buffer dst = TAKE(convoy::Buffer::create(context, TAKE(network.output(0)).bytes));
    const cvy_tensor from = src, to = dst;
    std::vector<float> result(4);
    TAKE(queue.reserve(network));
    TAKE(queue.write(src, image));
    TAKE(queue.enqueue(network, &from, &to));
    TAKE(queue.read(dst, result));
    expect(result == expected, "the network's result");
    TAKE(queue.fill(dst, -1.0f, dst.bytes()));
    TAKE(queue.enqueue(network, {src}, {dst}));
    TAKE(queue.read(dst, result));
    expect(result == expected, "the same with lists");
    expect(STATUS(queue.enqueue(network, {src, src}, {dst})) == CVY_ERR_ARGUMENT, "two inputs");
    expect(TAKE(network.info()).launches >= 1 && TAKE(network.step(0)).plan.macs == 36, "its step");
}

}  // namespace

int main()
{
    convoy::Context context = TAKE(convoy::Context::create(lazy()));
    errors_and_handles(context);
    plans(context);
    networks(context);
    if (failures == 0)
        std::printf("convoy %s: every class, as expected\n", cvy_version());
    return failures != 0;
}

// Convoy in C++17: handles that clean up after themselves, errors as exceptions. Nothing but this
// header over the C API, whose structs and enums serve as they are; core.h, ops.h and graph.h say
// what each call does.
//
//     convoy::Context context = convoy::Context::create();
//     convoy::Queue queue = convoy::Queue::create(context);
//     cvy_conv_params params{};
//     params.src = cvy_nchw(CVY_F32, 1, 1, 6, 6); ...
//     convoy::Plan plan = convoy::Plan::conv(context, params);
//     cvy_args args{};
//     args.src = src; ...                                  // a Buffer is a tensor at offset 0
//     queue.write(src, image);                             // a vector, an array
//     queue.enqueue(plan, args);
//     queue.read(dst, result);
//
// - A handle is move-only; get() is the C handle, release() gives it away, an empty one is false.
// - `waits` are the events to wait for, {a.get(), b.get()}. *ev becomes the job's own.
// - In C++20 params can be written as in C, {.src = ..., .kernel_size = {3, 3}}, in their order.
// - Result<T> is T, and a failure throws convoy::Error. Without exceptions (-fno-exceptions, or
//   CONVOY_NO_EXCEPTIONS defined) Result<T> holds a T or an Error.
// - What is not here, such as deferred nodes, is the C API's, with get().
#ifndef CONVOY_CONVOY_HPP
#define CONVOY_CONVOY_HPP

#include <convoy/convoy.h>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if !defined(CONVOY_NO_EXCEPTIONS) && !defined(__cpp_exceptions)
#define CONVOY_NO_EXCEPTIONS
#endif
#ifndef CONVOY_NO_EXCEPTIONS
#define CONVOY_MODE throwing
#else
#define CONVOY_MODE giving
#endif

// Files of either mode can be linked together.
namespace convoy { inline namespace CONVOY_MODE {

// Errors ------------------------------------------------------------------------------------------

// A failed call: its status, its text (what()), and the driver's own code, 0 if it had no part.
class Error : public std::runtime_error {
public:
    // The calling thread's last failure.
    explicit Error(cvy_status status)
        : std::runtime_error(std::string(cvy_status_name(status)) + ": " + cvy_error_text()),
          status_(status), opencl_(cvy_error_opencl()) {}
    cvy_status status() const noexcept { return status_; }
    int opencl() const noexcept { return opencl_; }

private:
    cvy_status status_;
    int opencl_;
};

#ifndef CONVOY_NO_EXCEPTIONS
template <class T> using Result = T;
#else
class [[nodiscard]] Outcome {
public:
    Outcome() = default;
    Outcome(Error error) : error_(std::move(error)) {}
    bool ok() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return ok(); }
    cvy_status status() const noexcept { return error_ ? error_->status() : CVY_OK; }
    const Error &error() const { return *error_; }      // only if not ok()

private:
    std::optional<Error> error_;
};

// What a call gives: a T, or the Error. value(), * and -> only if ok().
template <class T> class [[nodiscard]] Result : public Outcome {
public:
    Result(T value) : value_(std::move(value)) {}
    using Outcome::Outcome;
    T &value() & { return *value_; }
    T &&value() && { return std::move(*value_); }
    T &operator*() & { return *value_; }
    T &&operator*() && { return std::move(*value_); }
    T *operator->() { return &*value_; }

private:
    std::optional<T> value_;
};

template <> class [[nodiscard]] Result<void> : public Outcome {
    using Outcome::Outcome;
};
#endif

namespace detail {

template <class R> R fail(cvy_status status)
{
#ifndef CONVOY_NO_EXCEPTIONS
    throw Error(status);
#else
    return Error(status);
#endif
}

// The result of a call that gave a status and, if that is CVY_OK, a value.
template <class T> Result<T> give(cvy_status status, T value)
{
    return status == CVY_OK ? Result<T>(std::move(value)) : fail<Result<T>>(status);
}
inline Result<void> give(cvy_status status)
{
    return status == CVY_OK ? Result<void>() : fail<Result<void>>(status);
}

// An owned handle of the C API.
template <class T, void (*destroy)(T **)> class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(T *owned) noexcept : handle_(owned) {}
    Handle(Handle &&other) noexcept : handle_(other.release()) {}
    Handle &operator=(Handle &&other) noexcept { return reset(other.release()), *this; }
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { destroy(&handle_); }

    T *get() const noexcept { return handle_; }
    T *release() noexcept { return std::exchange(handle_, nullptr); }
    void reset(T *owned = nullptr) noexcept
    {
        T *old = std::exchange(handle_, owned);
        destroy(&old);
    }
    explicit operator bool() const noexcept { return handle_ != nullptr; }

protected:
    // Calls function(handle, arguments..., &out), and gives what it filled.
    template <class Out, class F, class... A> Result<Out> fill(F function, A... arguments) const
    {
        Out out{};
        const cvy_status status = function(handle_, arguments..., &out);
        return give(status, std::move(out));
    }

private:
    T *handle_ = nullptr;
};

// Calls create(arguments..., &handle) and wraps the handle.
template <class H, class F, class... A> Result<H> create(F function, A... arguments)
{
    std::remove_reference_t<decltype(*std::declval<H &>().get())> *handle = nullptr;
    const cvy_status status = function(arguments..., &handle);
    return give(status, H(handle));
}

}  // namespace detail

// The operators of ops.h, each with its params: X(name, params).
#define CONVOY_OPERATORS(X)                                                                        \
    X(conv, conv) X(conv_transpose, conv_transpose) X(max_unpool, max_unpool)                      \
    X(separable, separable) X(linear, linear) X(activation, activation) X(concat, concat)          \
    X(softmax, softmax) X(batch_norm, batch_norm) X(instance_norm, instance_norm) X(lrn, lrn)      \
    X(unary, unary) X(binary, binary) X(where, where) X(cast, cast) X(pad, pad) X(slice, slice)    \
    X(transpose, transpose) X(depth_to_space, block) X(space_to_depth, block) X(gather, gather)    \
    X(reduce, reduce) X(resize, resize) X(matmul, matmul)

// Devices and contexts ----------------------------------------------------------------------------

inline Result<std::vector<cvy_device_info>> devices()
{
    size_t count = 0;
    cvy_status status = cvy_device_list(nullptr, 0, &count);
    std::vector<cvy_device_info> list(count);
    if (status == CVY_OK)
        status = cvy_device_list(list.data(), list.size(), &count);
    return detail::give(status, std::move(list));
}

class Context : public detail::Handle<cvy_context, cvy_context_destroy> {
public:
    using Handle::Handle;
    static Result<Context> create(const cvy_context_params &params = {})
        { return detail::create<Context>(cvy_context_create, &params); }
    // Your cl_context, retained, and the one of its devices to use.
    static Result<Context> wrap(void *cl_context, void *cl_device, cvy_context_params params = {})
    {
        params.cl_context = cl_context;
        params.cl_device = cl_device;
        return create(params);
    }
    auto device_info() const { return fill<cvy_device_info>(cvy_context_device_info); }
    auto stats() const { return fill<cvy_context_stats>(cvy_context_stats_get); }
    void *cl_context() const { return cvy_context_cl_context(get()); }
    void *cl_device() const { return cvy_context_cl_device(get()); }
};

// Buffers -----------------------------------------------------------------------------------------

class Buffer : public detail::Handle<cvy_buffer, cvy_buffer_destroy> {
public:
    using Handle::Handle;
    static Result<Buffer> create(const Context &context, const cvy_buffer_params &params)
        { return detail::create<Buffer>(cvy_buffer_create, context.get(), &params); }
    static auto create(const Context &context, size_t bytes) { return make(context, bytes, {}); }
    // Your cl_mem, retained.
    static auto wrap(const Context &context, void *cl_mem) { return make(context, 0, cl_mem); }
    size_t bytes() const { return cvy_buffer_bytes(get()); }
    void *cl_mem() const { return cvy_buffer_cl_mem(get()); }
    cvy_tensor at(size_t offset) const { return cvy_tensor{get(), offset}; }
    operator cvy_tensor() const { return at(0); }

private:
    static Result<Buffer> make(const Context &context, size_t bytes, void *cl_mem)
    {
        cvy_buffer_params params{};
        params.bytes = bytes;
        params.cl_mem = cl_mem;
        return create(context, params);
    }
};

// Events ------------------------------------------------------------------------------------------

class Event : public detail::Handle<cvy_event, cvy_event_destroy> {
public:
    using Handle::Handle;
    // Your cl_event, retained.
    static Result<Event> wrap(const Context &context, void *cl_event)
        { return detail::create<Event>(cvy_event_wrap, context.get(), cl_event); }
    // Until the job is complete; the failure is the job's own.
    Result<void> wait() { return detail::give(cvy_event_wait(get(), -1)); }
    // At most so long, 0 only tests: whether it is complete.
    Result<bool> wait_for(int64_t timeout_ns)
    {
        const cvy_status status = cvy_event_wait(get(), timeout_ns);
        return detail::give(status == CVY_ERR_TIMEOUT ? CVY_OK : status, status == CVY_OK);
    }
    auto times() const { return fill<cvy_event_times>(cvy_event_times_get); }
    auto launch(size_t i) const { return fill<cvy_event_launch>(cvy_event_launch_get, i); }
    void *cl_event() const { return cvy_event_cl_event(get()); }
};

// Plans -------------------------------------------------------------------------------------------

class Queue;

// Constants packed for a plan; they may outlive it.
class Weights : public detail::Handle<cvy_weights, cvy_weights_destroy> {
public:
    using Handle::Handle;
    auto wait(int64_t ns = -1) { return detail::give(cvy_weights_wait(get(), ns)); }
    Result<void> release_raw() { return detail::give(cvy_weights_release_raw(get())); }
};

class Plan : public detail::Handle<cvy_plan, cvy_plan_destroy> {
public:
    using Handle::Handle;
#define CONVOY_PLAN(name, kind)                                                                    \
    static auto name(const Context &context, const cvy_##kind##_params &params)                    \
        { return detail::create<Plan>(cvy_##name##_create, context.get(), &params); }
    CONVOY_OPERATORS(CONVOY_PLAN)
    CONVOY_PLAN(pool, pool)
    CONVOY_PLAN(copy, copy)
#undef CONVOY_PLAN
    static Result<Plan> from_spec(const Context &context, const std::string &spec,
                                  const cvy_plan_options &options = {})
        { return detail::create<Plan>(cvy_plan_from_spec, context.get(), spec.c_str(), &options); }
    auto info() const { return fill<cvy_plan_info>(cvy_plan_info_get); }
    Result<Weights> prepare(const Queue &queue, const cvy_args &constants);
};

// Networks ----------------------------------------------------------------------------------------

class Network : public detail::Handle<cvy_network, cvy_network_destroy> {
public:
    using Handle::Handle;
    auto info() const { return fill<cvy_network_info>(cvy_network_info_get); }
    auto input(size_t i) const { return fill<cvy_network_port>(cvy_network_input_get, i); }
    auto output(size_t i) const { return fill<cvy_network_port>(cvy_network_output_get, i); }
    auto step(size_t i) const { return fill<cvy_network_step>(cvy_network_step_get, i); }
};

class Graph : public detail::Handle<cvy_graph, cvy_graph_destroy> {
public:
    using Handle::Handle;
    static Result<Graph> create() { return detail::create<Graph>(cvy_graph_create); }
    Result<cvy_value> input(const cvy_graph_input_params &params)
        { return fill<cvy_value>(cvy_graph_input, &params); }
    Result<cvy_value> constant(const std::string &name, const cvy_desc &desc, const void *data)
        { return fill<cvy_value>(cvy_graph_constant, name.c_str(), &desc, data); }
    auto output(const std::string &name, cvy_value value)
        { return detail::give(cvy_graph_output(get(), name.c_str(), value)); }
#define CONVOY_NODE(name, kind)                                                                    \
    auto name(const cvy_##kind##_params &params, const cvy_node &node)                             \
        { return fill<cvy_value>(cvy_graph_##name, &params, &node); }
    CONVOY_OPERATORS(CONVOY_NODE)
    CONVOY_NODE(reshape, reshape)
    CONVOY_NODE(expand, reshape)
#undef CONVOY_NODE
    Result<cvy_value> pool(const cvy_pool_params &params, const cvy_node &node,
                           cvy_value *indices = nullptr)
    {
        cvy_value out = 0;
        const cvy_status status = cvy_graph_pool(get(), &params, &node, &out, indices);
        return detail::give(status, std::move(out));
    }
    auto info() const { return fill<cvy_graph_info>(cvy_graph_info_get); }
    auto input_info(size_t i) const { return fill<cvy_port_info>(cvy_graph_input_get, i); }
    auto output_info(size_t i) const { return fill<cvy_port_info>(cvy_graph_output_get, i); }
    Result<Network> compile(const Context &context, const cvy_network_options &options = {}) const
        { return detail::create<Network>(cvy_graph_compile, get(), context.get(), &options); }
};
#undef CONVOY_OPERATORS

// Queues ------------------------------------------------------------------------------------------

class Queue : public detail::Handle<cvy_queue, cvy_queue_destroy> {
public:
    using Handle::Handle;
    using Waits = std::initializer_list<cvy_event *>;
    static Result<Queue> create(const Context &context, const cvy_queue_params &params = {})
        { return detail::create<Queue>(cvy_queue_create, context.get(), &params); }
    // Your in-order cl_command_queue, retained.
    static Result<Queue> wrap(const Context &context, void *cl_queue)
    {
        cvy_queue_params params{};
        params.cl_queue = cl_queue;
        return create(context, params);
    }

    // Without an event, write and read return when done.
    auto write(cvy_tensor dst, const void *src, size_t bytes, Waits waits = {}, Event *ev = {})
        { return job(waits, ev, cvy_queue_write, dst, src, bytes); }
    auto read(cvy_tensor src, void *dst, size_t bytes, Waits waits = {}, Event *ev = {})
        { return job(waits, ev, cvy_queue_read, src, dst, bytes); }
    // A whole vector or array.
    template <class C> auto write(cvy_tensor dst, const C &src)
        { return write(dst, std::data(src), std::size(src) * sizeof *std::data(src)); }
    template <class C> auto read(cvy_tensor src, C &dst)
        { return read(src, std::data(dst), std::size(dst) * sizeof *std::data(dst)); }

    auto copy(cvy_tensor src, cvy_tensor dst, size_t bytes, Waits waits = {}, Event *ev = {})
        { return job(waits, ev, cvy_queue_copy, src, dst, bytes); }
    template <class T>
    auto fill(cvy_tensor dst, const T &pattern, size_t bytes, Waits waits = {}, Event *ev = {})
        { return job(waits, ev, cvy_queue_fill, dst, &pattern, sizeof pattern, bytes); }
    // Returns when the pointer is good.
    Result<void *> map(cvy_tensor tensor, size_t bytes, cvy_access access = CVY_READ_WRITE)
    {
        void *pointer = nullptr;
        const cvy_status status = cvy_queue_map(get(), tensor, bytes, access, {}, &pointer, {});
        return detail::give(status, std::move(pointer));
    }
    auto unmap(cvy_tensor tensor, void *pointer, Waits waits = {}, Event *ev = {})
        { return job(waits, ev, cvy_queue_unmap, tensor, pointer); }

    auto enqueue(const Plan &plan, const cvy_args &args, Waits waits = {}, Event *ev = {})
        { return job_of(plan.get(), waits, ev, cvy_plan_enqueue, &args); }
    // As many inputs and outputs as the network has.
    auto enqueue(const Network &network, const cvy_tensor *inputs, const cvy_tensor *outputs,
                 Waits waits = {}, Event *ev = {})
        { return job_of(network.get(), waits, ev, cvy_network_enqueue, inputs, outputs); }
    // The same with lists, {image}, {boxes, scores}, whose lengths are looked at.
    using Tensors = std::initializer_list<cvy_tensor>;
    Result<void> enqueue(const Network &network, Tensors inputs, Tensors outputs, Waits waits = {},
                         Event *ev = {})
    {
        cvy_network_info has{};
        const cvy_status status = cvy_network_info_get(network.get(), &has);
        if (status != CVY_OK)
            return detail::give(status);
        if (inputs.size() == has.inputs && outputs.size() == has.outputs)
            return enqueue(network, inputs.begin(), outputs.begin(), waits, ev);
        const std::string text = std::to_string(inputs.size()) + " inputs and "
            + std::to_string(outputs.size()) + " outputs, but the network has "
            + std::to_string(has.inputs) + " and " + std::to_string(has.outputs);
        return detail::give(cvy_error_report(CVY_ERR_ARGUMENT, text.c_str()));
    }
    auto reserve(const Plan &plan) { return detail::give(cvy_queue_reserve(get(), plan.get())); }
    auto reserve(const Network &network)
        { return detail::give(cvy_network_reserve(network.get(), get())); }
    Result<void> flush() { return detail::give(cvy_queue_flush(get())); }
    Result<void> finish() { return detail::give(cvy_queue_finish(get())); }
    void *cl_queue() const { return cvy_queue_cl_queue(get()); }

private:
    // Calls function([what,] queue, arguments..., wait, event).
    template <class F, class... A>
    Result<void> job(Waits waits, Event *event, F function, A... arguments)
    {
        return run(waits, event, [&](const cvy_wait *wait, cvy_event **own) {
            return function(get(), arguments..., wait, own); });
    }
    template <class H, class F, class... A>
    Result<void> job_of(H *what, Waits waits, Event *event, F function, A... arguments)
    {
        return run(waits, event, [&](const cvy_wait *wait, cvy_event **own) {
            return function(what, get(), arguments..., wait, own); });
    }
    // The event is handed over only once the call is done: it may be one of those waited for.
    template <class F> static Result<void> run(Waits waits, Event *event, F call)
    {
        const cvy_wait wait{waits.begin(), waits.size()};
        cvy_event *own = nullptr;
        const cvy_status status = call(&wait, event != nullptr ? &own : nullptr);
        if (status == CVY_OK && event != nullptr)
            event->reset(own);
        return detail::give(status);
    }
};

inline Result<Weights> Plan::prepare(const Queue &queue, const cvy_args &constants)
{
    return detail::create<Weights>(cvy_plan_prepare, get(), queue.get(), &constants);
}

}}  // namespace convoy

#endif

// Moving bytes between host and device: read, write, copy, fill, map and unmap.
#include "cl/objects.h"

// A tensor's first `bytes` bytes, checked against its buffer.
static cvy_status span(const cvy_queue *queue, cvy_tensor tensor, const char *name, size_t bytes,
                       struct region *out)
{
    cvy_status st = tensor_region(queue->context, tensor, name, out);

    if (st == CVY_OK && bytes > out->bytes)
        st = fail(CVY_ERR_ARGUMENT, "%s: %zu bytes at offset %zu, the buffer has %zu left", name,
                  bytes, tensor.offset, out->bytes);
    return st;
}

static cvy_status check_host(const void *pointer, const char *name, size_t bytes)
{
    if (!pointer && bytes)
        return fail(CVY_ERR_ARGUMENT, "%s is NULL", name);
    return CVY_OK;
}

// A call that returns when done may not be made where waiting is refused.
static cvy_status begin(cvy_queue *queue, const cvy_wait *wait, bool blocking, const char *call,
                        struct job *job)
{
    cvy_status st = blocking ? callback_check(call) : CVY_OK;

    return st == CVY_OK ? job_begin(queue, wait, NULL, true, job) : st;
}

static cvy_status end(struct job *job, cvy_status st, bool blocking, cvy_event **ev)
{
    cvy_event *event = NULL;

    st = job_end(job, st, &event);
    if (st == CVY_OK && blocking)
        st = cvy_event_wait(event, -1);
    if (st == CVY_OK && ev) {
        *ev = event;
        event = NULL;
    }
    cvy_event_destroy(&event);
    return st;
}

static cvy_status open_call(const cvy_queue *queue, cvy_event **ev)
{
    if (ev)
        *ev = NULL;
    return queue_check(queue);
}

// Write and read ----------------------------------------------------------------------------------

cvy_status cvy_queue_write(cvy_queue *queue, cvy_tensor dst, const void *src, size_t bytes,
                           const cvy_wait *wait, cvy_event **ev)
{
    struct job job = { 0 };
    struct region to;
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    TRY(span(queue, dst, "dst", bytes, &to));
    TRY(check_host(src, "src", bytes));
    TRY(begin(queue, wait, !ev, "cvy_queue_write without an event", &job));
    if (bytes) {
        TRY(job_room(&job));
        TRY(CALL(clEnqueueWriteBuffer, queue->cl_queue, to.memory, CL_FALSE, to.offset, bytes, src,
                 job_wait_count(&job), job_wait_list(&job), &event));
        TRY(job_keep(&job, event, "write"));
    }
out:
    return end(&job, st, !ev, ev);
}

cvy_status cvy_queue_read(cvy_queue *queue, cvy_tensor src, void *dst, size_t bytes,
                          const cvy_wait *wait, cvy_event **ev)
{
    struct job job = { 0 };
    struct region from;
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    TRY(span(queue, src, "src", bytes, &from));
    TRY(check_host(dst, "dst", bytes));
    TRY(begin(queue, wait, !ev, "cvy_queue_read without an event", &job));
    if (bytes) {
        TRY(job_room(&job));
        TRY(CALL(clEnqueueReadBuffer, queue->cl_queue, from.memory, CL_FALSE, from.offset, bytes,
                 dst, job_wait_count(&job), job_wait_list(&job), &event));
        TRY(job_keep(&job, event, "read"));
    }
out:
    return end(&job, st, !ev, ev);
}

// Copy and fill -----------------------------------------------------------------------------------

cvy_status cvy_queue_copy(cvy_queue *queue, cvy_tensor src, cvy_tensor dst, size_t bytes,
                          const cvy_wait *wait, cvy_event **ev)
{
    struct job job = { 0 };
    struct region from, to;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    TRY(span(queue, src, "src", bytes, &from));
    TRY(span(queue, dst, "dst", bytes, &to));
    TRY(begin(queue, wait, false, "", &job));
    TRY(job_copy(&job, &from, &to, bytes));
out:
    return end(&job, st, false, ev);
}

static cvy_status check_pattern(const void *pattern, size_t size, size_t offset, size_t bytes)
{
    CHECK_POINTER(pattern);
    if (size != 1 && size != 2 && size != 4 && size != 8 && size != 16)
        return fail(CVY_ERR_ARGUMENT, "pattern_bytes is %zu, not 1, 2, 4, 8 or 16", size);
    if (offset % size || bytes % size)
        return fail(CVY_ERR_ALIGN, "offset %zu and bytes %zu are not both multiples of the "
                    "pattern's %zu bytes", offset, bytes, size);
    return CVY_OK;
}

cvy_status cvy_queue_fill(cvy_queue *queue, cvy_tensor dst, const void *pattern,
                          size_t pattern_bytes, size_t bytes, const cvy_wait *wait, cvy_event **ev)
{
    struct job job = { 0 };
    struct region to;
    cl_event event = NULL;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    TRY(span(queue, dst, "dst", bytes, &to));
    TRY(check_pattern(pattern, pattern_bytes, to.offset, bytes));
    TRY(begin(queue, wait, false, "", &job));
    if (bytes) {
        TRY(job_room(&job));
        TRY(CALL(clEnqueueFillBuffer, queue->cl_queue, to.memory, pattern, pattern_bytes,
                 to.offset, bytes, job_wait_count(&job), job_wait_list(&job), &event));
        TRY(job_keep(&job, event, "fill"));
    }
out:
    return end(&job, st, false, ev);
}

// Map and unmap -----------------------------------------------------------------------------------

static cvy_status enqueue_map(struct job *job, const struct region *region, size_t bytes,
                              cvy_access access, void **out)
{
    static const cl_map_flags by_access[] = {
        [CVY_READ_WRITE] = CL_MAP_READ | CL_MAP_WRITE, [CVY_READ_ONLY] = CL_MAP_READ,
        [CVY_WRITE_ONLY] = CL_MAP_WRITE,
    };
    cl_event event = NULL;
    cl_int code = CL_SUCCESS;
    void *pointer;
    cvy_status st = CVY_OK;

    TRY(job_room(job));
    pointer = opencl()->clEnqueueMapBuffer(job->queue->cl_queue, region->memory, CL_FALSE,
                                           by_access[access], region->offset, bytes,
                                           job_wait_count(job), job_wait_list(job), &event, &code);
    TRY(opencl_created(pointer, code, "clEnqueueMapBuffer"));
    TRY(job_keep(job, event, "map"));
    *out = pointer;
out:
    return st;
}

cvy_status cvy_queue_map(cvy_queue *queue, cvy_tensor tensor, size_t bytes, cvy_access access,
                         const cvy_wait *wait, void **pointer, cvy_event **ev)
{
    struct job job = { 0 };
    struct region region;
    void *mapped = NULL;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    CHECK_POINTER(pointer);
    *pointer = NULL;
    TRY(span(queue, tensor, "tensor", bytes, &region));
    if ((int)access < 0 || access > CVY_WRITE_ONLY)
        return fail(CVY_ERR_ARGUMENT, "access is %d, no access", (int)access);
    TRY(begin(queue, wait, !ev, "cvy_queue_map without an event", &job));
    if (bytes)
        TRY(enqueue_map(&job, &region, bytes, access, &mapped));
out:
    st = end(&job, st, !ev, ev);
    if (st == CVY_OK)
        *pointer = mapped;
    return st;
}

cvy_status cvy_queue_unmap(cvy_queue *queue, cvy_tensor tensor, void *pointer,
                           const cvy_wait *wait, cvy_event **ev)
{
    struct job job = { 0 };
    struct region region;
    cl_event event = NULL;
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(open_call(queue, ev));
    TRY(span(queue, tensor, "tensor", 0, &region));
    CHECK_POINTER(pointer);
    TRY(begin(queue, wait, false, "", &job));
    TRY(job_room(&job));
    code = opencl()->clEnqueueUnmapMemObject(queue->cl_queue, region.memory, pointer,
                                             job_wait_count(&job), job_wait_list(&job), &event);
    if (code == CL_INVALID_VALUE)
        TRY(fail_opencl(CVY_ERR_ARGUMENT, code, "pointer is no mapping of this buffer"));
    TRY(opencl_check(code, "clEnqueueUnmapMemObject"));
    TRY(job_keep(&job, event, "unmap"));
out:
    return end(&job, st, false, ev);
}

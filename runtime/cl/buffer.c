// Buffers: new memory, the user's cl_mem or host memory, and views. A view is an offset; OpenCL's
// sub-buffers are only met when a user brings one.
#include "cl/objects.h"

// Every block of host memory is a part of this root, at its own address: so overlaps are found.
static const char host_root;

static void free_buffer(cvy_buffer *buffer)
{
    if (buffer->mem && context_is_here(buffer->context))
        context_release_memory(buffer->context, buffer->mem);
    context_release(buffer->context);
    buffer->magic = MAGIC_DEAD;
    free(buffer);
}

void buffer_retain(cvy_buffer *buffer)
{
    atomic_fetch_add(&buffer->refs, 1);
}

void cvy_buffer_destroy(cvy_buffer **buffer)
{
    if (!buffer || !*buffer || !MAGIC_OK(*buffer, MAGIC_BUFFER))
        return;
    if (atomic_fetch_sub(&(*buffer)->refs, 1) == 1)
        free_buffer(*buffer);
    *buffer = NULL;
}

size_t cvy_buffer_bytes(const cvy_buffer *buffer)
{
    return buffer && MAGIC_OK(buffer, MAGIC_BUFFER) ? buffer->bytes : 0;
}

void *cvy_buffer_cl_mem(const cvy_buffer *buffer)
{
    return buffer && MAGIC_OK(buffer, MAGIC_BUFFER) ? buffer->mem : NULL;
}

// Limits ------------------------------------------------------------------------------------------

static cvy_status check_bytes(const cvy_context *context, size_t bytes)
{
    if (!bytes)
        return fail(CVY_ERR_ARGUMENT, "bytes is 0");
    if (bytes > INT64_MAX || (int64_t)bytes > context->device.max_bytes)
        return fail(CVY_ERR_LIMIT, "bytes is %zu, the device's largest buffer has %lld", bytes,
                    (long long)context->device.max_bytes);
    return CVY_OK;
}

// The part [offset, offset + *bytes) of `whole` bytes; *bytes 0 means all that is left.
static cvy_status check_part(size_t whole, size_t offset, size_t *bytes)
{
    if (offset >= whole)
        return fail(CVY_ERR_ARGUMENT, "offset is %zu, there are %zu bytes", offset, whole);
    if (*bytes > whole - offset)
        return fail(CVY_ERR_ARGUMENT, "bytes is %zu, after offset %zu there are %zu", *bytes,
                    offset, whole - offset);
    if (!*bytes)
        *bytes = whole - offset;
    return CVY_OK;
}

// What both allow: the wrapped memory (or parent) and the wish.
static cvy_status join_access(cvy_access given, cvy_access wanted, cvy_access *out)
{
    if (given != CVY_READ_WRITE && wanted != CVY_READ_WRITE && given != wanted)
        return fail(CVY_ERR_ARGUMENT, "access is %s, the memory's own is %s",
                    wanted == CVY_READ_ONLY ? "READ_ONLY" : "WRITE_ONLY",
                    given == CVY_READ_ONLY ? "READ_ONLY" : "WRITE_ONLY");
    *out = wanted == CVY_READ_WRITE ? given : wanted;
    return CVY_OK;
}

// New memory and host memory ----------------------------------------------------------------------

static cvy_status make_memory(cvy_buffer *buffer, const cvy_buffer_params *params)
{
    static const cl_mem_flags by_access[] = {
        [CVY_READ_WRITE] = CL_MEM_READ_WRITE, [CVY_READ_ONLY] = CL_MEM_READ_ONLY,
        [CVY_WRITE_ONLY] = CL_MEM_WRITE_ONLY,
    };
    cl_mem_flags flags = by_access[params->access];
    cl_int code;
    cvy_status st = CVY_OK;

    if (params->offset)
        return fail(CVY_ERR_ARGUMENT, "offset is %zu and there is neither parent nor cl_mem",
                    params->offset);
    // Kernels load float32 whole.
    if ((uintptr_t)params->host % 4)
        return fail(CVY_ERR_ALIGN, "host is %p, not a multiple of 4", params->host);
    TRY(check_bytes(buffer->context, params->bytes));
    if (params->host)
        flags |= CL_MEM_USE_HOST_PTR;
    TRY(CREATE(buffer->mem, clCreateBuffer, buffer->context->cl_context, flags, params->bytes,
               params->host));
    buffer->bytes = params->bytes;
    buffer->access = params->access;
    buffer->root = params->host ? (const void *)&host_root : buffer->mem;
    buffer->begin = (uintptr_t)params->host;
out:
    return st;
}

// Views -------------------------------------------------------------------------------------------

static cvy_status make_view(cvy_buffer *buffer, const cvy_buffer_params *params)
{
    const cvy_buffer *parent = params->parent;
    cvy_status st = CVY_OK;

    CHECK_HANDLE(parent, MAGIC_BUFFER);
    if (parent->context != buffer->context)
        return fail(CVY_ERR_ARGUMENT, "parent belongs to another context");
    buffer->bytes = params->bytes;
    TRY(check_part(parent->bytes, params->offset, &buffer->bytes));
    TRY(join_access(parent->access, params->access, &buffer->access));
    TRY(CALL(clRetainMemObject, parent->mem));
    buffer->mem = parent->mem;
    buffer->offset = parent->offset + params->offset;
    buffer->root = parent->root;
    buffer->begin = parent->begin + params->offset;
out:
    return st;
}

// The user's cl_mem -------------------------------------------------------------------------------

#define MEM_INFO(mem, what, out) \
    CALL(clGetMemObjectInfo, mem, what, sizeof *(out), out, NULL)

// A sub-buffer's parent and place; a buffer's own self and 0.
static cvy_status find_root(cvy_buffer *buffer, cl_mem mem)
{
    size_t offset = 0, align = (size_t)buffer->context->device.info.align_bytes;
    cl_mem parent = NULL, root = mem;
    cl_mem_flags flags = 0;
    void *host = NULL;
    cvy_status st = CVY_OK;

    TRY(MEM_INFO(mem, CL_MEM_ASSOCIATED_MEMOBJECT, &parent));
    if (parent) {
        TRY(MEM_INFO(mem, CL_MEM_OFFSET, &offset));
        root = parent;
    }
    if (offset % align)
        return fail(CVY_ERR_ALIGN, "cl_mem is a sub-buffer at %zu, the device wants a multiple of "
                    "%zu", offset, align);
    TRY(MEM_INFO(root, CL_MEM_FLAGS, &flags));
    if (flags & CL_MEM_USE_HOST_PTR)
        TRY(MEM_INFO(root, CL_MEM_HOST_PTR, &host));
    buffer->root = host ? (const void *)&host_root : root;
    buffer->begin = (uintptr_t)host + offset;
out:
    return st;
}

static cvy_status check_memory(const cvy_context *context, cl_mem mem)
{
    cl_mem_object_type type = 0;
    cl_context owner = NULL;
    cvy_status st = CVY_OK;

    TRY(MEM_INFO(mem, CL_MEM_TYPE, &type));
    if (type != CL_MEM_OBJECT_BUFFER)
        return fail(CVY_ERR_ARGUMENT, "cl_mem is an image, a buffer is needed");
    TRY(MEM_INFO(mem, CL_MEM_CONTEXT, &owner));
    if (owner != context->cl_context)
        return fail(CVY_ERR_ARGUMENT, "cl_mem belongs to another cl_context");
out:
    return st;
}

static cvy_access access_of(cl_mem_flags flags)
{
    if (flags & CL_MEM_READ_ONLY)
        return CVY_READ_ONLY;
    return flags & CL_MEM_WRITE_ONLY ? CVY_WRITE_ONLY : CVY_READ_WRITE;
}

static cvy_status wrap_memory(cvy_buffer *buffer, const cvy_buffer_params *params)
{
    cl_mem mem = params->cl_mem;
    cl_mem_flags flags = 0;
    size_t whole = 0;
    cvy_status st = CVY_OK;

    TRY(check_memory(buffer->context, mem));
    TRY(MEM_INFO(mem, CL_MEM_SIZE, &whole));
    TRY(MEM_INFO(mem, CL_MEM_FLAGS, &flags));
    buffer->bytes = params->bytes;
    TRY(check_part(whole, params->offset, &buffer->bytes));
    TRY(join_access(access_of(flags), params->access, &buffer->access));
    TRY(find_root(buffer, mem));
    TRY(CALL(clRetainMemObject, mem));
    buffer->mem = mem;
    buffer->offset = params->offset;
    buffer->begin += params->offset;
out:
    return st;
}

// Creation ----------------------------------------------------------------------------------------

static cvy_status check_params(const cvy_buffer_params *params)
{
    int sources = !!params->cl_mem + !!params->host + !!params->parent;

    if (sources > 1)
        return fail(CVY_ERR_ARGUMENT, "cl_mem, host and parent: %d are set, one at most", sources);
    if ((int)params->access < 0 || params->access > CVY_WRITE_ONLY)
        return fail(CVY_ERR_ARGUMENT, "access is %d, no access", (int)params->access);
    return CVY_OK;
}

static cvy_status fill_buffer(cvy_buffer *buffer, const cvy_buffer_params *params)
{
    if (params->parent)
        return make_view(buffer, params);
    if (params->cl_mem)
        return wrap_memory(buffer, params);
    return make_memory(buffer, params);
}

cvy_status cvy_buffer_create(cvy_context *context, const cvy_buffer_params *params,
                             cvy_buffer **out)
{
    cvy_buffer *buffer = NULL;
    cvy_status st = CVY_OK;

    CHECK_POINTER(out);
    *out = NULL;
    CHECK_POINTER(params);
    TRY(context_check(context));
    TRY(check_params(params));
    TRY(zalloc(sizeof *buffer, &buffer));
    buffer->magic = MAGIC_BUFFER;
    buffer->refs = 1;
    buffer->context = context;
    context_retain(context);
    TRY(fill_buffer(buffer, params));
    *out = buffer;
    buffer = NULL;
out:
    cvy_buffer_destroy(&buffer);
    return st;
}

cvy_status tensor_region(const cvy_context *context, cvy_tensor tensor, const char *name,
                         struct region *out)
{
    const cvy_buffer *buffer = tensor.buffer;

    if (!buffer)
        return fail(CVY_ERR_ARGUMENT, "%s: buffer is NULL", name);
    if (!MAGIC_OK(buffer, MAGIC_BUFFER))
        return fail(CVY_ERR_ARGUMENT, "%s: buffer is no live handle of its kind", name);
    if (buffer->context != context)
        return fail(CVY_ERR_ARGUMENT, "%s: buffer belongs to another context", name);
    if (tensor.offset > buffer->bytes)
        return fail(CVY_ERR_ARGUMENT, "%s: offset is %zu, the buffer has %zu bytes", name,
                    tensor.offset, buffer->bytes);
    *out = (struct region) {
        .memory = buffer->mem, .offset = buffer->offset + tensor.offset,
        .bytes = buffer->bytes - tensor.offset, .root = buffer->root,
        .begin = buffer->begin + tensor.offset, .access = buffer->access,
    };
    return CVY_OK;
}

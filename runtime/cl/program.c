// Programs: the text of their instances, compiled or out of the cache, and their binaries put
// there. Which kernels a context has is table.c's.
#include "cl/objects.h"

#include <stdio.h>

cvy_status program_new(const char *name, struct program **out)
{
    cvy_status st = zalloc(sizeof **out, out);

    if (st == CVY_OK)
        (*out)->name = name;
    return st;
}

cvy_status program_add(struct program *program, struct kernel *kernel)
{
    cvy_status st = array_reserve(&program->kernels, &program->cap, program->count,
                                  sizeof *program->kernels);

    if (st == CVY_OK)
        program->kernels[program->count++] = kernel;
    return st;
}

void program_free(struct program *program, bool release)
{
    if (release && program->handle)
        opencl()->clReleaseProgram(program->handle);
    if (release && program->refused)
        opencl()->clReleaseProgram(program->refused);
    free(program->kernels);
    free(program);
}

static const char *options(const cvy_context *context)
{
    return context->device.quirks & QUIRK_NO_OPTIMIZER ? "-cl-std=CL1.2 -cl-opt-disable"
                                                       : "-cl-std=CL1.2";
}

// Key ---------------------------------------------------------------------------------------------

// What a program's binary is of and for, in a few lines: the text is made of files that are known
// by their digests.
struct program_key {
    struct text source, device, build;
    struct cache_key key;
};

static cvy_status make_key(const cvy_context *context, const struct program *program,
                           struct program_key *out)
{
    const cvy_device_info *info = &context->device.info;
    cvy_status st = CVY_OK;

    memset(out, 0, sizeof *out);
    text_add(&out->source, "%s\n%s\n", options(context), kernel_prelude_digest);
    for (size_t i = 0; i < program->count; i++) {
        instance_text(&program->kernels[i]->instance, &out->source);
        text_add(&out->source, " %s\n", program->kernels[i]->source->digest);
    }
    text_add(&out->device, "%s\n%s\n%s\n%d\n", info->platform_name, info->name, info->vendor,
             (int)(8 * sizeof(void *)));
    text_add(&out->build, "%s\n%s\n%s\n", cvy_version(), info->driver, info->version);
    TRY(text_status(&out->source));
    TRY(text_status(&out->device));
    TRY(text_status(&out->build));
    out->key = (struct cache_key) { out->source.data, out->device.data, out->build.data };
out:
    return st;
}

static void free_key(struct program_key *key)
{
    text_free(&key->source);
    text_free(&key->device);
    text_free(&key->build);
}

static void key_digest(const struct program_key *key, char out[DIGEST_TEXT])
{
    const struct text *const parts[] = { &key->source, &key->device, &key->build };
    unsigned char bytes[DIGEST_BYTES];
    struct digest digest;

    digest_begin(&digest);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        digest_add(&digest, parts[i]->data, parts[i]->length + 1);      // and the NUL between
    digest_end(&digest, bytes);
    digest_text(bytes, out);
}

cvy_status program_digest(const cvy_context *context, const struct program *program,
                          char out[DIGEST_TEXT])
{
    struct program_key key;
    cvy_status st = make_key(context, program, &key);

    if (st == CVY_OK)
        key_digest(&key, out);
    free_key(&key);
    return st;
}

// Compiling ---------------------------------------------------------------------------------------

#define LOG_MAX ((size_t)64 << 20)

// From the first line that speaks of an error, on one line. A log may have any length, no NUL, or
// not exist.
static void log_head(cvy_context *context, cl_program program, char *out, size_t cap)
{
    size_t bytes = 0, used = 0;
    char *log = NULL;
    const char *at;

    snprintf(out, cap, "the compiler gives no reason");
    if (opencl()->clGetProgramBuildInfo(program, context->cl_device, CL_PROGRAM_BUILD_LOG, 0, NULL,
                                        &bytes) || !bytes || bytes > LOG_MAX)
        return;
    if (zalloc(bytes + 1, &log) != CVY_OK)
        return;
    if (!opencl()->clGetProgramBuildInfo(program, context->cl_device, CL_PROGRAM_BUILD_LOG, bytes,
                                         log, NULL) && log[0]) {
        at = strstr(log, "error");
        for (at = at ? at : log; at > log && at[-1] != '\n'; at--)
            ;
        for (; *at && used + 1 < cap; at++)
            out[used++] = *at >= ' ' && *at <= '~' ? *at : ' ';
        out[used] = '\0';
    }
    free(log);
}

static cvy_status build(cvy_context *context, const struct text *text, const char *what,
                        cl_program *out)
{
    const char *data = text->data;
    size_t length = text->length;
    char head[400];
    cl_int code;
    cvy_status st = CVY_OK;

    TRY(CREATE(*out, clCreateProgramWithSource, context->cl_context, 1, &data, &length));
    code = opencl()->clBuildProgram(*out, 1, &context->cl_device, options(context), NULL, NULL);
    st = opencl_check(code, "clBuildProgram");
    if (st == CVY_ERR_BUILD) {
        log_head(context, *out, head, sizeof head);
        st = fail_opencl(st, code, "%s does not compile: %s", what, head);
    }
out:
    if (st != CVY_OK && *out) {
        opencl()->clReleaseProgram(*out);
        *out = NULL;
    }
    return st;
}

static cvy_status compile(cvy_context *context, const struct program *program, cl_program *out)
{
    struct text text = { 0 };
    double start = clock_seconds();
    cvy_status st = CVY_OK;

    *out = NULL;
    source_prelude(&text);
    for (size_t i = 0; i < program->count; i++) {
        const struct kernel *kernel = program->kernels[i];

        TRY(source_instance(kernel->source, &kernel->instance, kernel->hash, &text));
    }
    TRY(text_status(&text));
    TRY(build(context, &text, program->name, out));
out:
    table_count(context, st == CVY_OK, 0, clock_seconds() - start);
    text_free(&text);
    return st;
}

// Binaries ----------------------------------------------------------------------------------------

// The driver says no, now or when it builds: the binary is of no use, whatever its digest says.
static cvy_status load_binary(cvy_context *context, const char *data, size_t length,
                              cl_program *out)
{
    const unsigned char *bytes = (const unsigned char *)data;
    cl_int code, taken = CL_SUCCESS;
    cvy_status st = CVY_OK;

    *out = opencl()->clCreateProgramWithBinary(context->cl_context, 1, &context->cl_device, &length,
                                               &bytes, &taken, &code);
    TRY(opencl_created(*out, code, "clCreateProgramWithBinary"));
    TRY(opencl_check(taken, "clCreateProgramWithBinary"));
    TRY(CALL(clBuildProgram, *out, 1, &context->cl_device, options(context), NULL, NULL));
out:
    if (st != CVY_OK && *out) {
        opencl()->clReleaseProgram(*out);
        *out = NULL;
    }
    return st;
}

static void drop_entry(cvy_context *context, const struct program *program,
                       const struct program_key *key)
{
    context_log(context, CVY_LOG_WARNING, "stored program %s: refused: %s", program->name,
                cvy_error_text());
    cache_drop(context->cache, &key->key);
}

static void load(cvy_context *context, const struct program *program,
                 const struct program_key *key, cl_program *out)
{
    double start = clock_seconds();
    char *data = NULL;
    size_t length;

    if (!cache_get(context->cache, &key->key, &data, &length))
        return;
    if (load_binary(context, data, length, out) != CVY_OK)
        drop_entry(context, program, key);
    table_count(context, 0, *out != NULL, clock_seconds() - start);
    free(data);
}

// Which of the program's devices is the context's.
static cvy_status device_index(cvy_context *context, cl_program program, cl_uint *count,
                               cl_uint *index)
{
    cl_device_id *ids = NULL;
    cvy_status st = CVY_OK;

    TRY(CALL(clGetProgramInfo, program, CL_PROGRAM_NUM_DEVICES, sizeof *count, count, NULL));
    TRY(zalloc(*count * sizeof(cl_device_id), &ids));
    TRY(CALL(clGetProgramInfo, program, CL_PROGRAM_DEVICES, *count * sizeof *ids, ids, NULL));
    for (*index = 0; *index < *count && ids[*index] != context->cl_device;)
        ++*index;
    if (*index == *count)
        st = fail(CVY_ERR_INTERNAL, "a program that is not for its context's device");
out:
    free(ids);
    return st;
}

// NULL for the other devices: they are not asked for. *length 0: the driver has none to give.
static cvy_status fetch_binary(cvy_context *context, cl_program program, char **data,
                               size_t *length)
{
    cl_uint count = 0, index = 0;
    size_t *sizes = NULL;
    char **binaries = NULL;
    cvy_status st = CVY_OK;

    *data = NULL;
    *length = 0;
    TRY(device_index(context, program, &count, &index));
    TRY(zalloc(count * sizeof *sizes, &sizes));
    TRY(zalloc(count * sizeof *binaries, &binaries));
    TRY(CALL(clGetProgramInfo, program, CL_PROGRAM_BINARY_SIZES, count * sizeof *sizes, sizes,
             NULL));
    if (!sizes[index])
        goto out;
    TRY(zalloc(sizes[index], &binaries[index]));
    TRY(CALL(clGetProgramInfo, program, CL_PROGRAM_BINARIES, count * sizeof *binaries, binaries,
             NULL));
    *data = binaries[index];
    *length = sizes[index];
    binaries[index] = NULL;
out:
    if (binaries)
        free(binaries[index]);
    free(binaries);
    free(sizes);
    return st;
}

// True if the program is now this thread's to store: PoCL crashes when two threads ask for one
// program's binary.
static bool claim_storing(struct kernel_table *table, struct program *program)
{
    bool mine;

    pthread_mutex_lock(&table->lock);
    while (program->storing)
        pthread_cond_wait(&table->changed, &table->lock);
    mine = program->storing = !program->stored;
    pthread_mutex_unlock(&table->lock);
    return mine;
}

static cvy_status store(cvy_context *context, const struct program *program, bool *stored)
{
    struct program_key key = { 0 };
    char *data = NULL;
    size_t length;
    cvy_status st = CVY_OK;

    *stored = false;
    TRY(make_key(context, program, &key));
    TRY(fetch_binary(context, program->handle, &data, &length));
    *stored = length && cache_put(context->cache, &key.key, data, length);
out:
    free(data);
    free_key(&key);
    return st;
}

cvy_status program_store(cvy_context *context, struct program *program, bool *stored)
{
    struct kernel_table *table = context->kernels;
    cvy_status st = CVY_OK;

    *stored = true;
    if (!claim_storing(table, program))
        return CVY_OK;
    st = store(context, program, stored);
    pthread_mutex_lock(&table->lock);
    program->stored = *stored;
    program->storing = false;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
    return st;
}

// Opening -----------------------------------------------------------------------------------------

// True if the program is now this thread's to build.
static cvy_status claim(struct kernel_table *table, struct program *program, bool compile,
                        bool *mine, cl_program *ready)
{
    cvy_status st = CVY_OK;

    *mine = false;
    pthread_mutex_lock(&table->lock);
    while (program->state == PROGRAM_BUILDING && st == CVY_OK) {
        st = callback_check("compiling");
        if (st == CVY_OK)
            pthread_cond_wait(&table->changed, &table->lock);
    }
    if (st == CVY_OK && program->state == PROGRAM_WANTED && (compile || !program->sought)) {
        program->state = PROGRAM_BUILDING;
        *mine = true;
    }
    *ready = program->handle;
    if (st == CVY_OK && program->state == PROGRAM_FAILED)
        st = fail(CVY_ERR_BUILD, "%s does not compile", program->name);
    pthread_mutex_unlock(&table->lock);
    return st;
}

bool program_is_suspect(cvy_context *context, const struct program *program)
{
    bool suspect;

    pthread_mutex_lock(&context->kernels->lock);
    suspect = program && program->suspect;
    pthread_mutex_unlock(&context->kernels->lock);
    return suspect;
}

// What opening a program has come to.
struct obtained {
    cl_program handle;
    bool loaded, suspect;
};

static bool has_suspect_kernel(cvy_context *context, const struct program *program)
{
    char digest[DIGEST_TEXT];
    bool found = false;

    for (size_t i = 0; i < program->count && !found; i++) {
        const struct program alone = { .kernels = &program->kernels[i], .count = 1 };

        found = program_digest(context, &alone, digest) == CVY_OK
             && guard_verdict(context, digest) != TRUSTED;
    }
    return found;
}

// A family that is suspect, or has a kernel that is, is not built: its kernels are, each alone
// under a guard of its own. Nor is it loaded, as it may be the binary that the driver cannot bear.
static cvy_status obtain_guarded(cvy_context *context, struct program *program, bool compiles,
                                 const struct program_key *key, struct obtained *out)
{
    char digest[DIGEST_TEXT];
    bool careful;
    struct guard guard;
    cvy_status st = CVY_OK;

    key_digest(key, digest);
    out->suspect = guard_verdict(context, digest) != TRUSTED;
    careful = out->suspect || has_suspect_kernel(context, program);
    if (careful)
        cache_drop(context->cache, &key->key);
    if (careful && program->count > 1)
        return fail(CVY_ERR_BUILD, "a process has ended while it was compiled");
    guard_begin(context, digest, program->name, out->suspect, &guard);
    if (!program->sought && !careful)
        load(context, program, key, &out->handle);
    out->loaded = out->handle != NULL;
    if (!out->handle && compiles)
        st = compile(context, program, &out->handle);
    guard_end(&guard);
    return st;
}

static cvy_status obtain(cvy_context *context, struct program *program, bool compiles,
                         struct obtained *out)
{
    struct program_key key;
    cvy_status st = make_key(context, program, &key);

    if (st == CVY_OK)
        st = obtain_guarded(context, program, compiles, &key, out);
    free_key(&key);
    return st;
}

cvy_status program_open(cvy_context *context, struct program *program, bool compiles,
                        cl_program *out)
{
    struct kernel_table *table = context->kernels;
    struct obtained got = { 0 };
    bool mine;
    cvy_status st = CVY_OK;

    *out = NULL;
    TRY(claim(table, program, compiles, &mine, out));
    if (!mine)
        return CVY_OK;
    st = obtain(context, program, compiles, &got);
    if (st == CVY_ERR_BUILD && program->count > 1)
        context_log(context, CVY_LOG_WARNING, "program %s: its %zu kernels are built alone: %s",
                    program->name, program->count, cvy_error_text());
    pthread_mutex_lock(&table->lock);
    program->handle = *out = got.handle;
    program->stored = program->loaded = got.loaded;
    program->suspect = got.suspect;
    program->sought = true;
    program->state = got.handle ? PROGRAM_READY
                   : st == CVY_ERR_BUILD ? PROGRAM_FAILED : PROGRAM_WANTED;
    pthread_cond_broadcast(&table->changed);
    pthread_mutex_unlock(&table->lock);
out:
    return st;
}

// Some drivers take a binary, and only its kernels show that it is of no use.
bool program_refuse(cvy_context *context, struct program *program, cl_program handle)
{
    struct kernel_table *table = context->kernels;
    struct program_key key;
    bool here, again;

    pthread_mutex_lock(&table->lock);
    again = program->loaded || program->handle != handle;
    here = program->loaded && program->handle == handle;
    if (here) {
        program->refused = handle;
        program->handle = NULL;
        program->loaded = program->stored = false;
        program->state = PROGRAM_WANTED;
    }
    pthread_mutex_unlock(&table->lock);
    if (here) {
        if (make_key(context, program, &key) == CVY_OK)
            drop_entry(context, program, &key);
        free_key(&key);
    }
    return again;
}

// Guards: a compiler that crashes takes the process along, and so does a user who is tired of it. A
// file says what was being compiled; the next process finds it and is careful.
//
// Files of the folder guard-files, by the digest of what a program is made of and for:
//   building-DIGEST-PID-N  compiled now; who does it holds a lock that ends with the process
//   retrying-DIGEST-PID-N  the same, of what is suspect
//   suspect-DIGEST         a process ended while it was building
//   quarantine-DIGEST      a process ended while it was retrying: never compiled again
// For one kernel that is two deaths in which it was alone: users end processes, too, and often just
// when they start, and what was compiled then is innocent.
#include "cl/objects.h"

#include "common/file.h"

#include <errno.h>
#include <stdio.h>

#define FOLDER "guard-files"
#define DIGITS (2 * DIGEST_BYTES)
// Files that are looked at.
#define NAMES_MAX 100000
// Of a mark: by then driver or library are others, and so are the digests.
#define MARK_DAYS 60
// Of a file that was made and not yet named.
#define OLD_SECONDS 3600

struct mark {
    char digest[DIGITS + 1];
    enum suspicion suspicion;
};

struct guards {
    const char *cache;              // the path of the folder around it
    int folder;
    pthread_mutex_t lock;           // guards marks
    struct mark *marks;
    size_t count, cap;
    _Atomic unsigned number;        // of guards so far
};

// Folder ------------------------------------------------------------------------------------------

static int open_folder(const char *cache)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    char path[4096];

    if (snprintf(path, sizeof path, "%s/" FOLDER, cache) >= (int)sizeof path)
        return -1;
    if (file_calls()->mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    return file_calls()->openat(AT_FDCWD, path, flags);
}

// Calls `each` for every name in the folder.
static void read_folder(struct guards *guards, void (*each)(struct guards *, const char *))
{
    int file = file_calls()->openat(guards->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = file < 0 ? NULL : file_calls()->fdopendir(file);
    struct dirent *entry;

    if (!folder) {
        if (file >= 0)
            file_calls()->close(file);
        return;
    }
    for (int i = 0; i < NAMES_MAX && (entry = file_calls()->readdir(folder)); i++)
        each(guards, entry->d_name);
    file_calls()->closedir(folder);
}

// The digest behind the prefix.
static bool digest_in(const char *name, const char *prefix, char digest[DIGITS + 1])
{
    size_t length = strlen(prefix);

    if (strncmp(name, prefix, length) != 0 || strlen(name) < length + DIGITS)
        return false;
    if (strspn(name + length, "0123456789abcdef") != DIGITS)
        return false;
    snprintf(digest, DIGITS + 1, "%s", name + length);
    return true;
}

static void mark_name(const char *digest, enum suspicion suspicion, char *out, size_t cap)
{
    snprintf(out, cap, "%s-%s", suspicion == SUSPECT ? "suspect" : "quarantine", digest);
}

// What earlier processes left ---------------------------------------------------------------------

static void convert(struct guards *guards, const char *name, const char *digest,
                    enum suspicion to)
{
    char mark[DIGITS + 32];
    int file = file_calls()->openat(guards->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK
                                    | O_CLOEXEC);

    if (file < 0)
        return;
    mark_name(digest, to, mark, sizeof mark);
    if (file_calls()->flock(file, LOCK_EX | LOCK_NB) == 0)
        file_calls()->renameat(guards->folder, name, guards->folder, mark);
    file_calls()->close(file);
}

static bool is_older(const struct guards *guards, const char *name, time_t seconds)
{
    struct stat facts;

    return file_calls()->fstatat(guards->folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0
        && facts.st_mtime < time(NULL) - seconds;
}

static void convert_stale(struct guards *guards, const char *name)
{
    char digest[DIGITS + 1];

    if (digest_in(name, "building-", digest))
        convert(guards, name, digest, SUSPECT);
    else if (digest_in(name, "retrying-", digest))
        convert(guards, name, digest, QUARANTINED);
    else if (strncmp(name, "new-", 4) == 0 && is_older(guards, name, OLD_SECONDS))
        file_calls()->unlinkat(guards->folder, name, 0);
}

static void read_mark(struct guards *guards, const char *name)
{
    struct mark mark = { .suspicion = SUSPECT };

    if (digest_in(name, "quarantine-", mark.digest))
        mark.suspicion = QUARANTINED;
    else if (!digest_in(name, "suspect-", mark.digest))
        return;
    if (is_older(guards, name, (time_t)MARK_DAYS * 24 * 3600)) {
        file_calls()->unlinkat(guards->folder, name, 0);
        return;
    }
    if (array_reserve(&guards->marks, &guards->cap, guards->count, sizeof mark) == CVY_OK)
        guards->marks[guards->count++] = mark;
}

static struct guards *guards_new(const char *cache)
{
    struct guards *guards;

    if (zalloc(sizeof *guards, &guards) != CVY_OK)
        return NULL;
    guards->cache = cache;
    guards->folder = open_folder(cache);
    if (guards->folder >= 0 && pthread_mutex_init(&guards->lock, NULL) == 0)
        return guards;
    if (guards->folder >= 0)
        file_calls()->close(guards->folder);
    free(guards);
    return NULL;
}

void guards_collect(cvy_context *context)
{
    const char *cache = cache_folder(context->cache);

    context->guards = cache ? guards_new(cache) : NULL;
    if (!context->guards)
        return;
    read_folder(context->guards, convert_stale);
    read_folder(context->guards, read_mark);
    if (context->guards->count)
        context_log(context, CVY_LOG_WARNING, "processes have ended while they compiled: %zu "
                    "programs are suspect or in quarantine: see %s/" FOLDER,
                    context->guards->count, cache);
}

void guards_free(struct guards *guards)
{
    if (!guards)
        return;
    file_calls()->close(guards->folder);
    pthread_mutex_destroy(&guards->lock);
    free(guards->marks);
    free(guards);
}

// What a process does -----------------------------------------------------------------------------

enum suspicion guard_verdict(cvy_context *context, const char *digest)
{
    struct guards *guards = context->guards;
    enum suspicion worst = TRUSTED;

    if (!guards)
        return TRUSTED;
    pthread_mutex_lock(&guards->lock);
    for (size_t i = 0; i < guards->count; i++)
        if (guards->marks[i].suspicion > worst && strcmp(guards->marks[i].digest, digest) == 0)
            worst = guards->marks[i].suspicion;
    pthread_mutex_unlock(&guards->lock);
    return worst;
}

void guard_clear(cvy_context *context, const char *digest)
{
    struct guards *guards = context->guards;
    char name[DIGITS + 32];

    if (!guards || guard_verdict(context, digest) != SUSPECT)
        return;
    pthread_mutex_lock(&guards->lock);
    for (size_t i = 0; i < guards->count; i++)
        if (strcmp(guards->marks[i].digest, digest) == 0)
            guards->marks[i].suspicion = TRUSTED;
    pthread_mutex_unlock(&guards->lock);
    mark_name(digest, SUSPECT, name, sizeof name);
    file_calls()->unlinkat(guards->folder, name, 0);
}

// The lock comes before the name that says what the file is.
static int make_file(const struct guards *guards, const char *what, const char *temporary,
                     const char *name)
{
    int file = file_calls()->openat(guards->folder, temporary, O_WRONLY | O_CREAT | O_EXCL
                                    | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (file < 0)
        return -1;
    if (file_calls()->flock(file, LOCK_EX | LOCK_NB) == 0
        && file_calls()->write(file, what, strlen(what)) == (ssize_t)strlen(what)
        && file_calls()->renameat(guards->folder, temporary, guards->folder, name) == 0)
        return file;
    file_calls()->unlinkat(guards->folder, temporary, 0);
    file_calls()->close(file);
    return -1;
}

void guard_begin(cvy_context *context, const char *digest, const char *what, bool last,
                 struct guard *guard)
{
    struct guards *guards = context->guards;
    char temporary[64];
    unsigned number;

    *guard = (struct guard) { .guards = guards, .file = -1 };
    if (!guards)
        return;
    number = atomic_fetch_add(&guards->number, 1);
    snprintf(temporary, sizeof temporary, "new-%ld-%p-%u", (long)getpid(), (void *)guards, number);
    snprintf(guard->name, sizeof guard->name, "%s-%s-%s", last ? "retrying" : "building", digest,
             temporary + 4);
    guard->file = make_file(guards, what, temporary, guard->name);
}

// If it cannot be removed it gets its first name back, which means nothing.
void guard_end(struct guard *guard)
{
    const char *numbers = guard->name + sizeof "building-" + DIGITS;
    int folder;
    char harmless[64];

    if (guard->file < 0)
        return;
    folder = guard->guards->folder;
    snprintf(harmless, sizeof harmless, "new-%s", numbers);
    if (file_calls()->unlinkat(folder, guard->name, 0) != 0)
        file_calls()->renameat(folder, guard->name, folder, harmless);
    file_calls()->close(guard->file);
    guard->file = -1;
}

void guard_path(cvy_context *context, const char *digest, char *out, size_t cap)
{
    char name[DIGITS + 32];

    mark_name(digest, QUARANTINED, name, sizeof name);
    snprintf(out, cap, "%s/" FOLDER "/%s", context->guards->cache, name);
}

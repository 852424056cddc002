// Finds, opens and shrinks the folder. Everything is done relative to the opened folder, so that it
// cannot be exchanged for another between the look at its owner and the use.
#include "cl/cache_folder.h"

#include <errno.h>
#include <time.h>

void entry_file_name(const struct entry_key *key, char out[ENTRY_FILE_NAME])
{
    memcpy(out, key->name, 2 * DIGEST_BYTES);
    memcpy(out + 2 * DIGEST_BYTES, ".cvy", 5);
}

// The path ------------------------------------------------------------------------------------

// Relative to where the process is now: it may go elsewhere later. Without the slashes at the end,
// which would make the system follow a link.
static void add_path(struct text *out, const char *path)
{
    char *here = path[0] == '/' ? NULL : file_calls()->getcwd(NULL, 0);

    if (here)
        text_add(out, "%s/", here);
    if (here || path[0] == '/')
        text_add(out, "%s", path);
    free(here);
    while (out->length > 1 && out->data[out->length - 1] == '/')
        out->data[--out->length] = '\0';
}

// With sudo, HOME may be that of a user, whom a folder of root's would shut out from then on.
static bool may_use(const char *base)
{
    struct stat facts;

    return base && base[0] == '/'
        && (file_calls()->geteuid() != 0 || file_calls()->fstatat(AT_FDCWD, base, &facts, 0) != 0
            || facts.st_uid == 0);
}

static void add_default(struct text *out)
{
    const char *cache = file_calls()->secure_getenv("XDG_CACHE_HOME");
    const char *home = file_calls()->secure_getenv("HOME");

    if (cache && cache[0] == '/') {
        if (may_use(cache))
            text_add(out, "%s/convoy", cache);
    } else if (may_use(home)) {
        text_add(out, "%s/.cache/convoy", home);
    }
}

cvy_status folder_choose(const char *wanted, char **out)
{
    struct text path = { 0 };
    cvy_status st;

    if (wanted && wanted[0])
        add_path(&path, wanted);
    else
        add_default(&path);
    st = text_status(&path);
    *out = st == CVY_OK ? path.data : NULL;
    if (st != CVY_OK)
        text_free(&path);
    return st;
}

// Opening -------------------------------------------------------------------------------------

static bool make_folder(char *path)
{
    char *slash = strrchr(path, '/');
    bool made = file_calls()->mkdir(path, 0700) == 0 || errno == EEXIST;

    if (made || errno != ENOENT || !slash || slash == path)
        return made;
    *slash = '\0';
    made = make_folder(path);
    *slash = '/';
    return made && (file_calls()->mkdir(path, 0700) == 0 || errno == EEXIST);
}

static int open_again(int folder, const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int file;

    do {
        file = file_calls()->openat(folder, path, flags);
    } while (file < 0 && errno == EINTR);
    return file;
}

static int open_or_make(const char *path, bool make)
{
    int folder = open_again(AT_FDCWD, path);
    char *copy;

    if (folder >= 0 || errno != ENOENT || !make)
        return folder;
    copy = strdup(path);
    if (copy && make_folder(copy))
        folder = open_again(AT_FDCWD, path);
    free(copy);
    return folder;
}

static bool ours(const struct stat *facts)
{
    return facts->st_uid == file_calls()->geteuid() && (facts->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

enum cache_count folder_open(const char *path, bool make, int *out)
{
    int folder = open_or_make(path, make);
    enum cache_count why = COUNT_HITS;
    struct stat facts;

    *out = -1;
    if (folder < 0 && errno == ENOENT && !make)
        return COUNT_MISSES;
    if (folder < 0)
        return errno == ELOOP || errno == ENOTDIR ? COUNT_UNTRUSTED_OWNER : COUNT_UNWRITABLE;
    if (file_calls()->fstat(folder, &facts) != 0)
        why = COUNT_UNWRITABLE;
    else if (!S_ISDIR(facts.st_mode) || !ours(&facts))
        why = COUNT_UNTRUSTED_OWNER;
    if (why == COUNT_HITS)
        *out = folder;
    else
        file_calls()->close(folder);
    return why;
}

enum cache_count folder_open_entry(int folder, const char *name, struct stat *facts, int *out)
{
    struct file_trouble why;
    int file = file_open(folder, name, facts, &why);

    *out = -1;
    if (file < 0 && why.code == ENOENT)
        return COUNT_MISSES;
    // No regular file, a link, a socket.
    if (file < 0 && (why.code == 0 || why.code == ELOOP || why.code == ENXIO))
        return COUNT_UNTRUSTED_OWNER;
    if (file < 0)
        return COUNT_UNWRITABLE;
    // A file of two names could be changed under the other one, past this folder's rights.
    if (!ours(facts) || facts->st_nlink != 1) {
        file_calls()->close(file);
        return COUNT_UNTRUSTED_OWNER;
    }
    *out = file;
    return COUNT_HITS;
}

bool folder_holds_newer(int folder, const char *name)
{
    unsigned char head[ENTRY_HEAD];
    struct file_trouble why;
    struct stat facts;
    size_t length = 0;
    int file;

    if (folder_open_entry(folder, name, &facts, &file) != COUNT_HITS)
        return false;
    if (!file_read(file, head, sizeof head, &length, &why))
        length = 0;
    file_calls()->close(file);
    return entry_check_head(head, length) == COUNT_NEWER_FORMAT;
}

// Shrinking -----------------------------------------------------------------------------------

// What a clock that was set back has left in the future counts as oldest: a use sets it right, and
// nothing else would ever let it go. An hour is for clocks that differ between machines; as long, a
// process may take to write a file.
enum { AN_HOUR = 3600 };

struct use {
    bool future;
    struct timespec at;
    int64_t bytes;
    char name[ENTRY_FILE_NAME];
};

struct uses {
    struct use *items;
    size_t count, cap;
    int64_t bytes;
    time_t now;
};

static bool has_entry_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 2 * DIGEST_BYTES
        && strncmp(name + 2 * DIGEST_BYTES, ".cvy", 4) == 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), wanted = strlen(end);

    return length >= wanted && strcmp(name + length - wanted, end) == 0;
}

// False without memory: then the folder stays as large as it is.
static bool remember(struct uses *uses, const char *name, const struct stat *facts)
{
    struct use *grown = uses->items;

    if (uses->count == uses->cap) {
        uses->cap = uses->cap ? 2 * uses->cap : 64;
        grown = realloc(uses->items, uses->cap * sizeof *grown);
    }
    if (!grown)
        return false;
    uses->items = grown;
    grown[uses->count] = (struct use) { .future = facts->st_mtime > uses->now + AN_HOUR,
                                        .at = facts->st_mtim, .bytes = facts->st_size };
    memcpy(grown[uses->count].name, name, ENTRY_FILE_NAME);
    uses->count++;
    uses->bytes += facts->st_size;
    return true;
}

static bool look_at(int folder, const char *name, const char *keep, struct uses *uses)
{
    struct stat facts;

    if (!has_entry_name(name) || strcmp(name, keep) == 0
        || file_calls()->fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) != 0
        || !S_ISREG(facts.st_mode))
        return true;
    if (strlen(name) == ENTRY_FILE_NAME - 1)
        return remember(uses, name, &facts);
    if (!ends_with(name, ".tmp"))
        return true;
    if (llabs((long long)facts.st_mtime - uses->now) > AN_HOUR)
        file_calls()->unlinkat(folder, name, 0);
    else
        uses->bytes += facts.st_size;
    return true;
}

static void look_through(int folder, const char *keep, struct uses *uses)
{
    int again = open_again(folder, ".");
    DIR *list = again >= 0 ? file_calls()->fdopendir(again) : NULL;
    const struct dirent *each;

    if (!list) {
        if (again >= 0)
            file_calls()->close(again);
        return;
    }
    do {
        each = file_calls()->readdir(list);
    } while (each && look_at(folder, each->d_name, keep, uses));
    file_calls()->closedir(list);
}

static int oldest_first(const void *a, const void *b)
{
    const struct use *x = a, *y = b;

    if (x->future != y->future)
        return x->future ? -1 : 1;
    if (x->at.tv_sec != y->at.tv_sec)
        return x->at.tv_sec < y->at.tv_sec ? -1 : 1;
    if (x->at.tv_nsec != y->at.tv_nsec)
        return x->at.tv_nsec < y->at.tv_nsec ? -1 : 1;
    return strcmp(x->name, y->name);
}

int64_t folder_shrink(int folder, const char *keep, int64_t most, size_t *evicted)
{
    struct uses uses = { .now = time(NULL) };

    look_through(folder, keep, &uses);
    if (uses.bytes > most)
        qsort(uses.items, uses.count, sizeof *uses.items, oldest_first);
    for (size_t i = 0; i < uses.count && uses.bytes > most; i++) {
        bool newer = folder_holds_newer(folder, uses.items[i].name);

        if (!newer && file_calls()->unlinkat(folder, uses.items[i].name, 0) == 0)
            ++*evicted;
        else if (!newer && errno != ENOENT)
            continue;
        uses.bytes -= uses.items[i].bytes;
    }
    free(uses.items);
    return uses.bytes;
}

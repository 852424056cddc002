// Searching folders for ONNX backend tests; reading the list of skips.
#include "check_files.h"

#include "convoy.h"
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_DEPTH = 32, MOST_TENSORS = 1000, MOST_SKIP_BYTES = 1 << 24 };

static void *grown(void *memory, size_t bytes)
{
    void *more = realloc(memory, bytes);

    if (more == NULL) {
        tool_error("out of memory");
        exit(TOOL_CHECK_FAILED);
    }
    return more;
}

static char *joined(const char *folder, const char *name)
{
    size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = grown(NULL, bytes);
    size_t length = strlen(folder);

    snprintf(path, bytes, "%s%s%s", folder, length > 0 && folder[length - 1] == '/' ? "" : "/",
             name);
    return path;
}

void name_list_add(struct name_list *list, const char *name)
{
    if (list->count == list->room) {
        list->room = list->room * 2 + 16;
        list->names = grown(list->names, list->room * sizeof *list->names);
    }
    list->names[list->count] = grown(NULL, strlen(name) + 1);
    strcpy(list->names[list->count++], name);
}

void name_list_free(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    *list = (struct name_list) { 0 };
}

// Folders -----------------------------------------------------------------------------------------

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// The folders in `folder` whose names begin so.
static bool folders_in(const char *folder, const char *begin, struct name_list *out)
{
    DIR *dir = opendir(folder);
    size_t first = out->count;

    if (dir == NULL) {
        tool_error("check: %s: cannot be opened: %s", folder, strerror(errno));
        return false;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char *path = joined(folder, entry->d_name);

        if (entry->d_name[0] != '.' && strncmp(entry->d_name, begin, strlen(begin)) == 0 &&
            is_folder(path)) {
            name_list_add(out, path);
        }
        free(path);
    }
    closedir(dir);
    if (out->count > first) {
        qsort(out->names + first, out->count - first, sizeof *out->names, by_name);
    }
    return true;
}

static bool find_below(const char *folder, int depth, struct name_list *out)
{
    struct name_list inner = { 0 };
    char *model = joined(folder, "model.onnx");
    bool found = is_file(model), good = true;

    free(model);
    if (found) {
        name_list_add(out, folder);
        return true;
    }
    good = depth == 0 || folders_in(folder, "", &inner);
    for (size_t i = 0; good && i < inner.count; i++) {
        good = find_below(inner.names[i], depth - 1, out);
    }
    name_list_free(&inner);
    return good;
}

bool check_find_tests(const char *folder, struct name_list *out)
{
    return find_below(folder, MOST_DEPTH, out);
}

bool check_find_sets(const char *test, struct name_list *out)
{
    return folders_in(test, "test_data_set_", out);
}

void check_find_tensors(const char *set, const char *begin, struct name_list *out)
{
    for (int i = 0; i < MOST_TENSORS; i++) {
        char name[64], *path;
        bool there;

        snprintf(name, sizeof name, "%s%d.pb", begin, i);
        path = joined(set, name);
        there = is_file(path);
        if (there) {
            name_list_add(out, path);
        }
        free(path);
        if (!there) {
            return;
        }
    }
}

// Skips -------------------------------------------------------------------------------------------

static void add_skip(struct skip_list *list, char *folder, char *reason)
{
    if (list->count == list->room) {
        list->room = list->room * 2 + 64;
        list->skips = grown(list->skips, list->room * sizeof *list->skips);
    }
    list->skips[list->count++] = (struct skip) { strdup(folder), strdup(reason), false, false };
}

bool skip_list_load(const char *file, struct skip_list *out)
{
    char error[FILE_ERROR], *next = NULL;
    void *text;
    size_t bytes;
    int number = 0;

    if (!file_read(file, MOST_SKIP_BYTES, &text, &bytes, error)) {
        tool_error("check: %s: %s", file, error);
        return false;
    }
    for (char *line = text; line != NULL; line = next) {
        size_t blanks, word;

        next = strchr(line, '\n');
        if (next != NULL) {
            *next++ = '\0';
        }
        number++;
        blanks = strspn(line, " \t\r");
        word = strcspn(line + blanks, " \t\r");
        if (word == 0 || line[blanks] == '#') {
            continue;
        }
        if (line[blanks + word] == '\0' || line[blanks + word + 1] == '\0') {
            tool_error("check: %s:%d: `%s` has no reason", file, number, line + blanks);
            free(text);
            return false;
        }
        line[blanks + word] = '\0';
        add_skip(out, line + blanks, line + blanks + word + 1 +
                 strspn(line + blanks + word + 1, " \t"));
    }
    free(text);
    return true;
}

void skip_list_free(struct skip_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->skips[i].folder);
        free(list->skips[i].reason);
    }
    free(list->skips);
    *list = (struct skip_list) { 0 };
}

// The whole path, or its end from a slash on.
struct skip *skip_list_find(const struct skip_list *list, const char *test)
{
    size_t length = strlen(test);

    while (length > 0 && test[length - 1] == '/') {
        length--;
    }
    for (size_t i = 0; i < list->count; i++) {
        size_t end = strlen(list->skips[i].folder);

        if (end <= length && strncmp(test + length - end, list->skips[i].folder, end) == 0 &&
            (end == length || test[length - end - 1] == '/')) {
            return &list->skips[i];
        }
    }
    return NULL;
}

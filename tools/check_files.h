// The folders of ONNX backend tests, and the list of those that may be skipped.
#ifndef CONVOY_TOOLS_CHECK_FILES_H
#define CONVOY_TOOLS_CHECK_FILES_H

#include <stdbool.h>
#include <stddef.h>

// Texts that grow; all of them malloc'ed.
struct name_list {
    char **names;
    size_t count, room;
};
void name_list_add(struct name_list *list, const char *name);
void name_list_free(struct name_list *list);

// Adds every folder below `folder`, itself included, that holds a model.onnx, in the order of their
// names. False after a line on stderr.
bool check_find_tests(const char *folder, struct name_list *out);
// The test_data_set_* of a test, in the order of their names.
bool check_find_sets(const char *test, struct name_list *out);
// The files of a set that begin so ("input_", "output_"), by their numbers: those from 0 on.
void check_find_tensors(const char *set, const char *begin, struct name_list *out);

// A file with lines FOLDER  REASON; # begins a comment. FOLDER is the end of a test's path.
struct skip {
    char *folder, *reason;
    bool used, passed;          // what became of it
};
struct skip_list {
    struct skip *skips;
    size_t count, room;
};
bool skip_list_load(const char *file, struct skip_list *out);
void skip_list_free(struct skip_list *list);
struct skip *skip_list_find(const struct skip_list *list, const char *test);

#endif

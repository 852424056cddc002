// The paths of the wisdom file and of the folder that it is in.
#include "wisdom.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool cache_path(const char *given, const char *name, char path[WISDOM_PATH])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;

    if (given != NULL) {
        length = snprintf(path, WISDOM_PATH, "%s%s", given, name);
    } else if (cache != NULL && cache[0] == '/') {
        length = snprintf(path, WISDOM_PATH, "%s/convoy%s", cache, name);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, WISDOM_PATH, "%s/.cache/convoy%s", home, name);
    }
    return length > 0 && length < WISDOM_PATH;
}

const char *wisdom_path(const char *given, char path[WISDOM_PATH])
{
    const char *set = given != NULL ? given : getenv("CONVOY_WISDOM");
    int length;

    if (set == NULL) {
        return cache_path(NULL, "/wisdom", path) ? path : NULL;
    }
    length = snprintf(path, WISDOM_PATH, "%s", set);
    return length > 0 && length < WISDOM_PATH ? path : NULL;
}

bool wisdom_make_folders(const char *path)
{
    char folder[WISDOM_PATH];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}

// Reading files as a whole. Pipes work, too: nothing here needs to know a size beforehand.
#include "files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1 << 16 };

// Room for at least one more byte and the NUL behind it, at most `most` + 2 in all.
static bool grow(char **data, size_t *room, size_t most)
{
    size_t more = *room == 0 ? FIRST_ROOM : *room <= most / 2 ? *room * 2 : most + 2;
    char *moved = realloc(*data, more);

    if (moved == NULL) {
        return false;
    }
    *data = moved;
    *room = more;
    return true;
}

static bool read_stream(FILE *stream, size_t most, char **data, size_t *bytes, char *error)
{
    size_t room = 0;

    for (*bytes = 0;;) {
        if (*bytes + 1 >= room && !grow(data, &room, most)) {
            snprintf(error, FILE_ERROR, "out of memory after %zu bytes", *bytes);
            return false;
        }
        size_t got = fread(*data + *bytes, 1, room - *bytes - 1, stream);

        *bytes += got;
        if (*bytes > most) {
            snprintf(error, FILE_ERROR, "larger than %zu bytes", most);
            return false;
        }
        if (got == 0) {
            break;
        }
    }
    if (ferror(stream)) {
        snprintf(error, FILE_ERROR, "cannot be read: %s", strerror(errno));
        return false;
    }
    (*data)[*bytes] = '\0';
    return true;
}

bool file_read(const char *path, size_t most, void **data, size_t *bytes, char error[FILE_ERROR])
{
    FILE *stream = fopen(path, "rb");
    char *text = NULL;
    bool good;

    *data = NULL;
    *bytes = 0;
    if (stream == NULL) {
        snprintf(error, FILE_ERROR, "cannot be opened: %s", strerror(errno));
        return false;
    }
    good = read_stream(stream, most, &text, bytes, error);
    fclose(stream);
    if (!good) {
        free(text);
        *bytes = 0;
        return false;
    }
    *data = text;
    return true;
}

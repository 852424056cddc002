// A table of the file system's calls that goes in place of the library's own: it makes calls fail,
// writes less than was asked, ends the process, and lies about users. One process, one table.
#ifndef CONVOY_TESTS_FILE_TABLE_H
#define CONVOY_TESTS_FILE_TABLE_H

#include "common/file.h"

void file_table_install(void);

// From the nth call on (1 is the next), once or for ever, a call of `function` (NULL: any) fails
// with the code and is not made. A close is made.
void file_table_fail(const char *function, int nth, bool sticky, int code);
// The nth call is made, and then the process ends as if it had been killed. A write is made by
// half if `half`.
void file_table_stop(int nth, bool half);
bool file_table_fired(void);        // since the last of these two
void file_table_heal(void);         // no more faults, no more lies

int file_table_calls(const char *function);     // how often since the start; NULL: any
int file_table_open(void);          // files and folders that the library holds open

// Lies: the zero is the truth.
struct file_lies {
    uid_t other_user;               // added to what geteuid says
    uid_t other_owner;              // added to what stat says of files
    size_t most_written;            // bytes of one write
    size_t most_read;
    bool others_make;               // a folder that is made is there already, since just now
    bool secure;                    // a setuid process: secure_getenv sees nothing
};
extern struct file_lies file_lies;

#endif

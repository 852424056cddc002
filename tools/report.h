// What a bug report needs to say of this program and machine. No names of users, no home folders.
#ifndef CONVOY_TOOLS_REPORT_H
#define CONVOY_TOOLS_REPORT_H

#include <stdio.h>

// Version and build, system, processor, environment, OpenCL loader, devices.
void report_machine(FILE *stream);
// Text of any length with the user's name and home folder out of its paths.
void report_text(FILE *stream, const char *text);

#endif

// What `convoy run` has to say: outputs with their range and largest values, times, the network.
#ifndef CONVOY_TOOLS_RUN_REPORT_H
#define CONVOY_TOOLS_RUN_REPORT_H

#include "model.h"

// One line of a file for each class.
struct run_labels {
    const char *file;           // NULL: none
    char *text;                 // the whole file, lines ended with NUL
    char **lines;
    size_t count;
};
// False after a line on stderr.
bool run_labels_load(const char *file, struct run_labels *out);
void run_labels_free(struct run_labels *labels);

struct run_output {
    cvy_network_port port;
    void *data;                 // dense, axes in the order of sizes
    const char *file;           // where it is saved; NULL: nowhere
};

struct run_report {
    const char *model_path;
    const struct model *model;
    const struct model_place *place;
    const struct run_output *outputs;
    const struct run_labels *labels;
    long top;
    bool quiet;                 // outputs are saved, not printed
    double compile_ms, first_ms, median_ms, least_ms;
    long repeats;               // of the run after the first
};
// False if labels were given and no output has as many classes.
bool run_labels_fit(const struct run_report *report);
void run_report_print(const struct run_report *report);
void run_report_json(const struct run_report *report);

#endif

// A plug-in that links libconvoy: host.c loads it, calls it, and unloads it.
#include "conv.h"

__attribute__((visibility("default"))) const char *plugin_run(void);

// NULL, or what went wrong.
const char *plugin_run(void)
{
    float result[CONV_RESULTS];

    if (conv_run(result) != CVY_OK)
        return cvy_error_text();
    for (int i = 0; i < CONV_RESULTS; i++) {
        if (result[i] != conv_expected(i))
            return "a wrong result";
    }
    return NULL;
}

// A program that embeds Convoy: one convolution, whose result is known. Exit status 0 if it is so.
#include "conv.h"
#include <stdio.h>

int main(void)
{
    float result[CONV_RESULTS];

    if (conv_run(result) != CVY_OK) {
        fprintf(stderr, "%s\n", cvy_error_text());
        return 1;
    }
    for (int i = 0; i < CONV_RESULTS; i++) {
        if (result[i] != conv_expected(i)) {
            fprintf(stderr, "result %d is %g, not %g\n", i, result[i], conv_expected(i));
            return 1;
        }
    }
    printf("convoy %s: one convolution, as expected\n", cvy_version());
    return 0;
}

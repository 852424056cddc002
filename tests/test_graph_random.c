// Random networks against the double-precision reference, fused and not, in every layout.
// CONVOY_TEST_NETWORKS says how many, CONVOY_TEST_SEED which is the first.
#include "graph_net.h"
#include "plan_fixture.h"

TestSuite(graph_random, .init = open_all, .fini = close_all, .timeout = 280);

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static struct net_options random_options(struct judge_random *random, int round)
{
    static const cvy_layout layouts[] = { CVY_LAYOUT_DEFAULT, CVY_NCHW, CVY_NHWC };
    struct net_options options = { .no_fusion = round == 1 };

    if (round == 0)
        return options;         // the defaults
    options.inside = layouts[random_between(random, 0, 2)];
    options.output = layouts[random_between(random, 0, 2)];
    for (int i = 0; i < 4; i++)
        options.input_style[i] = (int)random_between(random, 0, 3);
    return options;
}

// False after a few failures, which are enough to look at.
static bool check_network(uint64_t seed)
{
    static struct net net;
    static int failures;
    struct judge_random random = { seed * 31 + 7 };

    net_make(&net, seed);
    for (int round = 0; round < 3; round++) {
        struct net_options options = random_options(&random, round);
        const char *wrong = net_check(&net, &options, context, queue);
        char first[1024];

        if (!wrong[0])
            continue;
        snprintf(first, sizeof first, "%s", wrong);
        fprintf(stderr, "fusion %d, inside %d, output %d, inputs %d%d%d%d\n", !options.no_fusion,
                (int)options.inside, (int)options.output, options.input_style[0],
                options.input_style[1], options.input_style[2], options.input_style[3]);
        net_print(&net, "this fails");
        net_shrink(&net, &options, context, queue);
        net_print(&net, "what is left of it");
        cr_expect(false, "CONVOY_TEST_SEED=%llu CONVOY_TEST_NETWORKS=1, round %d: %s",
                  (unsigned long long)seed, round, first);
        failures++;
        break;
    }
    net_free(&net);
    return failures < 5;
}

Test(graph_random, networks_give_what_the_reference_gives)
{
    uint64_t first = from_environment("CONVOY_TEST_SEED", 1);
    uint64_t count = from_environment("CONVOY_TEST_NETWORKS", 400);

    for (uint64_t i = 0; i < count && check_network(first + i); i++) {
    }
}

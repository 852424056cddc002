// convoy algos: every registered algorithm with its operator, dtypes, layouts and tunables.
#include "convoy.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static void print_table(const cvy_algorithm_info *list, size_t count)
{
    struct tool_table table = { 0 };

    tool_table_add(&table, "ALGORITHM\tOPERATOR\tDTYPES\tLAYOUTS\tACCURACY\tTUNABLES\tABOUT");
    for (size_t i = 0; i < count; i++) {
        const cvy_algorithm_info *a = &list[i];

        tool_table_add(&table, "%s\t%s\t%s\t%s\t%s\t%s\t%s", a->name, a->op, a->dtypes,
                       a->layouts, a->accuracy, a->tunables[0] != '\0' ? a->tunables : "-",
                       a->about);
    }
    tool_table_print(&table, 0);
    tool_table_free(&table);
}

static void print_json(const cvy_algorithm_info *list, size_t count)
{
    cJSON *root = cJSON_CreateObject(), *algorithms = cJSON_AddArrayToObject(root, "algorithms");
    char *text;

    for (size_t i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();

        cJSON_AddStringToObject(o, "name", list[i].name);
        cJSON_AddStringToObject(o, "operator", list[i].op);
        cJSON_AddStringToObject(o, "about", list[i].about);
        cJSON_AddStringToObject(o, "dtypes", list[i].dtypes);
        cJSON_AddStringToObject(o, "layouts", list[i].layouts);
        cJSON_AddStringToObject(o, "accuracy", list[i].accuracy);
        cJSON_AddStringToObject(o, "tunables", list[i].tunables);
        cJSON_AddBoolToObject(o, "slow_start", list[i].slow_start);
        cJSON_AddItemToArray(algorithms, o);
    }
    text = cJSON_Print(root);
    puts(text != NULL ? tool_utf8(text) : "{}");
    cJSON_free(text);
    cJSON_Delete(root);
}

static int list_algorithms(bool json)
{
    size_t count = 0, got;
    cvy_status st = cvy_algorithm_list(NULL, 0, &count);
    cvy_algorithm_info *list = calloc(count + 1, sizeof *list);

    if (list == NULL) {
        tool_error("out of memory");
        return TOOL_CHECK_FAILED;
    }
    st = st == CVY_OK ? cvy_algorithm_list(list, count, &got) : st;
    if (st == CVY_OK && json) {
        print_json(list, count);
    } else if (st == CVY_OK) {
        print_table(list, count);
    }
    free(list);
    return st == CVY_OK ? TOOL_DONE : tool_failed("algos", st);
}

int cmd_algos(int argc, char **argv)
{
    static const struct option options[] = {
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
    };
    bool json = false;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            puts("usage: convoy algos [--json]\n\nLists every registered algorithm: operator, "
                 "dtypes, layouts, accuracy, tunables.");
            return TOOL_DONE;
        }
        if (option != 'j') {
            return tool_usage("algos", "`%s` is no option", argv[optind - 1]);
        }
        json = true;
    }
    if (optind < argc) {
        return tool_usage("algos", "`%s` is not expected", argv[optind]);
    }
    return list_algorithms(json);
}

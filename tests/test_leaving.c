// Processes that leave while Convoy compiles behind their backs, by tests/leave.c: none may crash,
// hang, or leave anything that makes the next one suspicious.
#include "start_fixture.h"

TestSuite(leaving, .init = make_folder, .timeout = 280);

// A cold start that has never seen the driver's cache.
static void be_cold(void)
{
    char path[sizeof folder + 20];

    snprintf(path, sizeof path, "%s/driver", folder);
    mkdir(path, 0700);
    setenv("POCL_CACHE_DIR", path, 1);
    setenv("MESA_SHADER_CACHE_DIR", path, 1);
}

static void expect_left(const char *how, int milliseconds, bool cold)
{
    char number[16];
    int status;
    pid_t child = fork();

    snprintf(number, sizeof number, "%d", milliseconds);
    if (!child) {
        setenv("LEAVE_FOLDER", folder, 1);
        if (cold)
            be_cold();
        execl(LEAVE, LEAVE, how, number, NULL);
        _exit(3);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        cr_skip_test("no device");
    cr_assert_eq(status, 0, "leave %s %d%s: status %x", how, milliseconds, cold ? ", cold" : "",
                 (unsigned)status);
}

// J11.
START_TEST(leaving, is_possible_at_any_time)
{
    static const char *const hows[] = { "exit", "return", "late", "fork" };
    unsigned seed = (unsigned)getpid();

    cr_log_info("seed %u", seed);
    srand(seed);
    for (int i = 0; i < 20; i++) {
        expect_left(hows[i % 4], rand() % 500, i % 5 == 3);
        remove_folder();
        cr_assert_eq(mkdir(folder, 0700), 0);
    }
}

// Before the driver has compiled anything, or after: in the middle of its first time, a thread that
// is not the main one has the driver's destructors run first.
START_TEST(leaving, is_possible_in_a_thread)
{
    expect_left("thread", 0, false);
    expect_left("later", 0, false);
}

START_TEST(leaving, is_possible_in_a_callback)
{
    expect_left("callback", 20000, false);
    expect_left("destroyed", 1500, false);
    expect_left("destroyed", 400, false);
}

// What was cut off is not suspect.
START_TEST(leaving, keeps_no_guards)
{
    char path[sizeof folder + 20];

    expect_left("exit", 100, false);
    snprintf(path, sizeof path, "%s/guard-files", folder);
    cr_assert_eq(count_files(path, ""), 0);
}

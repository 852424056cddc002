// The programs, run by a shell: exit statuses, help, and what stderr says of wrong words.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

TestSuite(program, .timeout = 120);

// The command's exit status, and what it printed where the words send it.
static int run(const char *words, char output[4096])
{
    char command[1024];
    FILE *pipe;
    size_t length;
    int status;

    snprintf(command, sizeof command, "CONVOY='%s' DIGITS='%s'; %s", CONVOY, DIGITS, words);
    pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    length = fread(output, 1, 4095, pipe);
    output[length] = '\0';
    status = pclose(pipe);
    cr_assert(WIFEXITED(status), "%s: status %d", words, status);
    return WEXITSTATUS(status);
}

static void expect(const char *words, int status, const char *word)
{
    char output[4096];
    int got = run(words, output);

    cr_expect_eq(got, status, "%s gives %d, not %d: %s", words, got, status, output);
    cr_expect(strstr(output, word), "%s: \"%s\" has no \"%s\"", words, output, word);
}

Test(program, help_is_an_option_and_a_command)
{
    static const char *const commands[] = { "devices", "algos", "selftest" };
    char words[128], option[4096], command[4096];

    expect("$CONVOY help", 0, "usage: convoy COMMAND");
    expect("$CONVOY --help", 0, "convoy help COMMAND");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        snprintf(words, sizeof words, "$CONVOY %s --help", commands[i]);
        cr_expect_eq(run(words, option), 0);
        snprintf(words, sizeof words, "$CONVOY help %s", commands[i]);
        cr_expect_eq(run(words, command), 0);
        cr_expect_str_eq(option, command);
        cr_expect(strstr(option, "usage: convoy"), "%s", option);
    }
    expect("$CONVOY help nothing 2>&1", 2, "`nothing` is no command");
    expect("$CONVOY help algos more 2>&1", 2, "`more` is not expected");
    expect("$DIGITS --help", 0, "usage: digits [DEVICE [FOLDER]]");
    expect("$DIGITS -h", 0, "CONVOY_DEVICE");
    expect("$DIGITS --device 2>&1", 2, "`--device` is no option");
    expect("$DIGITS cpu . more 2>&1", 2, "`more` is not expected");
}

Test(program, output_that_cannot_be_written_is_no_success)
{
    if (system("test -c /dev/full") != 0)
        cr_skip_test("no /dev/full");
    expect("$CONVOY algos 2>&1 >/dev/full", 1, "stdout cannot be written: No space left");
    expect("$CONVOY algos --json 2>&1 >/dev/full", 1, "stdout cannot be written");
    expect("$CONVOY --help 2>&1 >/dev/full", 1, "stdout cannot be written");
    expect("$CONVOY --version 2>&1 >&-", 1, "stdout cannot be written");
    expect("$CONVOY nothing 2>&1 >/dev/full", 2, "`nothing` is no command");
}

Test(program, seeds_are_numbers_of_64_bits)
{
    static const char *const bad[] = { "-1", "+1", "' 1'", "''", "1x", "18446744073709551616" };
    char words[128];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(words, sizeof words, "$CONVOY selftest --seed %s 2>&1", bad[i]);
        expect(words, 2, "is no number from 0 to 18446744073709551615");
    }
}

Test(program, a_device_that_is_not_there_names_where_it_was_asked_for)
{
    expect("CONVOY_DEVICE=abacus $CONVOY selftest --quick 2>&1", 3, "CONVOY_DEVICE=abacus");
    expect("CONVOY_DEVICE=abacus $DIGITS 2>&1", 3, "CONVOY_DEVICE is \"abacus\"");
    expect("CONVOY_DEVICE=cpu $DIGITS abacus 2>&1", 3, "digits: CVY_ERR_NO_DEVICE");
    expect("OCL_ICD_VENDORS=/nothing $CONVOY devices 2>&1", 3, "OCL_ICD_VENDORS");
}

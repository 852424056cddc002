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
    static const char *const commands[] = {
        "devices", "algos", "selftest", "bench", "warm",
#ifdef MODELS
        "run", "check", "inspect", "explain", "tune",
#endif
    };
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

static void need_device(void)
{
    char output[4096];

    if (run("$CONVOY devices 2>&1", output) == 3)
        cr_skip_test("no device");
}

// The file, and the status of what wrote it.
#define REPORT(words) "f=/tmp/convoy-report.$$; $CONVOY selftest " words \
    " --report $f >/dev/null 2>&1; s=$?; cat $f; rm -f $f; exit $s"

Test(program, a_report_has_machine_and_result_and_no_names)
{
    char output[4096];

    expect("$CONVOY selftest --report 2>&1", 2, "`--report` needs a value");
    expect("$CONVOY selftest --report /nowhere/a 2>&1", 4, "/nowhere/a: cannot be written");
    // Without drivers, which would make their caches in that home.
    cr_expect_eq(run("export OCL_ICD_VENDORS=/nothing HOME=/opt/carla USER=dora "
                     "CONVOY_A=/home/abel/a:/home/bea CONVOY_B=/opt/carla/x:/opt/carlas:/srv/dora; "
                     REPORT("--quick"), output), 3);
    cr_expect(strstr(output, "OCL_ICD_VENDORS=/nothing\n"), "%s", output);
    cr_expect(strstr(output, "CONVOY_A=/home/?/a:/home/?\n"), "%s", output);
    cr_expect(strstr(output, "CONVOY_B=~/x:/opt/carlas:/srv/?\n"), "%s", output);
    cr_expect(strstr(output, "CVY_ERR_NO_DEVICE"), "%s", output);
    need_device();
    expect(REPORT("--seed 7"), 0, "quirks ");
    expect(REPORT("--seed 7"), 0, " failed\n");
}

#define SMALL "'conv n1 c8 h9 w9 k8 r3x3 p1x1 f32 nhwc +bias'"

Test(program, bench_says_which_words_are_wrong)
{
    static const struct {
        const char *words;
        int status;
        const char *says;
    } rows[] = {
        { "more", 2, "`more` is not expected" },
        { "--suite", 2, "`--suite` needs a value" },
        { "--suite tables", 2, "--suite: `tables` is not a value that it takes" },
        { "--layout nhcw", 2, "--layout: `nhcw`" },
        { "--pairs 0", 2, "--pairs: `0`" },
        { "--pairs 9x", 2, "--pairs: `9x`" },
        { "--speed", 2, "`--speed` is no option" },
        { "--device abacus", 3, "abacus" },
        { "--smoke --filter abacus", 2, "no row of layers has `abacus` in it" },
        { "--smoke --peer abacus", 2, "`abacus` is no peer" },
#ifdef ONEDNN
        { "--smoke --peer onednn,onednn", 2, "`onednn` is there twice" },
#endif
        { "--smoke --spec conv", 4, "bench: CVY_ERR_" },
        { "--smoke --spec 'softmax [2,3] f32 axis:1'", 4, "spec" },
        { "--smoke --spec 'resize bilinear n1 c2 h4 w4 o8x8'", 4, "that the bench has data for" },
        { "--smoke --spec " SMALL " --algo pool_rows", 4, "pool_rows" },
        { "--smoke --spec " SMALL " --json /nowhere/a", 4, "/nowhere/a: cannot be written" },
        { "--smoke --spec " SMALL " --html /nowhere/a", 4, "/nowhere/a: cannot be written" },
    };
    char words[512];

    need_device();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(words, sizeof words, "$CONVOY bench %s 2>&1", rows[i].words);
        expect(words, rows[i].status, rows[i].says);
    }
}

Test(program, bench_compares_before_it_measures)
{
    need_device();
    expect("$CONVOY bench --smoke --spec " SMALL, 0, "\n1 rows, 0 wrong\n");
    expect("$CONVOY bench --smoke --spec " SMALL " --algos", 0, "conv_reference\n");
    expect("$CONVOY bench --smoke --spec " SMALL " --json -", 0, "\"right\":\ttrue");
    expect("$CONVOY bench --smoke --filter 'max pool 2x2' --suite bandwidth", 0,
           "2 rows, 0 wrong");
    expect("$CONVOY bench --pairs 1 --spec " SMALL, 0, " GFLOP/s of FMA, ");
    expect("$CONVOY bench --smoke --spec " SMALL " --html -", 0, "All numbers</h2>");
}

Test(program, warm_stores_once_and_compiles_nothing_after)
{
    need_device();
    expect("$CONVOY warm more 2>&1", 2, "`more` is not expected");
    expect("$CONVOY warm --budget 0 2>&1", 2, "--budget: `0` is not a value");
    expect("$CONVOY warm --budget 2>&1", 2, "`--budget` needs a value");
    expect("$CONVOY warm --speed 2>&1", 2, "`--speed` is no option");
    expect("$CONVOY warm --device abacus 2>&1", 3, "abacus");
    expect("env -u HOME -u XDG_CACHE_HOME $CONVOY warm 2>&1", 1, "no folder for a cache");
    expect("$CONVOY warm --cache /proc/none 2>&1", 4, "/proc/none: CVY_ERR_IO");
    expect("f=/tmp/convoy-warm.$$; $CONVOY warm --cache $f >/dev/null && $CONVOY warm --cache $f "
           "--json; s=$?; rm -r $f; exit $s", 0, "\"programs_compiled\":\t0");
}

#ifdef MODELS

Test(program, bench_runs_models)
{
    need_device();
    expect("$CONVOY bench --smoke --model " MODELS "/digits.onnx", 0, "1 rows, 0 wrong");
    expect("$CONVOY bench --smoke --model /nowhere/a.onnx 2>&1", 4, "/nowhere/a.onnx: CVY_ERR_IO");
    expect("cd /; $CONVOY bench --smoke --suite nets 2>&1", 4, "no models/*.onnx here");
}

// Every command line of these tests begins so.
#define RUN_DIGITS "cd " MODELS "; $CONVOY run digits.onnx --input "

Test(program, run_reads_a_digit_from_a_photo)
{
    need_device();
    expect(RUN_DIGITS "seven.png --top 1", 0, "  [0, 7]\n");
    expect(RUN_DIGITS "image=seven.png --json", 0, "\"index\":\t7");
    expect(RUN_DIGITS "seven.png --layout nchw --repeat 3", 0, "then 3: median");
    expect("seq 0 9 >/tmp/convoy-labels.$$; " RUN_DIGITS "seven.png --top 1 --labels "
           "/tmp/convoy-labels.$$; s=$?; rm /tmp/convoy-labels.$$; exit $s", 0, "[0, 7]  7\n");
    // A byte order mark, bytes that are not UTF-8, and a blank line at the end.
    expect("f=/tmp/convoy-labels.$$; (printf '\\357\\273\\277'; seq 0 6; "
           "printf '\\351\\303\\251\\n'; seq 8 9; echo) >$f; "
           RUN_DIGITS "seven.png --json --labels $f; s=$?; rm $f; exit $s", 0,
           "\"label\":\t\"?\303\251\"");
    expect("f=/tmp/convoy-labels.$$; (printf '\\357\\273\\277'; seq 0 9) >$f; "
           RUN_DIGITS "seven.png --labels $f; s=$?; rm $f; exit $s", 0, "[0, 0]  0\n");
}

Test(program, run_saves_what_it_can_read_again)
{
    need_device();
    expect("f=/tmp/convoy-run.$$.npy; " RUN_DIGITS "seven.png --output $f && "
           "$CONVOY run digits.onnx --input $f 2>&1; s=$?; rm -f $f; exit $s", 4,
           "f32 1x10, but input `image` is f32 1x1x20x20");
    expect("f=/tmp/convoy-run.$$.json; " RUN_DIGITS "seven.png --trace $f >/dev/null && cat $f; "
           "s=$?; rm -f $f; exit $s", 0, "process_name");
    // The device did each step of the model once, with the names that explain has.
    expect("f=/tmp/convoy-run.$$; " RUN_DIGITS "seven.png --trace $f >/dev/null && "
           "echo 'launches  ' $(grep -c '\"step\":' $f) >$f.1 && "
           "$CONVOY explain digits.onnx | grep '^launches' | diff - $f.1 && echo the same; s=$?; "
           "rm -f $f $f.1; exit $s", 0, "the same");
}

Test(program, run_names_what_is_wrong)
{
    static const struct {
        const char *words;
        int status;
        const char *says;
    } rows[] = {
        { "$CONVOY run", 2, "no model" },
        { "$CONVOY run a.onnx b.onnx", 2, "`b.onnx` is not expected" },
        { "$CONVOY run nothing.onnx", 4, "nothing.onnx: CVY_ERR_IO" },
        { "$CONVOY run seven.png", 4, "seven.png: CVY_ERR_MODEL" },
        { "$CONVOY run digits.onnx", 2, "input `image` (f32 1x1x20x20) needs --input image=FILE" },
        { RUN_DIGITS "DIGITS.md", 4, "DIGITS.md: neither PNG nor JPEG" },
        { RUN_DIGITS "nothing.npy", 4, "nothing.npy: cannot be opened" },
        { RUN_DIGITS "photo=seven.png", 4, "has no input `photo`; the first is `image`" },
        { RUN_DIGITS "seven.png --output a=b.npy", 4, "has no output `a`" },
        { RUN_DIGITS "seven.png --input seven.png", 2, "has a file already" },
        { RUN_DIGITS "seven.png --top -1", 2, "--top -1: wanted is a number from 0 to 1000" },
        { RUN_DIGITS "seven.png --mean 1,2", 2, "--mean 1,2" },
        { RUN_DIGITS "seven.png --std 0", 2, "--std 0" },
        { RUN_DIGITS "seven.png --size 20", 2, "--size 20: wanted is HEIGHTxWIDTH" },
        { RUN_DIGITS "seven.png --size 8x8", 4, "--size is another" },
        { RUN_DIGITS "seven.png --layout nhcw", 2, "wanted is nchw or nhwc" },
        { RUN_DIGITS "seven.png --labels nothing", 4, "nothing: cannot be opened" },
        { RUN_DIGITS "seven.png --labels DIGITS.md", 4,
          "has as many classes; `scores` is f32 1x10" },
        { RUN_DIGITS "seven.png --labels seven.png", 4, "seven.png: holds a zero byte" },
        { RUN_DIGITS "seven.png --output a --output scores=b", 2, "`scores` has a file already" },
        { RUN_DIGITS "seven.png --trace /nowhere/a", 4, "/nowhere/a: cannot be written" },
        { RUN_DIGITS "seven.png --output /nowhere/a", 4, "/nowhere/a: cannot be opened" },
        { RUN_DIGITS "seven.png --device abacus", 3, "abacus" },
        { "$CONVOY check", 2, "no folder" },
        { "$CONVOY check /nowhere", 4, "/nowhere: cannot be opened" },
        { "$CONVOY check " MODELS, 4, "no folder in it has a model.onnx" },
        { "$CONVOY check . --rtol x", 2, "--rtol: `x` is no tolerance" },
        { "$CONVOY inspect", 2, "no model" },
        { "$CONVOY inspect a.onnx b.onnx", 2, "`b.onnx` is not expected" },
        { "$CONVOY inspect a.onnx --input", 2, "`--input` needs a value" },
        { "$CONVOY inspect nothing.onnx", 4, "nothing.onnx: CVY_ERR_IO" },
        { "$CONVOY inspect seven.png", 4, "seven.png: CVY_ERR_MODEL" },
        { "$CONVOY inspect digits.onnx --input photo=1x1", 4, "has no such input" },
        { "$CONVOY inspect digits.onnx --input image=3x", 2, "is neither a shape" },
        { "$CONVOY inspect digits.onnx --device abacus", 3, "abacus" },
        { "$CONVOY explain", 2, "neither a model nor a spec" },
        { "$CONVOY explain conv n1", 4, "spec:" },
        { "$CONVOY explain conv n1 --no-fusion", 2, "are of models, and `conv` is none" },
        { "$CONVOY explain digits.onnx --input image=3x", 2, "is neither a shape" },
        { "$CONVOY explain digits.onnx --input photo=1x1", 4, "has no such input" },
        { "$CONVOY tune", 2, "neither a model, a spec nor --suite" },
        { "$CONVOY tune a.onnx --suite layers", 2, "a suite, and `a.onnx`" },
        { "$CONVOY tune --suite nets", 2, "--suite: `nets` is not a value that it takes" },
        { "$CONVOY tune a.onnx --effort much", 2, "--effort: `much` is not a value" },
        { "$CONVOY tune a.onnx --budget 0", 2, "--budget: `0` is not a value" },
        { "$CONVOY tune nothing.onnx", 4, "nothing.onnx: CVY_ERR_IO" },
        { "$CONVOY tune conv n1", 4, "spec:" },
        { "$CONVOY tune conv n1 c4 h9 w9 k4 r3x3 --wisdom /proc/none/wisdom", 1, "/proc/none" },
    };
    char words[512];

    need_device();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        snprintf(words, sizeof words, "cd " MODELS "; (%s) 2>&1", rows[i].words);
        expect(words, rows[i].status, rows[i].says);
    }
}

Test(program, check_counts_a_test_without_data_as_failed)
{
    need_device();
    expect("f=/tmp/convoy-check.$$; mkdir -p $f/a && cp " MODELS "/digits.onnx $f/a/model.onnx; "
           "$CONVOY check $f 2>/dev/null; s=$?; rm -r $f; exit $s", 1,
           "a: no folder test_data_set_0\n0 passed, 1 failed, 0 skipped\n");
}

Test(program, inspect_needs_no_device_to_tell_what_a_model_has)
{
#define INSPECT "OCL_ICD_VENDORS=/nothing; export OCL_ICD_VENDORS; cd " MODELS "; $CONVOY inspect "
    expect(INSPECT "digits.onnx", 0, "producer    pytorch");
    expect(INSPECT "digits.onnx", 0, "    2  MaxPool   yes\n");
    expect(INSPECT "digits.onnx", 0, "image   f32    1x1x20x20  input\n");
    expect(INSPECT "digits.onnx", 0, "parameters  21258 in 6 tensors, 83.0 KiB\n");
    expect(INSPECT "digits.onnx", 0, "a run       not known: CVY_ERR_NO_DEVICE");
    expect(INSPECT "digits.onnx --json", 0, "\"run\":\tnull");
    // What is missing comes first, and the rest is told all the same.
#define CHANGED "f=/tmp/convoy-inspect.$$; sed s/MaxPool/MaxPoul/g " MODELS "/digits.onnx >$f; "
    expect(CHANGED INSPECT "$f; s=$?; rm $f; exit $s", 4, "\nnot supported\n      2  MaxPoul\n");
    expect(CHANGED INSPECT "$f; s=$?; rm $f; exit $s", 4,
           "SUPPORTED\n    2  MaxPoul   NO\n    2  Conv      yes\n");
    expect(CHANGED INSPECT "$f --json; s=$?; rm $f; exit $s", 4, "\"text\":\t\"MaxPoul\"");
}

Test(program, inspect_tells_what_a_run_takes)
{
    need_device();
    expect("$CONVOY inspect " MODELS "/digits.onnx", 0, "launches    ");
    expect("$CONVOY inspect --json " MODELS "/digits.onnx --input 2x1x20x20 2>&1", 4,
           "CVY_ERR_SHAPE");
    expect("$CONVOY inspect --json " MODELS "/digits.onnx", 0, "\"arena_bytes\":");
}

Test(program, explain_tells_steps_and_alternatives)
{
    need_device();
    expect("$CONVOY explain " MODELS "/digits.onnx", 0, "launches   ");
    expect("$CONVOY explain " MODELS "/digits.onnx --json", 0, "\"steps\":");
    expect("f=/tmp/convoy-explain.$$.npy; printf '\\223NUMPY\\001\\000\\071\\000' >$f; "
           "printf \"{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }abcd\" >>$f; "
           "$CONVOY explain " MODELS "/digits.onnx --input $f 2>&1; s=$?; rm $f; exit $s", 4,
           "i32 1, but input `image` is f32");
    expect("$CONVOY explain pool max n1 c8 h9 w9 r3x3 f32 nhwc", 0, "pool_reference");
    expect("$CONVOY explain 'pool max n1 c8 h9 w9 r3x3 f32 nhwc' --json", 0, "\"alternatives\":");
    expect("$CONVOY explain --measure conv n1 c4 h9 w9 k4 r1x1 f32 nhwc", 0, " measured: ");
}

Test(program, tune_keeps_what_it_finds_for_explain)
{
#define TUNED "f=/tmp/convoy-tune.$$/a/wisdom; CONVOY_WISDOM=$f; export CONVOY_WISDOM; "
#define THEN "; s=$?; rm -r /tmp/convoy-tune.$$; exit $s"
    need_device();
    expect(TUNED "$CONVOY tune " MODELS "/digits.onnx 2>/dev/null" THEN, 0, "a run of the model: ");
    expect(TUNED "$CONVOY tune " MODELS "/digits.onnx --budget 9 >/dev/null 2>&1; "
           "$CONVOY explain " MODELS "/digits.onnx" THEN, 0, "measured: ");
    expect(TUNED "$CONVOY tune conv n1 c4 h9 w9 k4 r3x3 >/dev/null 2>&1; "
           "$CONVOY tune conv n1 c4 h9 w9 k4 r3x3 --json 2>/dev/null" THEN, 0, "\"trials\":\t0");
    expect(TUNED "$CONVOY tune conv n1 c4 h9 w9 k4 r3x3 >/dev/null 2>&1; "
           "$CONVOY tune conv n1 c4 h9 w9 k4 r3x3 --again --effort exhaustive 2>/dev/null; cat $f"
           THEN, 0, " | conv n1 c4 h9 w9 k4 r3x3 f32 nchw | ");
}
#endif

#!/bin/sh
# Installs what is missing, builds, and runs every test: sh tools/test.sh. Builds go to build-test/,
# build-asan/, build-wheel/ and, for the demo, build/. A line for each stage; last, alone on a line,
# "N passed, N failed". Exit status 1 if anything failed.
# shellcheck disable=SC2086,SC2317    # $pocl is a list of words; stage calls functions by name
set -u
cd "$(dirname "$0")/.." || exit 1
PATH=/usr/bin:/bin:$PATH        # Debian's meson and python3 before any other
root=$PWD
build=$root/build-test
asan=$root/build-asan
wheel=$root/build-wheel
logs=$build/logs
least_onnx=440                  # of ONNX's tests that must pass
text_boxes=5                    # in tools/examples/harbour.jpg
given_models=${CONVOY_MODELS-$root/../shared/models}
test_seconds=300                # for one test program, which must be far from needing them
grind_seconds=600               # for oclgrind, which takes some 60 on two cores
export LC_ALL=C
export POCL_CACHE_DIR="$build/pocl-cache" MESA_SHADER_CACHE_DIR="$build/mesa-cache"
export XDG_CACHE_HOME="$build/cache"
unset CONVOY_DEVICE

# One OpenCL driver each, so that a run does not depend on what else is installed.
pocl="OCL_ICD_VENDORS=pocl.icd"
rusticl="OCL_ICD_VENDORS=rusticl.icd RUSTICL_ENABLE=llvmpipe"

passed=0
failed=0
without=                        # patterns of test programs that a pass leaves out

finish()
{
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

# report LABEL PASSED FAILED START LOG: counts, prints the stage's line, and what failed.
report()
{
    passed=$((passed + $2))
    failed=$((failed + $3))
    printf '%-34s %6d passed %4d failed %5d s\n' "$1" "$2" "$3" $(($(date +%s) - $4))
    [ "$3" -eq 0 ] || tail -n 60 "$5" | sed 's/^/    /'
}

# stage LABEL COMMAND...: one check.
stage()
{
    label=$1
    shift
    start=$(date +%s)
    log=$logs/$(echo "$label" | tr -c 'a-zA-Z0-9\n' _).log
    if "$@" >"$log" 2>&1; then
        report "$label" 1 0 "$start" "$log"
    else
        report "$label" 0 1 "$start" "$log"
        return 1
    fi
}

# field NAME FILE: a number of Criterion's last line, such as
# "[====] Synthesis: Tested: 12 | Passing: 10 | Failing: 2 | Crashing: 1", 0 if there is none.
# Failing counts those that crash, too.
field()
{
    number=$(sed -n "s/.*Synthesis:.*$1: *\([0-9][0-9]*\).*/\1/p" "$2" | tail -n 1)
    echo "${number:-0}"
}

# criterion LABEL BUILD WORD...: every test program of a build. The words go before it, after
# "env": variables, then a wrapper if one is wanted. A program that tests nothing has failed.
criterion()
{
    label=$1
    tests=$2/tests
    programs=0
    shift 2
    for program in "$tests"/test_*; do
        if [ ! -f "$program" ] || [ ! -x "$program" ]; then
            continue            # a folder of object files
        fi
        name=$(basename "$program")
        for pattern in $without; do
            # shellcheck disable=SC2254   # a pattern it is
            case $name in $pattern) continue 2 ;; esac
        done
        start=$(date +%s)
        log=$logs/$label-$name
        rm -f "$log.tap"
        timeout -k 10 "$test_seconds" env "$@" "$program" -j2 --tap="$log.tap" >"$log.log" 2>&1
        status=$?
        good=$(field Passing "$log.log")
        bad=$(($(field Tested "$log.log") - good))
        if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
            bad=1               # out of time, dead before it could count, or nothing to run on
            echo "$name: $good tests passed, exit status $status" >>"$log.log"
        fi
        report "$label: $name" "$good" "$bad" "$start" "$log.log"
        programs=$((programs + 1))
        skipped=$(grep -c '^ok .*# SKIP' "$log.tap" 2>/dev/null)
        [ "${skipped:-0}" -eq 0 ] || echo "    $skipped skipped, which is no pass"
    done
    [ "$programs" -gt 0 ] || stage "$label: any test program" false
}

configure()
{
    [ -f "$1/build.ninja" ] || meson setup "$@"
}

build_all()
{
    configure "$build" --buildtype=debugoptimized -Dwerror=true && ninja -C "$build"
}

build_asan()
{
    configure "$asan" --buildtype=debugoptimized -Db_lundef=false -Db_sanitize=address,undefined &&
        ninja -C "$asan"
}

# Each public header alone, in both languages.
headers()
{
    for header in include/convoy/*.h; do
        set -- -Wall -Wextra -Wpedantic -Werror -Iinclude -fsyntax-only
        gcc -std=c11 "$@" -x c "$header" || return 1
        g++ -std=c++17 "$@" -x c++ "$header" || return 1
    done
    for header in include/convoy/*.hpp; do
        g++ -std=c++17 "$@" -x c++ "$header" || return 1
        g++ -std=c++20 -fno-exceptions "$@" -x c++ "$header" || return 1
    done
}

# Criterion passes a test that leaks: what counts is whether the sanitizer left a report. One that
# says that its leak checker itself crashed (threads of a driver that end meanwhile) says nothing of
# ours: it is shown and does not count.
sanitizer_reports()
{
    for file in "$asan"/report.*; do
        if [ -f "$file" ] && grep -q 'LeakSanitizer has encountered a fatal error' "$file"; then
            head -n 3 "$file"
            rm -f "$file"
        fi
    done
    set -- "$asan"/report.*
    [ -f "$1" ] || return 0
    echo "$# reports in $asan, the first of them:"
    head -n 50 "$1"
    return 1
}

# block LANGUAGE: README's first block in it.
block()
{
    awk -v fence="\`\`\`$1" '/^```/ { if (inside) exit; if ($0 == fence) { inside = 1; next } }
                             inside' README.md
}

# The first C block of README.md, as a user would build it.
readme()
{
    library=$(find "$build/runtime" -name libconvoy.so | head -n 1)
    [ -n "$library" ] || { echo "no libconvoy.so in $build/runtime"; return 1; }
    library=$(dirname "$library")
    block c >"$build/readme.c"
    [ -s "$build/readme.c" ] || { echo "no C block in README.md"; return 1; }
    gcc -std=c11 -Wall -Wextra -Werror -Iinclude "$build/readme.c" -o "$build/readme" \
        -L"$library" -Wl,-rpath,"$library" -lconvoy -lm &&
        env $pocl timeout "$test_seconds" "$build/readme"
}

# The example of a model, as a user would build it.
classify()
{
    library=$build/runtime
    gcc -std=gnu11 -Wall -Wextra -Werror -Iinclude tools/examples/classify.c -o "$build/classify" \
        -L"$library" -L"$library/onnx" -Wl,-rpath,"$library:$library/onnx" -lconvoy-onnx -lconvoy \
        -lpng -lm &&
        env $pocl timeout "$test_seconds" "$build/classify" tools/examples/digits.onnx \
            tools/examples/seven.png
}

# README's C++ and Python, which are no whole programs.
readme_others()
{
    library=$build/runtime
    mkdir -p "$build/readme.d"
    cp tools/examples/digits.onnx "$build/readme.d/model.onnx"
    block cpp | sed '1s/$/\nint main()\n{/; $s/$/\nqueue.finish();\n}/' >"$build/readme.cpp"
    g++ -std=c++17 -Wall -Wextra -Werror -Iinclude "$build/readme.cpp" -o "$build/readme-cpp" \
        -L"$library" -L"$library/onnx" -Wl,-rpath,"$library:$library/onnx" -lconvoy-onnx \
        -lconvoy || return 1
    (cd "$build/readme.d" && env $pocl timeout "$test_seconds" "$build/readme-cpp") || return 1
    { echo 'import numpy as np'
      echo 'image, bias = np.ones((1, 1, 20, 20), np.float32), np.ones(8, np.float32)'
      echo 'x, weight = np.ones((1, 3, 9, 9), np.float32), np.ones((8, 3, 3, 3), np.float32)'
      block python
      echo 'print(scores.shape, y.shape, indices.shape)'; } >"$build/readme.d/readme.py"
    (cd "$build/readme.d" && env $pocl CONVOY_LIBRARY="$library/libconvoy.so" \
        PYTHONPATH="$root/tools/python" PYTHONDONTWRITEBYTECODE=1 timeout "$test_seconds" \
        python3 readme.py)
}

# What a user gets: the public symbols alone, and headers and a static library that README's example
# can be built with, beside a function with the name of one of the library's own.
installed()
{
    rm -rf "$build/installed"
    DESTDIR=$build/installed meson install -C "$build" --no-rebuild --quiet || return 1
    include=$(find "$build/installed" -type d -name include | head -n 1)
    library=$(find "$build/installed" -name libconvoy.a | head -n 1)
    [ -n "$library" ] || { echo "no libconvoy.a in $build/installed"; return 1; }
    set -- "$(dirname "$library")"/libconvoy*.so "$(dirname "$library")"/libconvoy*.a
    python3 tools/symbols.py tests/symbols.txt "$include" "$@" || return 1
    echo "int fail(void); int fail(void) { return 1; }" >"$build/fail.c"
    gcc -std=c11 -Wall -Wextra -Werror -DCVY_STATIC -I"$include" "$build/readme.c" \
        "$build/fail.c" "$library" -o "$build/readme-static" -ldl -lpthread -lm &&
        env $pocl timeout "$test_seconds" "$build/readme-static"
}

# The short examples; digits, classify and the finders have stages of their own or want models.
examples()
{
    photo=tools/examples/harbour.jpg
    for example in raw_conv sharing pipeline "filters $photo $build/filters.png" \
        "upsample $photo $build/upsample.png 70 225"; do
        echo "$example"
        env $pocl timeout "$test_seconds" "$build/tools/examples/"$example || return 1
    done
}

# The package repeats the headers: what it says of them is compared with what a compiler says.
python_layout()
{
    python3 tools/python/bind.py --check && python3 tools/python/check_layout.py gcc
}

# python_tests VARIABLE...: against Debian's PyTorch, from the checkout.
python_tests()
{
    env "$@" CONVOY_LIBRARY="$build/runtime/libconvoy.so" PYTHONDONTWRITEBYTECODE=1 \
        POCL_AFFINITY=1 CONVOY_TEST_WORST=1 timeout "$test_seconds" \
        python3 -m unittest discover -s tools/python/tests
}

python_example()
{
    env $pocl CONVOY_LIBRARY="$build/runtime/libconvoy.so" PYTHONPATH="$root/tools/python" \
        PYTHONDONTWRITEBYTECODE=1 timeout "$test_seconds" \
        python3 tools/examples/filters.py tools/examples/harbour.jpg "$build/filters.png"
}

# What a wheel holds, as `pip install .` has meson build it: it must find the libraries inside.
python_wheel()
{
    configure "$wheel" -Dwheel=true --buildtype=release && ninja -C "$wheel" || return 1
    rm -rf "$wheel/installed"
    DESTDIR=$wheel/installed meson install -C "$wheel" --no-rebuild --quiet \
        --tags python-runtime || return 1
    package=$(dirname "$(find "$wheel/installed" -name __init__.py -path '*/convoy/__init__.py')")
    (cd "$package" && find . -name '*.py' -o -name py.typed) | sort >"$wheel/files"
    (cd tools/python/convoy && find . -name '*.py' -o -name py.typed) | sort |
        diff - "$wheel/files" || return 1
    env -u CONVOY_LIBRARY $pocl PYTHONPATH="$(dirname "$package")" PYTHONDONTWRITEBYTECODE=1 \
        timeout "$test_seconds" python3 -c '
import numpy, convoy
print(convoy.__file__, convoy.version())
x = numpy.zeros((1, 1, 20, 20), numpy.float32)
print(convoy.load_onnx("tools/examples/digits.onnx").run(x), convoy.relu(-x).shape)'
}

# The reference and the guides. Doxygen's warnings are errors, and so is a comment that it shows as
# code.
documents()
{
    ninja -C "$build" docs && [ -s "$build/docs/html/index.html" ] &&
        ! grep '///' "$build"/docs/html/group__*.html
}

# The C of the guides: whole programs run, everything else compiles.
guides()
{
    env $pocl python3 tools/docs/snippets.py "$build/guides" "$build/runtime"
}

# Races, uninitialised values, API misuse and, always on, accesses out of bounds. oclgrind's exit
# status is the program's: its log tells what it found. NAME WIDTH; with a width, the device claims
# to be a CPU with vectors of so many floats.
oclgrind_selftest()
{
    found=$logs/oclgrind-$1.found
    table=$logs/oclgrind-$1.table
    shadow=$build/tests/oclgrind_shadow.so
    rm -f "$found" "$table"
    [ -f "$shadow" ] || { echo "no $shadow"; return 1; }
    # oclgrind puts its own library first: ours goes before it once it has begun.
    CONVOY_OCLGRIND_WIDTH=${2-} timeout "$grind_seconds" oclgrind --log "$found" --data-races \
        --uniform-writes --uninitialized --check-api sh -c \
        'LD_PRELOAD=$0:$LD_PRELOAD exec "$1" selftest --quick' "$shadow" \
        "$build/tools/convoy" >"$table"
    status=$?
    cat "$table"
    [ -f "$found" ] && [ ! -s "$found" ] || { head -n 50 "$found"; return 1; }
    problems=$(sed -n 's/^\([0-9][0-9]*\) problems, 0 failed$/\1/p' "$table")
    [ "$status" -eq 0 ] && [ "${problems:-0}" -ge 200 ] ||
        { echo "exit status $status, ${problems:-no} problems, 200 at least"; return 1; }
}

# Both at once, a core each.
oclgrind_selftests()
{
    oclgrind_selftest gpu >"$logs/oclgrind-gpu.log" 2>&1 &
    gpu=$!
    oclgrind_selftest cpu 8
    cpu_status=$?
    wait "$gpu"
    gpu_status=$?
    cat "$logs/oclgrind-gpu.log"
    [ "$cpu_status" -eq 0 ] && [ "$gpu_status" -eq 0 ]
}

# No device takes all algorithms: between them, the two of oclgrind do, but for those that a quick
# selftest leaves out.
oclgrind_algorithms()
{
    "$build/tools/convoy" algos --json | python3 -c '
import json, sys
for algorithm in json.load(sys.stdin)["algorithms"]:
    if not algorithm["slow_start"]:
        print(algorithm["name"])' | sort -u >"$logs/algorithms"
    awk '$7 == "ok" { print $2 }' "$logs"/oclgrind-*.table | sort -u >"$logs/algorithms.met"
    [ -s "$logs/algorithms" ] || return 1
    missing=$(comm -23 "$logs/algorithms" "$logs/algorithms.met")
    [ -z "$missing" ] || { echo "not met on oclgrind:" $missing; return 1; }
}

# Every row of the bench once, beside the peers that it was built with: the results are compared, no
# time is measured. CLBlast is slow to begin with: a few rows tell whether it is right.
bench_smoke()
{
    bench="env $pocl timeout $test_seconds $build/tools/convoy bench --smoke"
    peer=
    ! grep -q -e -DCONVOY_ONEDNN "$build/build.ninja" || peer="--peer onednn"
    $bench $peer --html "$logs/bench.html" --json "$logs/bench.json" || return 1
    $bench --suite bandwidth || return 1
    $bench --model tools/examples/digits.onnx || return 1
    if grep -q -e -DCONVOY_CLBLAST "$build/build.ninja"; then
        $bench --layout nchw --filter 'ResNet-50 1x1 64-64' --peer clblast || return 1
    fi
    python3 -c '
import json, sys
from xml.etree import ElementTree
for drawing in open(sys.argv[1]).read().split("<svg")[1:]:
    ElementTree.fromstring("<svg" + drawing.split("</svg>")[0] + "</svg>")
rows = json.load(open(sys.argv[2]))["rows"]
print(len(rows), "rows,", sum(len(row["sides"]) for row in rows), "sides")
sys.exit(len(rows) < 60 or not all(row["right"] for row in rows))
' "$logs/bench.html" "$logs/bench.json"
}

# onnx_tests VARIABLE...: ONNX's own tests, of Debian's package; what may be skipped is in a list.
onnx_tests()
{
    data=$(dpkg -L libonnx-testdata | grep -m 1 '/backend/test/data$')
    env "$@" timeout 900 "$build/tools/convoy" check --skips tests/onnx_skips.txt "$data/node" \
        "$data/pytorch-converted" "$data/pytorch-operator" >"$logs/onnx.txt" || {
        tail -n 50 "$logs/onnx.txt"
        return 1
    }
    tail -n 1 "$logs/onnx.txt"
    [ "$(tail -n 1 "$logs/onnx.txt" | cut -d ' ' -f 1)" -ge "$least_onnx" ]
}

# Networks of torchvision, which are exported once.
exported_models()
{
    models=$build/models
    [ -f "$models/densenet121.output0.npy" ] || python3 tools/export_models.py "$models" || return 1
    env $pocl timeout 900 python3 tools/compare_models.py "$build/tools/convoy" "$models"
}

# Fusion and memory plan: as many kernels as the network has convolutions, about, and an arena of at
# most a third of what lies between them.
mobilenet()
{
    env $pocl timeout "$test_seconds" "$build/tools/convoy" explain --json \
        "$build/models/mobilenet_v2.onnx" >"$logs/mobilenet.json" && python3 -c '
import json, sys
net = json.load(open(sys.argv[1]))
print(*(f"{key} {net[key]}" for key in ("launches", "arena_bytes", "intermediate_bytes")))
sys.exit(net["launches"] > 55 or 3 * net["arena_bytes"] > net["intermediate_bytes"])
' "$logs/mobilenet.json"
}

# compare_models VARIABLE...: networks that are not ours to commit, where they are there.
compare_models()
{
    env "$@" timeout 900 python3 tools/compare_models.py "$build/tools/convoy" "$given_models"
}

# The finders on their photos: how many boxes and faces there are is known.
finders()
{
    found=$(env $pocl "$build/tools/examples/find_text" "$given_models/ppocrv4_det.onnx" \
        tools/examples/harbour.jpg "$logs/text.png" | tail -n 1)
    echo "$found"
    [ "$found" = "$text_boxes boxes in $logs/text.png" ] || return 1
    found=$(env $pocl "$build/tools/examples/find_face" \
        "$given_models/blazeface_front_128.onnx" "$given_models/astronaut.png" \
        "$logs/face.png" | tail -n 1)
    echo "$found"
    [ "$found" = "1 faces in $logs/face.png" ]
}

sh tools/setup.sh test || { failed=1; finish; }
mkdir -p "$logs" "$POCL_CACHE_DIR" "$MESA_SHADER_CACHE_DIR" "$XDG_CACHE_HOME"
stage "build, warnings are errors" build_all || finish

stage "headers alone in C11 and C++17" headers
stage "lint" python3 tools/lint.py
stage "documents" documents
stage "the guides' programs" guides
criterion pocl "$build" $pocl
# The last two are of algorithms that are none of a GPU's; the others use no device.
without="test_onnx_* test_npy test_image test_cache* test_digest test_file"
without="$without test_stand_in test_winograd"
criterion rusticl "$build" $rusticl CONVOY_TEST_PROBLEMS=1000
without=
stage "convoy selftest on pocl" env $pocl timeout "$test_seconds" "$build/tools/convoy" selftest
stage "convoy selftest on rusticl" env $rusticl timeout "$test_seconds" \
    "$build/tools/convoy" selftest
stage "convoy bench, once" bench_smoke
stage "oclgrind, a GPU and a wide CPU" oclgrind_selftests
stage "oclgrind met each algorithm" oclgrind_algorithms
stage "ONNX's tests on pocl" onnx_tests $pocl
stage "ONNX's tests on rusticl" onnx_tests $rusticl
if [ -n "${CONVOY_ONNX_DATA-}" ]; then
    stage "ONNX's tests in CONVOY_ONNX_DATA" env $pocl timeout 900 "$build/tools/convoy" check \
        "$CONVOY_ONNX_DATA"
fi
stage "torchvision's networks on pocl" exported_models
stage "mobilenet_v2 in 55 kernels" mobilenet
if [ -d "$given_models" ]; then
    stage "given models on pocl" compare_models $pocl
    stage "given models on rusticl" compare_models $rusticl
    stage "examples on photos" finders
else
    echo "no models in $given_models (CONVOY_MODELS): skipped, which is no pass"
fi
stage "README's example" readme
stage "README's C++ and Python" readme_others
stage "an example as a user builds it" classify
stage "what meson installs" installed
stage "examples" examples
stage "consumers" env $pocl timeout 900 sh tests/consumers/run.sh "$build"
stage "python repeats the headers" python_layout
stage "python on pocl" python_tests $pocl
stage "python on rusticl" python_tests $rusticl
stage "python's example" python_example
stage "python's wheel" python_wheel
stage "demo" env $pocl sh tools/demo.sh

if stage "build with sanitizers" build_asan; then
    rm -f "$asan"/report.*
    # Leaks of the drivers' and of Criterion's own; the tests count OpenCL objects themselves.
    printf 'leak:%s\n' libpocl libLLVM libclang libOpenCL.so libcriterion >"$asan/suppressions"
    without="test_limits test_edges"    # other problems and devices on the same host code
    criterion sanitizers "$asan" OCL_ICD_VENDORS=pocl.icd \
        ASAN_OPTIONS="log_path=$asan/report:detect_leaks=1" \
        UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1" \
        LSAN_OPTIONS="suppressions=$asan/suppressions:print_suppressions=0"
    stage "sanitizers report nothing" sanitizer_reports
fi
finish

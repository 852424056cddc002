#!/bin/sh
# Builds and runs the programs beside it, each as its own project would find an installed Convoy:
#     sh tests/consumers/run.sh BUILD
# Installs BUILD below BUILD/consumers, where everything is written. A line for each consumer; exit
# status 1 if one fails.
# shellcheck disable=SC2046,SC2086,SC2317   # lists of words; consumer calls functions by name
set -u
build=$(cd "$1" && pwd) || exit 2
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PATH=/usr/bin:/bin:$PATH        # Debian's meson and python3 before any other
work=$build/consumers
tree=$work/tree
failed=0

rm -rf "$work"
mkdir -p "$work"
DESTDIR=$tree meson install -C "$build" --no-rebuild --quiet || exit 1
pc=$(dirname "$(find "$tree" -name convoy.pc)")
lib=$(dirname "$pc")
prefix=$(dirname "$(find "$tree" -type d -name include)")
export PKG_CONFIG_PATH="$pc" PKG_CONFIG_SYSROOT_DIR="$tree" LD_LIBRARY_PATH="$lib"
model=$root/tools/examples/digits.onnx
warnings="-Wall -Wextra -Wpedantic -Werror"

# consumer LABEL COMMAND...: one line.
consumer()
{
    label=$1
    shift
    start=$(date +%s)
    if "$@" >"$work/log" 2>&1; then
        printf '%-28s ok %5d s  %s\n' "$label" $(($(date +%s) - start)) "$(tail -n 1 "$work/log")"
    else
        failed=1
        printf '%-28s FAILED\n' "$label"
        tail -n 40 "$work/log" | sed 's/^/    /'
    fi
}

shared()
{
    cc -std=c11 $warnings "$here/conv.c" $(pkg-config --cflags --libs convoy) -o "$work/conv" &&
        "$work/conv"
}

# The archives by name: -lconvoy would take the shared library that lies beside.
static()
{
    cc -std=c11 $warnings "$here/conv.c" $(pkg-config --cflags convoy) \
        $(pkg-config --static --libs convoy | sed 's/-l\(convoy[a-z-]*\)/-l:lib\1.a/g') \
        -o "$work/conv-static" && env -u LD_LIBRARY_PATH "$work/conv-static"
}

onnx_shared()
{
    cc -std=c11 $warnings "$here/model.c" $(pkg-config --cflags --libs convoy-onnx) \
        -o "$work/model" && "$work/model" "$model"
}

onnx_static()
{
    cc -std=c11 $warnings "$here/model.c" $(pkg-config --cflags convoy-onnx) \
        $(pkg-config --static --libs convoy-onnx | sed 's/-l\(convoy[a-z-]*\)/-l:lib\1.a/g') \
        -o "$work/model-static" && env -u LD_LIBRARY_PATH "$work/model-static" "$model"
}

# The tree lies elsewhere than it was configured for, which a CMake package does not mind.
cmake_package()
{
    cmake -G Ninja -S "$here" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
        -DCMAKE_BUILD_TYPE=Release &&
        cmake --build "$work/cmake" || return 1
    for program in conv conv_static every_class; do
        "$work/cmake/$program" || return 1
    done
    "$work/cmake/model" "$model" && "$work/cmake/model_static" "$model"
}

# The sources are Convoy's own tree; optimising them again would show nothing.
subproject()
{
    mkdir -p "$work/subproject/subprojects"
    cp "$here/meson.build" "$here/conv.c" "$here/conv.h" "$here/model.c" "$work/subproject"
    cp "$here/subprojects/convoy.wrap" "$work/subproject/subprojects"
    ln -s "$root" "$work/subproject/subprojects/convoy"
    (
        unset PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
        meson setup "$work/subproject-build" "$work/subproject" --buildtype=plain \
            --wrap-mode=nofallback --force-fallback-for=convoy "$@" &&
            ninja -C "$work/subproject-build" || exit 1
        for made in tools tests; do
            [ ! -e "$work/subproject-build/subprojects/convoy/$made" ] || exit 1
        done
        "$work/subproject-build/conv" && "$work/subproject-build/model" "$model"
    )
}

# COMPILER STANDARD FLAG...
every_class()
{
    compiler=$1
    standard=$2
    shift 2
    "$compiler" "-std=$standard" $warnings -Wshadow "$@" "$here/every_class.cpp" \
        $(pkg-config --cflags --libs convoy) -o "$work/every_class" && "$work/every_class"
}

onnx_classes()
{
    g++ -std=c++17 $warnings "$here/model.cpp" $(pkg-config --cflags --libs convoy-onnx) \
        -o "$work/model-classes" && "$work/model-classes" "$model"
}

plugin()
{
    soname=$(basename "$lib"/libconvoy.so.*)
    cc -std=gnu11 $warnings -fPIC -shared -fvisibility=hidden "$here/plugin.c" \
        $(pkg-config --cflags --libs convoy) -o "$work/plugin.so" &&
        cc -std=gnu11 -Wall -Wextra -Werror "$here/host.c" -ldl -o "$work/host" &&
        "$work/host" "$work/plugin.so" "$soname"
}

# The program finds its library in a prefix of its own, which the loader does not know.
program()
{
    env -u LD_LIBRARY_PATH "$prefix/bin/convoy" --version
}

[ ! -f "$prefix/bin/convoy" ] || consumer "the program" program
consumer "pkg-config, shared" shared
consumer "pkg-config, static" static
if [ -f "$pc/convoy-onnx.pc" ]; then
    consumer "pkg-config, onnx shared" onnx_shared
    consumer "pkg-config, onnx static" onnx_static
    consumer "pkg-config, onnx in C++17" onnx_classes
fi
consumer "CMake" cmake_package
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || continue
    for standard in c++17 c++20; do
        consumer "$compiler, $standard" every_class "$compiler" "$standard"
        consumer "$compiler, $standard, no throw" every_class "$compiler" "$standard" \
            -fno-exceptions
    done
done
consumer "plug-in, loaded 100 times" plugin
consumer "meson subproject" subproject
exit "$failed"

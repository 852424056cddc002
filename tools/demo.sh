#!/bin/sh
# Installs what is missing, builds Convoy in build/, and reads handwritten digits with a trained
# CNN on the best OpenCL device, by the C API and as an ONNX model: sh tools/demo.sh.
# CONVOY_DEVICE=cpu or the like picks another device.
set -eu
cd "$(dirname "$0")/.."
PATH=/usr/bin:/bin:$PATH        # Debian's meson and python3 before any other
log=build/demo.log

# Shows a command's output only if it fails.
quietly()
{
    "$@" >>"$log" 2>&1 || {
        cat "$log" >&2
        echo "demo.sh: failed: $*" >&2
        exit 1
    }
}

sh tools/setup.sh
mkdir -p build
: >"$log"
if [ ! -f build/build.ninja ]; then
    echo "Configuring build/"
    quietly meson setup build --buildtype=release
fi
echo "Building"
quietly ninja -C build
echo "Reading 360 handwritten digits that training never saw"
echo
build/tools/examples/digits
echo
echo "The same network as an ONNX model, reading one photo of a digit:"
echo "convoy run tools/examples/digits.onnx --input tools/examples/seven.png --top 3"
echo
exec build/tools/convoy run tools/examples/digits.onnx --input tools/examples/seven.png --top 3

#!/bin/sh
# Installs the Debian or Ubuntu packages that Convoy needs and that are missing:
#     sh tools/setup.sh          to build and to run the demo
#     sh tools/setup.sh bench    to compare with oneDNN and CLBlast (convoy bench --peer) as well
#     sh tools/setup.sh test     to run every test as well
# Run it as root or with sudo. When nothing is missing it changes nothing and needs no network.
set -eu

# dpkg-dev: without it meson does not know where Debian keeps libraries.
build="gcc g++ libc6-dev dpkg-dev meson ninja-build pkg-config python3"
libraries="opencl-c-headers libcjson-dev libpng-dev libjpeg-dev"
onnx="libprotobuf-c-dev protobuf-c-compiler"
opencl="ocl-icd-libopencl1 pocl-opencl-icd"
peers="libdnnl-dev libclblast-dev"
tests="mesa-opencl-icd oclgrind libcriterion-dev libonnx-testdata python3-numpy python3-pil"
tests="$tests python3-torchvision cmake doxygen"

case "${1-}" in
'') wanted="$build $libraries $onnx $opencl" ;;
bench) wanted="$build $libraries $onnx $opencl $peers" ;;
test) wanted="$build $libraries $onnx $opencl $peers $tests" ;;
*) echo "usage: sh tools/setup.sh [bench | test]" >&2; exit 2 ;;
esac

command -v dpkg-query >/dev/null || {
    echo "setup.sh: this is not Debian or Ubuntu. Install the like of: $wanted" >&2
    exit 1
}

# dpkg-query fails for a package it has never heard of, and says "not-installed" for a removed one.
missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || state=
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "setup.sh: to install$missing, run this as root" >&2
        exit 1
    }
    as_root=sudo
fi

echo "installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt()
{
    # Not by export: sudo drops the environment. The log is shown only if something went wrong.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y "$@" >>"$log" 2>&1 || {
        cat "$log" >&2
        echo "setup.sh: apt-get $1 failed" >&2
        exit 1
    }
}
apt update
# shellcheck disable=SC2086   # one word for each package
apt install --no-install-recommends $missing

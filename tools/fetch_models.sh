#!/bin/sh
# Gets the text detection network PP-OCRv4 (Apache-2.0, PaddleOCR) for tools/examples/find_text.c,
# out of the wheel of rapidocr-onnxruntime, with pip: sh tools/fetch_models.sh [FOLDER]
# FOLDER is models/ in the current folder if not given. What is there already is not fetched again.
set -eu

case $#${1-} in
0 | 1[!-]*) ;;
*)
    echo "usage: sh tools/fetch_models.sh [FOLDER]" >&2
    exit 2
    ;;
esac
folder=${1-models}
wheel=rapidocr-onnxruntime==1.4.4
inside=rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx
model=$folder/ppocrv4_det.onnx
sum=d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9

is_it()
{
    [ -f "$1" ] && [ "$(sha256sum <"$1" | cut -d ' ' -f 1)" = "$sum" ]
}

if is_it "$model"; then
    echo "$model is there"
    exit 0
fi
python3 -m pip --version >/dev/null 2>&1 || {
    echo "fetch_models.sh: this needs pip: apt-get install python3-pip" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download -q --no-deps --only-binary :all: -d "$work" "$wheel"
python3 -m zipfile -e "$work"/*.whl "$work/wheel"
is_it "$work/wheel/$inside" || {
    echo "fetch_models.sh: $inside in $wheel is not the file that was expected" >&2
    exit 1
}
mkdir -p "$folder"
cp "$work/wheel/$inside" "$model"
echo "$model"

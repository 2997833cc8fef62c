#!/bin/sh
# Prints the folder, outside every clone, that keeps downloads and what is built from them.
set -eu
if [ -n "${W2S_CACHE:-}" ]; then
  echo "$W2S_CACHE"
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
  echo "$XDG_CACHE_HOME/w2s"
else
  echo "${HOME:?set HOME or W2S_CACHE}/.cache/w2s"
fi

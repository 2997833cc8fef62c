#!/bin/sh
# w2s's layer sweep beside the same in PyTorch, in one run. That needs a Python with torch, transformers, gguf and
# accelerate: the one that W2S_PYTHON names, else a virtual environment in the cache (about 5 GB: PyPI's PyTorch brings
# CUDA with it).
# usage: compare-sweeps.sh SWEEP_ROUNDS MODEL [OPTIONS of bench/peers/compare_sweeps.py]
set -eu
scripts=$(dirname "$0")
peers=$scripts/../bench/peers
if [ -n "${W2S_PYTHON:-}" ]; then
  python=$W2S_PYTHON
else
  folder=$("$scripts/python-folder.sh" "$peers/requirements.txt")
  python=$folder/python3
fi
# PyTorch asks for its buffers anew in every operation: the C library is to keep them.
export MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456
export PYTHONDONTWRITEBYTECODE=1 TRANSFORMERS_VERBOSITY=error TQDM_DISABLE=1
exec "$python" "$peers/compare_sweeps.py" "$@"

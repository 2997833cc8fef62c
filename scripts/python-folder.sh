#!/bin/sh
# Prints the folder of a `python3` that has the packages of a requirements file, each checked by its hash: a virtual
# environment in the cache, made once for each such file and Python.
# usage: python-folder.sh REQUIREMENTS
set -eu
scripts=$(cd "$(dirname "$0")" && pwd)
requirements=$1

fail() {
  echo "error: $1" >&2
  exit 1
}

key=$(python3 -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read() + (sys.version + sys.executable).encode()).hexdigest()[:16])' \
  "$requirements")
cache=$("$scripts/cache-folder.sh")
environment=$cache/python-$key
mkdir -p "$cache"
exec 8>"$environment.lock"
if command -v flock >/dev/null; then flock 8; fi

is_usable() {
  [ -e "$environment/complete" ] && "$environment/bin/python3" -c ''
}

if ! is_usable; then
  rm -rf "$environment"
  echo "installing the packages of $requirements" >&2
  python3 -m venv "$environment" >&2 || fail "python3 cannot make a virtual environment (on Debian: python3-venv)"
  # Nothing that would have to be built, because building runs what was downloaded.
  "$environment/bin/python3" -m pip --disable-pip-version-check install --quiet --only-binary :all: --require-hashes \
    --requirement "$requirements" >&2 || fail "the packages of $requirements could not be installed"
  touch "$environment/complete"
fi
echo "$environment/bin"

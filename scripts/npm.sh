#!/bin/sh
# Runs npm in web/, where it first installs the packages of the lock file, unless that was done. All presets share them.
# usage: npm.sh COMMAND...
set -eu
cd "$(dirname "$0")"
node_folder=$(./node-folder.sh)
export PATH="$node_folder:$PATH"
cd ../web

# Some packages have programs for one platform in them.
wanted=$(node -p 'const {createHash} = require("node:crypto"), {readFileSync} = require("node:fs");
  `${process.platform} ${process.arch} ${createHash("sha256").update(readFileSync("package-lock.json")).digest("hex")}`')
is_installed() {
  [ "$(cat node_modules/.installed 2>/dev/null)" = "$wanted" ]
}

if ! is_installed; then
  exec 8>.npm-lock
  if command -v flock >/dev/null; then flock 8; fi
  if ! is_installed; then
    echo "installing the packages of web/package-lock.json" >&2
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel error >&2 || {
      echo "error: npm could not install the packages of web/; -DW2S_WEB=OFF builds w2s without its pages" >&2
      exit 1
    }
    echo "$wanted" >node_modules/.installed
  fi
  exec 8>&-
fi
exec npm --loglevel error "$@"

#!/bin/sh
# Downloads one pinned file from PyPI (through pip, so that mirrors and proxies work). pip itself checks the hash, before
# anything of what it downloaded is run: reading a source package's metadata means running its build back end.
# usage: fetch-pypi.sh PACKAGE==VERSION SHA256 FILE [pip's further options]
set -eu
requirement=$1 sha256=$2 file=$3
shift 3

# Python, because sha256sum is not everywhere.
matches() {
  python3 -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' \
    "$1" "$sha256"
}

mkdir -p "$(dirname "$file")"
exec 9>"$file.lock"
if command -v flock >/dev/null; then flock 9; fi
if [ -f "$file" ] && matches "$file"; then exit 0; fi

folder=$(mktemp -d "$(dirname "$file")/download.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
echo "downloading $requirement" >&2
echo "$requirement --hash=sha256:$sha256" >"$folder/requirements.txt"
mkdir "$folder/files"
python3 -m pip --disable-pip-version-check download --quiet --no-deps --require-hashes --dest "$folder/files" "$@" \
  --requirement "$folder/requirements.txt" >&2
downloaded=$(find "$folder/files" -type f | head -n 1)
if ! matches "$downloaded"; then
  echo "error: $requirement: $(basename "$downloaded") does not have the pinned SHA-256 $sha256" >&2
  exit 1
fi
mv "$downloaded" "$file"

#!/bin/sh
# Makes sure that everything the build needs is installed. On Debian and its relatives it installs what is missing;
# elsewhere it lists it. Where nothing is missing it is instant and needs no network.
# usage: setup.sh [build] [mpi] [lint] [format] [fuzz] [browser] [clients]
set -eu

fail() {
  echo "error: $1" >&2
  exit 1
}

# The names of the Debian packages that were asked for.
packages_for() {
  for purpose in "$@"; do
    case $purpose in
      build)
        echo cmake ninja-build libeigen3-dev libcli11-dev nlohmann-json3-dev libsqlite3-dev libgtest-dev \
          libgmock-dev libbenchmark-dev libfmt-dev libtomlplusplus-dev libssl-dev libzip-dev \
          libcurl4-openssl-dev zlib1g-dev
        command -v c++ >/dev/null || echo g++
        command -v pkg-config >/dev/null || echo pkg-config
        command -v python3 >/dev/null || echo python3
        python3 -c 'import pip' 2>/dev/null || echo python3-pip
        ;;
      mpi) echo libopenmpi-dev openmpi-bin ;;
      format) echo clang-format-19 ;;
      fuzz) echo clang-19 libclang-rt-19-dev ;;
      browser)
        # Relatives of Debian have it as something else than a package, or not at all: the tests are skipped without it.
        if grep -q '^ID=debian' /etc/os-release; then echo chromium; fi
        echo fonts-dejavu-core
        ;;
      lint | clients) python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv ;;
      *) fail "setup.sh: unknown purpose \"$purpose\" (build, mpi, lint, format, fuzz, browser, clients)" ;;
    esac
  done
}

install_debian_packages() {
  missing=
  for package in "$@"; do
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing="$missing $package"
  done
  if [ -z "$missing" ]; then return; fi

  if [ "$(id -u)" = 0 ]; then
    as_root=env
  elif command -v sudo >/dev/null; then
    as_root="sudo env"
  else
    fail "missing packages, and neither root nor sudo to install them; as root: apt-get install$missing"
  fi
  echo "installing$missing" >&2
  apt_get="$as_root DEBIAN_FRONTEND=noninteractive apt-get --quiet -o DPkg::Lock::Timeout=600"
  # A new machine has no package lists, an old one stale ones.
  $apt_get update >&2 || echo "warning: apt-get update failed; trying with the package lists that are there" >&2
  $apt_get install --yes --no-install-recommends $missing >&2 ||
    fail "apt-get could not install$missing"
}

# has_header HEADER [FOLDER...]: the compiler finds it, or one of the usual places does.
has_header() {
  header=$1
  shift
  for folder in "" "$@"; do
    echo "#include <$header>" | c++ -std=c++20 -x c++ ${folder:+"-I$folder"} -I/usr/local/include \
      -I/opt/homebrew/include -fsyntax-only - 2>/dev/null && return
  done
  return 1
}

need() {
  what=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing
  $what"
}

list_what_is_missing() {
  missing=
  for purpose in "$@"; do
    case $purpose in
      build)
        need "a C++20 compiler, as c++" command -v c++
        need "CMake 3.25 or later" command -v cmake
        need "Ninja" command -v ninja
        need "pkg-config" command -v pkg-config
        need "Python 3 with pip, as python3" python3 -c "import pip"
        need "Eigen 3.4" has_header Eigen/Core /usr/include/eigen3 /usr/local/include/eigen3 \
          /opt/homebrew/include/eigen3
        need "CLI11" has_header CLI/CLI.hpp
        need "nlohmann-json" has_header nlohmann/json.hpp
        need "toml++" has_header toml++/toml.h
        need "fmt" has_header fmt/format.h
        need "SQLite 3" has_header sqlite3.h
        need "OpenSSL 3" has_header openssl/evp.h /opt/homebrew/opt/openssl/include
        need "libzip" has_header zip.h
        need "libcurl 7.85" has_header curl/curl.h
        need "zlib" has_header zlib.h
        need "GoogleTest with GoogleMock" has_header gmock/gmock.h
        need "Google Benchmark" has_header benchmark/benchmark.h
        ;;
      mpi) need "Open MPI, as mpicc and mpirun" command -v mpicc mpirun ;;
      lint) need "Python's venv" python3 -c "import ensurepip" ;;
      format) need "clang-format 19, as clang-format-19" command -v clang-format-19 ;;
      fuzz) need "clang 19 with libFuzzer, as clang++-19" command -v clang++-19 ;;
      browser) ;; # without one, scripts/browser-tests.sh says so
      clients) ;; # nor venv, scripts/client-tests.sh
    esac
  done
  [ -z "$missing" ] || fail "please install (with headers, where it is a library):$missing"
}

[ $# -gt 0 ] || set -- build
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
  packages=$(packages_for "$@")
  # shellcheck disable=SC2086  # one word a package
  install_debian_packages $packages
else
  list_what_is_missing "$@"
fi

#!/bin/bash
# build.sh [--type release|debug|asan|tsan|fuzz] [--clang] [TARGET...]: configures when needed, and builds.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

type=release compiler=gcc targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --type)
      type=${2:?--type needs a value}
      shift
      ;;
    --type=*) type=${1#*=} ;;
    --clang) compiler=clang ;;
    -*) die "build: no option '$1'" ;;
    *) targets+=("$1") ;;
  esac
  shift
done

options=(-Dbuildtype=debugoptimized)
case $type in
  release) folder=build ;;
  debug) folder=build-debug options=(-Dbuildtype=debug) ;;
  asan) folder=build-asan options+=(-Db_sanitize=address,undefined) ;;
  tsan) folder=build-tsan options+=(-Db_sanitize=thread) ;;
  fuzz) folder=build-fuzz options+=(-Db_sanitize=address,undefined -Dfuzz=true) ;;
  *) die "build: --type $type is not one of release, debug, asan, tsan, fuzz" ;;
esac
# libFuzzer is clang's, and the thread sanitizer of GCC 12 does not know atomic_thread_fence.
case $type in
  fuzz) compiler=clang ;;
  tsan)
    compiler=clang
    ;;
  *) [ "$compiler" = clang ] && folder+=-clang ;;
esac
if [ "$compiler" = clang ]; then
  export CXX="clang++"
  # A sanitized clang library leaves the run-time's symbols to the program.
  options+=(-Db_lundef=false)
fi
if command -v ccache >/dev/null && [ -z "${CXX:-}" ]; then export CXX="ccache g++"; fi
if command -v ccache >/dev/null && [ "${CXX:-}" = clang++ ]; then export CXX="ccache clang++"; fi

# What one clone has compiled serves the next one.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

if [ ! -f "$folder/build.ninja" ]; then
  run_with_progress "build: configure $folder" out/log/configure.log meson setup "${options[@]}" "$folder"
fi
run_with_progress "build: $folder" out/log/build.log ninja -C "$folder" "${targets[@]}"

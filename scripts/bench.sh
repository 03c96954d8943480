#!/bin/bash
# bench.sh [NAME [OPTION...]]: runs the benchmark NAME; without one, lists them. Those named ..._benchmark are Google
# Benchmark's: --check runs them only long enough to see that they work. The others are reports: --check fails on a
# missed target, --help lists their options.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

# FOLDER NAME of each executable() in benchmarks/, which needs no build folder.
targets() {
  local file
  for file in benchmarks/*/meson.build; do
    sed -n "s|.*\\bexecutable('\([a-z_]*\)'.*|$(dirname "$file") \1|p" "$file"
  done
}

# The first line of the file of its main().
about() { # FOLDER NAME
  local main=$1/$2.cpp
  [ -f "$main" ] || main=$1/$2_benchmark.cpp
  sed -n '1s|^// ||p' "$main"
}

list() {
  local folder name
  while read -r folder name; do printf '  %-18s %s\n' "$name" "$(about "$folder" "$name")"; done < <(targets)
}

name=${1:-}
if [ -z "$name" ]; then
  echo "usage: ./dev bench NAME [--check] [OPTION...]; benchmarks:"
  list
  exit 0
fi
folder=$(targets | awk -v name="$name" '$2 == name { print $1 }')
if [ -z "$folder" ]; then
  echo "bench: no benchmark '$name'; there are:" >&2
  list >&2
  exit 2
fi
shift

scripts/setup.sh
scripts/build.sh "$folder/$name"
arguments=()
for argument in "$@"; do
  if [ "$argument" = --check ] && [[ $name == *_benchmark ]]; then argument=--benchmark_min_time=0.001; fi
  arguments+=("$argument")
done
exec "build/$folder/$name" "${arguments[@]}"

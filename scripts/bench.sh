#!/bin/bash
# bench.sh [NAME] [OPTION...]: runs the benchmark NAME, or all of benchmarks/*/*_benchmark. The others are reports: of one,
# --check fails on a missed target (--help lists its options); of the first it runs each only long enough to see it work.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

name=''
case ${1:-} in '' | -*) ;; *) name=$1 && shift ;; esac

scripts/setup.sh
scripts/build.sh
mapfile -t programs < <(find build/benchmarks -maxdepth 2 -type f -executable -name "${name:-*_benchmark}" 2>/dev/null | sort)
if [ ${#programs[@]} -eq 0 ]; then
  die "bench: no benchmark '$name' in build/benchmarks; there are: $(find build/benchmarks -maxdepth 2 -type f -executable -printf '%f ' 2>/dev/null)"
fi
arguments=()
for argument in "$@"; do
  if [ "$argument" = --check ] && [[ ${programs[0]} == *_benchmark ]]; then argument=--benchmark_min_time=0.001; fi
  arguments+=("$argument")
done
for program in "${programs[@]}"; do
  echo "bench: ${program##*/}"
  "$program" "${arguments[@]}"
done

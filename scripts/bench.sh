#!/bin/bash
# bench.sh [NAME] [--check]: runs build/benchmarks/NAME, or all; --check runs each only long enough to see it work.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

name='' arguments=()
for argument in "$@"; do
  case $argument in
    --check) arguments+=(--benchmark_min_time=0.001) ;;
    -*) arguments+=("$argument") ;;
    *) name=$argument ;;
  esac
done

scripts/setup.sh
scripts/build.sh
mapfile -t programs < <(find build/benchmarks -maxdepth 2 -type f -executable -name "${name:-*}" 2>/dev/null | sort)
if [ ${#programs[@]} -eq 0 ]; then
  die "bench: no benchmark '${name:-*}' in build/benchmarks; there are: $(find build/benchmarks -maxdepth 2 -type f -executable -printf '%f ' 2>/dev/null)"
fi
for program in "${programs[@]}"; do
  echo "bench: ${program##*/}"
  "$program" "${arguments[@]}"
done

#!/bin/bash
# fuzz.sh [TARGET [SECONDS]]: runs one fuzz target, or each; findings and corpus stay in out/fuzz/TARGET.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

target=${1:-} seconds=${2:-20}
[ -z "$target" ] || target=fuzz_${target#fuzz_}
scripts/setup.sh
# The targets alone: tests and the program are not run here.
mapfile -t programs < <(sed -n "s|^  '\([a-z_]*\)': .*|fuzz_\1|p" fuzz/meson.build)
if [ -n "$target" ]; then
  [[ " ${programs[*]} " == *" $target "* ]] || die "fuzz: no target '$target'; there are: ${programs[*]}"
  programs=("$target")
fi
scripts/build.sh --type fuzz "${programs[@]/#/fuzz/}"
failed=0
for name in "${programs[@]}"; do
  corpus=out/fuzz/$name/corpus
  mkdir -p "$corpus"
  seeds=()
  [ -d "fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
  run_with_progress "fuzz: $name for $seconds s" "out/fuzz/$name/log" \
    "build-fuzz/fuzz/$name" -max_total_time="$seconds" -artifact_prefix="out/fuzz/$name/" "$corpus" "${seeds[@]}" || failed=1
done
exit "$failed"

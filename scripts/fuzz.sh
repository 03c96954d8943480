#!/bin/bash
# fuzz.sh [TARGET [SECONDS]]: runs one fuzz target, or each; findings and corpus stay in out/fuzz/TARGET.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

target=${1:-} seconds=${2:-20}
[ -z "$target" ] || target=fuzz_${target#fuzz_}
scripts/setup.sh
scripts/build.sh --type fuzz
mapfile -t programs < <(find build-fuzz/fuzz -maxdepth 1 -type f -executable -name "${target:-*}" 2>/dev/null | sort)
if [ ${#programs[@]} -eq 0 ]; then
  die "fuzz: no target '${target:-*}' in build-fuzz/fuzz; there are: $(find build-fuzz/fuzz -maxdepth 1 -type f -executable -printf '%f ' 2>/dev/null)"
fi
failed=0
for program in "${programs[@]}"; do
  name=${program##*/}
  corpus=out/fuzz/$name/corpus
  mkdir -p "$corpus"
  seeds=()
  [ -d "fuzz/corpus/$name" ] && seeds=("fuzz/corpus/$name")
  run_with_progress "fuzz: $name for $seconds s" "out/fuzz/$name/log" \
    "$program" -max_total_time="$seconds" -artifact_prefix="out/fuzz/$name/" "$corpus" "${seeds[@]}" || failed=1
done
exit "$failed"

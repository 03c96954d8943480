#!/bin/bash
# test.sh [--full]: sets up, builds, runs the unit tests and the guest scenarios; the last line is
# "N passed, M failed", where N counts test cases and guest runs.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

plan=tests/vm/plan.short
for argument in "$@"; do
  case $argument in
    --full) plan=tests/vm/plan.full ;;
    *) die "test: no option '$argument'" ;;
  esac
done

scripts/setup.sh
scripts/build.sh

passed=0 failed=0 failures=()

echo "test: unit tests"
# A test that hangs is ended; one that shares its cores with others is not.
meson test -C build --no-rebuild --print-errorlogs --timeout-multiplier 10 </dev/null || true
while read -r verdict name; do
  if [ "$verdict" = passed ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1)) failures+=("$name")
  fi
done < <(/usr/bin/env python3 scripts/test_cases.py build/meson-logs/testlog.json build/meson-logs/testlog.junit.xml)

while read -r line <&3; do
  mapfile -t words < <(xargs -n 1 <<<"$line")  # xargs understands quotes
  if tests/vm/run.sh "${words[@]}" </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1)) failures+=("vm $line")
  fi
done 3< <(sed 's/#.*//' "$plan" | grep -v '^[[:space:]]*$')

for failure in "${failures[@]}"; do echo "FAILED: $failure"; done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

#!/bin/bash
# vm.sh [SCENARIO [NAME=VALUE...]]: builds, then runs one scenario of tests/vm/scenarios in a guest kernel.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

# A wrong name is told before anything is installed or built.
list() {
  local script
  for script in tests/vm/scenarios/*.sh; do
    printf '  %-12s %s\n' "$(basename "$script" .sh)" "$(sed -n '1s/^# //p' "$script")"
  done
}

if [ $# -eq 0 ]; then
  echo "usage: ./dev vm SCENARIO [NAME=VALUE...]; scenarios:"
  list
  exit 0
fi
if [ ! -f "tests/vm/scenarios/$1.sh" ]; then
  echo "vm: no scenario '$1'; there are:" >&2
  list >&2
  exit 2
fi
scripts/setup.sh
scripts/build.sh
exec tests/vm/run.sh "$@"

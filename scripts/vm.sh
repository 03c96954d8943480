#!/bin/bash
# vm.sh [SCENARIO [NAME=VALUE...]]: builds, then runs one scenario of tests/vm/scenarios in a guest kernel.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

if [ $# -eq 0 ]; then
  echo "usage: ./dev vm SCENARIO [NAME=VALUE...]; scenarios:"
  for script in tests/vm/scenarios/*.sh; do
    printf '  %-10s %s\n' "$(basename "$script" .sh)" "$(sed -n '1s/^# //p' "$script")"
  done
  exit 0
fi
scripts/setup.sh
scripts/build.sh
exec tests/vm/run.sh "$@"

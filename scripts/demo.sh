#!/bin/bash
# demo.sh [ARGUMENTS]: sets up, builds and runs the demonstration.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

scripts/setup.sh
scripts/build.sh app/usbgw
[ -x build/app/usbgw ] || die "demo: the build made no build/app/usbgw"
exec build/app/usbgw demo "$@"

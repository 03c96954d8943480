# What scenarios are written with: sourced in the guest before the scenario, as root, in tests/vm.
# A scenario ends with "finish NAME FIGURES", which also runs the checks that hold for all of them.
set -u
. guest/wait.sh
. guest/checks.sh
. guest/usb.sh
. guest/net.sh
. guest/audio.sh
. guest/rights.sh
. guest/gateway.sh
. guest/usbip.sh
. guest/peers.sh

WORK=/run/work      # tmpfs: programs, recordings
KEEP=/run/keep      # tmpfs: copied to the results share when the scenario ends
BUILD=$USBGW_REPO/build
failures=0
case_name=none
say() { echo "[$(cut -d ' ' -f 1 /proc/uptime)] $*"; }

# A failed check does not end the scenario: the others are worth knowing too.
fault() {
  say "FAULT: $*"
  failures=$((failures + 1))
}

# Ends the scenario at once: what follows could not work.
abort() {
  say "ABORT: $*"
  show_logs
  exit 1
}

show_logs() {
  local log
  for log in "$KEEP"/*.log; do
    [ -s "$log" ] && [ "${log##*/}" != keys.log ] || continue
    echo "--- the end of ${log##*/}"
    tail -n 6 "$log"
  done
}

# take PROGRAM...: copies programs of the build to the tmpfs and runs each once, because guest time leaps
# while a program is paged in over 9p.
take() {
  local program
  for program in "$@"; do
    [ -x "$program" ] || abort "$program is not built"
    cp "$program" "$WORK/"
    timeout 5 "$WORK/${program##*/}" --help >/dev/null 2>&1
  done
}

# finish NAME FIGURES: the last line of the scenario and its exit code.
finish() {
  check_kernel_log
  [ "$failures" -eq 0 ] || show_logs
  echo "$1: $2$([ "$failures" -eq 0 ] || echo ", $failures FAULTS")"
  [ "$failures" -eq 0 ]
  exit
}

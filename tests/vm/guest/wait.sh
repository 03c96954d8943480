# Waiting with a limit. Limits are guest seconds.

uptime_seconds() { cut -d . -f 1 /proc/uptime; }

# wait_for SECONDS WHAT COMMAND...: true once COMMAND is; after SECONDS says that WHAT did not come.
wait_for() {
  local end=$(($(uptime_seconds) + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$(uptime_seconds)" -gt $end ]; then
      say "waited in vain for $what"
      return 1
    fi
    sleep 0.05
  done
}

ended() { ! kill -0 "$1" 2>/dev/null; }

# end_process PID: asks it to end, and kills it after 5 s (which is a fault).
end_process() {
  kill "$1" 2>/dev/null
  if ! wait_for 5 "process $1 to end" ended "$1"; then
    fault "process $1 ($(tr '\0' ' ' <"/proc/$1/cmdline" | cut -c 1-60)) had to be killed"
    kill -9 "$1"
  fi
  wait "$1" 2>/dev/null
}

# See hold_time in boot.sh. Between these two nothing is read from the machine that was not read before.
release_time() { [ ! -e /run/time_holder ] || kill -STOP "$(cat /run/time_holder)"; }
hold_time() { [ ! -e /run/time_holder ] || kill -CONT "$(cat /run/time_holder)"; }

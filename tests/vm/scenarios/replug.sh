# Unplugged mid-transfer, agent killed, host killed: the device comes back each time, and nothing stays behind.
#: clock plain
#: timeout 3000
# times=20 kinds="unplug agent host"
times=${times:-20}
# Nothing is judged by its timing here: the buffer outlasts 1.6 s in which a busy machine does nothing.
period=4800x16
prepare_gateway
start_audio
rounds=0
# Work that the kernel leaves to any CPU is done on the first, and a hub's where the unplugging is noticed.
echo 1 >/sys/devices/virtual/workqueue/cpumask

plug() { start_audio_device full $DEVICE_PORT; }

# Every other time the agent has the hub worker's CPU only, as on a small machine: its real-time thread
# must let the kernel take the device away.
pull_plug_under_agent() {
  [ $((round % 2)) = 0 ] || taskset -ap 1 "$agent_pid" >/dev/null
  pull_plug $DEVICE_PORT
  taskset -ap 3 "$agent_pid" >/dev/null
}

# Recording goes on while it happens; it may end with an error, but it must end. What ends before that, on
# a machine too busy for it, is started again.
record_in_background() {
  wait_for_card $GATEWAY_PORT || { fault "$kind $round: no sound card"; return 1; }
  record_pid=
  rm -f "$WORK/record.raw"
  wait_for 60 "the first samples" is_recording ||
    fault "$kind $round: nothing is recorded: $(tail -n 1 "$KEEP/arecord.log")"
}

is_recording() {
  [ -z "$record_pid" ] || ! ended "$record_pid" || record_pid=
  if [ -z "$record_pid" ]; then
    # shellcheck disable=SC2046
    timeout --kill-after=5 60 arecord $(pcm_arguments $period) -d 30 "$WORK/record.raw" >"$KEEP/arecord.log" 2>&1 &
    record_pid=$!
    return 1
  fi
  [ -s "$WORK/record.raw" ]
}

disturb() { # KIND
  case $1 in
    unplug)
      pull_plug_under_agent
      plug
      ;;
    agent)
      kill -9 "$agent_pid"
      wait "$agent_pid" 2>/dev/null
      start_agent
      ;;
    host)
      kill -9 "$host_pid"
      wait "$host_pid" 2>/dev/null
      start_host
      ;;
  esac
}

# The device works again when a second of it can be recorded, within 20 s: at first the old one may still
# be there.
record_a_second() {
  device_at_port $GATEWAY_PORT && card_folder $GATEWAY_PORT || return 1
  card=$(card_folder $GATEWAY_PORT | sed 's/.*card//')
  # shellcheck disable=SC2046
  timeout --kill-after=5 10 arecord $(pcm_arguments $period) -d 1 "$WORK/again.raw" >"$KEEP/again.log" 2>&1
}

check_usable() {
  wait_for 20 "a device that records" record_a_second ||
    fault "$kind $round: not usable again: $(tail -n 1 "$KEEP/again.log")"
}

plug
start_gateway "$(device_id_at_port $DEVICE_PORT)"
for kind in ${kinds:-unplug agent host}; do
  for round in $(seq "$times"); do
    say "$kind $round"
    record_in_background || abort "the device is gone"
    disturb $kind
    wait_for 20 "the recording to end" ended "$record_pid" || fault "$kind $round: the recording goes on"
    check_usable
    rounds=$((rounds + 1))
    [ "$failures" -eq 0 ] || break 2
  done
done
stop_gateway
end_process "$device_pid"
sleep 20
check_no_vhci_port_in_use 1
check_no_process_in_d
finish replug "$rounds rounds of ${kinds:-unplug agent host}"

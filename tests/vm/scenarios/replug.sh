# Unplugged mid-transfer, agent killed, host killed: the device comes back each time, and nothing stays behind.
#: clock plain
#: timeout 3000
# times=20 kinds="unplug agent host"
times=${times:-20}
prepare_gateway
start_audio
rounds=0

plug() { start_audio_device full $DEVICE_PORT; }

# Recording goes on while it happens; it may end with an error, but it must end.
record_in_background() {
  wait_for_card $GATEWAY_PORT || { fault "$kind $round: no sound card"; return 1; }
  # shellcheck disable=SC2046
  timeout --kill-after=5 60 arecord $(pcm_arguments 480x4) -d 5 "$WORK/record.raw" >"$KEEP/arecord.log" 2>&1 &
  record_pid=$!
  sleep 1
}

disturb() { # KIND
  case $1 in
    unplug)
      kill -9 "$device_pid"
      wait "$device_pid" 2>/dev/null
      wait_for 10 "free device port" port_is_free $DEVICE_PORT || fault "$kind $round: the device's port is not freed"
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

port_is_free() { ! vhci_ports_in_use | grep -qx "$1"; }

# The device works again when a second of it can be recorded, within 20 s: at first the old one may still
# be there.
record_a_second() {
  device_at_port $GATEWAY_PORT && card_folder $GATEWAY_PORT || return 1
  card=$(card_folder $GATEWAY_PORT | sed 's/.*card//')
  # shellcheck disable=SC2046
  timeout --kill-after=5 10 arecord $(pcm_arguments 480x4) -d 1 "$WORK/again.raw" >"$KEEP/again.log" 2>&1
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
    wait "$record_pid"
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

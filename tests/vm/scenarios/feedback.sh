# Clocks that differ by 100 ppm: with implicit and with explicit feedback, no buffer fills or empties.
#: clock virtual
#: timeout 9000
# seconds=60 devices="uac2-implicit uac2" rates="44100 48000" clocks="crystal bus" ppm=100 period=128x2
ppm=${ppm:-100}
period=${period:-128x2}
seconds=${seconds:-60}
LEVEL_MS=1 # how far a level may be from where it began
most=0

# note_level WHAT MS...: how far it was from its start.
note_level() {
  local each
  for each in "${@:2}"; do
    each=${each#-}
    awk "BEGIN { exit !($each <= $LEVEL_MS) }" || fault "$1 moved by $each ms"
    most=$(printf '%s\n%s\n' "$most" "$each" | sort -g | tail -n 1)
  done
}

# The device's buffer began with nothing; frames are as many milliseconds at its rate.
judge_device_level() {
  local least greatest
  least=$(awk "BEGIN { printf \"%.3f\", $(device_figure out.fifo_min) * 1000 / $RATE }")
  greatest=$(awk "BEGIN { printf \"%.3f\", $(device_figure out.fifo_max) * 1000 / $RATE }")
  say "the device's buffer: $least to $greatest ms from its start"
  note_level "the device's buffer" "$least" "$greatest"
  [ "$(device_figure out.runs)" = 1 ] || fault "the device was played $(device_figure out.runs) streams"
}

# As the host's status tells it, in ns.
agent_level() { # KEY
  /usr/bin/python3 guest/json_value.py "$KEEP/status_${case_name}_host.json" \
    "attachments.0.streams.direction=out.agent_fifo.$1"
}

judge_agent_level() {
  local least greatest start
  start=$(agent_level start_ns)
  [ "$start" -gt 0 ] || { fault "no level of the agent's FIFO"; return; }
  least=$(awk "BEGIN { printf \"%.3f\", ($(agent_level least_ns) - $start) / 1e6 }")
  greatest=$(awk "BEGIN { printf \"%.3f\", ($(agent_level most_ns) - $start) / 1e6 }")
  say "the agent's FIFO: $least to $greatest ms from its start of $(awk "BEGIN { printf \"%.3f\", $start / 1e6 }") ms"
  note_level "the agent's FIFO" "$least" "$greatest"
}

feedback_case() { # DEVICE CLOCK
  case_name=$1_${RATE}_$2
  say "duplex $period, $1 at $RATE Hz, $2 $ppm ppm fast"
  start_softdevice $DEVICE_PORT "$1" --rate $RATE "--$2-ppm" "$ppm"
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  audio_case duplex $period "$seconds"
  [ "$case_xruns" -eq 0 ] || fault "$case_xruns XRUNs"
  stop_gateway
  stop_audio_device "$(played_frames duplex "$seconds")"
  judge_agent_level
  judge_device_level
  check_no_vhci_port_in_use
}

prepare_gateway
start_audio
warm_up_gateway
cases=0
for rate in ${rates:-44100 48000}; do
  RATE=$rate
  for clock in ${clocks:-crystal bus}; do
    for device in ${devices:-uac2-implicit uac2}; do
      feedback_case $device $clock
      cases=$((cases + 1))
    done
  done
done
finish feedback "$cases cases of $seconds s, $(figures); levels within $most ms of their start"

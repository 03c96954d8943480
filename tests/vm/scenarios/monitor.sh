# Monitoring latency (device, application, device) beside a local bus, and beside what the simulation says.
#: clock virtual
#: timeout 3600
# seconds=30 periods="64x2 32x2"
seconds=${seconds:-30}
playout_mode=fixed playout=500us
SETTLING=2  # seconds, as in the simulation
WITHIN_MS=1 # of what the simulation says
STARTS=5    # simulated: from one start to the next the streams' phase differs, and the latency with it

monitor_device() { start_softdevice $DEVICE_PORT uac2 --settling $SETTLING; }

# run_client PERIODxCOUNT: at the card; the client's own figures are in its log.
run_client() {
  local log=$KEEP/client_$case_name.log client
  release_time
  limited "$seconds" chrt -f 30 "$WORK/monitor_client" "hw:$card,0" $RATE "${1%x*}" "${1#*x}" $((seconds + SETTLING)) >"$log" 2>&1 &
  client=$!
  await_program $client "the client"
  hold_time
  say "$case_name: the client: $(tail -n 1 "$log")"
}

# measured WHERE: what the device has timed, in ms, to p50_WHERE and max_WHERE.
measured() {
  stop_audio_device 0
  [ "$(device_figure round_trip.count)" -gt 1000 ] || fault "$case_name: nothing came back"
  printf -v "p50_$1" %.2f "$(device_figure round_trip.p50_us)e-3"
  printf -v "max_$1" %.2f "$(device_figure round_trip.max_us)e-3"
  check_no_vhci_port_in_use
}

local_case() { # PERIODxCOUNT
  case_name=local_$1
  drivers=yes monitor_device
  wait_for_card $DEVICE_PORT || abort "no sound card"
  run_client "$1"
  measured local
}

gateway_case() { # PERIODxCOUNT
  case_name=gateway_$1
  monitor_device
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  run_client "$1"
  stop_gateway
  measured gateway
}

# measure_lateness PERIODxCOUNT: how late threads wake while the gateway carries that client, to lateness.
measure_lateness() {
  local client
  case_name=lateness_$1
  lateness=$KEEP/lateness_$1.json
  monitor_device
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  release_time
  limited 6 chrt -f 30 "$WORK/monitor_client" "hw:$card,0" $RATE "${1%x*}" "${1#*x}" 6 >"$KEEP/client_$case_name.log" 2>&1 &
  client=$!
  sleep 2
  "$WORK/monitor" --measure "$lateness" --seconds 3 || abort "no measurement of wake-ups"
  await_program $client "the client"
  hold_time
  stop_gateway
  stop_audio_device 0
}

# What ./dev bench monitor says for a machine that is so late.
simulate() { # PERIODxCOUNT
  local start
  measure_lateness "$1"
  release_time
  for ((start = 1; start <= STARTS; start++)); do
    "$WORK/monitor" --look 0 --machine "$lateness" --only "$1, clean LAN, B" --seconds 2 --seed "$start" --json \
      >"$KEEP/simulation_$1_$start.json" 2>"$KEEP/simulation.log" || abort "the simulation: $(tail -n 1 "$KEEP/simulation.log")"
  done
  hold_time
  say "simulation: $(/usr/bin/python3 guest/json_value.py "$KEEP/simulation_$1_1.json" machines)"
}

# simulated PERIODxCOUNT: the greatest latency of all starts, in ms.
simulated() {
  local start
  for ((start = 1; start <= STARTS; start++)); do
    /usr/bin/python3 guest/json_value.py "$KEEP/simulation_$1_$start.json" "cases.name=$1, clean LAN, B.max_ns"
  done | sort -g | awk 'END { printf "%.2f", $1 / 1e6 }'
}

# Three runs of the same client: their greatest latencies side by side.
compare() { # PERIODxCOUNT
  local max_simulated
  local_case "$1"
  gateway_case "$1"
  simulate "$1"
  max_simulated=$(simulated "$1")
  say "$1: p50 $p50_gateway, max $max_gateway ms; local p50 $p50_local, max $max_local ms;" \
    "simulated max $max_simulated ms"
  awk "BEGIN { exit !($max_gateway - $max_simulated <= $WITHIN_MS && $max_simulated - $max_gateway <= $WITHIN_MS) }" ||
    fault "$1: $max_gateway ms, which the simulation says is $max_simulated ms"
  table+="${table:+; }$1 max $max_gateway ms, local $max_local ms, simulated $max_simulated ms"
}

# As the simulation's clean LAN.
prepare_gateway delay 250us
start_audio
take "$BUILD/tests/vm/monitor_client" "$BUILD/benchmarks/timing/monitor"
# shellcheck disable=SC2046
make_resident $(libraries_of "$WORK/monitor_client" "$WORK/monitor")
warm_up_gateway
table=
for period in ${periods:-64x2 32x2}; do
  compare $period
done
finish monitor "$table"

# The programs between the device and the card: the plain URB relay, or usbgw as agent and host.

# Addresses of the dataplane ports: usbgw's own, not the kernel's.
AGENT_DATA=10.77.0.11 HOST_DATA=10.77.0.12
# What a scenario may change before it starts the gateway.
agent_port=af_packet:data0 host_port=af_packet:data0 mtu=9000 playout=2ms playout_max=50ms playout_mode=adaptive
agent_extra='' host_extra=''

# usbgw, and what it loads at start: DPDK's drivers are read from the disk when EAL starts.
take_usbgw() {
  local program=${usbgw:-$BUILD/app/usbgw}
  take "$program"
  [ "${program##*/}" = usbgw ] || mv "$WORK/${program##*/}" "$WORK/usbgw"
  cat /usr/lib/x86_64-linux-gnu/dpdk/pmds-*/*.so >/dev/null 2>&1
}

make_keys() {
  (cd "$WORK" && ./usbgw keys init --directory keys && ./usbgw keys issue agent --directory keys &&
    ./usbgw keys issue host --directory keys) >"$KEEP/keys.log" 2>&1 || abort "usbgw keys: $(tail -n 1 "$KEEP/keys.log")"
}

node_sections() { # NAME PORT ADDRESS
  cat <<TOML
[node]
name = "$1"
user = "$GATEWAY_USER"

[dataplane]
port = "$2"
$([ -z "$3" ] || echo "address = \"$3/24\"")
mtu = $mtu

[security]
ca = "$WORK/keys/authority.pem"
certificate = "$WORK/keys/$1.pem"
key = "$WORK/keys/$1.key"

[workers]
idle = "adaptive"
realtime = 50
idle_sleep = "100us"

[admin]
socket = "$WORK/$1.sock"

[log]
level = "info"

[audit]
file = "$KEEP/$1.audit"

TOML
}

write_agent_config() { # DEVICE (vendor:product)
  {
    node_sections agent "$agent_port" "$AGENT_DATA"
    cat <<TOML
[control]
listen = "$AGENT_CONTROL:7443"

[[export]]
device = "$1"

[[allow]]
device = "$1"
peer = "host"

$agent_extra
TOML
  } >"$KEEP/agent.toml"
}

write_host_config() { # DEVICE VHCI_PORT
  {
    node_sections host "$host_port" "$HOST_DATA"
    cat <<TOML
[[peer]]
name = "agent"
control = "$AGENT_CONTROL:7443"

[[attach]]
peer = "agent"
device = "$1"
vhci_port = $2
mode = "$playout_mode"
playout = "$playout"
playout_max = "$playout_max"

$host_extra
TOML
  } >"$KEEP/host.toml"
}

start_agent() {
  ip netns exec agent "$WORK/usbgw" --config "$KEEP/agent.toml" >>"$KEEP/agent.log" 2>&1 &
  agent_pid=$!
}

start_host() {
  ip netns exec host "$WORK/usbgw" --config "$KEEP/host.toml" >>"$KEEP/host.log" 2>&1 &
  host_pid=$!
}

# start_gateway DEVICE [PORT]: both sides, for the device with this vendor:product; it comes to PORT.
start_gateway() {
  local port=${2:-$GATEWAY_PORT}
  write_agent_config "$1"
  write_host_config "$1" "$port"
  start_agent
  start_host
  wait_for_device "$port" || abort "the gateway brings no device to vhci port $port"
}

# What both sides say of themselves, kept with the results.
keep_status() { # NAME
  local side
  for side in agent host; do
    "$WORK/usbgw" status --json --socket "$WORK/$side.sock" >"$KEEP/status_$1_$side.json" 2>>"$KEEP/status.log"
  done
}

stop_gateway() {
  keep_status "${case_name:-none}"
  check_rights "$agent_pid"
  check_rights "$host_pid"
  check_vhci_priorities
  end_process "$host_pid"
  end_process "$agent_pid"
}

# What a case that was given up has left running.
stop_leftovers() {
  local pid
  for pid in $(pgrep -x usbgw); do kill -9 "$pid"; done
  sleep 1
}

# The vendor:product of the device at a vhci port.
device_id_at_port() {
  local folder
  folder=/sys/bus/usb/devices/$(usb_name_at_port "$1") || return 1
  echo "$(cat "$folder/idVendor"):$(cat "$folder/idProduct")"
}

# All that stands before the first case of a scenario that goes through the gateway. NETEM: see net.sh.
prepare_gateway() { # [NETEM...]
  start_usb
  take_usbgw
  make_gateway_user
  if [ $# -gt 0 ]; then join_through_bridge "$@"; else join_directly; fi
  start_udevd agent
  make_keys
}

# gateway_audio_case DIRECTION SPEED PERIODxCOUNT SECONDS: device, agent, host and card for one run, whose
# results are named after case_prefix and these.
gateway_audio_case() {
  case_name=${case_prefix:-}$1_$2_$3
  say "$1 $3, $2 speed, through usbgw"
  start_audio_device "$2" $DEVICE_PORT
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  audio_case "$1" "$3" "$4"
  stop_gateway
  stop_audio_device "$(played_frames "$1" "$4")"
  check_no_vhci_port_in_use
}

warm_up_gateway() {
  start_audio_device full $DEVICE_PORT
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  warm_up_audio $GATEWAY_PORT
  stop_gateway
  stop_audio_device 0
}

# start_relay DEVICE_PORT GATEWAY_PORT: relay_pid.
start_relay() {
  local name
  name=$(usb_name_at_port "$1") || abort "no device at vhci port $1"
  # Real-time priority as the gateway's own USB worker has it.
  chrt -f 50 "$WORK/urb_relay" "$name" "$2" >>"$KEEP/relay.log" 2>&1 &
  relay_pid=$!
}

# relay_case DIRECTION SPEED PERIODxCOUNT SECONDS: one run through the plain relay; sets case_xruns.
relay_case() {
  local baseline=yes
  case_name=relay_$1_$2_$3
  say "$1 $3, $2 speed, through the plain relay"
  start_audio_device "$2" $DEVICE_PORT
  start_relay $DEVICE_PORT $GATEWAY_PORT
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the relay"
  audio_case "$1" "$3" "$4"
  end_process "$relay_pid"
  stop_audio_device "$(played_frames "$1" "$4")"
  check_no_vhci_port_in_use
}

# Everything in memory before something is judged.
warm_up_relay() {
  start_audio_device full $DEVICE_PORT
  start_relay $DEVICE_PORT $GATEWAY_PORT
  warm_up_audio $GATEWAY_PORT
  end_process "$relay_pid"
  stop_audio_device 0
}

# Every period and speed in one direction; at 64x2 no more XRUNs than the plain relay has, else none.
gateway_audio_scenario() { # play|record|duplex
  local speed period gateway_xruns
  start_audio
  take "$BUILD/tests/vm/urb_relay"
  warm_up_gateway
  for speed in ${speeds:-full high}; do
    for period in ${periods:-64x2 128x2 480x4}; do
      gateway_audio_case "$1" "$speed" "$period" "${seconds:-30}"
      if [ "$period" != 64x2 ]; then
        [ "$case_xruns" -eq 0 ] || fault "$case_xruns XRUNs at $period, $speed speed"
        continue
      fi
      gateway_xruns=$case_xruns
      local kept="$samples $missing $repeated $altered $xrun_count"
      relay_case "$1" "$speed" "$period" "${seconds:-30}"
      read -r samples missing repeated altered xrun_count <<<"$kept"
      say "64x2, $speed speed: $gateway_xruns XRUNs, the plain relay $case_xruns"
      [ "$gateway_xruns" -le "$case_xruns" ] || fault "more XRUNs at 64x2 than the plain relay"
    done
  done
}

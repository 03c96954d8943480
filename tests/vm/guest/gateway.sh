# The programs between the device and the card: the plain URB relay, or usbgw as agent and host.

take_usbgw() { take "${usbgw:-$BUILD/app/usbgw}"; }

# start_relay DEVICE_PORT GATEWAY_PORT: relay_pid.
start_relay() {
  local name
  name=$(usb_name_at_port "$1") || abort "no device at vhci port $1"
  # Real-time priority as the gateway's own USB worker has it.
  chrt -f 45 "$WORK/urb_relay" "$name" "$2" >"$KEEP/relay.log" 2>&1 &
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

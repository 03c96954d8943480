# Stock usbip and usbgw by turns: the same software device, namespaces and programs.

# The server is in namespace agent, for the whole scenario.
start_peer_usbip() {
  usbip_server=$AGENT_CONTROL usbip_client="ip netns exec host"
  start_usbipd ip netns exec agent
}

kernel_threads() { pgrep '^(vhci|stub)_[rt]x$'; }

# Everything that carries: processes, and those threads of the kernel that came with the attachment.
# ksoftirqd moves frames, for both.
carrying_threads() {
  local pid
  for pid in "$@"; do ls "/proc/$pid/task"; done
  kernel_threads | grep -vxF "$device_threads"
  pgrep '^ksoftirqd/'
}

# plug_in PEER: $device, carried by the peer to IMPORT_PORT; carriers are its processes.
plug_in() {
  if [ "$1" = usbip ]; then
    export_device "$device"
    device_threads=$(kernel_threads)
    import_device
    carriers=$usbipd_pid
  else
    start_softdevice $GATEWAY_PORT "$device"
    device_threads=$(kernel_threads)
    start_gateway "$(device_id_at_port $GATEWAY_PORT)" $IMPORT_PORT
    wait_for_card $IMPORT_PORT || abort "no sound card behind the gateway"
    carriers="$agent_pid $host_pid"
  fi
}

pull_out() { # PEER
  if [ "$1" = usbip ]; then
    release_device
    unexport_device
  else
    stop_gateway
    end_process "$device_pid"
    check_no_vhci_port_in_use
  fi
  cp "$WORK/device.json" "$KEEP/device_$case_name.json"
}

# The number after NAME= in a text, or 0.
number_in() { # NAME TEXT
  local found
  found=$(grep -o "\b$1=[0-9]*" <<<"$2") && echo "${found#*=}" || echo 0
}

# sound_case PEER: duplex of $seconds at $period. usbip is what usbgw is compared with: its faults are told, not
# judged. Nor are usbgw's samples with samples_judged=no, where the network loses some.
sound_case() {
  local baseline=no verdict
  { [ "$1" = usbgw ] && [ "${samples_judged:-yes}" = yes ]; } || baseline=yes
  plug_in "$1"
  start_wire_probe
  audio_case duplex "$period" "$seconds"
  # shellcheck disable=SC2046,SC2086
  cpu=$(cpu_seconds_per_minute $(carrying_threads $carriers))
  pull_out "$1"
  stop_wire_probe "$([ "$1" = usbgw ] && echo data0 || echo control0)"
  verdict=$("$WORK/audio_judge" check $((seconds * RATE)) "$WORK/record.raw")
  missing_in=$((seconds * RATE - $(number_in frames "$verdict") + $(number_in missing "$verdict")))
  missing_out=$((seconds * RATE - $(device_figure out.counted)))
  starved=$(device_figure out.starved)
  eio=$(cat "$KEEP/aplay.log" "$KEEP/arecord.log" | grep -ac 'Input/output error')
}

# A short playing over each port type but PCI (see vfio): af_packet, af_xdp, tap, memif, ring.
#: clock virtual
#: timeout 1800
# types="af_packet af_xdp tap memif ring" seconds=5 period=480x4 speed=full
types=${types:-af_packet af_xdp tap memif ring}
seconds=${seconds:-5} period=${period:-480x4}
prepare_gateway
start_audio
load_modules tun bridge

# A tap's other end is the kernel, which bridges it to the veth.
bridge_tap() { # NAMESPACE
  ip -n "$1" link add bridge-tap type bridge
  ip -n "$1" link set bridge-tap mtu 1500 up
  ip -n "$1" link set data0 master bridge-tap
  wait_for 20 "the tap in $1" ip -n "$1" link show usbgw0 || return 1
  ip -n "$1" link set usbgw0 master bridge-tap up
}

choose_port() { # TYPE
  AGENT_DATA=10.77.0.11 HOST_DATA=10.77.0.12 mtu=1500
  case $1 in
    af_packet) agent_port=af_packet:data0 host_port=af_packet:data0 ;;
    af_xdp)
      # It shares the kernel's interface, address and neighbours; XDP on veth wants MTU 3498 or less.
      ip -n agent link set data0 mtu 1500
      ip -n host link set data0 mtu 1500
      ip -n agent address add $AGENT_ADDRESS/24 dev data0
      ip -n host address add $HOST_ADDRESS/24 dev data0
      agent_port=af_xdp:data0 host_port=af_xdp:data0 AGENT_DATA=$AGENT_ADDRESS HOST_DATA=$HOST_ADDRESS
      ;;
    tap) agent_port=tap:usbgw0 host_port=tap:usbgw0 ;;
    memif) agent_port=memif:$WORK/memif.sock,server host_port=memif:$WORK/memif.sock,client ;;
  esac
}

# Both roles in one process, which is the only way a ring can be used.
start_ring() { # DEVICE
  {
    node_sections both ring ''
    cat <<TOML
[control]
listen = "127.0.0.1:7443"
[[export]]
device = "$1"
[[allow]]
device = "$1"
[[peer]]
name = "both"
control = "127.0.0.1:7443"
[[attach]]
peer = "both"
device = "$1"
vhci_port = $GATEWAY_PORT
mode = "$playout_mode"
playout = "$playout"
TOML
  } >"$KEEP/both.toml"
  ip netns exec agent "$WORK/usbgw" --config "$KEEP/both.toml" >>"$KEEP/both.log" 2>&1 &
  agent_pid=$!
  wait_for_device $GATEWAY_PORT || abort "the gateway brings no device to vhci port $GATEWAY_PORT"
}

start_over() { # TYPE DEVICE
  if [ "$1" = ring ]; then
    start_ring "$2"
    return
  fi
  choose_port "$1"
  write_agent_config "$2"
  write_host_config "$2" $GATEWAY_PORT
  start_agent
  [ "$1" != tap ] || bridge_tap agent || abort "the agent makes no tap"
  start_host
  [ "$1" != tap ] || bridge_tap host || abort "the host makes no tap"
  wait_for_device $GATEWAY_PORT || abort "the gateway brings no device to vhci port $GATEWAY_PORT"
}

played=
(cd "$WORK" && ./usbgw keys issue both --directory keys) >>"$KEEP/keys.log" 2>&1
for type in warm-up $types; do
  say "playing over $type"
  case_name=$type
  start_audio_device ${speed:-full} $DEVICE_PORT
  if [ $type = warm-up ]; then
    start_over af_packet "$(device_id_at_port $DEVICE_PORT)"
    warm_up_audio $GATEWAY_PORT
    stop_gateway
    stop_audio_device 0
    continue
  fi
  start_over $type "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card over $type"
  audio_case play $period $seconds
  [ $case_xruns -eq 0 ] || fault "$case_xruns XRUNs over $type"
  # The XDP program has to be taken off the interface at the end.
  [ $type = af_xdp ] && GATEWAY_CAPABILITIES=$((1 << 23 | 1 << 12))
  check_rights "$agent_pid"
  if [ $type != ring ]; then
    check_rights "$host_pid"
    end_process "$host_pid"
  fi
  end_process "$agent_pid"
  GATEWAY_CAPABILITIES=$((1 << 23))
  ! ip -n agent link show data0 | grep xdp || fault "an XDP program is left over"
  stop_audio_device "$(played_frames play $seconds)"
  check_no_vhci_port_in_use
  played+=" $type"
done
finish ports "$(figures) over$played"

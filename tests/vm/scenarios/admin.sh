# list, attach, status, detach and doctor on a running host, with and without --json; a second host and a stranger.
#: clock plain
#: timeout 600
prepare_gateway
RIVAL_DATA=10.77.0.13
checks=0

# check WHAT COMMAND...
check() {
  local what=$1
  shift
  checks=$((checks + 1))
  "$@" >"$KEEP/check.log" 2>&1 || fault "$what: $(tail -n 3 "$KEEP/check.log")"
}

# says TEXT COMMAND...: the command's output has the text. refuses TEXT COMMAND...: and it fails, in one line.
says() {
  local text=$1
  shift
  "$@" 2>&1 | tee "$KEEP/said.log"
  grep -qF -- "$text" "$KEEP/said.log"
}
refuses() {
  local text=$1
  shift
  ! "$@" >"$KEEP/said.log" 2>&1 || { echo "it succeeded"; return 1; }
  cat "$KEEP/said.log"
  [ "$(wc -l <"$KEEP/said.log")" = 1 ] && grep -qF -- "$text" "$KEEP/said.log"
}
host() { "$WORK/usbgw" "$@" --socket "$WORK/host.sock"; }
rival() { "$WORK/usbgw" "$@" --socket "$WORK/rival.sock"; }
is_json() { "$@" | /usr/bin/python3 -m json.tool; }

agent_extra='[[export]]
device = "software:uac1"
[[allow]]
device = "software:uac1"'
write_agent_config software:hid
sed -i '/^peer = "host"/d' "$KEEP/agent.toml"
write_plain_host() { # NAME ADDRESS
  node_sections "$1" af_packet:data0 "$2" | sed 's/^name = .*/&\nroles = ["host"]/'
  printf '[[peer]]\nname = "agent"\ncontrol = "%s:7443"\n' "$AGENT_CONTROL"
}
write_plain_host host "$HOST_DATA" >"$KEEP/host.toml"
write_plain_host rival $RIVAL_DATA >"$KEEP/rival.toml"
(cd "$WORK" && ./usbgw keys issue rival --directory keys) >>"$KEEP/keys.log" 2>&1
start_agent
start_host
ip netns exec host "$WORK/usbgw" --config "$KEEP/rival.toml" >>"$KEEP/rival.log" 2>&1 &
rival_pid=$!

is_listed() { says free "$1" list; }
wait_for 90 "the agent's exports" is_listed host || abort "no list: $(cat "$KEEP/said.log")"
check "list names both" says software:uac1 host list
check "list --json" is_json host list --json
check "attach" says software:hid host attach software:hid --vhci-port $GATEWAY_PORT
check "it is there" wait_for_device $GATEWAY_PORT
check "attach it again" refuses already host attach software:hid
check "the rival is connected" wait_for 90 "its list" is_listed rival
check "the rival is told who has it" refuses host rival attach software:hid
check "what nobody exports" refuses "exports no" host attach dead:beef
check "list shows the holder" says host rival list
check "attach --json" is_json host attach software:uac1 --json
check "status" says software:hid host status
check "status --json" is_json host status --json
check "the agent's status --json" is_json "$WORK/usbgw" status --json --socket "$WORK/agent.sock"
doctor() { ip netns exec host "$WORK/usbgw" doctor --config "$KEEP/host.toml" "$@" 2>&1 | tee -a "$KEEP/doctor.txt"; }
check "doctor knows the way to the agent" says "each way costs half the RTT and the jitter" doctor
check "doctor says who the node is" says "then it is $GATEWAY_USER with CAP_SYS_NICE" doctor
check "doctor --json" is_json doctor --json
check "detach" says software:hid host detach software:hid
check "detach what is not attached" refuses "not attached" host detach software:hid
check "the rival gets it now" says software:hid rival attach software:hid
check "detach --json" is_json host detach software:uac1 --json
check "the rival gives it back" says software:hid rival detach software:hid
check "no such socket" refuses "$WORK/nobody.sock" "$WORK/usbgw" list --socket "$WORK/nobody.sock"

# A stranger with keys of another authority gets nothing.
(cd "$WORK" && ./usbgw keys init --directory strange && ./usbgw keys issue host --directory strange) >>"$KEEP/keys.log" 2>&1
end_process "$host_pid"
sed -i "s#$WORK/keys/#$WORK/strange/#" "$KEEP/host.toml"
start_host
has_reason() { says certificate host list; }
check "a stranger is told why" wait_for 60 "a reason" has_reason
check "its attach is refused with the reason" refuses certificate host attach software:hid
end_process "$rival_pid"
stop_gateway
check_no_vhci_port_in_use
finish admin "$checks checks"

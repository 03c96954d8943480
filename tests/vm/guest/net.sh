# Network namespaces "agent" and "host", joined by a veth pair or by a bridge that impairs.

AGENT_ADDRESS=10.77.0.1 HOST_ADDRESS=10.77.0.2          # dataplane
AGENT_CONTROL=10.78.0.1 HOST_CONTROL=10.78.0.2          # TLS channel, on the kernel's stack

links="data0 control0" # what joins the two; a scenario with two paths adds data1

interface_up() { # NAMESPACE INTERFACE [ADDRESS/LENGTH]
  ip -n "$1" link set "$2" up mtu 9000
  [ -z "${3:-}" ] || ip -n "$1" address add "$3" dev "$2"
}

make_namespaces() {
  load_modules veth af_packet
  local side
  for side in agent host; do
    ip netns add $side
    ip -n $side link set lo up
  done
}

# Direct links: data0 (and data1) for the dataplane (no address: usbgw has its own there), control0 for TCP.
join_directly() {
  make_namespaces
  local link
  for link in $links; do
    ip -n agent link add $link type veth peer name $link netns host
  done
  bring_links_up
}

bring_links_up() {
  local link
  for link in $links; do
    [ $link != control0 ] || continue
    interface_up agent $link
    interface_up host $link
  done
  interface_up agent control0 $AGENT_CONTROL/24
  interface_up host control0 $HOST_CONTROL/24
  quieten
}

# join_through_bridge NETEM...: the same links, each through a bridge in namespace "between", whose
# ports delay and lose in both directions by NETEM (as "delay 4ms 2ms loss 0.7%"). An AF_PACKET port
# bypasses the queueing of its own interface, so the impairment has to be in the middle.
join_through_bridge() {
  load_modules veth af_packet bridge sch_netem
  make_namespaces
  ip netns add between
  local link side
  for link in $links; do
    ip -n between link add bridge-$link type bridge
    interface_up between bridge-$link
    for side in agent host; do
      ip -n $side link add $link type veth peer name $side-$link netns between
      interface_up between $side-$link
      ip -n between link set $side-$link master bridge-$link
      ip netns exec between tc qdisc add dev $side-$link root netem limit 20000 "$@"
    done
  done
  bring_links_up
}

# Changes what the bridges do: set_impairment NETEM...
set_impairment() {
  local link side
  for link in $links; do
    for side in agent host; do
      ip netns exec between tc qdisc replace dev $side-$link root netem limit 20000 "$@"
    done
  done
}

# uniform_delay RTT-US J-US: the NETEM of a path whose fastest round trip is RTT and whose one-way delay
# varies uniformly within J. Without a distribution netem draws uniformly from DELAY - VARIATION to DELAY +
# VARIATION, each frame for itself, so frames overtake each other. keeps_order=yes: a rate makes netem a
# queue, where a frame leaves after those before it (so the delay is no longer uniform).
uniform_delay() {
  echo "delay $(($1 / 2 + $2 / 2))us$([ "$2" -eq 0 ] || echo " $(($2 / 2))us")$([ "${keeps_order:-no}" = no ] || echo " rate 10gbit")"
}

# start_wire_probe, stop_wire_probe LINK: loss and delay of every frame, as seen at the bridges' ports, in
# front of and behind what impairs. Sets wire_lost, and of LINK wire_base_us and wire_j_us.
start_wire_probe() {
  local link pairs=()
  for link in data0 control0; do
    pairs+=("agent-$link" "host-$link" "host-$link" "agent-$link")
  done
  ip netns exec between "$WORK/wire_probe" "${pairs[@]}" >"$WORK/wire" 2>>"$KEEP/wire_probe.log" &
  wire_probe_pid=$!
}

stop_wire_probe() {
  local line
  end_process "$wire_probe_pid"
  [ "$(wc -l <"$WORK/wire")" = 4 ] || fault "the wire probe has no figures"
  while read -r line; do say "wire: $line"; done <"$WORK/wire"
  read -r wire_lost wire_base_us wire_j_us < <(awk -v link="-$1" '{
      for (i = 1; i <= NF; i++) { split($i, pair, "="); value[pair[1]] = pair[2] }
      lost += value["lost"]
      if (value["to"] !~ (link "$") || value["frames"] == 0) next
      if (!base || value["min_ms"] < base) base = value["min_ms"]
      if (value["max_ms"] > most) most = value["max_ms"]
    } END { printf "%d %.0f %.0f\n", lost, base * 1000, (most - base) * 1000 }' "$WORK/wire")
}

# What the kernel sends on its own would be counted as traffic.
quieten() {
  local side interface
  for side in agent host; do
    ip netns exec $side sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    for interface in $links; do
      ip netns exec $side ethtool -K $interface tx off rx off tso off gso off gro off >/dev/null 2>&1
    done
  done
}

# The impairment as measured, to be printed with every result: what ping sees on the control link.
measure_network() { # [PACKETS]
  ip netns exec agent ping -q -i 0.02 -c "${1:-100}" $HOST_CONTROL | sed -n 's/^.*transmitted/&/p; s/^rtt/&/p' |
    while read -r line; do say "network: $line"; done
}

# Hugepages for usbgw processes that want them; /dev/hugepages is not mounted in the guest.
mount_hugepages() { # [2-MB-PAGES]
  echo "${1:-128}" >/proc/sys/vm/nr_hugepages
  mkdir -p /dev/hugepages
  mount -t hugetlbfs hugetlbfs /dev/hugepages
}

# make_network_switch NETEM...: from now on stop_network and resume_network work at once, without a process
# to start. NETEM is what the bridges do while the network works.
make_network_switch() {
  mkfifo "$WORK/switch"
  ip netns exec between tc -force -batch - <"$WORK/switch" >>"$KEEP/switch.log" 2>&1 &
  exec {switch}>"$WORK/switch"
  working_network="$*"
  resume_network
}

switch_link() { # LINK NETEM...
  local side
  for side in agent host; do
    echo "qdisc change dev $side-$1 root netem limit 20000 ${*:2}" >&"$switch"
  done
}

switch_network() { # NETEM...
  local link
  for link in $links; do switch_link "$link" "$@"; done
}

stop_network() { switch_network loss 100%; }
resume_network() { switch_network "$working_network"; }

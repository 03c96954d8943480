# Stock usbip and usbgw by turns: the same guest, software device and network, side by side as a table.
#: clock virtual
#: timeout 5400
# seconds=30 monitor_seconds=5 period=128x2 speed=full peers="usbip usbgw"
# networks="500:0 8000:4000 40000:0" (RTT and J in us)
seconds=${seconds:-30} period=${period:-128x2} monitor_seconds=${monitor_seconds:-5}
# A queue, as networks are: TCP would pay for frames that overtake each other.
keeps_order=yes
table=$KEEP/table

count_concealed() { # PEER; sets concealed, in samples
  local figures
  concealed=0
  [ "$1" = usbgw ] || return 0
  figures=$(/usr/bin/python3 guest/stream_figures.py "$KEEP/status_${case_name}_host.json") || { fault "no status"; return; }
  say "host: $figures"
  concealed=$(($(number_in concealed_us "$figures") * RATE / 1000000))
}

# How long a sample is away: device -> program -> device, timed by the device. With XRUNs on the way the
# program starts over, each time with another delay.
monitor_case() { # PEER
  local before=$case_name log
  case_name+=_monitor
  log=$KEEP/client_$case_name.log
  plug_in "$1"
  release_time
  limited "$monitor_seconds" chrt -f 30 "$WORK/monitor_client" "hw:$card,0" $RATE "${period%x*}" "${period#*x}" "$monitor_seconds" >"$log" 2>&1
  hold_time
  pull_out "$1"
  [ "$1" = usbip ] || grep -q periods= "$log" || fault "usbgw: the monitoring client did not run to its end"
  say "monitoring through $1: $(tail -n 1 "$log")"
  monitor_xruns=$(number_in xruns "$(tail -n 1 "$log")")
  latency=$(awk "BEGIN { printf \"%.1f/%.1f\", $(device_figure round_trip.p50_us) / 1000, $(device_figure round_trip.max_us) / 1000 }")
  case_name=$before
}

# Samples that the device did not get and that the program did not; intervals in which the device had none;
# samples made up; monitoring latency p50/max and the XRUNs of that run; CPU seconds a minute of sound.
row() { printf '%-8s %-6s %5s %4s %10s %12s %8s %9s %12s %9s %6s\n' "$@"; }

peer_case() { # PEER RTT-US J-US
  case_name=$1_rtt$2_j$3
  say "$1, RTT $2 us, J $3 us: duplex $period, $speed speed"
  playout=$(($3 + 500))us
  sound_case "$1"
  count_concealed "$1"
  monitor_case "$1"
  row "$(awk "BEGIN { printf \"%g/%g\", $2 / 1000, $3 / 1000 }")" "$1" "$case_xruns" "$eio" "$missing_out" "$missing_in" \
    "$starved" "$concealed" "$latency" "$monitor_xruns" "$cpu" >>"$table"
  say "wire: base $wire_base_us us, J $wire_j_us us, $wire_lost lost"
  [ "$1" = usbip ] && return
  [ $((eio + case_xruns + concealed)) -eq 0 ] || fault "usbgw: $case_xruns XRUNs, $eio EIO, $concealed samples concealed"
}

speed=${speed:-full}
device=$([ "$speed" = full ] && echo uac1 || echo uac2)
read -r -a networks <<<"${networks:-500:0 8000:4000 40000:0}"
# shellcheck disable=SC2046
prepare_gateway $(uniform_delay ${networks[0]/:/ })
take "$BUILD/tests/vm/wire_probe"
start_audio
take "$BUILD/tests/vm/monitor_client"
# shellcheck disable=SC2046
make_resident $(libraries_of "$WORK/monitor_client")
start_peer_usbip
# Once, for nobody: afterwards everything is in memory.
for peer in usbgw usbip; do
  seconds=1 period=480x4 monitor_seconds=1 peer_case $peer ${networks[0]/:/ }
done
failures=0
row 'RTT/J ms' by XRUNs EIO 'not played' 'not recorded' starved concealed 'latency ms' 'its XRUNs' 'CPU s' >"$table"
samples=0 missing=0 repeated=0 altered=0 xrun_count=0
for network in "${networks[@]}"; do
  # shellcheck disable=SC2046
  set_impairment $(uniform_delay ${network/:/ })
  for peer in ${peers:-usbip usbgw}; do
    peer_case "$peer" ${network/:/ }
  done
done
end_process "$usbipd_pid"
while IFS= read -r line; do say "$line"; done <"$table"
finish peers-audio "$(($(wc -l <"$table") - 1)) rows of ${seconds} s at $period, $speed speed; ms, samples, CPU seconds a minute"

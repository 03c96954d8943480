# aplay and arecord at once where 0.7 and 3 % are lost, independently and in bursts; stock usbip beside it.
#: clock virtual
#: timeout 5400
#: before tests/vm/lossy/forecast.py @RESULTS@
#: tolerates timeout: still [0-9]+ active urbs
# seconds=30 losses="0.7 3" kinds="independent correlated" burst=3 (frames, in the mean)
# rtt_us=8000 d_ms=8 period=128x2 peers="usbip usbgw" repair='scheme = "copy"' (lines of [repair])
seconds=${seconds:-30} period=${period:-128x2}
playout=${d_ms:-8}ms playout_mode=fixed
device=uac1 samples_judged=no
agent_extra="[repair]
${repair:-scheme = \"copy\"}" host_extra=$agent_extra
table=$KEEP/table result=

# Percent of the frames of one link that the bridge lost, both ways.
wire_loss() { # LINK
  awk -v link="-$1" '{
      for (i = 1; i <= NF; i++) { split($i, pair, "="); value[pair[1]] = pair[2] }
      if (value["to"] ~ (link "$")) { frames += value["frames"]; lost += value["lost"] }
    } END { printf "%.2f", frames ? 100 * lost / frames : 0 }' "$WORK/wire"
}

# The driver gives up streams of usbip's that TCP holds for too long; of usbgw's it may not.
given_up() { dmesg | grep -c 'timeout: still [0-9]* active urbs'; }

# What had no data in time: at the host, and at the device.
count_concealed() {
  local figures
  figures=$(/usr/bin/python3 guest/stream_figures.py "$KEEP/status_${case_name}_host.json") || { fault "no status"; return; }
  say "host: $figures"
  concealed=$(($(number_in concealed_in "$figures") + $(number_in agent_missing "$figures")))
}

judge() { # NETWORK LEAST GREATEST
  [ "$concealed" -ge "$2" ] && [ "$concealed" -le "$3" ] ||
    fault "usbgw, $1: $concealed intervals concealed; the simulation says $2 to $3"
  [ $((case_xruns + eio)) -eq 0 ] || fault "usbgw, $1: $case_xruns XRUNs, $eio EIO"
  [ "$recorded" -eq $((seconds * RATE)) ] || fault "usbgw, $1: $recorded of $((seconds * RATE)) frames recorded"
}

row() { printf '%-17s %-6s %7s %6s %4s %11s %9s %8s %10s\n' "$@"; }

peer_case() { # PEER NETWORK LEAST GREATEST
  local link=control0 given_up_before
  [ "$1" = usbip ] || link=data0
  given_up_before=$(given_up)
  case_name=$1_$2
  say "$1, $2: duplex $period"
  sound_case "$1"
  loss=$(wire_loss $link) recorded=$(($(stat -c %s "$WORK/record.raw") / 4)) concealed=-
  [ "$1" = usbip ] || count_concealed
  row "$2" "$1" "$loss" "$case_xruns" "$eio" "$missing_out" "$recorded" "$concealed" "$3-$4" >>"$table"
  if [ "$1" = usbip ]; then
    usbip_result="usbip $case_xruns XRUNs, $eio EIO"
    return
  fi
  judge "$2" "$3" "$4"
  [ "$(given_up)" -eq "$given_up_before" ] || fault "usbgw, $2: the driver has given up a stream"
  result+="${result:+; }${2/_/ } ($loss on the wire): $concealed concealed (simulation $3 to $4), $case_xruns XRUNs, $eio EIO; ${usbip_result:-}"
}

mapfile -t networks </results/networks
prepare_gateway delay "$((${rtt_us:-8000} / 2))us"
take "$BUILD/tests/vm/wire_probe"
start_audio
start_peer_usbip
# Once, for nobody: afterwards everything is in memory.
for peer in usbgw usbip; do
  case_name=warm_up_$peer
  seconds=1 period=480x4 sound_case $peer
done
failures=0 samples=0 missing=0 repeated=0 altered=0 xrun_count=0
row 'lost' by 'wire %' XRUNs EIO 'not played' recorded concealed simulation >"$table"
for network in "${networks[@]}"; do
  read -r name least greatest netem <<<"$network"
  # shellcheck disable=SC2086
  set_impairment $netem
  for peer in ${peers:-usbip usbgw}; do
    peer_case "$peer" "$name" "$least" "$greatest"
  done
done
end_process "$usbipd_pid"
while IFS= read -r line; do say "$line"; done <"$table"
finish lossy "${seconds} s at $period: $result"

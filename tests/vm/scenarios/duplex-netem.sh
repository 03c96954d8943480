# aplay and arecord at once through usbgw over networks that delay: RTT 0.5 ms, and RTT 8 ms with J = 4 ms.
#: clock virtual
#: timeout 5400
# seconds=60 periods="64x2 128x2 480x4" speeds=full
# networks="500:0 8000:4000" (RTT and J in us; the first is the clean link)
seconds=${seconds:-60} result=

# No interval is concealed, D is at most J + 1 ms, and the network was what it should be.
judge_case() { # RTT-US J-US
  local figures streams d_in_us d_out_us concealed
  figures=$(/usr/bin/python3 guest/stream_figures.py "$KEEP/status_${case_name}_host.json") || { fault "no status"; return; }
  say "host: $figures"
  eval "local $figures"
  [ "$streams" -ge 2 ] || fault "the status has $streams streams"
  [ "$concealed" -eq 0 ] || fault "$concealed intervals concealed"
  [ "$d_in_us" -le $(($2 + 1000)) ] || fault "D of IN is $d_in_us us"
  [ "$d_out_us" -le $(($2 + 1000)) ] || fault "D of OUT is $d_out_us us"
  [ "$wire_lost" -eq 0 ] || fault "$wire_lost frames lost on the wire"
  [ $((wire_base_us - $1 / 2)) -ge 0 ] && [ $((wire_base_us - $1 / 2)) -le 50 ] || fault "the base is $wire_base_us us"
  all_concealed=$((all_concealed + concealed))
  [ "$d_in_us" -le "$most_d_in" ] || most_d_in=$d_in_us
  [ "$d_out_us" -le "$most_d_out" ] || most_d_out=$d_out_us
}

netem_case() { # SPEED PERIODxCOUNT RTT-US J-US
  case_prefix=rtt$3_j$4_
  playout=$(($4 + 500))us
  start_wire_probe
  gateway_audio_case duplex "$1" "$2" "$seconds"
  stop_wire_probe data0
  judge_case "$3" "$4"
  say "$2, $1 speed, RTT $3 us, J $4 us: $case_xruns XRUNs; on the wire base $wire_base_us us, J $wire_j_us us, $wire_lost lost"
}

read -r -a networks <<<"${networks:-500:0 8000:4000}"
# shellcheck disable=SC2046
prepare_gateway $(uniform_delay ${networks[0]/:/ })
take "$BUILD/tests/vm/wire_probe"
start_audio
warm_up_gateway
declare -A clean
for network in "${networks[@]}"; do
  rtt=${network%:*} j=${network#*:}
  # shellcheck disable=SC2046
  set_impairment $(uniform_delay "$rtt" "$j")
  all_concealed=0 most_d_in=0 most_d_out=0 network_xruns=0
  for speed in ${speeds:-full}; do
    for period in ${periods:-64x2 128x2 480x4}; do
      netem_case "$speed" "$period" "$rtt" "$j"
      network_xruns=$((network_xruns + case_xruns))
      # The first network is the clean link that 64x2 is held against.
      : "${clean[$speed$period]:=$case_xruns}"
      if [ "$period" = 64x2 ]; then
        [ "$case_xruns" -le "${clean[$speed$period]}" ] || fault "more XRUNs at 64x2 than on the clean link"
      else
        [ "$case_xruns" -eq 0 ] || fault "$case_xruns XRUNs at $period, $speed speed"
      fi
    done
  done
  result+="; RTT $rtt us, J $j us (measured $((2 * wire_base_us)), $wire_j_us): $all_concealed concealed, D $most_d_in/$most_d_out us, $network_xruns XRUNs"
done
finish duplex-netem "$(figures)$result"

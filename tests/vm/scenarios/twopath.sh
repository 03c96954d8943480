# aplay and arecord over two paths, of which either one is cut for 1 s again and again, or both in turn.
#: clock virtual
#: timeout 5400
# seconds=20 period=128x2 speeds=full
# delays="250:250 250:4000 4000:250" (one way of the first and of the second path, us) cuts="data0 data1 turns"
seconds=${seconds:-20}
period=${period:-128x2}

pause() { read -r -t "$1" <>"$WORK/never" || true; } # SECONDS, without a fork

# Of a case, from the first sample that is recorded on: 1 s in two a path is gone. No process is started
# meanwhile.
cut_paths() { # data0|data1|turns
  local link=${1/turns/data0} left=$((seconds * 10 - 5))
  until [ -s "$WORK/record.raw" ]; do pause 0.05; done
  pause 1.5
  while [ $((left -= 20)) -ge 0 ]; do
    switch_link "$link" loss 100%
    pause 1
    switch_link "$link" "${netem[$link]}"
    pause 1
    [ "$1" = turns ] || continue
    if [ $link = data0 ]; then link=data1; else link=data0; fi
  done
}

count_lines() { grep -c "$1" "$KEEP/host.log" 2>/dev/null || true; } # PATTERN

# Nothing concealed, nothing missing, both paths there, what was cut has lost, and one line in the log of it.
judge_case() { # data0|data1|turns
  local figures link said concealed agent_missing streams paths data0_lost data1_lost
  figures=$(/usr/bin/python3 guest/stream_figures.py "$KEEP/status_${case_name}_host.json") || { fault "no status"; return; }
  say "host: $figures"
  eval "$figures"
  [ "$streams" -ge 2 ] || fault "the status has $streams streams"
  [ "$concealed" -eq 0 ] || fault "$concealed intervals concealed"
  [ "$agent_missing" -eq 0 ] || fault "$agent_missing intervals missing at the agent"
  all_concealed=$((all_concealed + concealed + agent_missing))
  figures=$(/usr/bin/python3 guest/path_figures.py "$KEEP/status_${case_name}_host.json") || { fault "no paths"; return; }
  say "paths: $figures"
  eval "$figures"
  [ "$paths" -eq 2 ] || { fault "the host has $paths paths"; return; }
  for link in data0 data1; do
    said=$(count_lines "the $([ $link = data0 ] && echo first || echo second) path to agent is silent")
    said=$((said - told[$link])) told[$link]=$((told[$link] + said))
    if [ "$1" = turns ] || [ "$1" = $link ]; then
      [ "$said" -eq 1 ] || fault "the log has $said lines of the silent $link"
      lost=${link}_lost
      [ "${!lost}" -gt 100 ] || fault "$link has lost ${!lost} datagrams: it was not cut"
    else
      [ "$said" -eq 0 ] || fault "the log says that $link was silent"
    fi
  done
}

twopath_case() { # SPEED FIRST-US:SECOND-US data0|data1|turns
  netem=([data0]="delay ${2%:*}us" [data1]="delay ${2#*:}us")
  switch_link data0 "${netem[data0]}"
  switch_link data1 "${netem[data1]}"
  case_name=$1_${2/:/_}_$3
  say "duplex $period, $1 speed, paths of ${2%:*} and ${2#*:} us, cut: $3"
  start_audio_device "$1" $DEVICE_PORT
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  rm -f "$WORK/record.raw"
  cut_paths "$3" &
  local cutter=$!
  audio_case duplex "$period" "$seconds"
  await_program $cutter "the cuts"
  [ "$case_xruns" -eq 0 ] || fault "$case_xruns XRUNs"
  stop_gateway
  stop_audio_device "$(played_frames duplex "$seconds")"
  check_no_vhci_port_in_use
  judge_case "$3"
}

second_path() { # ADDRESS
  printf '[second_path]\nport = "af_packet:data1"\naddress = "%s/24"\n' "$1"
}

links="data0 data1 control0"
agent_extra=$(second_path 10.79.0.11)
host_extra=$(second_path 10.79.0.12)
mkfifo "$WORK/never"
declare -A netem told=([data0]=0 [data1]=0)
prepare_gateway delay 250us
start_audio
make_network_switch delay 250us
warm_up_gateway
all_concealed=0 cases=0
for speed in ${speeds:-full}; do
  for delay in ${delays:-250:250 250:4000 4000:250}; do
    for cut in ${cuts:-data0 data1 turns}; do
      twopath_case "$speed" "$delay" "$cut"
      cases=$((cases + 1))
    done
  done
done
finish twopath "$(figures); $cases cases, $all_concealed intervals concealed or missing"

# The network stops for 50 ms to 5 s under aplay and arecord: they go on, and sound is back at once.
#: clock virtual
#: timeout 2400
# stalls="50 200 1000 5000" speeds="full high" period=128x2
stalls=${stalls:-50 200 1000 5000}
period=${period:-128x2}
RETURN_MS=250 # what the sound may take to be back
WAIT_MS=50    # what a URB may wait

# Wall-clock milliseconds, without a fork.
milliseconds() { local now=${EPOCHREALTIME/./}; echo $((now / 1000)); }
pause() { read -r -t "$1" <>"$WORK/never" || true; } # SECONDS, without a fork

# Writes when each stall began, in ms after the recording did, and how long it was, both as they were.
stall_network() { # MILLISECONDS-OF-START STALL...
  local began=$1 stall length from to
  shift
  pause 3
  for stall in "$@"; do
    printf -v length %d.%03d $((stall / 1000)) $((stall % 1000))
    from=${EPOCHREALTIME/./}
    stop_network
    pause "$length"
    resume_network
    to=${EPOCHREALTIME/./}
    echo "$((from / 1000 - began)) $(((to - from) / 1000))" >>"$WORK/stalls"
    pause 3
  done
}

# seconds_for STALL...: of one run
seconds_for() {
  local sum=0 stall
  for stall in "$@"; do sum=$((sum + stall + 3000)); done
  echo $((sum / 1000 + 5))
}

# judge_stalls WHAT DISTURBANCES: each must belong to a stall and end in time; adds to the figures.
judge_stalls() {
  local verdict
  verdict=$(/usr/bin/python3 guest/stall_judge.py "$WORK/stalls" $RATE $RETURN_MS <"$2") || fault "$1: $verdict"
  say "$1: $verdict"
  back=$(printf '%s\n%s\n' "$back" "${verdict##* }" | sort -g | tail -n 1)
}

stall_case() { # SPEED
  local seconds wait
  case_name=$1
  seconds=$(seconds_for $stalls)
  say "duplex $period, $1 speed, $seconds s with stalls of $stalls ms"
  start_audio_device "$1" $DEVICE_PORT
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
  "$WORK/audio_judge" generate $((seconds * RATE)) "$WORK/play.raw"
  rm -f "$WORK/stalls"
  start_usbmon $GATEWAY_PORT
  release_time
  start_record $period $seconds
  stall_network "$(milliseconds)" $stalls &
  local network=$!
  start_play $period $seconds
  await_program $play_pid aplay
  await_program $record_pid arecord
  await_program $network "the stalls"
  hold_time
  stop_usbmon
  xrun_count=$((xrun_count + $(xruns "$KEEP/aplay.log") + $(xruns "$KEEP/arecord.log")))
  cp "$KEEP/aplay.log" "$KEEP/aplay_$case_name.log"
  cp "$KEEP/arecord.log" "$KEEP/arecord_$case_name.log"
  stop_gateway
  stop_audio_device 0
  "$WORK/audio_judge" gaps $((seconds * RATE)) "$WORK/record.raw" >"$WORK/gaps" || fault "the recording is not whole"
  judge_stalls recorded "$WORK/gaps"
  device_figure out.disturbances >"$WORK/gaps"
  judge_stalls played "$WORK/gaps"
  [ "$(device_figure out.runs)" = 1 ] || fault "the device was played $(device_figure out.runs) streams"
  [ "$(device_figure out.starved)" = 0 ] || fault "the device starved"
  wait=$(longest_wait)
  say "a URB waited $wait ms at most"
  awk "BEGIN { exit !($wait <= $WAIT_MS) }" || fault "a URB waited $wait ms"
  longest=$(printf '%s\n%s\n' "$longest" "$wait" | sort -g | tail -n 1)
  check_no_vhci_port_in_use
}

mkfifo "$WORK/never"
prepare_gateway delay 250us
start_audio
make_network_switch delay 250us
warm_up_gateway
back=0 longest=0 cases=0
for speed in ${speeds:-full high}; do
  stall_case $speed
  cases=$((cases + $(wc -w <<<"$stalls")))
done
finish stall "$cases stalls of ${stalls// /, } ms: sound back after $back ms at most, no URB unanswered for more than $longest ms, $xrun_count XRUNs"

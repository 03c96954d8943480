# What the sound driver submits under stock usbip, from usbmon; the model of it must submit the same.
#: clock virtual
#: timeout 3600
#: judge build/tests/simulation/usbmon_judge @RESULTS@/traces
# periods="32x2 64x2 128x2 480x4 1024x2" rates=44100 completions=40
# streams="uac1:record uac1:play uac1-feedback:play uac2:record uac2:play uac2-adaptive:play uac2-implicit:play"
crystal_ppm=300
start_usb
load_modules snd-usb-audio
mount -t tracefs tracefs /sys/kernel/tracing
start_audio
start_udevd
take_usbgw
make_resident /usr/bin/python3
mkdir -p "$KEEP/traces"
start_usbipd
traces=0

# trace_case DEVICE DIRECTION PERIODxCOUNT
trace_case() {
  local trace=$KEEP/traces/$1_$2_${RATE}_$3.txt tracer
  case_name=$1_$2_${RATE}_$3
  import_device
  mkfifo "$trace.ready"
  /usr/bin/python3 guest/usbmon_trace.py "$(usb_name_at_port $IMPORT_PORT)" "$trace" "${completions:-40}" \
    "device $1" "direction $2" "rate $RATE" "buffer $3" >>"$KEEP/tracer.log" 2>&1 &
  tracer=$!
  read -r -t 60 <>"$trace.ready" || abort "no tracer: $(tail -n 1 "$KEEP/tracer.log")"
  rm "$trace.ready"
  "$WORK/audio_judge" generate $((RATE / 2)) "$WORK/play.raw"
  if [ "$2" = play ]; then
    start_play "$3" 1
    await_program $play_pid aplay
  else
    # shellcheck disable=SC2046
    chrt -f 30 arecord $(pcm_arguments "$3") --samples=$((RATE / 2)) "$WORK/record.raw" >"$KEEP/arecord.log" 2>&1 &
    await_program $! arecord
  fi
  kill $tracer
  await_program $tracer "the tracer"
  release_device
  [ -s "$trace" ] || { fault "no trace"; return; }
  say "$case_name: $(grep -c ^S "$trace") submissions, $(grep -c ^C "$trace") completions"
  [ "$(grep -c ^C "$trace")" -eq "${completions:-40}" ] || fault "the stream ended before"
  traces=$((traces + 1))
}

# A first case that nobody keeps: afterwards nothing is read from the machine any more, so idle time may
# leap to the next timer; held to the instruction rate, the waiting alone would take an hour of the machine.
RATE=48000
export_device uac1
trace_case uac1 play 480x4
unexport_device
rm "$KEEP"/traces/*
traces=0
release_time
for rate in ${rates:-44100}; do
  RATE=$rate
  for stream in ${streams:-uac1:record uac1:play uac1-feedback:play uac2:record uac2:play uac2-adaptive:play uac2-implicit:play}; do
    export_device "${stream%:*}"
    for period in ${periods:-32x2 64x2 128x2 480x4 1024x2}; do
      trace_case "${stream%:*}" "${stream#*:}" "$period"
    done
    unexport_device
  done
done
end_process $usbipd_pid
finish usbmon "$traces traces"

# ALSA: finding the card, playing and recording the counter pattern, judging.

RATE=48000

card_folder() { class_folder_at_port "$1" 'card[0-9]*'; }

# wait_for_card PORT: sets card to the number of the ALSA card of the device at a vhci port.
wait_for_card() {
  wait_for 30 "a sound card at vhci port $1" card_folder "$1" || return 1
  card=$(card_folder "$1" | sed 's/.*card//')
  wait_for 10 "/dev/snd/pcmC${card}D0p" test -e "/dev/snd/pcmC${card}D0p"
}

# make_resident PATH...: from now on these are read from memory. Starting or ending a program opens and
# closes its file and libraries at the machine, however often it ran before; with the time released and
# everybody waiting for that, guest time leaps, on a busy machine past every time-out.
make_resident() {
  local path copy
  for path in "$@"; do
    path=$(readlink -f "$path") copy=$WORK/resident$path
    [ -e "$path" ] && [ ! -e "$copy" ] || continue
    mkdir -p "$(dirname "$copy")"
    cp -a "$path" "$copy" && mount --bind "$copy" "$path" || abort "$path cannot be held in memory"
  done
}

libraries_of() { ldd "$@" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | sort -u; }

start_audio() {
  local programs
  load_modules snd-usb-audio
  programs=$(for name in aplay arecord timeout chrt sleep cut rm cat grep bash; do command -v $name; done)
  # shellcheck disable=SC2046,SC2086
  make_resident $programs $(libraries_of $programs) /etc/ld.so.cache /usr/share/alsa /etc/alsa /etc/asound.conf
  take "$BUILD/tests/vm/audio_judge"
  # Loads ALSA's configuration and the programs' code before time counts.
  aplay -l >/dev/null 2>&1
  arecord -l >/dev/null 2>&1
}

pcm_arguments() { # PERIODxCOUNT
  echo "-D hw:$card,0 -t raw -f S16_LE -r $RATE -c 2 --period-size=${1%x*} --buffer-size=$((${1%x*} * ${1#*x}))"
}

xruns() { grep -acE 'underrun!!!|overrun!!!' "$1"; }

# start_play PERIODxCOUNT SECONDS and start_record: the process is play_pid or record_pid. They run at
# real-time priority, as audio programs do that use such periods: otherwise the start of the one, 10 ms of
# the guest's only CPU, is an XRUN of the other.
start_play() {
  # shellcheck disable=SC2046
  limited "$2" chrt -f 30 aplay $(pcm_arguments "$1") "$WORK/play.raw" >"$KEEP/aplay.log" 2>&1 &
  play_pid=$!
}

start_record() {
  rm -f "$WORK/record.raw"
  # shellcheck disable=SC2046
  limited "$2" chrt -f 31 arecord $(pcm_arguments "$1") -d "$2" "$WORK/record.raw" >"$KEEP/arecord.log" 2>&1 &
  record_pid=$!
}

# await_program PID NAME: waits without polling, because a fork every 50 ms is enough to cause XRUNs at
# 64 frames; the limit is in limited().
await_program() {
  wait "$1"
  local code=$?
  [ $code -eq 0 ] || sample_fault "$2 ended with exit code $code"
}

# limited SECONDS COMMAND...: 20 s more than it should take.
limited() { timeout --kill-after=5 $(($1 + 20)) "${@:2}"; }

# The software audio device counts what it was sent and keeps the figures in a JSON file at its end.
start_audio_device() { # SPEED PORT
  local name
  name=$([ "$1" = full ] && echo uac1 || echo uac2)
  start_softdevice "$2" $name
}

# Ends the device and adds up what its judge says; PLAYED-FRAMES is what should have come (0: not judged).
stop_audio_device() { # PLAYED-FRAMES
  local missing_here repeated_here altered_here
  end_process "$device_pid"
  [ -s "$WORK/device.json" ] || { fault "the device left no figures"; return; }
  cp "$WORK/device.json" "$KEEP/device_$case_name.json"
  [ "$1" -gt 0 ] || return
  say "the device: $(device_figure out)"
  missing_here=$(device_figure out.missing)
  repeated_here=$(device_figure out.repeated)
  # Silence in the place of a sample is another content.
  altered_here=$(($(device_figure out.altered) + $(device_figure out.silent)))
  [ $((missing_here + repeated_here + altered_here)) -eq 0 ] || sample_fault "the device did not get what was played"
  [ "$(device_figure out.starved)" -eq 0 ] || sample_fault "the device starved"
  # The audio driver leaves up to 20 ms unplayed when a program stops.
  [ "$(device_figure out.counted)" -ge $(($1 - RATE / 50 - RATE / 20)) ] ||
    sample_fault "the device got $(device_figure out.counted) frames of $1"
  add_figures "missing=$missing_here repeated=$repeated_here altered=$altered_here"
}

# Only what the gateway carries is judged; what it is compared with is told.
sample_fault() {
  if [ "${baseline:-no}" = yes ]; then say "baseline: $*"; else fault "$@"; fi
}

# Figures of all runs so far.
samples=0 missing=0 repeated=0 altered=0 xrun_count=0

figures() { echo "$samples samples, $missing missing, $repeated repeated, $altered altered, $xrun_count XRUNs"; }

add_figures() { # "key=value ..." with missing, repeated, altered
  local pair
  for pair in $1; do
    case $pair in
      missing=*) missing=$((missing + ${pair#*=})) ;;
      repeated=*) repeated=$((repeated + ${pair#*=})) ;;
      altered=*) altered=$((altered + ${pair#*=})) ;;
    esac
  done
}

finish_record() { # SECONDS
  local verdict overruns
  await_program "$record_pid" arecord
  overruns=$(xruns "$KEEP/arecord.log")
  verdict=$("$WORK/audio_judge" check $(($1 * RATE)) "$WORK/record.raw") || sample_fault "the recording: $verdict"
  say "recorded: $verdict overruns=$overruns"
  add_figures "$verdict"
  samples=$((samples + $1 * RATE)) case_xruns=$((case_xruns + overruns))
}

finish_play() { # SECONDS
  local underruns
  await_program "$play_pid" aplay
  underruns=$(xruns "$KEEP/aplay.log")
  say "played: underruns=$underruns"
  samples=$((samples + $1 * RATE)) case_xruns=$((case_xruns + underruns))
}

# CPU time of every thread, to say who used how much of the guest's only CPU.
cpu_snapshot() {
  local task comm run rest
  echo "uptime $(cut -d ' ' -f 1 /proc/uptime) -"
  for task in /proc/[0-9]*/task/[0-9]*; do
    { read -r comm <"$task/comm" && read -r run rest <"$task/schedstat"; } 2>/dev/null && echo "${task##*/} $run ${comm// /_}"
  done
}

say_cpu() {
  say "CPU: $(awk 'NR == FNR { before[$1] = $2; next }
      $1 == "uptime" { elapsed = $2 - before[$1]; next }
      { used = ($2 - before[$1]) / 1e7; if (used / elapsed >= 1) printf "%s %.0f %%\n", $3, used / elapsed }' \
    "$WORK/cpu_before" "$WORK/cpu_after" | sort | paste -sd ,)"
}

# cpu_seconds_per_minute THREADS: what these used of audio_case's time, of a minute of it.
cpu_seconds_per_minute() {
  awk -v threads="$*" 'BEGIN { split(threads, list, " "); for (i in list) wanted[list[i]] = 1 }
      NR == FNR { before[$1] = $2; next }
      $1 == "uptime" { elapsed = $2 - before[$1]; next }
      $1 in wanted { used += $2 - before[$1] }
      END { printf "%.2f\n", used / 1e9 / elapsed * 60 }' "$WORK/cpu_before" "$WORK/cpu_after"
}

# audio_case DIRECTION(play|record|duplex) PERIODxCOUNT SECONDS: one run, already attached; sets case_xruns.
audio_case() {
  case_xruns=0
  "$WORK/audio_judge" generate $(($3 * RATE)) "$WORK/play.raw"
  release_time
  cpu_snapshot >"$WORK/cpu_before"
  [ "$1" = play ] || start_record "$2" "$3"
  [ "$1" = duplex ] && sleep 0.5
  [ "$1" = record ] || start_play "$2" "$3"
  [ "$1" = record ] || finish_play "$3"
  [ "$1" = play ] || finish_record "$3"
  hold_time
  cpu_snapshot >"$WORK/cpu_after"
  say_cpu
  cp "$KEEP/aplay.log" "$KEEP/aplay_$case_name.log" 2>/dev/null
  cp "$KEEP/arecord.log" "$KEEP/arecord_$case_name.log" 2>/dev/null
  xrun_count=$((xrun_count + case_xruns))
}

# The frames that audio_case played.
played_frames() { [ "$1" = record ] && echo 0 || echo $(($2 * RATE)); }

# A second of duplex at port $1 that nobody judges: afterwards all code and data that audio needs are in
# memory, and no 9p read makes guest time leap.
warm_up_audio() {
  wait_for_card "$1" || abort "no sound card at vhci port $1"
  "$WORK/audio_judge" generate $RATE "$WORK/play.raw"
  start_record 480x4 1
  start_play 480x4 1
  wait "$record_pid" "$play_pid"
}

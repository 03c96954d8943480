# Counting MIDI messages through usbgw, both ways: each arrives once, in order, none is lost.
#: clock plain
#: timeout 600
# messages=2000 loss=0.7%
messages=${messages:-2000}
prepare_gateway delay 4ms 2ms loss ${loss:-0.7%}
load_modules snd-usb-audio snd-rawmidi
measure_network 50
start_softdevice $DEVICE_PORT midi --events $messages --script-delay 15 --events-per-second 500
start_gateway "$(device_id_at_port $DEVICE_PORT)"
wait_for 30 "a MIDI card" class_folder_at_port $GATEWAY_PORT 'card[0-9]*' || abort "no MIDI card"
card=$(class_folder_at_port $GATEWAY_PORT 'card[0-9]*' | sed 's/.*card//')
wait_for 10 "the rawmidi node" test -e "/dev/snd/midiC${card}D0" || abort "no rawmidi node"

say "receiving"
timeout 60 amidi -p "hw:$card,0,0" -r "$WORK/received.midi" -t 25 >"$KEEP/amidi.log" 2>&1
verdict=$(/usr/bin/python3 guest/midi_pattern.py check $messages "$WORK/received.midi") || fault "received: $verdict"
say "received: $verdict"

say "sending"
/usr/bin/python3 guest/midi_pattern.py generate $messages "$WORK/send.midi"
timeout 60 amidi -p "hw:$card,0,0" -s "$WORK/send.midi" >>"$KEEP/amidi.log" 2>&1 || fault "amidi -s: $(tail -n 1 "$KEEP/amidi.log")"
sleep 2
stop_gateway
end_process "$device_pid"
say "the device: $(cat "$WORK/device.json" | tr -d '\n ')"
[ "$(device_figure received)" = $messages ] || fault "the device received $(device_figure received) of $messages messages"
wrong=$(($(device_figure missing) + $(device_figure repeated) + $(device_figure altered)))
[ $wrong -eq 0 ] || fault "the device received $wrong messages wrongly"
check_no_vhci_port_in_use
finish midi "in: $verdict; out: $(device_figure received) messages, $(device_figure missing) missing, $(device_figure repeated) repeated, $(device_figure altered) altered"

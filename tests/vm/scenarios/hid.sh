# A keyboard and a mouse whose events count, through usbgw: each arrives once, in order, none is lost.
#: clock plain
#: timeout 600
# events=1000 loss=0.7%
prepare_gateway delay 4ms 2ms loss ${loss:-0.7%}
load_modules usbhid hid-generic evdev
measure_network 50
start_softdevice $DEVICE_PORT hid --events ${events:-1000} --script-delay 15 --events-per-second 100
start_gateway "$(device_id_at_port $DEVICE_PORT)"
event_nodes() { [ "$(find "/sys/bus/usb/devices/$(usb_name_at_port $GATEWAY_PORT)/" -name 'event[0-9]*' | wc -l)" -ge 2 ]; }
wait_for 30 "keyboard and mouse" event_nodes || abort "no input devices"
wait_for 10 "event nodes" test -e /dev/input || abort "no /dev/input"
nodes=$(find "/sys/bus/usb/devices/$(usb_name_at_port $GATEWAY_PORT)/" -name 'event[0-9]*' -printf '/dev/input/%f ')
# Ahead of everything but usbgw: evdev keeps 64 events for a reader, which a busy machine overruns in time.
# shellcheck disable=SC2086
timeout 120 chrt -f 1 /usr/bin/python3 guest/read_hid.py ${events:-1000} $nodes >"$KEEP/read_hid.log" || fault "what was read: $(cat "$KEEP/read_hid.log")"
stop_gateway
end_process "$device_pid"
check_no_vhci_port_in_use
finish hid "$(tail -n 1 "$KEEP/read_hid.log")"

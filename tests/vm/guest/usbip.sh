# Stock usbip: the programs of the distribution's package, the kernel's usbip-host and vhci.

# usbip takes the first free port, so the "physical" device is at another controller's.
IMPORT_PORT=0
# Where the server listens, and how to run the client, as "ip netns exec host".
usbip_server=127.0.0.1 usbip_client=

start_usbipd() { # [COMMAND PREFIX...]
  load_modules usbip-host
  make_resident /usr/sbin/usbip /usr/sbin/usbipd
  "$@" usbipd >"$KEEP/usbipd.log" 2>&1 &
  usbipd_pid=$!
}

# What "usbip bind" writes. The program itself refuses a device at a vhci, because one could import itself.
bind_for_export() { # BUS-ID
  local drivers=/sys/bus/usb/drivers
  printf "add %s" "$1" >$drivers/usbip-host/match_busid
  echo "$1" >$drivers/usb/unbind
  echo "$1" >$drivers/usbip-host/bind
}

# export_device NAME: the software device, for usbip to take.
export_device() {
  start_softdevice $GATEWAY_PORT "$1" --rate "$RATE" --crystal-ppm "${crystal_ppm:-0}"
  bus_id=$(usb_name_at_port $GATEWAY_PORT)
  bind_for_export "$bus_id" || abort "usbip-host does not take $bus_id"
}

unexport_device() {
  echo "$bus_id" >/sys/bus/usb/drivers/usbip-host/unbind
  end_process "$device_pid"
  check_no_vhci_port_in_use
}

import_device() {
  local thread
  # shellcheck disable=SC2086
  $usbip_client usbip attach --remote=$usbip_server --busid="$bus_id" >>"$KEEP/usbip.log" 2>&1 ||
    abort "usbip does not attach $bus_id"
  wait_for_card $IMPORT_PORT || abort "no sound card behind usbip"
  raise_vhci_threads
  for thread in $(pgrep '^stub_[rt]x$'); do chrt -f -p 60 "$thread"; done
}

# usbip-host resets the device afterwards, for which the device has to be there.
is_exported() { [ "$(<"/sys/bus/usb/devices/$bus_id/usbip_status")" = 1 ]; }
release_device() {
  $usbip_client usbip detach --port=$IMPORT_PORT >>"$KEEP/usbip.log" 2>&1
  wait_for 20 "the device to be free again" is_exported
}

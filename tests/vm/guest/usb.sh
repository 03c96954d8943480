# vhci, usbfs and driver binding.

VHCI=/sys/devices/platform/vhci_hcd.0

# What Debian's kernel gives: 8 controllers of 15 high-speed and 15 SuperSpeed ports. The device and the
# gateway must be on different controllers, or the kernel deadlocks in usb_set_interface.
DEVICE_PORT=0
GATEWAY_PORT=30
GATEWAY_SS_PORT=45

load_modules() { # MODULE...
  local module
  for module in "$@"; do
    modprobe "$module" || abort "modprobe $module"
  done
}

start_usb() {
  load_modules vhci-hcd usbmon
  [ -w $VHCI/attach ] || abort "no $VHCI/attach"
}

# Hotplug events reach libusb from udevd in the same network namespace only, so that is where it runs.
start_udevd() { # [NAMESPACE]
  local daemon=/lib/systemd/systemd-udevd
  [ -x "$daemon" ] || abort "no $daemon"
  mkdir -p /run/udev
  if [ $# -gt 0 ]; then ip netns exec "$1" $daemon --daemon; else $daemon --daemon; fi
  wait_for 10 "udevd" test -S /run/udev/control || abort "udevd does not start"
  udevadm settle --timeout=10
}

# The name (as "1-1") that the kernel gave the device at a flat vhci port; fails while there is none.
usb_name_at_port() {
  awk -v port="$1" '($1 == "hs" || $1 == "ss") && $2 + 0 == port && $3 == "006" { print $NF; found = 1 }
                    END { exit !found }' $VHCI/status*
}

# The kernel prints "0-0" until the device has a name, so the sysfs folder is asked too.
device_at_port() { local name && name=$(usb_name_at_port "$1") && [ -d "/sys/bus/usb/devices/$name" ]; }

wait_for_device() { # PORT
  wait_for 20 "a device at vhci port $1" device_at_port "$1"
}

set_autoprobe() { echo "$1" >/sys/bus/usb/drivers_autoprobe; }

# The "physical" side: configured, so that it has interfaces, but without a driver on them.
configure_without_drivers() { # PORT
  local name
  name=$(usb_name_at_port "$1") || return 1
  [ -e "/sys/bus/usb/devices/$name/driver" ] || echo "$name" >/sys/bus/usb/drivers/usb/bind
}

# A controller's and a NIC's interrupts do not wait for programs; nor should the threads that stand for
# them: vhci's, and ksoftirqd, which delivers what crosses a veth pair once it has been woken.
raise_vhci_threads() {
  local thread
  for thread in $(pgrep '^vhci_[rt]x$') $(pgrep '^ksoftirqd/'); do chrt -f -p 60 "$thread"; done
}

# start_device PORT COMMAND...: a program that presents itself at a vhci port; its process is device_pid.
# At DEVICE_PORT no driver binds to it: that is the "physical" side. drivers=yes lets them.
start_device() {
  local port=$1
  shift
  set_autoprobe "$([ "${drivers:-no}" = yes ] && echo 1 || echo 0)"
  "$@" >>"$KEEP/device.log" 2>&1 &
  device_pid=$!
  wait_for_device "$port" || abort "the device does not come to vhci port $port"
  raise_vhci_threads
  configure_without_drivers "$port"
  set_autoprobe 1
}

# start_softdevice PORT NAME [OPTIONS]: a software device of usbgw's; its priority is that of hardware.
start_softdevice() {
  rm -f "$WORK/device.json"
  start_device "$1" "$WORK/usbgw" softdevice "${@:2}" --vhci-port "$1" --statistics "$WORK/device.json" --priority 80
}

# The device writes its figures when it ends.
device_figure() { /usr/bin/python3 guest/json_value.py "$WORK/device.json" "$1"; } # PATH

# The folder /sys/.../soundN, inputN ... of the device at a port.
class_folder_at_port() { # PORT CLASS-PATTERN
  local name
  name=$(usb_name_at_port "$1") || return 1
  find "/sys/bus/usb/devices/$name/" -maxdepth 8 -name "$2" 2>/dev/null | grep -m 1 .
}

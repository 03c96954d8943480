# vhci, usbfs and driver binding.

VHCI=/sys/devices/platform/vhci_hcd.0

# What Debian's kernel gives: 8 controllers of 15 high-speed and 15 SuperSpeed ports. The device and the
# gateway must be on different controllers, or the kernel deadlocks in usb_set_interface.
DEVICE_PORT=0
GATEWAY_PORT=30
GATEWAY_SS_PORT=45
VHCI_PORTS=30 # of a controller

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
  # What was plugged in before it (QEMU's devices) has no owner yet; as at boot.
  udevadm trigger --action=add --subsystem-match=usb --property-match=DEVTYPE=usb_device
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
  wait_for 60 "a device at vhci port $1" device_at_port "$1"
}

device_is_gone() { [ ! -e "/sys/bus/usb/devices/$1" ]; } # NAME

# The root hub that a flat port belongs to.
root_hub_of_port() {
  local hub speed=480
  [ $(($1 % VHCI_PORTS)) -lt $((VHCI_PORTS / 2)) ] || speed=5000
  for hub in "/sys/devices/platform/vhci_hcd.$(($1 / VHCI_PORTS))"/usb[0-9]*; do
    [ "$(cat "$hub/speed")" = $speed ] && echo "$hub"
  done | grep -m 1 .
}

# The "physical" side: drivers keep off interfaces that are not authorized when they appear, and do not
# come by themselves when they are later, which usbfs needs. Only this root hub is concerned: the
# gateway's device may appear meanwhile, and wants its driver.
let_drivers_bind() { echo "$2" >"$(root_hub_of_port "$1")/interface_authorized_default"; } # PORT 0|1

authorize_interfaces() { # PORT; fails while there are none
  local folder interface found=0
  folder=/sys/bus/usb/devices/$(usb_name_at_port "$1") || return 1
  for interface in "$folder"/*:*/authorized; do
    [ -e "$interface" ] && echo 1 >"$interface" && found=$((found + 1))
  done
  [ "$found" -gt 0 ] && [ "$found" = "$(tr -d ' ' <"$folder/bNumInterfaces")" ]
}

# A controller's and a NIC's interrupts do not wait for programs; nor should the threads that stand for
# them: vhci's, and ksoftirqd, which delivers what crosses a veth pair once it has been woken; and
# PREEMPT_RT's ktimers, which lets go of what netem has held back.
raise_vhci_threads() {
  local thread
  for thread in $(pgrep '^vhci_[rt]x$') $(pgrep '^(ksoftirqd|ktimers)/'); do chrt -f -p 60 "$thread"; done
}

# start_device PORT COMMAND...: a program that presents itself at a vhci port; its process is device_pid.
# At DEVICE_PORT no driver binds to it: that is the "physical" side. drivers=yes lets them.
start_device() {
  local port=$1
  shift
  let_drivers_bind "$port" "$([ "${drivers:-no}" = yes ] && echo 1 || echo 0)"
  "$@" >>"$KEEP/device.log" 2>&1 &
  device_pid=$!
  wait_for_device "$port" || abort "the device does not come to vhci port $port"
  raise_vhci_threads
  wait_for 20 "the device's interfaces" authorize_interfaces "$port" || abort "the device is not configured"
}

# Ends a device without a word, as a pulled plug does. The kernel frees the port at once and takes the
# device away some time later; vhci leaves the port enabled, so that what is plugged in before is taken
# for the old device (hub_port_connect_change), which then neither works nor goes.
pull_plug() { # PORT
  local name
  name=$(usb_name_at_port "$1")
  kill -9 "$device_pid"
  wait "$device_pid" 2>/dev/null
  wait_for 20 "the device at vhci port $1 to go" device_is_gone "$name" || fault "the kernel keeps $name after its plug was pulled"
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

# start_usbmon PORT: everything on the bus of the device at a vhci port, until stop_usbmon. The kernel keeps
# some hundred lines for a slow reader.
start_usbmon() {
  local name
  name=$(usb_name_at_port "$1")
  usbmon_bus=/sys/kernel/debug/usb/usbmon/${name%%-*}
  chrt -f 20 cat "${usbmon_bus}u" >"$WORK/usbmon" &
  usbmon_pid=$!
}

stop_usbmon() {
  kill $usbmon_pid
  wait $usbmon_pid 2>/dev/null
  grep -q 'text_lost 0$' "${usbmon_bus}s" || fault "usbmon: $(cat "${usbmon_bus}s")"
}

# The longest time, in ms, that isochronous URBs of one endpoint were queued and none was answered: from what
# start_usbmon wrote. Its clock, in us, goes round after 4096 s.
longest_wait() {
  awk '$4 !~ /^Z/ { next }
    $3 == "S" { if (!queued[$4]++) since[$4] = $2 }
    $3 == "C" { wait = $2 - since[$4]; if (wait < 0) wait += 4096e6
                if ($5 !~ /^-/ && wait > most) most = wait
                if (queued[$4]) queued[$4]--
                since[$4] = $2 }
    END { printf "%.1f\n", most / 1000 }' "$WORK/usbmon"
}

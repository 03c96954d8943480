# QEMU's usb-storage through usbgw: mkfs, mount, write, read back, same SHA-256, detach; also at RTT 8 ms.
#: clock plain
#: timeout 1200
#: disk stick.img 256M
#: qemu -device qemu-xhci,id=xhci
#: qemu -drive if=none,id=stick,format=raw,cache=unsafe,file=@RESULTS@/stick.img
#: qemu -device usb-storage,bus=xhci.0,drive=stick,id=usb-stick
# megabytes=64 rtts="0 8"
STICK=46f4:0001
megabytes=${megabytes:-64}

disk_folder() { class_folder_at_port $GATEWAY_SS_PORT 'sd[a-z]'; }

# 1 MiB URBs, as a driver may ask for on SuperSpeed; the default is 120 kB. A URB has at most 32 pieces,
# so what is transferred lies in huge pages: dd's buffer is larger than several of them.
allow_large_urbs() { # DISK
  echo always >/sys/kernel/mm/transparent_hugepage/enabled
  echo 2048 >"/sys/block/$1/device/max_sectors" && echo 1024 >"/sys/block/$1/queue/max_sectors_kb"
}

largest_urb() { # of the bulk submissions in a usbmon text
  awk '$3 == "S" && $4 ~ /^B/ { if ($6 + 0 > most) most = $6 + 0 } END { print most + 0 }' "$1"
}

# Bulk URBs at the gateway, from a usbmon text: what the time is spent on.
count_urbs() { # FILE BUS
  awk -v bus=":$2:" '$3 == "S" && $4 ~ "^B[io]" bus { if ($6 <= 64) short++; else { data++; bytes += $6 } }
       END { printf "%d data URBs with %.0f MB, %d of commands and statuses", data, bytes / 1048576, short }' "$1"
}

# Time since the last lap; their sum is the figure.
lap() { # WHAT
  local now
  now=$(cut -d ' ' -f 1 /proc/uptime)
  laps+=" $1 $(awk "BEGIN { printf \"%.1f\", $now - $lap_start }")"
  lap_start=$now
}

round_trip() { # DISK
  laps= lap_start=$(cut -d ' ' -f 1 /proc/uptime)
  mkfs.ext4 -q -F "/dev/$1" || { fault "mkfs"; return; }
  lap mkfs
  mkdir -p /run/stick
  mount "/dev/$1" /run/stick || { fault "mount"; return; }
  lap mount
  dd if="$WORK/data" of=/run/stick/data bs=8M oflag=direct status=none || fault "write"
  lap write
  umount /run/stick || fault "umount"
  echo 3 >/proc/sys/vm/drop_caches
  mount "/dev/$1" /run/stick || { fault "second mount"; return; }
  lap remount
  dd if=/run/stick/data of="$WORK/back" bs=8M iflag=direct status=none || fault "read"
  lap read
  umount /run/stick || fault "second umount"
  [ "$(sha256sum <"$WORK/data")" = "$(sha256sum <"$WORK/back")" ] || fault "what was read is not what was written"
  rm -f "$WORK/back"
}

storage_case() { # RTT-MS
  local disk start bus
  say "storage at RTT $1 ms"
  start_gateway $STICK $GATEWAY_SS_PORT
  wait_for 60 "a disk behind the gateway" disk_folder || abort "no disk"
  disk=$(basename "$(disk_folder)")
  wait_for 20 "/dev/$disk" test -b "/dev/$disk" || abort "no /dev/$disk"
  bus=$(usb_name_at_port $GATEWAY_SS_PORT)
  bus=${bus%%-*}
  allow_large_urbs "$disk"
  cat /sys/kernel/debug/usb/usbmon/0u >"$WORK/usbmon" & local monitor=$!
  start=$(uptime_seconds)
  round_trip "$disk"
  seconds=$(($(uptime_seconds) - start))
  kill $monitor
  say "RTT $1 ms:$laps s; $(count_urbs "$WORK/usbmon" "$bus")"
  urb_bytes=$(largest_urb "$WORK/usbmon")
  [ "$urb_bytes" -ge 1048576 ] || fault "the largest URB was $urb_bytes bytes, not 1 MiB"
  ip netns exec host "$WORK/usbgw" detach $STICK --socket "$WORK/host.sock" || fault "usbgw detach"
  check_no_vhci_port_in_use
  stop_gateway
  check_no_process_in_d
}

load_modules xhci-pci sd_mod usb-storage ext4
dd if=/dev/urandom of="$WORK/data" bs=1M count="$megabytes" status=none
figures=
for rtt in ${rtts:-0 8}; do
  if [ -z "$figures" ]; then
    prepare_gateway delay $((rtt * 500))us
  else
    set_impairment delay $((rtt * 500))us
  fi
  measure_network 20
  storage_case "$rtt"
  figures+=", RTT $rtt ms $seconds s"
done
finish storage "$megabytes MB written and read back, largest URB $urb_bytes bytes$figures"

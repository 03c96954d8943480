# Audio and storage over two NICs bound to vfio-pci and driven by DPDK's own drivers: virtio-net, then e1000e.
#: clock plain
#: timeout 1800
#: disk stick.img 64M
#: append intel_iommu=on no_timer_check
#: qemu -machine kernel-irqchip=split
#: qemu -device intel-iommu,caching-mode=on
#: qemu -netdev dgram,id=va,local.type=inet,local.host=127.0.0.1,local.port=47701,remote.type=inet,remote.host=127.0.0.1,remote.port=47702
#: qemu -netdev dgram,id=vb,local.type=inet,local.host=127.0.0.1,local.port=47702,remote.type=inet,remote.host=127.0.0.1,remote.port=47701
#: qemu -device virtio-net-pci,netdev=va,addr=0x10,disable-legacy=on,iommu_platform=on,mac=52:54:00:00:10:01
#: qemu -device virtio-net-pci,netdev=vb,addr=0x11,disable-legacy=on,iommu_platform=on,mac=52:54:00:00:10:02
#: qemu -netdev dgram,id=ea,local.type=inet,local.host=127.0.0.1,local.port=47703,remote.type=inet,remote.host=127.0.0.1,remote.port=47704
#: qemu -netdev dgram,id=eb,local.type=inet,local.host=127.0.0.1,local.port=47704,remote.type=inet,remote.host=127.0.0.1,remote.port=47703
#: qemu -device e1000e,netdev=ea,addr=0x12,mac=52:54:00:00:12:01
#: qemu -device e1000e,netdev=eb,addr=0x13,mac=52:54:00:00:12:02
#: qemu -device qemu-xhci,id=xhci
#: qemu -drive if=none,id=stick,format=raw,cache=unsafe,file=@RESULTS@/stick.img
#: qemu -device usb-storage,bus=xhci.0,drive=stick,id=usb-stick
# seconds=5 period=480x4 speed=full nics="virtio e1000e"
STICK=46f4:0001
seconds=${seconds:-5} period=${period:-480x4}

bind_to_vfio() { # PCI-ADDRESS
  local folder=/sys/bus/pci/devices/$1
  [ -d "$folder" ] || abort "no PCI device $1"
  [ ! -e "$folder/driver" ] || echo "$1" >"$folder/driver/unbind"
  echo vfio-pci >"$folder/driver_override"
  echo "$1" >/sys/bus/pci/drivers_probe
  [ "$(basename "$(readlink "$folder/driver")")" = vfio-pci ] || abort "$1 is not bound to vfio-pci"
}

audio_over_nic() { # NIC
  case_name=$1_audio
  start_audio_device ${speed:-full} $DEVICE_PORT
  start_gateway "$(device_id_at_port $DEVICE_PORT)"
  wait_for_card $GATEWAY_PORT || { fault "no sound card over $1"; return; }
  audio_case play $period $seconds
  [ $case_xruns -eq 0 ] || fault "$case_xruns XRUNs over $1"
  stop_gateway
  stop_audio_device "$(played_frames play $seconds)"
}

disk_folder() { class_folder_at_port $GATEWAY_SS_PORT 'sd[a-z]'; }

storage_over_nic() { # NIC
  case_name=$1_storage
  start_gateway $STICK $GATEWAY_SS_PORT
  wait_for 60 "a disk behind the gateway" disk_folder || { fault "no disk over $1"; return; }
  local disk
  disk=/dev/$(basename "$(disk_folder)")
  wait_for 20 "$disk" test -b "$disk"
  dd if="$WORK/data" of="$disk" bs=1M oflag=direct status=none || fault "write over $1"
  dd if="$disk" of="$WORK/back" bs=1M count=16 iflag=direct status=none || fault "read over $1"
  cmp -s "$WORK/data" "$WORK/back" || fault "what was read over $1 is not what was written"
  stop_gateway
}

modprobe vfio_iommu_type1 allow_unsafe_interrupts=1
load_modules vfio-pci xhci-pci sd_mod usb-storage
prepare_gateway
start_audio
mount_hugepages 192
# Wake-ups come 10 ms and more late under plain emulation: what is submitted ahead to the device and the
# margin of playout must both be longer than that.
playout=100ms playout_max=100ms playout_mode=fixed
agent_extra='[streams]
transfer = "4ms"
out_ahead = "64ms"'
warm_up_gateway
dd if=/dev/urandom of="$WORK/data" bs=1M count=16 status=none
verdicts=
for nic in ${nics:-virtio e1000e}; do
  [ $nic = virtio ] && slots="10 11" || slots="12 13"
  read -r agent_slot host_slot <<<"$slots"
  bind_to_vfio 0000:00:$agent_slot.0
  bind_to_vfio 0000:00:$host_slot.0
  agent_port=0000:00:$agent_slot.0 host_port=0000:00:$host_slot.0 mtu=1500
  before=$failures
  # e1000e is tried and told, not required: what it does is in a shell of its own.
  if [ $nic = e1000e ]; then
    (audio_over_nic $nic; storage_over_nic $nic; [ "$failures" -eq "$before" ]) && verdict=works || verdict=unsupported
    stop_leftovers
  else
    audio_over_nic $nic
    storage_over_nic $nic
    [ "$failures" -eq "$before" ] && verdict=works || verdict=fails
  fi
  verdicts+=", $nic $verdict"
done
check_no_vhci_port_in_use
finish vfio "$(figures)$verdicts"

# aplay on QEMU's own usb-audio through usbgw, judged by what QEMU recorded on that device's bus.
#: clock virtual
#: timeout 900
#: qemu -device qemu-xhci,id=xhci -audiodev none,id=silent
#: qemu -device usb-audio,bus=xhci.0,audiodev=silent,pcap=@RESULTS@/usb-audio.pcap
#: judge /usr/bin/python3 tests/vm/judge/pcap_audio.py @RESULTS@/usb-audio.pcap @RESULTS@/frames
# seconds=10 period=480x4
DEVICE=46f4:0002
seconds=${seconds:-10} period=${period:-480x4}
load_modules xhci-pci
prepare_gateway
start_audio
echo $((seconds * RATE)) >"$KEEP/frames"
start_gateway $DEVICE
wait_for_card $GATEWAY_PORT || abort "no sound card behind the gateway"
# The device plays only. A first second warms everything up; its counters stop below those that follow.
case_name=warm_up
audio_case play 480x4 1
case_name=qemu_$period
audio_case play $period $seconds
[ $case_xruns -eq 0 ] || fault "$case_xruns XRUNs"
stop_gateway
check_no_vhci_port_in_use
finish qemu_audio "$((seconds * RATE)) samples sent, $case_xruns XRUNs"

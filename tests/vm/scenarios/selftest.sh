# The rig itself: the software audio device straight at the guest's vhci, no gateway; exact, no XRUN.
#: clock virtual
#: timeout 600
# seconds=5 periods="64x2 128x2" speeds="full high"
start_usb
start_audio
start_udevd
take_usbgw
drivers=yes

start_audio_device full $DEVICE_PORT
warm_up_audio $DEVICE_PORT
stop_audio_device 0
for speed in ${speeds:-full high}; do
  for period in ${periods:-64x2 128x2}; do
    case_name=${speed}_$period
    say "duplex $period, $speed speed"
    start_audio_device $speed $DEVICE_PORT
    wait_for_card $DEVICE_PORT || abort "no sound card"
    audio_case duplex $period ${seconds:-5}
    stop_audio_device "$(played_frames duplex ${seconds:-5})"
    check_no_vhci_port_in_use
  done
done
[ $xrun_count -eq 0 ] || fault "$xrun_count XRUNs"

# One wrong sample, each way, has to be seen.
case_name=fault_in
start_softdevice $DEVICE_PORT uac1 --fault drop@1
wait_for_card $DEVICE_PORT || abort "no sound card"
start_record 128x2 2
wait $record_pid
verdict=$("$WORK/audio_judge" check $((2 * RATE)) "$WORK/record.raw") && fault "the judge passed a dropped frame"
say "one frame dropped on purpose: $verdict"
[[ $verdict == *" missing=1 repeated=0 altered=0" ]] || fault "the judge saw $verdict"
end_process $device_pid
case_name=fault_out
start_softdevice $DEVICE_PORT uac1 --fault out:drop@1
wait_for_card $DEVICE_PORT || abort "no sound card"
"$WORK/audio_judge" generate $((2 * RATE)) "$WORK/play.raw"
start_play 128x2 2
wait $play_pid
end_process $device_pid
say "one frame dropped on purpose: $(device_figure out.missing) missing"
[ "$(device_figure out.missing)" = 1 ] || fault "the device saw no dropped frame"
finish selftest "$(figures)"

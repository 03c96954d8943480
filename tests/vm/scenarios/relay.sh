# The baseline: device -> vhci -> libusb -> plain URB relay -> vhci -> sound card, without network or gateway.
#: clock virtual
#: timeout 900
# seconds=5 periods="64x2 128x2 480x4" speeds="full high" directions="duplex"
start_usb
start_audio
start_udevd
take_usbgw
take "$BUILD/tests/vm/urb_relay"

warm_up_relay
for direction in ${directions:-duplex}; do
  for speed in ${speeds:-full high}; do
    for period in ${periods:-64x2 128x2 480x4}; do
      relay_case $direction $speed $period ${seconds:-5}
    done
  done
done
finish relay "$(figures)"

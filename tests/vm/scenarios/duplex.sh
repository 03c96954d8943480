# aplay and arecord at once through usbgw between two network namespaces.
#: clock virtual
#: timeout 2400
# seconds=30 periods="64x2 128x2 480x4" speeds="full high"
prepare_gateway
gateway_audio_scenario duplex
finish duplex "$(figures)"

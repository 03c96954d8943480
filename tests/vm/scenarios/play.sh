# aplay through usbgw between two network namespaces; the software device judges what it was sent.
#: clock virtual
#: timeout 2400
# seconds=30 periods="64x2 128x2 480x4" speeds="full high"
prepare_gateway
gateway_audio_scenario play
finish play "$(figures)"

# Bulk and interrupt reads timed out and cancelled at random moments at RTT 8 ms: no byte lost or repeated.
#: clock plain
#: timeout 900
# reads=1000 seed=1 rtt=8
prepare_gateway delay $((${rtt:-8} * 500))us
take "$BUILD/tests/vm/cancel_reads"
measure_network 50
# Slow enough that most reads have to wait.
start_softdevice $DEVICE_PORT counter --bytes-per-second 2000
start_gateway "$(device_id_at_port $DEVICE_PORT)"
say "reading, seed ${seed:-1}"
limited_reads() { timeout --kill-after=5 600 "$WORK/cancel_reads" "$(usb_name_at_port $GATEWAY_PORT)" "${reads:-1000}" "${seed:-1}"; }
limited_reads | tee "$KEEP/cancel_reads.log"
[ "${PIPESTATUS[0]}" -eq 0 ] || fault "the reads"
figures=$(tail -n 1 "$KEEP/cancel_reads.log")
stop_gateway
end_process "$device_pid"
check_no_vhci_port_in_use
check_no_process_in_d
finish cancel "$figures"

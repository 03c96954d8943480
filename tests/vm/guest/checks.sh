# Checks on the state of the kernel.

# All that the kernel has complained of so far, but for what the scenario's header tolerates (see run.sh).
kernel_complaints() {
  local tolerated
  tolerated=$(sed -n 's/^#: tolerates //p' "scenarios/$USBGW_SCENARIO.sh")
  dmesg | grep -E "$(cat guest/kernel_complaints)" | { [ -n "$tolerated" ] && grep -vE "$tolerated" || cat; }
}

check_kernel_log() {
  local complaints
  complaints=$(kernel_complaints | head -n 5)
  [ -z "$complaints" ] || fault "the kernel complained: $complaints"
}

# Flat port numbers of all vhci ports that are not free (state 004 is free; linux/usbip.h).
vhci_ports_in_use() {
  awk '($1 == "hs" || $1 == "ss") && $3 != "004" { print $2 + 0 }' /sys/devices/platform/vhci_hcd.0/status*
}

no_vhci_port_in_use() { [ -z "$(vhci_ports_in_use)" ]; }

check_no_vhci_port_in_use() {
  wait_for "${1:-20}" "free vhci ports" no_vhci_port_in_use || fault "vhci ports in use: $(vhci_ports_in_use | xargs)"
}

# Processes (not kernel threads) in uninterruptible sleep now and a second later.
processes_in_d() { ps -eo state=,pid=,args= | awk '$1 == "D" && $3 !~ /^\[/ { print $2 }' | sort; }

check_no_process_in_d() {
  local before after
  before=$(processes_in_d)
  [ -n "$before" ] || return 0
  sleep 1
  after=$(comm -12 <(echo "$before") <(processes_in_d))
  [ -z "$after" ] || fault "processes in state D: $(ps -o pid=,args= -p "$(echo "$after" | paste -sd ,)")"
}

#!/bin/bash
# Process 1 of the guest once the root file system is there: runs one scenario and powers off.
# The results share gets: output (the scenario's), kernel.log, exit_code, and what it puts in /run/keep.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C
unset LD_PRELOAD
. /results/job

mount_all() {
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mkdir -p /dev/pts /dev/shm /run /tmp
  mount -t devpts devpts /dev/pts
  mount -t tmpfs tmpfs /dev/shm
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /tmp
  mount -t debugfs debugfs /sys/kernel/debug
  mount -t bpf bpf /sys/fs/bpf 2>/dev/null
  mkdir -p "/lib/modules/$(uname -r)"
  mount --bind "$USBGW_KERNEL/lib/modules/$(uname -r)" "/lib/modules/$(uname -r)"
  mkdir -p /run/lock /run/keep /run/work
  [ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
}

# A blocked task is reported after 20 s instead of 120. The kernel's log also goes, live, to a serial
# port of its own: it is all there is when the guest dies, and a 9p write would make guest time leap.
watch_kernel() {
  echo 20 >/proc/sys/kernel/hung_task_timeout_secs
  dmesg --follow >/dev/ttyS1 2>/dev/null &
}

# Under the instruction-counted clock an idle guest's time leaps to the next timer; while it waits for a
# file of the machine, by hours. A loop that runs when nothing else does holds it to the instruction rate.
# lib.sh stops it where timing is judged.
hold_time() {
  [ "$USBGW_CLOCK" = virtual ] || return
  chrt --idle 0 bash -c 'while :; do :; done' &
  echo $! >/run/time_holder
}

power_off() {
  sync
  echo o >/proc/sysrq-trigger
  # Process 1 must not end, and programs can no longer be read once 9p is shut down.
  while :; do :; done
}

mount_all 2>/dev/null
hold_time
ip link set lo up
watch_kernel
# The kernel stops all real-time threads for 50 ms of each second in which they used the rest; with
# one CPU for both machines and the device that can happen, and would be judged as the gateway's.
echo -1 >/proc/sys/kernel/sched_rt_runtime_us
# Gathering small pages into a huge one stops the only CPU for 2 ms; usbgw refuses it for itself, but
# the device and the audio programs share that CPU. A PREEMPT_RT kernel does not do it.
[ ! -e /sys/kernel/mm/transparent_hugepage/enabled ] || echo never >/sys/kernel/mm/transparent_hugepage/enabled
cd "$USBGW_REPO/tests/vm" || power_off
echo "guest: up, kernel $(uname -r), $(nproc) CPU, scenario $USBGW_SCENARIO"
setsid timeout --kill-after=10 "$USBGW_GUEST_TIMEOUT" bash -c '
  . guest/lib.sh
  . "scenarios/$USBGW_SCENARIO.sh"
' >/run/output 2>&1 </dev/null &
scenario=$!
tail -n +1 -f /run/output --pid=$scenario 2>/dev/null
wait $scenario
code=$?
[ $code -eq 124 ] && echo "guest: the scenario did not end within $USBGW_GUEST_TIMEOUT s of guest time"
dmesg >/results/kernel.log
cp /run/output /results/output
cp -r /run/keep/. /results/ 2>/dev/null
echo $code >/results/exit_code
power_off

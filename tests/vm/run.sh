#!/bin/bash
# run.sh SCENARIO [NAME=VALUE...]: boots the guest, runs the scenario in it, and judges how the guest ended.
# kernel=rt (or USBGW_VM_KERNEL=rt) takes Debian's PREEMPT_RT kernel; other names are the scenario's.
# The scenario's header lines say what it needs: "#: clock virtual|plain", "#: timeout SECONDS" (of the
# machine), "#: disk NAME SIZE", "#: qemu ARGUMENTS", "#: append KERNEL-ARGUMENTS", "#: before COMMAND", which is run
# here with the assignments in its environment before the guest starts, "#: tolerates PATTERN", which the kernel may
# complain of, and "#: judge COMMAND", which is run here when the guest has ended well. @RESULTS@ stands for the results
# folder.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/lib.sh

scenario=${1:?usage: run.sh SCENARIO [NAME=VALUE...]}
shift
script=tests/vm/scenarios/$scenario.sh
[ -f "$script" ] || die "no scenario '$scenario'; there are: $(ls tests/vm/scenarios | sed 's/\.sh$//' | xargs)"
command -v qemu-system-x86_64 >/dev/null || die "no qemu-system-x86_64; run ./dev setup"

results=${USBGW_VM_RESULTS:-$PWD/out/vm}/$scenario
header() { sed -n "s/^#: $1 //p" "$script" | sed "s|@RESULTS@|$results|g"; }
clock=$(header clock)
timeout=${USBGW_VM_TIMEOUT:-$(header timeout)}
label=$scenario
for assignment in "$@"; do
  [[ $assignment =~ ^[a-z_]+= ]] || die "'$assignment' is not NAME=VALUE"
  [[ $assignment != kernel=* ]] || export USBGW_VM_KERNEL=${assignment#kernel=}
  label+=" $assignment"
done

# One guest at a time on a machine: a second one takes the time of the first.
exec 9>"${TMPDIR:-/tmp}/usbgw-vm.lock"
if ! flock -n 9; then
  echo "vm: another guest is running; waiting"
  flock 9
fi

kernel=$(tests/vm/kernel.sh)
rm -rf "$results"
mkdir -p "$results"

write_job() {
  echo "export USBGW_REPO='$PWD' USBGW_KERNEL='$kernel' USBGW_SCENARIO='$scenario' USBGW_CLOCK='$clock'"
  # Guest time runs ahead of the machine's while the guest waits for it; the machine's limit is what counts.
  echo "export USBGW_GUEST_TIMEOUT=$((timeout * 4))"
  local assignment
  for assignment in "$@"; do echo "export ${assignment%%=*}='${assignment#*=}'"; done
}
write_job "$@" >"$results/job"

machine=q35
before=$(header before)
[ -z "$before" ] || env "$@" $before || die "$scenario: $before failed"

case $clock in
  virtual) emulation=(-accel "tcg,thread=single" -icount "shift=${USBGW_VM_SHIFT:-0},align=off,sleep=off" -smp 1) ;;
  plain) emulation=(-accel "tcg,thread=multi" -smp 2) ;;
  *) die "$script: '#: clock' must be virtual or plain" ;;
esac
while read -r name size; do truncate -s "$size" "$results/$name"; done < <(header disk)
read -r -a extra < <(header qemu | xargs -d '\n') || true

qemu-system-x86_64 -M "$machine" -cpu max -m 3072 "${emulation[@]}" \
  -nodefaults "${extra[@]}" -display none -no-reboot -rtc clock=vm \
  -kernel "$kernel/vmlinuz" -initrd "$kernel/initramfs.gz" \
  -append "console=ttyS0 loglevel=3 panic=-1 oops=panic random.trust_cpu=on tsc=reliable nokaslr mitigations=off $(header append)" \
  -serial "file:$results/console.log" -serial "file:$results/kernel-live.log" \
  -monitor "unix:$results/monitor,server=on,wait=off" \
  -virtfs "local,path=/,mount_tag=machine,security_model=none,readonly=on,multidevs=remap" \
  -virtfs "local,path=$results,mount_tag=results,security_model=none,multidevs=remap" \
  >"$results/qemu.log" 2>&1 9>&- &
qemu=$!
trap 'kill $qemu 2>/dev/null || true' EXIT

ticks_per_second=$(getconf CLK_TCK)

# Seconds that count against the limit: of the machine, or where the guest's time is virtual of the CPU that QEMU had,
# because such a guest is as good on a machine that has little to spare (a sixth of a core, at the least).
spent() {
  local stat
  spent=0
  # It may have ended just now.
  if [ "$clock" = virtual ]; then
    read -r -a stat 2>/dev/null <"/proc/$qemu/stat" || return 0
    spent=$(((stat[13] + stat[14]) / ticks_per_second))
    ((spent >= (SECONDS - $1) / 6)) || spent=$(((SECONDS - $1) / 6))
  else
    spent=$((SECONDS - $1))
  fi
}

watch_guest() { # returns 1 when the guest did not end in time
  local start=$SECONDS period=20 next spent
  [ -t 1 ] && period=1
  next=$period
  while kill -0 $qemu 2>/dev/null; do
    sleep 0.2
    spent "$start"
    if ((spent >= timeout)); then
      kill $qemu
      wait $qemu || true
      return 1
    fi
    if ((SECONDS - start >= next)); then
      show_line "vm: $label: $((SECONDS - start)) s, $(last_line "$results/console.log")"
      next=$((SECONDS - start + period))
    fi
  done
  wait $qemu || true
}

kernel_complaints() {
  local tolerated
  tolerated=$(header tolerates)
  cat "$results"/console.log "$results"/kernel-live.log "$results"/kernel.log 2>/dev/null | tr -d '\r' |
    grep -aE "$(cat tests/vm/guest/kernel_complaints)" | grep -avE "${tolerated:-^\$}" | sort -u | head -n 10
}

fail() {
  end_line "vm: $label: FAILED after $((SECONDS - began)) s: $1"
  echo "--- the end of $results/console.log"
  tail -n "${2:-25}" "$results/console.log" | tr -d '\r'
  exit 1
}

began=$SECONDS ended=yes
watch_guest || ended=no
complaints=$(kernel_complaints || true)
[ -z "$complaints" ] || printf 'vm: the guest kernel complained:\n%s\n' "$complaints"
[ "$ended" = yes ] || fail "the guest hangs: no end within $timeout s"
[ -f "$results/exit_code" ] || fail "the guest died (panic, or QEMU: $(tail -n 1 "$results/qemu.log"))"
code=$(cat "$results/exit_code")
[ "$code" = 0 ] || fail "exit code $code"
[ -z "$complaints" ] || fail "the scenario passed, but its kernel complained"
end_line "vm: $label: ended after $((SECONDS - began)) s; $results has the logs"
judge=$(header judge)
if [ -n "$judge" ]; then
  $judge
else
  tail -n 1 "$results/output"
fi

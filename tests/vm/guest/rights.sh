# The gateway's rights: both sides are started as root and become this user.
GATEWAY_USER=usbgw
# What they keep, as bits of linux/capability.h: CAP_SYS_NICE.
GATEWAY_CAPABILITIES=$((1 << 23))

# The machine's files are read-only underneath, so the user is this guest's alone. Its group owns usbfs
# nodes by the rule that is shipped.
make_gateway_user() {
  getent group $GATEWAY_USER >/dev/null || echo "$GATEWAY_USER:x:990:" >>/etc/group
  getent passwd $GATEWAY_USER >/dev/null || echo "$GATEWAY_USER:x:990:990::/nonexistent:/usr/sbin/nologin" >>/etc/passwd
  mkdir -p /etc/udev/rules.d
  cp ../../deploy/udev/70-usbgw.rules /etc/udev/rules.d/ || abort "no udev rule"
  # The folder of the admin sockets.
  chown $GATEWAY_USER:$GATEWAY_USER "$WORK"
}

thread_status() { sed -n "s/^$2:[[:space:]]*//p" "$1/status"; } # FOLDER KEY

# check_rights PID: every thread has the user's ids; the process has what it keeps, and no thread has more
# (those that libraries had started before have nothing).
check_rights() {
  local thread ids id capabilities threads=0
  id=$(id -u $GATEWAY_USER)
  for thread in "/proc/$1/task"/*; do
    ids=$(thread_status "$thread" Uid | xargs)
    capabilities=$((0x0$(thread_status "$thread" CapEff) | 0x0$(thread_status "$thread" CapPrm)))
    [ -d "$thread" ] || continue
    threads=$((threads + 1))
    [ "$ids" = "$id $id $id $id" ] || fault "thread ${thread##*/} of $1 has the user ids $ids"
    [ $((capabilities & ~GATEWAY_CAPABILITIES)) -eq 0 ] ||
      fault "thread ${thread##*/} of $1 has capabilities $(printf %x $capabilities)"
  done
  capabilities=$((0x0$(thread_status "/proc/$1" CapEff)))
  [ $capabilities -eq $((GATEWAY_CAPABILITIES)) ] || fault "process $1 has capabilities $(printf %x $capabilities)"
  say "rights: $threads threads of $GATEWAY_USER, capabilities $(printf %x $capabilities)"
}

# The kernel's threads of attached devices do not wait for ordinary programs.
check_vhci_priorities() {
  local thread
  for thread in $(pgrep '^vhci_[rt]x$'); do
    chrt -p "$thread" | grep -q SCHED_FIFO || fault "vhci's thread $thread has an ordinary priority"
  done
}

#!/bin/busybox sh
# First process of the guest: the machine's root file system over 9p, read-only, under a tmpfs overlay.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev

fail() {
  echo "guest: initramfs: $*"
  poweroff -f
}

while read -r module; do
  insmod "/modules/$module" || fail "insmod $module"
done </modules/order

options=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o "ro,cache=loose,$options" machine /lower || fail "mount of the machine's root"
mount -t tmpfs -o size=60% tmpfs /upper
mkdir /upper/data /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /new || fail "overlay"
mkdir -p /new/results
mount -t 9p -o "$options" results /new/results || fail "mount of the results share"
. /new/results/job || fail "no job in the results share"
umount /proc /sys
mount --move /dev /new/dev
exec switch_root /new /bin/bash "$USBGW_REPO/tests/vm/guest/boot.sh"

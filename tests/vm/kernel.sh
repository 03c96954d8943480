#!/bin/bash
# Fetches Debian's current 6.1 kernel and makes the guest's initramfs; prints the folder that holds
# vmlinuz, initramfs.gz and lib/modules. Nothing is done when the folder is there already.
# USBGW_VM_KERNEL=rt: the PREEMPT_RT one.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
. scripts/lib.sh
cache=${USBGW_VM_CACHE:-out/vm-cache}
initramfs_modules=(virtio_pci 9pnet_virtio 9p overlay)
case ${USBGW_VM_KERNEL:-} in
  '') flavour=amd64 ;;
  rt) flavour=rt-amd64 ;;
  *) die "USBGW_VM_KERNEL=$USBGW_VM_KERNEL; allowed: rt, or nothing for Debian's usual kernel" ;;
esac

image_package() {
  apt-cache depends linux-image-$flavour 2>/dev/null |
    sed -n "s/^ *Depends: \\(linux-image-6\\.1\\.0-[0-9]*-$flavour\\)\$/\\1/p" | head -n 1
}

# A machine without package lists (a fresh container) gets them first.
find_package() {
  local package
  package=$(image_package)
  if [ -z "$package" ] && [ "$(id -u)" -eq 0 ]; then
    apt-get update >/dev/null 2>&1 || true
    package=$(image_package)
  fi
  [ -n "$package" ] || die "apt knows no linux-image-6.1.0-*-$flavour; run ./dev setup, or apt-get update"
  echo "$package"
}

download() { # PACKAGE FOLDER; the lists may be older than the archive
  (cd "$2" && apt-get download "$1") || {
    apt-get update
    (cd "$2" && apt-get download "$1")
  }
}

unpack() { # PACKAGE FOLDER
  local package=$1 folder=$2 version=${1#linux-image-}
  mkdir -p "$folder"
  run_with_progress "vm: download $package" out/log/vm-download.log download "$package" "$folder" >&2
  run_with_progress "vm: unpack" out/log/vm-unpack.log dpkg -x "$folder"/linux-image-*.deb "$folder/root" >&2
  mv "$folder/root/lib" "$folder/root/boot/vmlinuz-$version" "$folder/"
  mv "$folder/vmlinuz-$version" "$folder/vmlinuz"
  rm -r "$folder/root" "$folder"/linux-image-*.deb
  run_with_progress "vm: depmod" out/log/vm-depmod.log depmod -b "$folder" "$version" >&2
}

make_initramfs() { # FOLDER
  local folder=$1 version tree
  version=$(ls "$folder/lib/modules")
  tree=$(mktemp -d)
  mkdir -p "$tree"/{bin,proc,sys,dev,modules,lower,upper,new}
  cp "$(command -v busybox)" "$tree/bin/busybox"
  cp tests/vm/guest/initramfs_init.sh "$tree/init"
  chmod +x "$tree/init"
  local module path
  for module in "${initramfs_modules[@]}"; do
    modprobe --show-depends -d "$folder" -S "$version" "$module" | awk '$1 == "insmod" { print $2 }'
  done | awk '!seen[$0]++' >"$tree/paths"
  while read -r path; do
    cp "$path" "$tree/modules/"
    echo "${path##*/}" >>"$tree/modules/order"
  done <"$tree/paths"
  rm "$tree/paths"
  (cd "$tree" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/initramfs.gz.new"
  mv "$folder/initramfs.gz.new" "$folder/initramfs.gz"
  rm -r "$tree"
}

# Two guests that start at once share what the first of them makes.
mkdir -p "$cache"
exec 8>"$cache/lock"
if ! flock -n 8; then
  echo "vm: another guest prepares its kernel; waiting" >&2
  flock 8
fi

package=$(find_package)
folder=$cache/${package#linux-image-}
if [ ! -d "$folder" ]; then
  rm -rf "$folder.new"
  unpack "$package" "$folder.new"
  mv "$folder.new" "$folder"
fi
if [ ! -f "$folder/initramfs.gz" ] || [ tests/vm/guest/initramfs_init.sh -nt "$folder/initramfs.gz" ]; then
  make_initramfs "$folder"
fi
readlink -f "$folder"

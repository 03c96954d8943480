#!/bin/bash
# bare_debian.sh [COMMAND...]: clones the repository into a bare Debian 12 and runs ./dev demo and ./dev test
# there, or the COMMANDs given. Needs root and debootstrap. Not part of CI: it downloads a whole Debian.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

# The mirror that this machine itself uses.
mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 '/debian/\?$')}
base=$PWD/out/bare-debian-base root=$PWD/out/bare-debian
[ $# -gt 0 ] || set -- "./dev demo" "./dev test"
[ "$(id -u)" -eq 0 ] || die "needs root"
command -v debootstrap >/dev/null || die "no debootstrap; apt-get install debootstrap"

make_base() {
  rm -rf "$base.new"
  # git to clone with, certificates to fetch with; all the rest is ./dev setup's to install.
  debootstrap --variant=minbase --include=git,ca-certificates bookworm "$base.new" "$mirror"
  echo "deb $mirror bookworm-updates main" >>"$base.new/etc/apt/sources.list"
  mv "$base.new" "$base"
}

unmount_all() {
  local path
  # Those of ours, and what the COMMANDs left (network namespaces).
  while read -r path; do umount -l "$path"; done < <(awk -v root="$root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r)
}

fresh_root() {
  unmount_all
  rm -rf --one-file-system "$root"
  cp -a "$base" "$root"
  # The network as this machine reaches it.
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  [ ! -d /etc/apt/apt.conf.d ] || cp -rn /etc/apt/apt.conf.d/. "$root/etc/apt/apt.conf.d/"
  [ ! -d /usr/local/share/ca-certificates ] || cp -r /usr/local/share/ca-certificates "$root/usr/local/share/"
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --make-rslave "$root/sys"
  mount --rbind /dev "$root/dev"
  mount --make-rslave "$root/dev"
}

[ -d "$base" ] || run_with_progress "bare_debian: debootstrap" out/log/debootstrap.log make_base
trap unmount_all EXIT
for command in "$@"; do
  run_with_progress "bare_debian: a fresh root" out/log/bare-root.log fresh_root
  git clone -q --no-hardlinks . "$root/root/usbgw"
  echo "bare_debian: $command"
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM="${TERM:-dumb}" CI=true \
    http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" no_proxy="${no_proxy:-}" \
    bash -c "cd /root/usbgw && $command" </dev/null
done

#!/bin/bash
# Installs the packages of scripts/packages that are missing; needs root or sudo only when some are.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

wanted() { sed 's/#.*//' scripts/packages | xargs -n 1; }

missing() {
  comm -23 <(wanted | sort -u) \
    <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p' | sort -u)
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo -n env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

[ -x /usr/bin/dpkg-query ] || die "only Debian 12 is set up automatically; the list of packages is scripts/packages"
mapfile -t packages < <(missing)
if [ ${#packages[@]} -eq 0 ]; then
  echo "setup: all packages are there"
  exit 0
fi
if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
  die "not root and no sudo without a password; run as root: apt-get install --no-install-recommends ${packages[*]}"
fi
echo "setup: installing ${#packages[@]} packages: ${packages[*]}"
run_with_progress "setup: apt-get update" out/log/apt-update.log \
  as_root apt-get -o Acquire::Retries=3 update
run_with_progress "setup: apt-get install" out/log/apt-install.log \
  as_root apt-get -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold \
  install -y --no-install-recommends "${packages[@]}"

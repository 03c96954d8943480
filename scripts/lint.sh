#!/bin/bash
# lint.sh [--fix]: clang-format over all sources, clang-tidy over those that differ from main (all with ALL=1).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
. scripts/lib.sh

fix=no
[ "${1:-}" = --fix ] && fix=yes
failed=0

mapfile -t sources < <(git ls-files -co --exclude-standard '*.cpp' '*.h')
if [ "$fix" = yes ]; then
  clang-format -i "${sources[@]}"
else
  clang-format --dry-run -Werror "${sources[@]}" || failed=1
fi

# clang-tidy needs the compile commands and the generated headers, not the objects.
scripts/build.sh --clang wire/session.pb.h dataplane/dpdk/steer_udp.inc
changed() {
  if [ "${ALL:-0}" = 1 ] || ! git rev-parse -q --verify main >/dev/null; then
    git ls-files '*.cpp'
  else
    git diff --name-only --diff-filter=d "$(git merge-base main HEAD)" -- '*.cpp'
  fi
}
mapfile -t units < <(changed | grep -Fxf <(sed -n 's/^ *"file": "\(\.\.\/\)\?\(.*\)",\?$/\2/p' build-clang/compile_commands.json) || true)
tidy() { printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build-clang; }
if [ ${#units[@]} -gt 0 ]; then
  run_with_progress "lint: clang-tidy over ${#units[@]} files" out/log/clang-tidy.log \
    tidy || failed=1
fi
[ "$failed" -eq 0 ] && echo "lint: clean"
exit "$failed"

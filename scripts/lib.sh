# Shared by the scripts in this folder: sourced, not run. The working directory is the repository's root.

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# run_with_progress TITLE LOG COMMAND...: output goes to LOG; a line says how long it has taken.
# On failure the log's end is shown and the command's exit code is returned.
run_with_progress() {
  local title=$1 log=$2 start=$SECONDS code=0 period=15
  shift 2
  mkdir -p "$(dirname "$log")"
  [ -t 1 ] && period=1
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$! next=$period
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS - start >= next)); then
      show_line "$title: $((SECONDS - start)) s, $(last_line "$log")"
      next=$((SECONDS - start + period))
    fi
  done
  wait "$pid" || code=$?
  if [ "$code" -eq 0 ]; then
    end_line "$title: done in $((SECONDS - start)) s"
  else
    end_line "$title: FAILED (exit code $code) after $((SECONDS - start)) s; the end of $log:"
    tail -n 40 "$log"
  fi
  return "$code"
}

# On a terminal the line is overwritten in place; elsewhere each is a line of its own.
show_line() {
  if [ -t 1 ]; then printf '\r\033[K%.*s' "$(($(tput cols 2>/dev/null || echo 100) - 1))" "$1"; else echo "$1"; fi
}

end_line() {
  if [ -t 1 ]; then printf '\r\033[K%s\n' "$1"; else echo "$1"; fi
}

last_line() {
  tail -c 400 "$1" 2>/dev/null | tr -d '\000' | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-100
}

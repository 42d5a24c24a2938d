# shellcheck shell=bash
# Launcher output: steps, progress and time on a terminal, plain lines elsewhere. All of it goes to descriptor 3, by default standard error,
# because standard output belongs to the server program (`--json`).

exec 3>&2

# Called again after descriptor 3 is redirected.
look_at_terminal() {
  terminal=false
  if [ -t 3 ] && [ -z "${CI:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    terminal=true
  fi
}
look_at_terminal

child=
background=
interrupted() {
  local process
  for process in $child $background; do
    kill -TERM -- "-$process" 2>/dev/null || true
  done
  [ "$terminal" = true ] && printf '\r\033[K' >&3
  say "interrupted"
  exit 130
}
trap interrupted INT TERM

say() {
  printf '%s\n' "$*" >&3
}

fail() {
  printf 'broadcast: %s\n' "$*" >&3
  exit 1
}

# elapsed SECONDS -> "9 s", "2 min 05 s"
elapsed() {
  if [ "$1" -lt 60 ]; then
    printf '%d s' "$1"
  else
    printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
  fi
}

# step TITLE LOG COMMAND... : runs a command with its output in LOG and shows its progress. Returns its exit code.
# The output of the function named in $progress follows the title on screen. With $quiet_end, the result is not printed.
progress=
quiet_end=
step() {
  local title=$1 log=$2 started=$SECONDS code=0 frame=0 beat=60
  shift 2
  [ "$terminal" = true ] || say "$title …"
  # Job control gives the command its own process group, so that it can be stopped as a whole and handles Ctrl-C itself.
  set -m
  "$@" >"$log" 2>&1 </dev/null 9>&- &
  child=$!
  set +m
  while kill -0 "$child" 2>/dev/null; do
    if [ "$terminal" = true ]; then
      local frames='|/-\'
      printf '\r\033[K%s %s  %s%s' "${frames:frame++%4:1}" "$title" "$(elapsed $((SECONDS - started)))" "${progress:+  $($progress)}" >&3
      sleep 0.2
    else
      sleep 0.1
      if [ $((SECONDS - started)) -ge "$beat" ]; then
        say "$title … $(elapsed "$beat")${progress:+  $($progress)}"
        beat=$((beat + 60))
      fi
    fi
  done
  wait "$child" 2>/dev/null || code=$?
  child=
  [ "$terminal" = true ] && printf '\r\033[K' >&3
  if [ -z "$quiet_end" ]; then
    if [ "$code" -eq 0 ]; then
      say "$title: done in $(elapsed $((SECONDS - started)))"
    else
      say "$title: failed after $(elapsed $((SECONDS - started)))"
    fi
  fi
  return "$code"
}

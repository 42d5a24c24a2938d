# shellcheck shell=bash
# What the launcher tells people: steps, progress and time on a terminal, plain lines elsewhere. It all goes to descriptor 3, which is
# standard error unless a command says otherwise, because standard output belongs to the server program (`--json`).

exec 3>&2

# Asked again after descriptor 3 moves.
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
  say "stopped"
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

# step TITLE LOG COMMAND... : runs a command with its output in LOG and shows that it is under way. Returns its exit code.
# The title may be followed on screen by what the function named in $progress prints. Silent at the end when $quiet_end is set.
progress=
quiet_end=
step() {
  local title=$1 log=$2 started=$SECONDS code=0 frame=0 beat=60
  shift 2
  [ "$terminal" = true ] || say "$title …"
  # With job control the command has a process group of its own: it can be stopped as a whole, and Ctrl-C keeps its usual meaning in it.
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

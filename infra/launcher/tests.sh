# shellcheck shell=bash
# Runs the test projects one after another and prints one line of totals.

# Whole servers and real browsers: they run last and alone.
readonly heavy=(endtoend browser)
# Tests depend on timing of real encoders, players and sockets, on a machine that may be shared: up to this many failed tests are run once more,
# alone. Tests that pass then are reported with the output of their first run, for investigation.
readonly again_limit=3
# Waits for encoders most of the time: runs in parallel with the projects before it.
readonly beside=transcoder
readonly hang_seconds=${BROADCAST_TEST_LIMIT:-900}

passed=0 failed=0 skipped=0

run_tests() {
  local filter='' fast=false renew=false cluster=false relay=false fuzz='' seed=1 screenshots='' wanted=() project name
  exec 3>&1
  look_at_terminal
  while [ $# -gt 0 ]; do
    case $1 in
      --filter)
        [ $# -ge 2 ] || fail "--filter requires part of a test name"
        filter=$2
        shift
        ;;
      --filter=*) filter=${1#*=} ;;
      --fast) fast=true ;;
      --renew-golden) renew=true ;;
      --cluster) cluster=true ;;
      --relay) relay=true ;;
      --fuzz)
        [ $# -ge 2 ] || fail "--fuzz requires minutes"
        fuzz=$2
        shift
        ;;
      --fuzz=*) fuzz=${1#*=} ;;
      --seed)
        [ $# -ge 2 ] || fail "--seed requires a number"
        seed=$2
        shift
        ;;
      --seed=*) seed=${1#*=} ;;
      --screenshots)
        [ $# -ge 2 ] || fail "--screenshots requires an output folder"
        screenshots=$2
        shift
        ;;
      --screenshots=*)
        screenshots=${1#*=}
        [ -n "$screenshots" ] || fail "--screenshots requires an output folder"
        ;;
      -h | --help)
        usage
        return
        ;;
      -*) fail "unknown option $1; test takes --filter TEXT, --fast, --cluster, --relay, --renew-golden, --fuzz MINUTES, --screenshots DIR and names of folders under tests/ (or dashboard)" ;;
      *) wanted+=("$1") ;;
    esac
    shift
  done

  if [ -n "$fuzz" ]; then
    search "$fuzz" "$seed" "${wanted[@]}"
    return
  fi

  if [ -n "$screenshots" ]; then
    mkdir -p -- "$screenshots" || fail "cannot write to $screenshots"
    screenshots=$(cd -- "$screenshots" && pwd)
    wanted=(browser) filter=${filter:-PageScreenshot}
  fi

  if [ "$cluster" = true ]; then
    case ${wanted[*]} in '' | endtoend) ;; *) fail "--cluster runs only the tests of endtoend" ;; esac
    [ "$fast" = false ] || fail "--cluster cannot be combined with --fast"
    wanted=(endtoend)
  elif [ "$relay" = true ]; then
    fail "--relay requires --cluster"
  fi

  local selected=()
  for name in dashboard $(light_projects) "${heavy[@]}"; do
    if [ ${#wanted[@]} -gt 0 ]; then
      case " ${wanted[*]} " in *" $name "*) ;; *) continue ;; esac
    elif [ "$fast" = true ] && is_heavy "$name"; then
      continue
    fi
    if [ "$name" = dashboard ]; then
      [ -f "$root/dashboard/package.json" ] || continue
    elif ! compgen -G "$root/tests/$name/*.Tests.csproj" >/dev/null; then
      continue
    fi
    selected+=("$name")
  done
  [ ${#selected[@]} -gt 0 ] || fail "no such tests: ${wanted[*]}"

  # An interrupted run is a failure and also ends with the line of totals.
  trap 'say "$passed passed, $((failed + 1)) failed, $skipped skipped"' EXIT
  # Variables of this shell must not configure the servers under test.
  unset "${!BROADCAST_@}"
  [ -z "$screenshots" ] || export BROADCAST_SCREENSHOTS=$screenshots
  [ "$renew" = false ] || export BROADCAST_RENEW_GOLDEN=1
  [ "$cluster" = false ] || export BROADCAST_TEST_SERVERS=2
  [ "$relay" = false ] || export BROADCAST_TEST_RELAY=1

  if [ "${selected[*]}" = dashboard ]; then
    build_pages
  else
    require_packages "$(packages_to_test)"
    build_everything
  fi

  # Most code of a test runs a few times: instrumenting it for profiles costs more CPU time than profiles save.
  export DOTNET_TieredPGO=0
  results=$state/tests
  rm -rf "$results"
  mkdir -p "$results"
  : >"$results/failures"
  : >"$results/skips"
  : >"$results/second"
  local started=$SECONDS number=0
  case " ${selected[*]} " in *" $beside "*) [ ${#selected[@]} -eq 1 ] || begin_beside "$beside" "$filter" ;; esac
  for name in "${selected[@]}"; do
    number=$((number + 1))
    title="[$number/${#selected[@]}] $name"
    if [ "$name" = dashboard ]; then
      test_dashboard "$filter"
    else
      test_project "$name" "$filter"
    fi
  done

  if [ -n "$filter" ] && [ $((passed + failed + skipped)) -eq 0 ]; then
    say "No test name contains '$filter'."
    failed=1
  fi
  if [ -s "$results/failures" ]; then
    say ""
    say "Failures:"
    cat "$results/failures" >&3
  fi
  if [ -s "$results/skips" ]; then
    say ""
    say "Skipped:"
    cat "$results/skips" >&3
  fi
  if [ -s "$results/second" ]; then
    say ""
    say "Passed only when repeated alone (output of the first run):"
    cat "$results/second" >&3
  fi
  trap - EXIT
  say ""
  [ -z "$screenshots" ] || say "Screenshots: $screenshots"
  say "Logs and reports: $results; time: $(elapsed $((SECONDS - started)))"
  say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

# search MINUTES SEED TARGET... : fuzzes the parsers of untrusted input.
search() {
  local minutes=$1 seed=$2
  shift 2
  [[ $minutes =~ ^[0-9]+([.][0-9]+)?$ ]] || fail "--fuzz requires minutes, not '$minutes'"
  [[ $seed =~ ^[0-9]+$ ]] || fail "--seed requires a number, not '$seed'"
  build_project "tests/fuzz" "the fuzzer"
  hand_over "$root/tests/fuzz/bin/Release/net10.0/Broadcast.Fuzz.Tests.dll" fuzz --minutes "$minutes" --seed "$seed" "$@"
}

light_projects() {
  local project name
  for project in "$root"/tests/*/*.Tests.csproj; do
    name=$(basename "$(dirname "$project")")
    is_heavy "$name" || echo "$name"
  done
}

is_heavy() {
  case " ${heavy[*]} " in *" $1 "*) return 0 ;; *) return 1 ;; esac
}

build_pages() {
  lock
  require_tools
  build_dashboard
  unlock
}

build_everything() {
  local sources
  lock
  sources=$(fingerprint "${modules[@]}" "${shared_sources[@]}" Broadcast.sln tests dashboard)
  require_tools
  build_dashboard
  if ! [ -f "$server" ] || ! same solution "$sources"; then
    dotnet_build Broadcast.sln "Building the server and its tests"
    remember solution "$sources"
    remember server "$(server_sources)"
  fi
  unlock
}

# Progress of a running project: number of completed tests.
count_finished() {
  printf '%d tests' "$(grep -c '\[FINISHED\]' "$running_log" 2>/dev/null || true)"
}

# test_command NAME FILTER : sets `program` to the command that runs a project's tests, and `report` and `running_log` to its output files.
test_command() {
  local name=$1 filter=$2 assembly
  assembly=$(compgen -G "$root/tests/$name/*.Tests.csproj" | head -n 1)
  assembly=$root/tests/$name/bin/Release/net10.0/$(basename "${assembly%.csproj}").dll
  report=$results/$name.json
  running_log=$results/$name.log
  program=(timeout --kill-after=20 "$hang_seconds" dotnet "$assembly" -noLogo -noColor -reporter verbose -ctrf "$report")
  [ -z "$filter" ] || program+=(-method "*$filter*")
}

# begin_beside NAME FILTER : starts a project's tests in the background; test_project waits for them later.
begin_beside() {
  local program report running_log
  test_command "$1" "$2"
  rm -f "$results/$1.exit"
  set -m
  record_exit "$results/$1.exit" "${program[@]}" >"$running_log" 2>&1 </dev/null 9>&- &
  background=$!
  set +m
}

# record_exit FILE COMMAND... : runs a command and writes its exit code to a file. By the time that test_project asks for it, the shell may
# have forgotten it: a later process may have got the same number.
record_exit() {
  local file=$1 code=0 process
  shift
  "$@" &
  process=$!
  trap 'kill -TERM -- "-$process" "$process" 2>/dev/null || true' TERM
  wait "$process" || code=$?
  echo "$code" >"$file"
}

await_background() {
  while [ ! -s "$results/$beside.exit" ] && kill -0 "$background" 2>/dev/null; do
    sleep 0.1
  done
}

test_project() {
  local name=$1 filter=$2 program report second='' code=0 started=$SECONDS
  test_command "$name" "$filter"

  # Servers under test live for seconds. Compiling their methods a second time costs more than half of their CPU time.
  if is_heavy "$name"; then
    export DOTNET_TC_CallCounting=0
  fi
  progress=count_finished
  quiet_end=yes
  if [ "$name" = "$beside" ] && [ -n "$background" ]; then
    step "$title" "$results/$name.wait" await_background
    code=127
    [ ! -s "$results/$name.exit" ] || read -r code <"$results/$name.exit"
    background=
  else
    step "$title" "$running_log" "${program[@]}" || code=$?
  fi
  progress=
  if [ "$code" -ne 0 ] && [ "$code" -ne 124 ] && [ "$code" -ne 137 ] && [ -s "$report" ]; then
    run_again
  fi
  quiet_end=
  conclude "$name" ctrf "$report" "$code" "$started" "$filter" "$second"
}

# run_again : repeats the failed tests of test_project's report alone; sets its `second` to the second report, and `code` to 0 if all passed.
run_again() {
  local methods=() method
  mapfile -t methods < <(node "$root/infra/launcher/totals.mjs" again "$report" "$again_limit")
  [ ${#methods[@]} -gt 0 ] || return 0
  program=(timeout --kill-after=20 "$hang_seconds" dotnet "${program[4]}" -noLogo -noColor -reporter verbose -parallel none -ctrf "$results/$name.again.json")
  for method in "${methods[@]}"; do
    program+=(-method "$method")
  done
  if step "$title: repeating ${#methods[@]}" "$results/$name.again.log" "${program[@]}"; then
    code=0
  fi
  if [ -s "$results/$name.again.json" ]; then
    second=$results/$name.again.json
  fi
}

test_dashboard() {
  local filter=$1 report=$results/dashboard.json code=0 started=$SECONDS arguments
  running_log=$results/dashboard.log
  arguments=(run --reporter=json --outputFile="$report")
  [ -z "$filter" ] || arguments+=(-t "$filter" --passWithNoTests)
  vitest() { cd "$root/dashboard" && exec timeout --kill-after=20 "$hang_seconds" node_modules/.bin/vitest "${arguments[@]}"; }
  types() { cd "$root/dashboard" && npm run --if-present check; }

  quiet_end=yes
  if ! step "$title: types" "$results/types.log" types; then
    failed=$((failed + 1))
    { echo "  dashboard: type check failed"; sed 's/^/      /' "$results/types.log"; } >>"$results/failures"
    say "$title: type check failed"
  fi
  step "$title" "$running_log" vitest || code=$?
  quiet_end=
  conclude dashboard vitest "$report" "$code" "$started" "$filter"
}

# conclude NAME FORMAT REPORT EXITCODE STARTED FILTER [SECOND REPORT] : adds a project's totals. A project that crashed, hung or ran no test counts as a failure.
conclude() {
  local name=$1 format=$2 report=$3 code=$4 started=$5 filter=$6 second=${7:-} totals='0 0 0' p f s trouble=''
  if [ -s "$report" ]; then
    totals=$(node "$root/infra/launcher/totals.mjs" "$format" "$report" "$name" "$results/failures" "$results/skips" "$filter" "$second" "$results/second" 2>>"$running_log") || totals='0 0 0'
  fi
  read -r p f s <<<"$totals"
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then
    trouble="did not finish within $hang_seconds s; tests still running: $(unfinished)"
  elif [ ! -s "$report" ]; then
    trouble="exited with code $code and no report"
  elif [ $((p + f + s)) -eq 0 ] && [ -z "$filter" ]; then
    trouble="ran no test"
  elif [ "$code" -ne 0 ] && [ "$f" -eq 0 ] && [ $((p + f + s)) -gt 0 ]; then
    trouble="exited with code $code although no test failed"
  fi
  if [ -n "$trouble" ]; then
    f=$((f + 1))
    { echo "  $name $trouble"; tail -n 40 "$running_log" | sed 's/^/      /'; } >>"$results/failures"
  fi
  passed=$((passed + p))
  failed=$((failed + f))
  skipped=$((skipped + s))
  say "$title: $p passed, $f failed, $s skipped in $(elapsed $((SECONDS - started)))${trouble:+ ($trouble)}"
}

# Tests that started and did not finish, from the running log.
unfinished() {
  sed -nE 's/^ *(.*) \[(STARTING|FINISHED)\].*/\2 \1/p' "$running_log" |
    awk '{ state = $1; $1 = ""; open[$0] = state } END { for (name in open) if (open[name] == "STARTING") printf "%s;", name }'
}

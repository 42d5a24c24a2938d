# shellcheck shell=bash
# Incremental builds: only sources changed since the last successful build, one launcher at a time.

readonly modules=(media ingest publisher transcoder packager storage origin cluster targets control host)
readonly shared_sources=(Directory.Build.props Directory.Packages.props global.json BannedSymbols.txt .editorconfig)

# fingerprint PATH... : prints a hash that changes when a source file under the paths is added, edited, moved or deleted.
fingerprint() {
  (cd "$root" && find "$@" \
    \( -name bin -o -name obj -o -name node_modules -o -name dist -o -name TestResults -o -path host/wwwroot \) -prune \
    -o -type f -printf '%p %T@ %s\n' 2>/dev/null || true) | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1
}

# same NAME VALUE : succeeds if the last successful build of NAME had VALUE.
same() {
  [ "$(cat "$state/$1" 2>/dev/null || true)" = "$2" ]
}

remember() {
  printf '%s\n' "$2" >"$state/$1"
}

lock() {
  mkdir -p "$state" 2>/dev/null || fail "cannot write to $state; the launcher builds inside its own folder, which must be writable"
  exec 9>"$state/lock"
  if ! flock -n 9; then
    say "Another build is in progress; waiting for it …"
    flock 9
  fi
}

unlock() {
  exec 9>&-
}

# The SDK's installer uses the home folder and does not add it to PATH.
find_dotnet() {
  local folder
  command -v dotnet >/dev/null 2>&1 && return 0
  for folder in "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
    if [ -n "$folder" ] && [ -x "$folder/dotnet" ]; then
      export PATH=$PATH:$folder DOTNET_ROOT=$folder
      return 0
    fi
  done
  return 1
}

require_tools() {
  local lacking=() node
  if ! find_dotnet || ! (cd / && dotnet --list-sdks 2>/dev/null) | grep -q '^10\.'; then
    lacking+=("  the .NET 10 SDK: https://dotnet.microsoft.com/download/dotnet/10.0, or
      curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0")
  fi
  if [ -f "$root/dashboard/package.json" ]; then
    node=$(node --version 2>/dev/null || true)
    node=${node#v}
    if [ "${node%%.*}" -lt 20 ] 2>/dev/null || [ -z "$node" ] || ! command -v npm >/dev/null 2>&1; then
      lacking+=("  Node.js 20 or newer with npm${node:+ (this is $node)}: https://nodejs.org/en/download")
    fi
  fi
  if [ ${#lacking[@]} -gt 0 ]; then
    say "Building requires:"
    say "${lacking[@]}"
    exit 1
  fi
}

# show_errors LOG : prints the errors of a build log, or its last lines.
show_errors() {
  local log=$1
  if grep -qE '(error|fatal) ?([A-Z]+[0-9]+)?:' "$log"; then
    grep -E '(error|fatal) ?([A-Z]+[0-9]+)?:' "$log" | sed -E "s# \[[^]]*proj[^]]*\]\$##; s#$root/##" | awk '!seen[$0]++' | head -40 >&3
  else
    tail -n 40 "$log" >&3
  fi
}

build_dashboard() {
  [ -f "$root/dashboard/package.json" ] || return 0
  local packages sources log=$state/dashboard.log
  packages=$(fingerprint dashboard/package-lock.json dashboard/package.json)
  if [ ! -d "$root/dashboard/node_modules" ] || ! same dashboard-packages "$packages"; then
    if ! step "Downloading npm packages" "$log" npm --prefix "$root/dashboard" ci --no-audit --no-fund --loglevel=error; then
      show_errors "$log"
      fail "downloading npm packages failed; see $log"
    fi
    remember dashboard-packages "$packages"
  fi

  sources=$(fingerprint dashboard)
  if [ ! -f "$root/dashboard/dist/index.html" ] && [ ! -f "$root/dashboard/dist/watch.html" ] || ! same dashboard "$sources"; then
    if ! step "Building the web pages" "$log" npm --prefix "$root/dashboard" run build --loglevel=error; then
      show_errors "$log"
      fail "building the web pages failed; see $log"
    fi
    remember dashboard "$sources"
  fi

  # The server's build copies this folder to its output.
  rm -rf "$state/wwwroot"
  cp -R "$root/dashboard/dist" "$state/wwwroot"
  if ! diff -qr "$state/wwwroot" "$root/host/wwwroot" >/dev/null 2>&1; then
    rm -rf "$root/host/wwwroot"
    mv "$state/wwwroot" "$root/host/wwwroot"
  fi
  rm -rf "$state/wwwroot"
}

# end_compiler PIPE : kills the compiler server, which otherwise idles for ten minutes and keeps the launcher's lock.
end_compiler() {
  local process
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q -- "-pipename:$1 *\$"; then
      kill "${process#/proc/}" 2>/dev/null || true
    fi
  done
}

# dotnet_build PATH TITLE : builds a folder or the solution in Release. One compiler server handles all projects of this build and ends with it.
dotnet_build() {
  local log compiler=broadcast-$$ built=true
  log=$state/$(basename "$1").log
  compile() { (cd "$root" && dotnet build "$1" -c Release -v minimal -nodeReuse:false -p:UseSharedCompilation=true -p:SharedCompilationId="$compiler"); }
  step "$2" "$log" compile "$1" || built=false
  end_compiler "$compiler"
  if [ "$built" = false ]; then
    show_errors "$log"
    fail "the build failed; see $log"
  fi
}

server_sources() {
  fingerprint "${modules[@]}" "${shared_sources[@]}" dashboard
}

build_server() {
  local sources
  sources=$(server_sources)
  if [ -f "$server" ] && same server "$sources"; then
    return
  fi

  lock
  sources=$(server_sources)
  if ! [ -f "$server" ] || ! same server "$sources"; then
    require_tools
    build_dashboard
    dotnet_build host "Building the server"
    remember server "$sources"
  fi
  unlock
}

# build_project FOLDER NAME : builds a project in addition to the server.
build_project() {
  [ -d "$root/$1" ] || fail "$1 is missing in this source tree"
  local sources name
  name=$(basename "$1")
  sources=$(fingerprint "${modules[@]}" "${shared_sources[@]}" tests/support "$1")
  if ! same "$name" "$sources"; then
    lock
    require_tools
    dotnet_build "$1" "Building $2"
    remember "$name" "$sources"
    unlock
  fi
}

# hand_over PROGRAM ARGUMENTS... : replaces the launcher process, so that output, signals and exit code are the program's.
hand_over() {
  find_dotnet || require_tools
  exec 3>&-
  exec dotnet "$@"
}

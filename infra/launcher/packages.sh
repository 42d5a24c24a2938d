# shellcheck shell=bash
# What the machine must have. A table row is: Debian/Ubuntu package | how to see that it is there | what it is for.
# The check is `command NAME…` (any of them), `file PATTERN`, or `package`.

packages_to_serve() {
  echo 'ffmpeg|command ffmpeg|encodes the ladder, makes the demo picture, probes recordings'
  echo 'fonts-dejavu-core|file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf|draws the clock into the demo picture'
  # With a database of its own configured, no private server is started.
  if [ -z "${BROADCAST__Database__ConnectionString:-}" ]; then
    echo 'postgresql|file /usr/lib/postgresql/*/bin/initdb|keeps channels, keys and events; a private server in the data folder, on a Unix socket'
  fi
}

packages_to_test() {
  echo 'ffmpeg|command ffmpeg|encoder and judge of the tests'
  echo 'fonts-dejavu-core|file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf|draws into test pictures'
  echo 'postgresql|file /usr/lib/postgresql/*/bin/initdb|the database'
  echo 'chromium|command chromium chromium-browser google-chrome|plays in a real browser'
  echo 'gstreamer1.0-tools|command gst-launch-1.0|a second encoder'
  echo 'gstreamer1.0-plugins-base|package|a second encoder'
  echo 'gstreamer1.0-plugins-good|package|FLV for the second encoder'
  echo 'gstreamer1.0-plugins-bad|package|rtmp2sink, and rtmpsink which is librtmp'
  echo 'gstreamer1.0-plugins-ugly|package|x264 for the second encoder'
  echo 'libxml2-utils|command xmllint|validates MPDs against the DASH schema'
  echo 'nginx|file /usr/sbin/nginx|the edge cache'
  echo 'varnish|file /usr/sbin/varnishd|another edge cache'
  echo 'radosgw|command radosgw|a real S3 server'
  echo 'libfaketime|file /usr/lib/*/faketime/libfaketimeMT.so.1|steps the clock of a server under test'
  echo 'ceph-mon|command ceph-mon|a real S3 server'
  echo 'ceph-osd|command ceph-osd|a real S3 server'
  echo 'ceph-common|command ceph|a real S3 server'
}

# Engines besides Chromium: hundreds of megabytes, so only for the soak that plays in them.
packages_of_engines() {
  packages_to_test | grep '^chromium|'
  echo 'firefox-esr|command firefox-esr firefox|plays in Firefox'
  echo 'webkit2gtk-driver|command WebKitWebDriver|plays in WebKitGTK'
  echo 'xvfb|command Xvfb|a screen for WebKitGTK that nobody sees'
  echo 'gstreamer1.0-plugins-good|package|media of WebKitGTK'
  echo 'gstreamer1.0-plugins-bad|package|media of WebKitGTK'
  echo 'gstreamer1.0-libav|package|H.264 and AAC in WebKitGTK'
}

# packages_to_measure bench [WHAT] | soak [--browser | --browsers | --low] …
packages_to_measure() {
  case " $* " in
    *' --recording '* | ' bench storage'*) packages_to_test | grep -E '^(radosgw|ceph-)' ;;
  esac
  if [ "$1" = soak ]; then
    case " $* " in
      *' --recording '*) packages_to_test | grep '^chromium|' ;;
      *' --browsers '*) packages_of_engines ;;
      *' --browser '* | *' --low '*) packages_to_test | grep '^chromium|' ;;
    esac
    return 0
  fi
  [ "${2:-}" = transcode ] && return 0
  [ "${2:-}" = storage ] && return 0
  [ "${2:-}" = control ] && return 0
  case "${2:-}" in
    '' | -* | latency | pages) packages_to_test | grep '^chromium|' ;;
  esac
  [ "${2:-}" = latency ] && return 0
  [ "${2:-}" = pages ] && return 0
  echo 'nginx|file /usr/sbin/nginx|the server to compare with'
  echo 'libnginx-mod-rtmp|file /usr/lib/nginx/modules/ngx_rtmp_module.so|the server to compare with'
}

is_there() {
  local name=$1 kind=${2%% *} what=${2#* } candidate
  case $kind in
    command)
      for candidate in $what; do
        command -v "$candidate" >/dev/null 2>&1 && return 0
      done
      ;;
    file)
      for candidate in $what; do
        [ -e "$candidate" ] && return 0
      done
      ;;
    package)
      [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] && return 0
      ;;
  esac
  return 1
}

# require_packages TABLE: installs what the table names and the machine lacks; touches no network when nothing is missing.
require_packages() {
  local name check why missing=() as_root=() install
  while IFS='|' read -r name check why; do
    if [ -n "$name" ] && ! is_there "$name" "$check"; then
      [ ${#missing[@]} -gt 0 ] || say "Missing on this machine:"
      say "  $name: $why"
      missing+=("$name")
    fi
  done <<<"$1"
  [ ${#missing[@]} -gt 0 ] || return 0

  if ! command -v apt-get >/dev/null 2>&1; then
    fail "this is not Debian or Ubuntu (no apt-get): install the counterparts of the packages above with this system's package manager, then try again"
  fi

  install="apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      fail "installing needs root, and there is no sudo: as root, run
  $install"
    fi
    # The password is asked for here, once and visibly; without a terminal sudo must not need one.
    if [ -t 0 ] && [ "$terminal" = true ]; then
      say "Installing them needs sudo."
      sudo -v || fail "sudo refused: as root, run
  $install"
    elif ! sudo -n true 2>/dev/null; then
      fail "sudo needs a password and there is no terminal to ask on: as root, run
  $install"
    fi
    as_root=(sudo -n)
  fi

  mkdir -p "$state"
  local log=$state/install.log
  apt_get() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"; }
  if ! step "Installing ${missing[*]}" "$log" apt_get install -y --no-install-recommends "${missing[@]}"; then
    # Usually the package lists were never fetched, or are too old.
    if ! { step "Fetching package lists" "$log.lists" apt_get update &&
      step "Installing ${missing[*]}" "$log" apt_get install -y --no-install-recommends "${missing[@]}"; }; then
      grep -hE '^(E|W|Err):' "$log" "$log.lists" 2>/dev/null | sort -u | head -20 >&3 || true
      fail "could not install; the log is $log. As root, try
  $install"
    fi
  fi
}

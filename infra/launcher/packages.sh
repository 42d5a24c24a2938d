# shellcheck shell=bash
# Required packages. Table rows are: Debian/Ubuntu package | check for its presence | purpose.
# The check is `command NAME…` (any of them), `file PATTERN`, or `package`.

packages_to_serve() {
  echo 'ffmpeg|command ffmpeg|encodes ladders, thumbnails and the demo test pattern'
  echo 'fonts-dejavu-core|file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf|draws the clock of the demo test pattern'
  # With an external database, no private server is started.
  if [ -z "${BROADCAST__Database__ConnectionString:-}" ]; then
    echo 'postgresql|file /usr/lib/postgresql/*/bin/initdb|stores channels, keys and events; a private server in the data folder, on a Unix socket'
  fi
}

packages_to_test() {
  echo 'ffmpeg|command ffmpeg|encodes and decodes in tests'
  echo 'fonts-dejavu-core|file /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf|draws into test videos'
  echo 'postgresql|file /usr/lib/postgresql/*/bin/initdb|database'
  echo 'chromium|command chromium chromium-browser google-chrome|plays in a real browser'
  echo 'gstreamer1.0-tools|command gst-launch-1.0|second encoder'
  echo 'gstreamer1.0-plugins-base|package|second encoder'
  echo 'gstreamer1.0-plugins-good|package|FLV for the second encoder'
  echo 'gstreamer1.0-plugins-bad|package|rtmp2sink, and rtmpsink (librtmp)'
  echo 'gstreamer1.0-plugins-ugly|package|x264 for the second encoder'
  echo 'libxml2-utils|command xmllint|validates MPDs against the DASH schema'
  echo 'nginx|file /usr/sbin/nginx|edge cache'
  echo 'varnish|file /usr/sbin/varnishd|edge cache'
  echo 'radosgw|command radosgw|S3 server'
  echo 'libfaketime|file /usr/lib/*/faketime/libfaketimeMT.so.1|steps the clock of the server under test'
  echo 'ceph-mon|command ceph-mon|S3 server'
  echo 'ceph-osd|command ceph-osd|S3 server'
  echo 'ceph-common|command ceph|S3 server'
}

# Browser engines besides Chromium: hundreds of megabytes, so only for the soak test that uses them.
packages_of_engines() {
  packages_to_test | grep '^chromium|'
  echo 'firefox-esr|command firefox-esr firefox|plays in Firefox'
  echo 'webkit2gtk-driver|command WebKitWebDriver|plays in WebKitGTK'
  echo 'xvfb|command Xvfb|virtual display for WebKitGTK'
  echo 'gstreamer1.0-plugins-good|package|media playback in WebKitGTK'
  echo 'gstreamer1.0-plugins-bad|package|media playback in WebKitGTK'
  echo 'gstreamer1.0-libav|package|H.264 and AAC in WebKitGTK'
}

# packages_to_measure bench [WHAT] | soak [--browser | --browsers | --low | --cluster [--network] [--edges]] …
packages_to_measure() {
  case " $* " in
    *' --recording '* | *' --cluster '* | ' bench storage'*) packages_to_test | grep -E '^(radosgw|ceph-)' ;;
  esac
  if [ "$1" = soak ]; then
    case " $* " in
      *' --targets '*) packages_of_nginx_rtmp ;;
    esac
    case " $* " in
      *' --recording '*) packages_to_test | grep '^chromium|' ;;
      *' --browsers '*) packages_of_engines ;;
      *' --browser '* | *' --low '*) packages_to_test | grep '^chromium|' ;;
    esac
    case " $* " in
      *' --network '*)
        echo 'iproute2|command ip|network namespaces'
        echo 'iptables|command iptables|drops packets'
        ;;
    esac
    case " $* " in
      *' --edges '*)
        echo 'haproxy|file /usr/sbin/haproxy|load balancer for encoders'
        packages_to_test | grep '^varnish|'
        ;;
    esac
    return 0
  fi
  [ "${2:-}" = transcode ] && return 0
  [ "${2:-}" = storage ] && return 0
  [ "${2:-}" = control ] && return 0
  [ "${2:-}" = cluster ] && return 0
  if [ "${2:-}" = chat ]; then
    packages_to_test | grep '^varnish|'
    packages_of_prosody
    return 0
  fi
  case "${2:-}" in
    '' | -* | latency | pages) packages_to_test | grep '^chromium|' ;;
  esac
  [ "${2:-}" = latency ] && return 0
  [ "${2:-}" = pages ] && return 0
  packages_of_nginx_rtmp
}

packages_of_nginx_rtmp() {
  echo 'nginx|file /usr/sbin/nginx|peer of the benchmarks'
  echo 'libnginx-mod-rtmp|file /usr/lib/nginx/modules/ngx_rtmp_module.so|peer of the benchmarks'
}

packages_of_prosody() {
  echo 'prosody|command prosody|peer of the benchmark of the chat'
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

# require_packages TABLE : installs the table's missing packages; uses no network if none is missing.
require_packages() {
  local name check why missing=() as_root=() install
  while IFS='|' read -r name check why; do
    if [ -n "$name" ] && ! is_there "$name" "$check"; then
      [ ${#missing[@]} -gt 0 ] || say "Missing packages:"
      say "  $name: $why"
      missing+=("$name")
    fi
  done <<<"$1"
  [ ${#missing[@]} -gt 0 ] || return 0

  if ! command -v apt-get >/dev/null 2>&1; then
    fail "apt-get is missing (not Debian or Ubuntu); install equivalents of the packages above with this system's package manager and try again"
  fi

  install="apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
      fail "installing requires root, and sudo is missing; run as root:
  $install"
    fi
    # Ask for the password here, once and visibly. Without a terminal, sudo must not require one.
    if [ -t 0 ] && [ "$terminal" = true ]; then
      say "Installing them requires sudo."
      sudo -v || fail "sudo failed; run as root:
  $install"
    elif ! sudo -n true 2>/dev/null; then
      fail "sudo requires a password, and there is no terminal; run as root:
  $install"
    fi
    as_root=(sudo -n)
  fi

  mkdir -p "$state"
  local log=$state/install.log
  apt_get() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"; }
  if ! step "Installing ${missing[*]}" "$log" apt_get install -y --no-install-recommends "${missing[@]}"; then
    # Usually the package lists are missing or outdated.
    if ! { step "Updating package lists" "$log.lists" apt_get update &&
      step "Installing ${missing[*]}" "$log" apt_get install -y --no-install-recommends "${missing[@]}"; }; then
      grep -hE '^(E|W|Err):' "$log" "$log.lists" 2>/dev/null | sort -u | head -20 >&3 || true
      fail "installation failed; see $log. Try as root:
  $install"
    fi
  fi
}

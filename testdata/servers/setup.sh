#!/usr/bin/env bash
# setup.sh [NAME...] makes the servers of the integration tests available; the
# names are tls dovecot cyrus courier mox hoodiecrow, default: all of these, and
# isync, which only the benchmark needs, and chromium, which only
# "make test-browser" needs. What is there already is left alone, and
# then nothing is printed.
#
# Dovecot is installed with apt, its automatic start forbidden. The packages of
# Cyrus and Courier exclude it and one another, so they are only unpacked below
# the cache (.servers in the checkout, or $IMAPHAUL_SERVERS), as are mox, built
# from the pinned module in mox/, and hoodiecrow, pinned in hoodiecrow/.
#
# A server that cannot be had is named with the reason; that is a failure only
# when CI=true.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd -P)
cache=${IMAPHAUL_SERVERS:-$here/../../.servers}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd -P)

exec 9>"$cache/setup.lock"
flock 9 # one at a time

say() { echo "setup: $*"; }

# not_here: prints why packages cannot be used here.
not_here() {
  if ! command -v apt-get >/dev/null; then
    echo "this is no Debian system (no apt-get)"
  elif [[ $(id -u) != 0 ]]; then
    echo "apt packages need root"
  fi
}

# quietly COMMAND...: its output only when it fails.
quietly() {
  "$@" >"$cache/setup.log" 2>&1 9>&- || {
    tail -n 15 "$cache/setup.log" >&2
    return 1
  }
}

updated=
update() {
  [[ ! $updated ]] || return 0
  quietly apt-get update -q && updated=yes
}

# install PACKAGE...: with apt, and with no service started.
install() {
  local policy=/usr/sbin/policy-rc.d mine=
  update || return 1
  if [[ ! -e $policy ]]; then
    mine=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    # shellcheck disable=SC2064 # the value of now
    trap "rm -f '$policy'" EXIT
  fi
  local code=0
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -q -y --no-install-recommends "$@" || code=1
  if [[ $mine ]]; then
    rm -f "$policy"
    trap - EXIT
  fi
  return $code
}

# unpack NAME PACKAGE...: the packages, and the libraries apt would install with
# them, below packages/NAME/usr.
unpack() {
  local name=$1 package libraries root
  root=$cache/packages/$name
  shift
  rm -rf "$root"
  mkdir -p "$root/debs"
  update || return 1
  libraries=$(apt-get install --simulate --no-install-recommends "$@" 2>/dev/null |
    sed -n 's/^Inst \(lib[^ ]*\) .*/\1/p' | grep -v -e '-perl$') || true
  # shellcheck disable=SC2086 # a list of names
  (cd "$root/debs" && quietly apt-get download -q "$@" $libraries) || return 1
  for package in "$root"/debs/*.deb; do dpkg-deb --extract "$package" "$root"; done
  rm -rf "$root/debs"
  # On the system itself these are links into /usr, which is what the private
  # view lays the tree over.
  local top
  for top in bin sbin lib; do
    [[ -d $root/$top ]] || continue
    mkdir -p "$root/usr/$top"
    cp -a "$root/$top/." "$root/usr/$top/"
    rm -rf "${root:?}/$top"
  done
  resolved "$root/usr" || return 1
  touch "$root/complete"
}

# resolved USR: every program below USR finds its libraries.
resolved() {
  local paths program missing bad=
  paths=$(find "$1/lib" -maxdepth 2 -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
  while IFS= read -r program; do
    missing=$(LD_LIBRARY_PATH=$paths ldd "$program" 2>/dev/null | sed -n 's/ => not found//p') || true
    [[ ! $missing ]] || { echo "$program lacks" $missing >&2; bad=yes; }
  done < <(find "$1" -type f -perm -100)
  [[ ! $bad ]]
}

setup_tls() {
  [[ -s $cache/tls/cert.pem ]] && return
  mkdir -p "$cache/tls"
  command -v openssl >/dev/null || install openssl || { why="openssl cannot be installed"; return 1; }
  quietly openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$cache/tls/key.pem" -out "$cache/tls/cert.new" &&
    mv "$cache/tls/cert.new" "$cache/tls/cert.pem"
}

setup_dovecot() {
  command -v dovecot >/dev/null && return
  why=$(not_here)
  [[ ! $why ]] || return 1
  say "installing dovecot-imapd"
  install dovecot-imapd || { why="apt-get install dovecot-imapd failed"; return 1; }
}

setup_isync() {
  command -v mbsync >/dev/null && return
  why=$(not_here)
  [[ ! $why ]] || return 1
  say "installing isync"
  install isync || { why="apt-get install isync failed"; return 1; }
}

setup_chromium() {
  command -v chromedriver >/dev/null && command -v chromium >/dev/null && return
  why=$(not_here)
  [[ ! $why ]] || return 1
  say "installing chromium"
  install chromium chromium-driver || { why="apt-get install chromium chromium-driver failed"; return 1; }
}

# setup_unpacked NAME PACKAGE...
setup_unpacked() {
  [[ -e $cache/packages/$1/complete ]] && return
  why=$(not_here)
  [[ ! $why ]] || return 1
  say "unpacking the packages of $1"
  unpack "$@" || { why="its packages cannot be unpacked"; return 1; }
}

setup_cyrus() { setup_unpacked cyrus cyrus-imapd cyrus-common sasl2-bin libsasl2-modules-db; }
setup_courier() { setup_unpacked courier courier-imap courier-base courier-authlib courier-authdaemon courier-authlib-userdb gamin; }

setup_mox() {
  local stamp=$cache/bin/mox.sum
  cmp -s "$here/mox/go.sum" "$stamp" && return
  command -v go >/dev/null || { why="there is no go"; return 1; }
  say "building mox"
  mkdir -p "$cache/bin"
  (cd "$here/mox" && GOWORK=off CGO_ENABLED=0 quietly go build -mod=readonly -o "$cache/bin/mox" github.com/mjl-/mox) &&
    cp "$here/mox/go.sum" "$stamp" || { why="it cannot be built"; return 1; }
}

setup_hoodiecrow() {
  local home=$cache/hoodiecrow
  cmp -s "$here/hoodiecrow/package-lock.json" "$home/package-lock.json" && [[ -e $home/complete ]] && command -v node >/dev/null && return
  if ! command -v npm >/dev/null; then
    why=$(not_here)
    [[ ! $why ]] || { why="there is no npm, and $why"; return 1; }
    say "installing nodejs and npm"
    install nodejs npm || { why="apt-get install nodejs npm failed"; return 1; }
  fi
  say "installing hoodiecrow-imap"
  rm -rf "$home"
  mkdir -p "$home"
  cp "$here/hoodiecrow/package.json" "$here/hoodiecrow/package-lock.json" "$home"
  (cd "$home" && quietly npm ci --ignore-scripts --no-audit --no-fund) && touch "$home/complete" ||
    { why="npm ci failed"; return 1; }
}

[[ $# -gt 0 ]] || set -- tls dovecot cyrus courier mox hoodiecrow
left=
for name in "$@"; do
  declare -F "setup_$name" >/dev/null || { say "there is no \"$name\"" >&2; exit 64; }
  why=
  if "setup_$name"; then
    [[ $name != tls && $name != isync && $name != chromium ]] || continue
    why=$("$here/$name.sh" check 9>&-) && continue
  fi
  left+=" $name"
  say "LEFT OUT: $name: ${why:-setup failed}" >&2
done
if [[ $left && ${CI:-} == true ]]; then
  say "CI=true, so every server has to be there" >&2
  exit 1
fi

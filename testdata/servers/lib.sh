# shellcheck shell=bash
# Sourced by the scripts that start one IMAP server each; README.md shows the verbs.
#
# A server script sets
#   known      the names of the key=value options it takes
#   isolated   "yes" when the server needs the private view of the file system
#              that `enter_private_view` makes, else ""
# and defines
#   missing    prints why the server cannot run here; nothing when it can
#   configure  writes the configuration below $state
#   daemons    starts the server's processes in the background
#   populate   (optional) makes what needs a running server
# and ends with `main "$@"`.
#
# One instance is one directory:
#   DIR/state    all its files; kept by stop, deleted by wipe
#   DIR/log      what the processes printed
#   DIR/lock     locked as long as any process of the instance lives
#   DIR/control  a line written here ends the instance
#   DIR/keep     made by the caller of run: its end shall not delete the mail

set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kind=$(basename "$0" .sh)
cache=${IMAPHAUL_SERVERS:-$here/../../.servers}
# Seconds until a server has to greet. One that ends is noticed at once; this is only
# against one that hangs, so a machine may be as slow as it likes.
readonly longest_start=300

fail() { printf '%s: %s\n' "$kind" "$*" >&2; exit 1; }

usage() {
  cat >&2 <<TEXT
usage: $kind.sh check                                          exits 1 and says why it cannot run
       $kind.sh run   DIR PORT TLSPORT USERS [key=value ...]   until its standard input ends
       $kind.sh start DIR PORT TLSPORT USERS [key=value ...]   until stop
       $kind.sh stop DIR     keeps the mail
       $kind.sh wipe DIR     deletes it
options: ${known:-none}
TEXT
  exit 64
}

# password USER: the password of a user, long enough for every server.
password() { printf 'secret-%s' "$1"; }

# need_private_view: prints why an isolated server cannot run here, if so.
need_private_view() {
  if [[ $(id -u) != 0 ]]; then
    echo "it needs root"
  elif ! unshare --mount --pid --fork true 2>/dev/null; then
    echo "it needs the right to make mount and process namespaces (CAP_SYS_ADMIN)"
  elif [[ ! -e $cache/packages/$kind/complete ]]; then
    echo "its packages are not unpacked in $cache; run make setup"
  fi
}

# greets PORT: an IMAP server answers there.
greets() {
  local line
  line=$( (exec 5<>"/dev/tcp/127.0.0.1/$1" && IFS= read -r -t 5 line <&5 && echo "$line") 2>/dev/null) || true
  [[ $line == '* OK'* || $line == '* PREAUTH'* ]]
}

accepts() { (exec 5<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# running DIR: some process of the instance lives.
running() { [[ -e $1/lock ]] && ! flock --nonblock "$1/lock" true; }

# take_options key=value...: sets option[key] for every known key.
declare -A option
take_options() {
  local pair
  for pair in "$@"; do
    [[ $pair == *=* && " $known " == *" ${pair%%=*} "* ]] || fail "unknown option \"$pair\"; it takes: ${known:-none}"
    option[${pair%%=*}]=${pair#*=}
  done
}

# enter_private_view: called as the first process of new mount and process
# namespaces. The unpacked packages lie over /usr, the instance's own etc over
# /etc, and its state is /mnt, whatever rights the way to DIR gives. The mounts
# vanish with the processes.
enter_private_view() {
  local node
  mount -t proc proc /proc
  mount --bind "$state" /mnt
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t overlay -o "ro,lowerdir=$cache/packages/$kind/usr:/usr" overlay /usr
  mount -t overlay -o 'ro,lowerdir=/mnt/etc:/etc' overlay /etc
  # A /dev of its own, because syslog(3) writes to /dev/log.
  mkdir -p /run/dev/shm
  for node in null zero full random urandom tty; do
    : >"/run/dev/$node"
    mount --bind "/dev/$node" "/run/dev/$node"
  done
  mount -t tmpfs -o mode=1777 tmpfs /run/dev/shm
  ln -s /proc/self/fd /run/dev/fd
  mount --rbind /run/dev /dev
  perl "$here/syslog.pl" /dev/log &
  until [[ -S /dev/log ]]; do sleep 0.01; done
}

# inside: the process that holds an instance together. It ends when a line or
# the end of input arrives on descriptor 3, or when a daemon ends by itself.
inside() {
  local pids end
  cd "$state"
  if [[ $isolated ]]; then enter_private_view; cd /mnt; fi
  daemons
  pids=$(jobs -p)
  (read -r _ <&3 || true) &
  wait -n || true
  # shellcheck disable=SC2086 # a list of numbers
  kill -TERM $pids $! 2>/dev/null || true
  end=$((SECONDS + 3))
  # shellcheck disable=SC2086
  while ((SECONDS < end)) && kill -0 $pids 2>/dev/null; do
    sleep 0.02
    jobs >/dev/null # notices the ended ones
  done
  # shellcheck disable=SC2086
  kill -KILL $pids 2>/dev/null || true
}

# launch: configures the instance and starts `inside` with descriptor 3 as its
# lease on life. Returns when the server greets and its mailboxes exist.
launch() {
  local port end reason
  reason=$(missing)
  [[ ! $reason ]] || fail "$reason"
  for port in "$PORT" "$TLSPORT"; do
    ! accepts "$port" || fail "port $port is in use"
  done
  mkdir -p "$state/etc"
  chmod 755 "$DIR" "$state" "$state/etc"
  [[ -s $cache/tls/cert.pem ]] || "$here/setup.sh" tls >&2
  cat "$cache/tls/key.pem" "$cache/tls/cert.pem" >"$state/tls.pem"
  chmod 644 "$state/tls.pem"
  configure
  : >"$DIR/log"
  local way=(bash)
  [[ ! $isolated ]] || way=(unshare --mount --pid --fork --kill-child --propagation private bash)
  setsid "${way[@]}" "$0" inside "$DIR" "${arguments[@]}" >>"$DIR/log" 2>&1 9>>"$DIR/lock" </dev/null &
  holder=$!
  end=$((SECONDS + longest_start))
  until greets "$PORT"; do
    if ((SECONDS >= end)) || ! kill -0 "$holder" 2>/dev/null; then
      tail -n 20 "$DIR/log" >&2
      kill -TERM "$holder" 2>/dev/null || true
      fail "no greeting on port $PORT (log: $DIR/log)"
    fi
    sleep 0.1 # each look costs two processes
  done
  until accepts "$TLSPORT"; do
    ((SECONDS < end)) || fail "nothing listens on port $TLSPORT (log: $DIR/log)"
    sleep 0.03
  done
  ! declare -F populate >/dev/null || populate || fail "cannot make the mailboxes (log: $DIR/log)"
}

stop() {
  running "$1" || return 0
  { exec 6<>"$1/control" && echo stop >&6; } 2>/dev/null || true
  flock --timeout 15 "$1/lock" true || fail "the instance in $1 does not end"
}

# wipe DIR: deletes what an instance left, and DIR if nothing else is in it.
wipe() {
  rm -rf "$1/state" "$1/log" "$1/lock" "$1/control" "$1/arguments" "$1/keep"
  rmdir --ignore-fail-on-non-empty "$1" 2>/dev/null || true
}

main() {
  local verb=${1:-} reason
  mkdir -p "$cache"
  cache=$(cd "$cache" && pwd -P)
  export IMAPHAUL_SERVERS=$cache
  if [[ $verb == check ]]; then
    reason=$(missing)
    [[ ! $reason ]] || { echo "$reason"; exit 1; }
    return
  fi
  [[ $# -ge 2 ]] || usage
  shift
  DIR=$1
  case $verb in
    stop) stop "$DIR" ;;
    wipe) stop "$DIR" && wipe "$DIR" ;;
    run | start | inside)
      [[ $# -ge 4 ]] || usage
      mkdir -p "$DIR"
      DIR=$(cd "$DIR" && pwd -P)
      state=$DIR/state PORT=$2 TLSPORT=$3 USERS=$4
      shift
      arguments=("$@")
      take_options "${@:4}"
      "verb_$verb"
      ;;
    *) usage ;;
  esac
}

verb_inside() {
  flock --nonblock 9 || fail "another instance runs in $DIR"
  inside
}

verb_run() {
  exec 3<&0
  rm -f "$DIR/keep"
  launch
  echo ready
  wait "$holder" || true
  [[ -e $DIR/keep ]] || wipe "$DIR"
}

verb_start() {
  if running "$DIR"; then
    [[ "$(cat "$DIR/arguments" 2>/dev/null)" != "${arguments[*]}" ]] || return 0
    stop "$DIR"
  fi
  [[ -p $DIR/control ]] || { rm -f "$DIR/control"; mkfifo "$DIR/control"; }
  exec 3<>"$DIR/control"
  launch
  echo "${arguments[*]}" >"$DIR/arguments"
}

#!/usr/bin/env bash
# Starts a private mox with the users u1@example.org, u2@example.org, ...
#   quota=KIB     of every user
#   pedantic=yes  refuses what a strict reading of the standards forbids
# Built in, and counted per client address: 30 open connections, 300 new ones
# a minute.
here=$(dirname "$0")
known="quota pedantic"
isolated=
# shellcheck source=lib.sh
. "$here/lib.sh"

missing() { [[ -x $cache/bin/mox ]] || echo "mox is not built in $cache; run make setup"; }

configure() {
  local user
  csplit -s -z -f "$state/tls-" "$state/tls.pem" '/BEGIN CERTIFICATE/'
  cat >"$state/mox.conf" <<CONF
DataDir: .
LogLevel: info
User: $(id -u)
Hostname: localhost
Pedantic: $([[ ${option[pedantic]:-} == yes ]] && echo true || echo false)
AdminPasswordFile: adminpasswd
Listeners:
	local:
		IPs:
			- 127.0.0.1
		TLS:
			KeyCerts:
				-
					KeyFile: tls-00
					CertFile: tls-01
		IMAP:
			Enabled: true
			Port: $PORT
			NoRequireSTARTTLS: true
		IMAPS:
			Enabled: true
			Port: $TLSPORT
Postmaster:
	Account: u1
	Mailbox: Inbox
CONF
  {
    printf 'Domains:\n\texample.org: nil\nAccounts:\n'
    for user in $(seq -f u%g "$USERS"); do
      printf '\t%s:\n\t\tDomain: example.org\n\t\tDestinations:\n\t\t\t%s@example.org: nil\n' "$user" "$user"
      [[ ! ${option[quota]:-} ]] || printf '\t\tQuotaMessageSize: %d\n' $((option[quota] * 1024))
    done
  } >"$state/domains.conf"
  # Nobody logs in as the administrator: this is no hash of anything.
  [[ -s $state/adminpasswd ]] || printf '%s' '*' >"$state/adminpasswd"
  if [[ ! -e $state/accounts && -d $(kept) ]]; then
    cp -a "$(kept)" "$state/accounts"
    echo "$USERS" >"$state/users"
  fi
  [[ -s $state/receivedid.key ]] || head -c 24 /dev/urandom >"$state/receivedid.key"
}

# kept: the accounts as they are when all passwords are set. A password costs a tenth
# of a second of processor time, so they are kept beside the packages.
kept() { echo "$cache/mox-users.$USERS"; }

daemons() { "$cache/bin/mox" localserve -dir . & }

# A user's password is set through the control socket: a greeting, then the
# command and its arguments, a line each, then "ok".
populate() {
  [[ $(cat "$state/users" 2>/dev/null) != "$USERS" ]] || return 0
  local user
  (
    cd "$state"
    for user in $(seq -f u%g "$USERS"); do printf '%s %s\n' "$user" "$(password "$user")"; done | perl "$here/moxctl.pl" ctl
  )
  echo "$USERS" >"$state/users"
  keep
}

# keep: a copy of the accounts, if mox finds the copied databases whole.
keep() {
  local copy
  copy=$(mktemp -d "$(kept).XXXXXX")
  cp -a "$state/." "$copy"
  if "$cache/bin/mox" verifydata "$copy" >/dev/null 2>&1 && [[ ! -e $(kept) ]]; then
    mv -T "$copy/accounts" "$copy.accounts" && mv -T "$copy.accounts" "$(kept)" || true # another was quicker
  fi
  rm -rf "$copy" "$copy.accounts"
}

main "$@"

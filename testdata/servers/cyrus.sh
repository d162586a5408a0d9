#!/usr/bin/env bash
# Starts a private Cyrus IMAP 3.6 with the users u1, u2, ... and the
# administrator "admin" (password as every user's).
#   sep=/      names as "Sent/2024" (default); sep=. gives "INBOX.Sent.2024"
#   quota=KIB  of every user               maxmsg=BYTES  largest message
#   munge=no   keeps 8-bit header bytes that Cyrus would turn into X
here=$(dirname "$0")
known="sep quota maxmsg munge"
isolated=yes
# shellcheck source=lib.sh
. "$here/lib.sh"

missing() { need_private_view; }

configure() {
  local modern=yes
  case ${option[sep]:=/} in /) ;; .) modern=no ;; *) fail "sep is / or ." ;; esac
  mkdir -p "$state/spool" "$state/conf"/{db,log,msg,proc,ptclient,quota,sieve,socket,sync,user}
  cat >"$state/etc/imapd.conf" <<CONF
configdirectory: /mnt/conf
defaultpartition: default
partition-default: /mnt/spool
hashimapspool: yes
servername: localhost
cyrus_user: mail
cyrus_group: mail
admins: admin
unixhierarchysep: $modern
altnamespace: $modern
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: /mnt/conf/sasldb2
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-256
tls_server_cert: /mnt/tls.pem
tls_server_key: /mnt/tls.pem
autocreate_users: anyone
autocreate_quota: ${option[quota]:-0}
delete_mode: immediate
expunge_mode: immediate
duplicatesuppression: no
imapidlepoll: 1
munge8bit: ${option[munge]:-yes}
${option[maxmsg]:+maxmessagesize: ${option[maxmsg]}}
CONF
  cat >"$state/etc/cyrus.conf" <<CONF
START {
  recover cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /mnt/etc/imapd.conf -r"
}
SERVICES {
  imap  cmd="/usr/lib/cyrus/bin/imapd -C /mnt/etc/imapd.conf"    listen="127.0.0.1:$PORT" prefork=2
  imaps cmd="/usr/lib/cyrus/bin/imapd -C /mnt/etc/imapd.conf -s" listen="127.0.0.1:$TLSPORT" prefork=0
}
EVENTS {
  checkpoint cmd="/usr/lib/cyrus/bin/ctl_cyrusdb -C /mnt/etc/imapd.conf -c" period=30
}
CONF
}

# passwords: the passwords of all users. They cost a process a user, so they are kept
# beside the packages.
passwords() {
  local kept=$cache/cyrus-users.$USERS user new
  if [[ ! -s $kept ]]; then
    new=$(mktemp -d "$kept.XXXXXX")
    for user in admin $(seq -f u%g "$USERS"); do
      password "$user" | saslpasswd2 -p -c -u localhost -f "$new/db" "$user"
    done
    mv "$new/db" "$kept"
    rmdir "$new"
  fi
  cp "$kept" conf/sasldb2
}

daemons() {
  if [[ $(cat conf/users 2>/dev/null) != "$USERS" ]]; then
    passwords
    chown -R mail:mail conf spool
    echo "$USERS" >conf/users
  fi
  cyrmaster -C /mnt/etc/imapd.conf -M /mnt/etc/cyrus.conf -p /run/master.pid -D &
}

main "$@"

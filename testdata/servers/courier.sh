#!/usr/bin/env bash
# Starts a private Courier IMAP 5.0 with the users u1, u2, ...
#   quota=KIB  of every user
here=$(dirname "$0")
known="quota"
isolated=yes
# shellcheck source=lib.sh
. "$here/lib.sh"

missing() { need_private_view; }

configure() {
  mkdir -p "$state/etc/courier/shared" "$state/mail"
  # couriertls drops its rights to a user that exists only in here.
  { grep -v '^courier:' /etc/passwd; echo 'courier:x:8:8::/nonexistent:/usr/sbin/nologin'; } >"$state/etc/passwd"
  cat >"$state/etc/courier/authdaemonrc" <<CONF
authmodulelist="authuserdb"
authmodulelistorig="authuserdb"
authdaemonvar=/run/courier/authdaemon
daemons=3
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
CONF
  # imapd takes its whole configuration from the environment.
  cat >"$state/etc/courier/imapd" <<'CONF'
IMAP_CAPABILITY="IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA AUTH=CRAM-MD5 AUTH=CRAM-SHA1 AUTH=CRAM-SHA256 AUTH=PLAIN IDLE"
IMAP_CAPABILITY_TLS="$IMAP_CAPABILITY"
IMAP_ACL=1
IMAP_CHECK_ALL_FOLDERS=0
IMAP_DISABLETHREADSORT=0
IMAP_EMPTYTRASH=
IMAP_ENHANCEDIDLE=0
IMAP_IDLE_TIMEOUT=60
IMAP_KEYWORDS=1
IMAP_MAILBOX_SANITY_CHECK=1
IMAP_MOVE_EXPUNGE_TO_TRASH=0
IMAP_OBSOLETE_CLIENT=0
IMAP_PROXY=0
IMAP_SHAREDINDEXFILE=/etc/courier/shared/index
IMAP_TLS_REQUIRED=0
IMAP_TRASHFOLDERNAME=Trash
IMAP_ULIMITD=0
IMAP_UMASK=022
IMAP_USELOCKS=1
MAILDIRPATH=Maildir
SENDMAIL=/usr/sbin/sendmail
HEADERFROM=X-IMAP-Sender
COURIERTLS=/usr/bin/couriertls
TLS_CERTFILE=/mnt/tls.pem
TLS_DHPARAMS=/dev/null
TLS_PROTOCOL="TLSv1.2++"
TLS_STARTTLS_PROTOCOL="TLSv1.2++"
TLS_TRUSTCERTS=
TLS_VERIFYPEER=NONE
CONF
}

# hashed KIND USER: the password as userdb wants it for a challenge mechanism.
hashed() { password "$2" | { cat; echo; } | userdbpw "-hmac-$1"; }

# hashes: a line for each user, with the name and the four hashes of the password.
# They cost ten processes a user, so they are kept beside the packages.
hashes() {
  local kept=$cache/courier-users.$USERS user new
  if [[ ! -s $kept ]]; then
    new=$(mktemp "$kept.XXXXXX") # numbers of processes are not unique in a view of one's own
    for user in $(seq -f u%g "$USERS"); do
      echo "$user $(openssl passwd -1 "$(password "$user")") $(hashed md5 "$user") $(hashed sha1 "$user") $(hashed sha256 "$user")"
    done >"$new"
    mv "$new" "$kept"
  fi
  cat "$kept"
}

make_users() {
  local user plain md5 sha1 sha256 home limit=""
  [[ ! ${option[quota]:-} ]] || limit=$((option[quota] * 1024))S
  # One process for all users.
  seq -f u%g "$USERS" | sed 's|.*|mail/&/Maildir/cur mail/&/Maildir/new mail/&/Maildir/tmp|' | xargs mkdir -p
  while read -r user plain md5 sha1 sha256; do
    home=/mnt/mail/$user
    [[ ! $limit ]] || maildirmake.courier -q "$limit" "$home/Maildir"
    printf '%s\tuid=8|gid=8|home=%s|mail=%s/Maildir|systempw=%s|hmac-md5pw=%s|hmac-sha1pw=%s|hmac-sha256pw=%s%s\n' \
      "$user" "$home" "$home" "$plain" "$md5" "$sha1" "$sha256" "${limit:+|quota=$limit}"
  done < <(hashes) >etc/courier/userdb
  chown -R mail:mail mail
  chmod 600 etc/courier/userdb
  # The program writes its table beside the list, and /etc is read-only here.
  perl /usr/sbin/makeuserdb -f /mnt/etc/courier/userdb
  echo "$USERS ${option[quota]:-}" >users
}

# listen PORT command...: one command per connection.
listen() {
  local port=$1
  shift
  couriertcpd -address=127.0.0.1 -maxprocs=200 -maxperip=200 -nodnslookup -noidentlookup "$port" "$@" &
}

daemons() {
  local login=/usr/lib/courier/courier/imaplogin
  [[ $(cat users 2>/dev/null) == "$USERS ${option[quota]:-}" ]] || make_users
  mkdir -p /run/courier/authdaemon
  set -a
  . /etc/courier/authdaemonrc
  /usr/lib/courier/courier-authlib/authdaemond &
  until [[ -S /run/courier/authdaemon/socket ]]; do sleep 0.02; done
  . /etc/courier/imapd
  IMAP_STARTTLS=YES listen "$PORT" "$login" /usr/bin/imapd Maildir
  IMAP_STARTTLS=NO IMAP_TLS=1 listen "$TLSPORT" /usr/bin/couriertls -server -tcpd -user=mail "$login" /usr/bin/imapd Maildir
  set +a
}

main "$@"

#!/usr/bin/env bash
# Starts a private Dovecot 2.3. Any user name logs in.
#   sep=/        hierarchy separator       prefix=INBOX.  namespace prefix
#   format=      maildir, mdbox or sdbox   layout=fs      directory layout of maildir
#   hide=A,B     capabilities left out     quota=KIB      of every user
#   with=A,B     others said to be there, with hide=
#   fsync=always (default: never)          acl=yes        ACL commands
#   connections=N at most, of one user from one address (default: 1000)
#   oauth=URL    tokens are asked about at this URL (RFC 7662), passwords work too
#   listindex=no without it CREATE costs the same however many folders there are
here=$(dirname "$0")
known="sep prefix format layout hide with quota fsync acl connections listindex oauth"
isolated=
# shellcheck source=lib.sh
. "$here/lib.sh"

# What Dovecot 2.3.19 announces after login, with imap_zlib.
capabilities="IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY
  THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL
  CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1
  CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS
  BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+
  NOTIFY SPECIAL-USE COMPRESS=DEFLATE"

# announced: the capabilities without the hidden ones.
announced() {
  local name with=${option[with]:-}
  for name in $capabilities ${option[quota]:+QUOTA} ${option[acl]:+ACL RIGHTS=texk} ${with//,/ }; do
    [[ ",${option[hide]:-}," == *",$name,"* ]] || printf '%s ' "$name"
  done
}

missing() {
  if [[ $(id -u) != 0 ]]; then
    echo "it needs root"
  elif ! command -v dovecot >/dev/null; then
    echo "dovecot is not installed; run make setup"
  fi
}

configure() {
  local plugins="" imap_plugins="imap_zlib" location
  case ${option[format]:=maildir} in maildir | mdbox | sdbox) ;; *) fail "format is maildir, mdbox or sdbox" ;; esac
  location=${option[format]}:$state/mail/%u/mail
  [[ ! ${option[layout]:-} ]] || location+=:LAYOUT=${option[layout]}
  if [[ ${option[quota]:-} ]]; then plugins+=" quota" imap_plugins+=" imap_quota"; fi
  if [[ ${option[acl]:-} ]]; then plugins+=" acl" imap_plugins+=" imap_acl"; fi
  mkdir -p "$state/run" "$state/mail"
  chown nobody:nogroup "$state/mail"
  [[ ! ${option[oauth]:-} ]] || cat >"$state/oauth2.conf" <<CONF
introspection_mode = post
introspection_url = ${option[oauth]}
username_attribute = username
active_attribute = active
active_value = true
CONF
  cat >"$state/dovecot.conf" <<CONF
base_dir = $state/run
state_dir = $state/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
auth_mechanisms = plain login${option[oauth]:+ xoauth2 oauthbearer}
disable_plaintext_auth = no
ssl = yes
ssl_cert = <$state/tls.pem
ssl_key = <$state/tls.pem
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
default_internal_user = dovecot
default_login_user = dovenull
mail_location = $location
mail_fsync = ${option[fsync]:-never}
mailbox_list_index = ${option[listindex]:-yes}
mail_max_userip_connections = ${option[connections]:-1000}
mail_plugins = $plugins
protocol imap {
  mail_plugins = $plugins $imap_plugins
$([[ ! ${option[hide]:-} ]] || echo "  imap_capability = $(announced)")
}
plugin {
$([[ ! ${option[quota]:-} ]] || printf '  quota = count:User quota\n  quota_vsizes = yes\n  quota_rule = *:storage=%sK\n' "${option[quota]}")
$([[ ! ${option[acl]:-} ]] || echo "  acl = vfile")
}
$([[ ! ${option[oauth]:-} ]] || printf 'passdb {\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = %s\n}\n' "$state/oauth2.conf")
passdb {
  driver = static
  args = password=$(password %u)
  ${option[oauth]:+mechanisms = plain login}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$state/mail/%u
}
namespace inbox {
  inbox = yes
  separator = ${option[sep]:-/}
  prefix = ${option[prefix]:-}
$(for use in Drafts Sent Trash Junk Archive; do printf '  mailbox %s {\n    special_use = \\%s\n  }\n' $use $use; done)
}
service imap-login {
  service_count = 0
  inet_listener imap {
    port = $PORT
  }
  inet_listener imaps {
    port = $TLSPORT
    ssl = yes
  }
}
service imap {
  process_limit = 1000
  service_count = 1000
  process_min_avail = 2
}
# Both would otherwise be shut into empty directories, which this place, not
# the system's own, does not offer.
service anvil {
  chroot =
}
CONF
}

daemons() { dovecot -F -c "$state/dovecot.conf" & }

main "$@"

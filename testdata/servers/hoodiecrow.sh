#!/usr/bin/env bash
# Starts hoodiecrow-imap, a mock server that keeps all mail in memory, with the
# users u1, u2, ... who all see one store; PORT and TLSPORT have a store each.
#   mode=gmail  X-GM-EXT-1 and the folders below [Gmail]
here=$(dirname "$0")
known="mode"
isolated=
# shellcheck source=lib.sh
. "$here/lib.sh"

missing() {
  if ! command -v node >/dev/null; then
    echo "node is not installed"
  elif [[ ! -d $cache/hoodiecrow/node_modules ]]; then
    echo "its packages are not installed in $cache; run make setup"
  fi
}

configure() {
  local user
  case ${option[mode]:=plain} in plain | gmail) ;; *) fail "mode is plain or gmail" ;; esac
  cp "$here/hoodiecrow/serve.js" "$state/serve.js"
  for user in $(seq -f u%g "$USERS"); do printf '%s %s\n' "$user" "$(password "$user")"; done >"$state/users"
}

daemons() { NODE_PATH=$cache/hoodiecrow/node_modules node "$state/serve.js" "$PORT" "$TLSPORT" "${option[mode]:-plain}" & }

main "$@"

#!/usr/bin/env bash
# A list in N parts on several machines, by GNU parallel over ssh.
#
#   LIST=/shared/users.csv OUT=/shared/out PARTS=8 MACHINES=machines.txt ./parallel.sh --host1 ... --host2 ...
#
# MACHINES has a line for each, as GNU parallel's --sshloginfile reads it
# ("2/user@machine1" runs two parts there). LIST and OUT are on a volume that all
# machines see under the same name, since the journals have to be where the next
# try of a part finds them, and locks them (--cacheshared).
#
# Run it again and it goes on with what is not finished.
set -euo pipefail
: "${LIST:?the list of accounts}" "${OUT:?a directory on a shared volume}" "${PARTS:?in how many parts}" "${MACHINES:?a file of ssh logins}"
IMAPHAUL=${IMAPHAUL:-imaphaul}
mkdir -p "$OUT"

# --retries tries a part again, on another machine where there is one. A part that is
# still at work elsewhere holds its journals, and the second ends with exit code 111.
code=0
parallel --sshloginfile "$MACHINES" --joblog "$OUT/joblog" --retries 3 --line-buffer --tag --quote \
  "$IMAPHAUL" batch "$LIST" --shard "{}/$PARTS" --out "$OUT" --cachedir "$OUT/journal" --cacheshared "$@" \
  ::: $(seq "$PARTS") || code=$?

# One result of all parts; it says what is not finished, and which part has no result.
"$IMAPHAUL" batch --merge "$OUT" || code=$?
exit "$code"

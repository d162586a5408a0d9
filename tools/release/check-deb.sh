#!/usr/bin/env bash
# Installs a deb into a root of its own, runs what is in it, removes it, and looks
# whether anything is left. Nothing of this machine's packages is touched.
#
#   check-deb.sh FILE.deb
set -euo pipefail
deb=$(realpath "$1")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers}
touch "$root"/var/lib/dpkg/{status,available}
in_root() {
  dpkg --root="$root" --log=/dev/null --force-not-root --force-bad-path "$@"
}

in_root --install "$deb" > /dev/null
[[ $(in_root --status imaphaul) == *"Status: install ok installed"* ]]
expected=$(dpkg-deb --field "$deb" Version)
said=$(HOME=$root "$root/usr/bin/imaphaul" --version)
[[ $said == *"${expected%%-*}"* ]] || { echo "the deb has version $expected, the program says: $said" >&2; exit 1; }
said=$("$root/usr/bin/imaphaul" hub --version) # it finds imaphaul-hub beside itself
[[ $said == *"${expected%%-*}"* ]] || { echo "the deb has version $expected, its imaphaul-hub says: $said" >&2; exit 1; }
(cd "$root" && HOME=$root TMPDIR=$root usr/bin/imaphaul --testslive --nolog > "$root/testslive.txt") || { tail "$root/testslive.txt" >&2; exit 1; }
for file in usr/share/man/man1/imaphaul.1.gz usr/share/bash-completion/completions/imaphaul usr/share/zsh/vendor-completions/_imaphaul \
  usr/share/fish/vendor_completions.d/imaphaul.fish usr/lib/systemd/system/imaphaul-batch.timer usr/share/doc/imaphaul/copyright; do
  [[ -s $root/$file ]] || { echo "the deb lacks $file" >&2; exit 1; }
done
gzip -t "$root/usr/share/man/man1/imaphaul.1.gz"
bash -n "$root/usr/share/bash-completion/completions/imaphaul"

in_root --purge imaphaul > /dev/null
left=$(find "$root/usr" "$root/etc" -type f 2> /dev/null || true)
[[ -z $left ]] || { echo "left behind: $left" >&2; exit 1; }
echo "$(basename "$deb"): installed, run and removed"

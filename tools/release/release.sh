#!/usr/bin/env bash
# Makes dist/: the programs for each system, packages, SBOM and checksums. "make release"
# calls it with the version, nfpm and cyclonedx-gomod; Go and GNU tar are needed besides.
#
#   release.sh VERSION NFPM CYCLONEDX SYSTEM...
#
# The systems are built twice, the second time in another directory and with an empty
# cache, and have to be equal byte for byte. REPRODUCE="linux/amd64" does this for one of
# them alone, REPRODUCE= for none, which is said.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$1 nfpm=$(realpath "$2") cyclonedx=$(realpath "$3")
shift 3
systems=("$@")
reproduce=${REPRODUCE-"${systems[*]}"}
# The time of what is built is that of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
umask 022

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT # Go makes what it caches read-only
rm -rf dist
mkdir dist

# build SYSTEM DIRECTORY FILE builds the source in a directory; imaphaul-hub comes to lie
# beside the file.
build() {
  GOOS=${1%/*} GOARCH=${1#*/} make -s -C "$2" build "VERSION=$version" "OUT=$3"
}

ending() { [[ $1 != windows/* ]] || echo .exe; }
name() { echo "imaphaul-$version-${1/\//-}"; }

host=$(go env GOHOSTOS)/$(go env GOHOSTARCH)
build "$host" . "$work/imaphaul"
mkdir -p "$work/share/completions"
"$work/imaphaul" man > "$work/share/imaphaul.1"
gzip -n9 < "$work/share/imaphaul.1" > "$work/imaphaul.1.gz"
for shell in bash zsh fish; do "$work/imaphaul" completion "$shell" > "$work/share/completions/imaphaul.$shell"; done
cp README.md LICENSE docs/licences.md "$work/share"

for system in "${systems[@]}"; do
  echo "building for $system"
  exe=$(ending "$system")
  mkdir -p "$work/$system"
  build "$system" . "$work/$system/imaphaul$exe"
  top=$(name "$system")
  mkdir -p "$work/archive/$top"
  cp -r "$work/share/." "$work/$system/imaphaul$exe" "$work/$system/imaphaul-hub$exe" "$work/archive/$top"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u+rw,go=rX \
    -C "$work/archive" -cf - "$top" | gzip -n9 > "dist/$top.tar.gz"
done

if [[ -n $reproduce ]]; then
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | { mkdir -p "$work/elsewhere/else" && tar -C "$work/elsewhere/else" -xf -; }
  for system in $reproduce; do
    echo "building once more for $system, elsewhere and from nothing"
    exe=$(ending "$system")
    GOCACHE=$work/cache build "$system" "$work/elsewhere/else" "$work/again/$system/imaphaul$exe"
    for program in "imaphaul$exe" "imaphaul-hub$exe"; do cmp "$work/again/$system/$program" "$work/$system/$program"; done
  done
fi
for system in "${systems[@]}"; do
  [[ " $reproduce " == *" $system "* ]] || echo "NOT CHECKED: whether a second build for $system is equal" >&2
done

# Packages, for the Linux systems.
for system in "${systems[@]}"; do
  [[ $system == linux/* ]] || continue
  for packager in deb rpm apk; do
    ARCH=${system#*/} VERSION=${version%%+*} BINARY=$work/$system/imaphaul HUB=$work/$system/imaphaul-hub SHARE=$work/share MANUAL=$work/imaphaul.1.gz \
      "$nfpm" package --config tools/release/nfpm.yaml --packager "$packager" --target dist >&2
  done
done
if command -v dpkg > /dev/null && [[ " ${systems[*]} " == *" $host "* ]]; then
  tools/release/check-deb.sh dist/*_"${host#*/}".deb
else
  echo "NOT CHECKED: whether the deb can be installed (no dpkg here, or none for $host)" >&2
fi

# What is linked, read from the programs themselves.
for program in imaphaul imaphaul-hub; do
  "$cyclonedx" bin -json -noserial -notimestamp -licenses -std -version "v${version%%+*}" -output "dist/$program-$version.cdx.json" "$work/$program" 2> "$work/sbom.log" || { cat "$work/sbom.log" >&2; exit 1; }
done
(cd dist && sha256sum -- * > "$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
ls -l dist

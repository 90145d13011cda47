#!/bin/sh
# The packages of target/package, installed and run in a Debian that has nothing else, with their man
# pages and completions: what a person who downloads them meets. Needs root, debootstrap and Debian's archive; takes some minutes.
#
#   tests/e2e/package.sh [ROOT]     a root made by debootstrap before, which is kept
set -eu
cd "$(dirname "$0")/../.."

skip() {
    printf 'skipped: %s\n' "$*"
    exit 0
}
[ "$(id -u)" = 0 ] || skip 'only root can make a clean root'
packages=${CARGO_TARGET_DIR:-target}/package
root=${1:-}
made=''
leave() {
    umount "$root/proc" 2>/dev/null || true
    [ -z "$made" ] || rm -rf "$root"
}
trap leave EXIT
trap 'exit 130' INT TERM
if [ -z "$root" ]; then
    command -v debootstrap >/dev/null || skip 'no debootstrap here'
    suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    root=$(mktemp -d)
    chmod 755 "$root" # apt and man work as other users
    made=yes
    debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 || {
        tail -n 5 "$root.log"
        exit 1
    }
    rm -f "$root.log"
fi
# They name the path of the program.
mount -t proc proc "$root/proc" || skip 'no /proc can be had in the clean root'
rm -f "$root/etc/apt/sources.list"
for settings in /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d; do
    [ ! -e "$settings" ] || cp -R "$settings" "$root/etc/apt/"
done
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"; }

cp "$packages"/*.deb "$root/emoscope.deb"
cp tests/data/two-utterances.wav "$root/root/"
inside apt-get -qq update
inside apt-get -qq install -y --no-install-recommends /emoscope.deb >/dev/null
works() { # PROGRAM
    inside "$1" --version
    inside "$1" analyze /root/two-utterances.wav --format csv | grep -c neutral
    inside "$1" analyze /root/two-utterances.wav --engine builtin --format csv | grep -q neutral
    inside "$1" doctor | grep -E '^ok +engine +ONNX Runtime .*in use'
    inside "$1" doctor | grep -E '^ok +self-test'
}
works emoscope
inside apt-get -qq install -y --no-install-recommends man-db zsh fish >/dev/null
inside man emoscope-analyze | grep -q -- '--shard'
# Each shell completes a command and a flag.
inside bash -c '. /usr/share/bash-completion/completions/emoscope && complete -p emoscope
    words() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _emoscope emoscope "${COMP_WORDS[-1]}"; echo "${COMPREPLY[@]}"; }
    [ "$(words emoscope ana)" = analyze ] && [ "$(words emoscope analyze --sha)" = --shard ]'
[ "$(inside fish -c 'complete -C "emoscope ana"' | cut -f 1)" = analyze ]
[ "$(inside fish -c 'complete -C "emoscope analyze --sha"' | cut -f 1)" = --shard ]
[ "$(inside zsh -fc 'autoload -U compinit; compinit -u; echo $_comps[emoscope]')" = _emoscope ]
inside zsh -n /usr/share/zsh/vendor-completions/_emoscope
# Each page that the README leads to is there, with what it links to.
inside apt-get -qq install -y --no-install-recommends python3-minimal >/dev/null
cp scripts/linked.py "$root/usr/share/doc/emoscope/docs/"
inside python3 /usr/share/doc/emoscope/docs/linked.py README.md /root/pages
test -s "$root/root/pages/docs/troubleshooting.md"
rm "$root/usr/share/doc/emoscope/docs/linked.py"
inside apt-get -qq purge -y emoscope >/dev/null
! inside sh -c 'command -v emoscope' || { echo 'purge left the program'; exit 1; }

# The same files; the libraries exist, under the names of another system.
inside apt-get -qq install -y --no-install-recommends rpm >/dev/null
cp "$packages"/*.rpm "$root/emoscope.rpm"
inside rpm -qp --requires /emoscope.rpm | grep -q 'libasound.so.2'
inside rpm --install --nodeps /emoscope.rpm
works emoscope
inside man emoscope-analyze | grep -q -- '--shard'
inside rpm --erase emoscope
! inside sh -c 'command -v emoscope' || { echo 'erase left the program'; exit 1; }

tar -C "$root/opt" -xzf "$(ls "$packages"/*.tar.gz)"
works "/opt/$(basename "$packages"/*.tar.gz .tar.gz)/bin/emoscope"
echo 'the packages work in a clean root'

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Root file systems for images that are made from nothing: one for each program that is installed below FROM.
# Usage: rootfs.sh FROM TO      (run in the build stage of the Dockerfile; writes TO/vigil, TO/vigil-agent, ...)
# Same input, same bytes: fixed modes and times, and names in sorted order.
set -eu
from=$1
to=$2
export LC_ALL=C
epoch=${SOURCE_DATE_EPOCH:-1767225600}

# A file at the place where the loader looks for it; /lib and /lib64 are links into /usr.
put() {
    place=$(readlink -f "$(dirname "$1")")
    install -d "$root$place"
    cp -L "$1" "$root$place/$(basename "$1")"
}

# What the package of a file is, for scanners of images, and its licence, which goes where its code goes.
record() {
    real=$(readlink -f "$1")
    package=$(dpkg -S "$real" "${real#/usr}" 2>/dev/null | head -n 1 | cut -d: -f1) || true
    if [ -z "$package" ]; then
        echo "rootfs.sh: $1 is of no package" >&2
        exit 1
    fi
    install -d "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$package"
    dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
    cp -L "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
}

# PROGRAM [COMPANION]: what the program starts lies beside it
one() {
    program=$1
    companion=${2:-}
    root=$to/$(basename "$program")
    for d in /lib /lib64; do # links, as Debian has them, before anything is put behind them
        [ ! -L "$d" ] || { install -d "$root/usr$d" && ln -s "usr$d" "$root$d"; }
    done
    install -d "$root${program#"$from"}" && rmdir "$root${program#"$from"}"
    for f in $program $companion; do
        install -m 0755 -s "$f" "$root${f#"$from"}"
    done
    # shellcheck disable=SC2086 # words are wanted
    libraries=$(ldd $program $companion | sed -n 's/^[^/]*\(\/[^ ]*\) (0x[0-9a-f]*)$/\1/p' | sort -u)
    for l in $libraries; do
        put "$l"
        record "$l"
    done
    install -d "$root/usr/share"
    cp -R "$from/usr/share/vigil5g" "$root/usr/share/vigil5g"
    install -d "$root/usr/share/doc/vigil5g"
    install -m 0644 LICENSE "$root/usr/share/doc/vigil5g/copyright"
    install -d -m 0755 "$root/etc/vigil5g" "$root/proc" "$root/dev" "$root/sys" "$root/data"
    echo 'root:x:0:0:root:/:/nonexistent
vigil5g:x:10001:10001:Vigil5G:/var/lib/vigil5g:/nonexistent' >"$root/etc/passwd"
    echo 'root:x:0:
vigil5g:x:10001:' >"$root/etc/group"
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
    # What may be written, when a volume is there: named volumes take the owner from the image.
    install -d -m 1777 "$root/tmp"
    install -d -o 10001 -g 10001 -m 0750 "$root/var/lib/vigil5g" "$root/run/vigil5g" "$root/run/vigil5g/collector"
    case $(basename "$program") in
    vigil-enrol-server) install -d -o 10001 -g 10001 -m 0700 "$root/var/lib/vigil5g/enrol" ;;
    vigil-*) install -d -o 10001 -g 10001 -m 0750 "$root/var/lib/vigil5g/${program##*/vigil-}" ;;
    esac
    find "$root" -exec touch -h -d "@$epoch" {} +
}

rm -rf "$to"
for p in "$from"/usr/bin/vigil "$from"/usr/sbin/vigil-collector "$from"/usr/sbin/vigil-enrol-server; do
    [ ! -x "$p" ] || one "$p"
done
[ ! -x "$from/usr/sbin/vigil-agent" ] || one "$from/usr/sbin/vigil-agent" "$from/usr/sbin/vigil-device"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A Debian 12 base image out of a Debian mirror, where no registry of images is in reach: make docker BASE=NAME.
# Usage: base.sh NAME           as root; needs debootstrap and podman or docker
set -eu
name=$1
engine=${ENGINE:-$(command -v podman || command -v docker)}
mirror=${MIRROR:-http://deb.debian.org/debian}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
debootstrap --variant=minbase bookworm "$dir/root" "$mirror" >"$dir/log" 2>&1 || {
    tail -n 20 "$dir/log" >&2
    exit 1
}
rm -rf "$dir"/root/var/cache/apt/archives/*.deb "$dir"/root/var/lib/apt/lists/*
tar -C "$dir/root" --numeric-owner -cf - . | "$engine" import - "$name"

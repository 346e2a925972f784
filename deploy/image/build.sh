#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Images localhost/vigil5g/{cli,agent,collector,enrol}:VERSION, of the programs whose sources are there, with podman or docker.
# Usage: build.sh VERSION       from the root of the repository
#   ENGINE    podman or docker; the first that is there
#   BASE      Debian 12 image of the build stage, debian:12-slim; a release pins it by digest
#   NAME      instead of localhost/vigil5g
#   BUILD_ARGS further arguments of "ENGINE build", as --isolation=chroot or --network=host
set -eu
version=$1
name=${NAME:-localhost/vigil5g}
base=${BASE:-debian:12-slim}
engine=${ENGINE:-}
for e in podman docker; do
    [ -n "$engine" ] || ! command -v "$e" >/dev/null || engine=$e
done
if [ -z "$engine" ]; then
    echo "make docker: neither podman nor docker is here" >&2
    exit 1
fi
# Time of the last commit: the same commit and the same packages give the same layers. OCI images cannot say HEALTHCHECK,
# so the format is Docker's.
epoch=$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
case $(basename "$engine") in
podman) own="--format docker --timestamp $epoch" ;;
*) own="--build-arg SOURCE_DATE_EPOCH=$epoch" ;;
esac
targets=cli
[ ! -e agents/main.c ] || targets="$targets agent"
[ ! -e collector/main.c ] || targets="$targets collector"
[ ! -e collector/enrol/main.c ] || targets="$targets enrol"
for t in $targets; do
    # shellcheck disable=SC2086 # words are wanted
    "$engine" build $own ${BUILD_ARGS:-} --build-arg "BASE=$base" --build-arg "VERSION=$version" \
        --build-arg "REVISION=$revision" --target "$t" -t "$name/$t:$version" -f Dockerfile .
    echo "  IMAGE $name/$t:$version"
done

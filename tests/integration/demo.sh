#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a newcomer sees with `make demo` is seen: the scan with its disagreement, and the system at work step by step.
set -eu
build=$(dirname "$1")
VIGIL=$1 sh tests/demo/demo.sh >/dev/null
BUILD=$build sh tests/demo/live.sh >"${TMPDIR:-/tmp}/vigil-demo-$$"
for state in fix-pending-restart resolved reopened; do
    grep -q "medium    $state " "${TMPDIR:-/tmp}/vigil-demo-$$" || { echo "demo: no finding is $state"; exit 1; }
done
rm -f "${TMPDIR:-/tmp}/vigil-demo-$$"

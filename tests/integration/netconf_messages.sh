#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The client of libnetconf2 talks to our NETCONF messages: see tests/interop/messages.c.
set -u
out=$("$(dirname "$1")/tests/interop/messages" 2>&1)
rc=$?
echo "$out"
[ $rc -eq 0 ] && [ "$(echo "$out" | grep -c '^ok ')" -ge 11 ]

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The parts of agent and collector by themselves: messages, sessions, store. Usage: parts.sh DIRECTORY-OF-PROGRAMS
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ulimit -n "$(ulimit -Hn)"
echo "facts in messages, CPU time of one section:"
"$1/facts_message" | sed 's/^/  /'
echo "idle sessions over TLS, both sides on this machine:"
"$1/nc_sessions" "${SESSIONS:-1000}" "${MESSAGES:-20000}" | sed 's/^/  /'
echo "store with ${FINDINGS:-100000} findings:"
"$1/store" "$dir" "${FINDINGS:-100000}" | sed 's/^/  /'
echo "a whole collector with ${AGENTS:-500} agents:"
"$1/load" "$1/../../vigil-collector" "$dir" "${AGENTS:-500}" | sed 's/^/  /'

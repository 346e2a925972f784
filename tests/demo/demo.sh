#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a newcomer sees first: a scan of the small lab in tests/data/demo. Ends with 0 when the problems that are known
# to be in it were found. Usage: VIGIL=build/vigil sh tests/demo/demo.sh, from the root of the repository.
set -u
vigil=${VIGIL:-build/vigil}
data=tests/data/demo

scan() {
    "$vigil" scan -c $data/config -r $data/sbi.pcap -r $data/n2.pcap -r $data/tls.pcap \
        --inventory $data/inventory.yaml --now 2026-11-24T06:00:00Z "$@"
}

echo "This scans the small 5G core in $data: open5GS files, compose, captures."
echo "fail: a control is broken, with file:line or frame. unknown: nobody can tell yet."
echo
scan
status=$?
[ $status -ne 141 ] || exit 141 # nobody reads on, as in make demo | head
if [ $status -ne 1 ]; then
    echo "demo: vigil ended with $status, and not with 1 for problems found" >&2
    exit 1
fi
found=$(scan -f json 2>/dev/null)
case $found in
*'"disagreement": true'* | *'"disagreement":true'*) ;;
*)
    echo "demo: the report lacks the AMF that writes NEA2 and chooses NEA0" >&2
    exit 1
    ;;
esac
cat <<'NEXT'

Your own core:    build/vigil scan -c /etc/open5gs -r core.pcap --vantage node-nic
JSON, HTML:       add -f json, or -f html >report.html (-f sarif as well)
About a control:  build/vigil rules show SA-NAS-02
NEXT

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The system at work, on this machine alone: a test authority, a collector, an agent that calls it home over NETCONF/TLS,
# stand-ins for the network functions of the small core in tests/data/demo, and a capture of it. One line of one file is
# put right, the function restarted, both taken back. Ends with 0 when every step was seen.
# Usage: BUILD=build sh tests/demo/live.sh, from the root of the repository. VIGIL_DEMO_KEEP=1 leaves everything running.
set -u
build=$(cd "${BUILD:-build}" && pwd) || exit 1
data=$(cd tests/data/demo && pwd) || exit 1

# In a network of its own, where it can have one, the functions get the addresses that their files say.
if [ -z "${VIGIL_DEMO_NET:-}" ]; then
    own=""
    if command -v ip >/dev/null && unshare -n true 2>/dev/null; then own="unshare -n"
    elif command -v ip >/dev/null && unshare -rn true 2>/dev/null; then own="unshare -rn"; fi
    export VIGIL_DEMO_NET="${own:-none}"
    [ -z "$own" ] || exec $own sh "$0"
fi

dir=$(mktemp -d /tmp/vigil-demo.XXXXXX) || exit 1
conf=$dir/root/etc/open5gs
pids=""
finish() {
    status=$?
    trap - EXIT
    # shellcheck disable=SC2086 # words are wanted
    [ -z "$pids" ] || { kill $pids 2>/dev/null; wait 2>/dev/null; }
    rm -rf "$dir"
    exit $status
}
trap finish EXIT
trap 'exit 1' INT TERM

fail() {
    echo "demo: $1" >&2
    for f in "$dir"/*.log; do [ -s "$f" ] && sed "s|^|  $(basename "$f"): |" "$f" >&2; done
    exit 1
}

# wait_for WHAT COMMAND...: until it succeeds, 20 s at most.
wait_for() {
    what=$1
    shift
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "$what"
}

mkdir -p "$conf" "$dir/bin" "$dir/state"
cp -R "$data/config/." "$conf/"
cp "$data/n2.pcap" "$dir/root/n2.pcap"
ln -s /proc "$dir/root/proc"
port=4335
if [ "$VIGIL_DEMO_NET" = none ]; then
    sed -i 's/10\.77\./127.77./g' "$conf"/*.yaml # every machine has these
    port=$((20000 + $$ % 20000))
else
    ip link set lo up
    for a in $(grep -ho '10\.77\.[0-9]*\.[0-9]*' "$conf"/*.yaml | sort -u); do ip addr add "$a/32" dev lo; done
fi
sh deploy/test-ca.sh "$dir/tls" collector.demo core-1 >/dev/null || fail "no certificates"

cat >"$dir/collector.yaml" <<EOF
site: lab
listen: ["127.0.0.1:$port"]
tls: {certificate: $dir/tls/collector.demo/cert.pem, key: $dir/tls/collector.demo/key.pem, trust: $dir/tls/ca.pem}
store: $dir/state/store.db
socket: $dir/state/collector.sock
agents:
  - {name: core-1, witnesses: [config, runtime, traffic, inventory]}
EOF
cat >"$dir/agent.yaml" <<EOF
name: core-1
site: lab
collectors: ["127.0.0.1:$port"]
tls: {certificate: $dir/tls/core-1/cert.pem, key: $dir/tls/core-1/key.pem, trust: $dir/tls/ca.pem, collector: collector.demo}
root: $dir/root
spool: $dir/state
inventory: $data/inventory.yaml
vantage: link
sources:
  - {config: /etc/open5gs, interval: 60}
  - {runtime: /proc, interval: 1}
  - {capture: /n2.pcap, interval: 60}
EOF

start_nf() { # amf: the stand-in under the name of the real program; it reads its file now and never again
    ln -sf "$build/tests/demo/standin" "$dir/bin/open5gs-$1d"
    : >"$dir/$1.out"
    "$dir/bin/open5gs-$1d" -c "$conf/$1.yaml" >"$dir/$1.out" 2>"$dir/$1.log" &
    eval "pid_$1=$!"
    pids="$pids $!"
    wait_for "stand-in $1 did not start" grep -q ready "$dir/$1.out"
}
restart_amf() {
    kill "$pid_amf" && wait "$pid_amf" 2>/dev/null
    start_nf amf
}

export VIGIL_SOCKET="$dir/state/collector.sock"
vigil() { "$build/vigil" "$@"; }
control=SA-NAS-01
target=nf:lab/core-1/etc/open5gs/amf
until_state() {
    began=$(date +%s)
    vigil findings --control $control --target $target --until "$1" --timeout 10 ||
        { vigil finding $control $target --json; vigil controls $control --json; fail "the finding is not $1 within 10 s"; }
    echo "          (seen after $(($(date +%s) - began)) s)"
}

echo "The system at work: functions that run, an agent beside them, a collector, one change."
echo
for nf in nrf scp ausf udm udr pcf bsf nssf amf smf; do [ -e "$conf/$nf.yaml" ] && start_nf $nf; done
"$build/vigil-collector" --config "$dir/collector.yaml" 2>"$dir/collector.log" &
pids="$pids $!"
wait_for "the collector does not listen" test -S "$VIGIL_SOCKET"
"$build/vigil-agent" --config "$dir/agent.yaml" 2>"$dir/agent.log" &
pids="$pids $!"
seen() { vigil findings --control $control --target $target --json | grep -q '"id"'; }
wait_for "no finding from the running core" seen
heard() { vigil finding SA-NAS-02 $target --json | grep -q 'n2.pcap#frame'; }
wait_for "the capture was not judged" heard

vigil status
echo
vigil problems
cat <<NEXT

1. $control fails on the AMF: its file allows the null integrity algorithm, and it runs by it.
NEXT
vigil finding $control $target | sed -n '1,12p'
cat <<NEXT

2. One line of etc/open5gs/amf.yaml is put right. A changed file is no fixed system: the process has not read it.
NEXT
sed -i 's/integrity_order: .*/integrity_order: [NIA2, NIA1]/' "$conf/amf.yaml"
until_state fix-pending-restart
vigil finding $control $target | sed -n '/^  restart/,/^  [a-z]* *\(fail\|pass\|unknown\)/p' | sed '$d'
cat <<NEXT

3. The AMF is restarted, and reads the file.
NEXT
restart_amf
until_state resolved
cat <<NEXT

4. Somebody takes it back, and restarts it again.
NEXT
sed -i 's/integrity_order: .*/integrity_order: [NIA2, NIA1, NIA0]/' "$conf/amf.yaml"
restart_amf
until_state reopened
cat <<NEXT

5. What became of it, for the auditor:
NEXT
vigil finding $control $target | sed -n '/^history/,$p'
cat <<NEXT

How to poll a collector: vigil status, vigil problems, vigil findings --json --total, vigil finding ID, vigil controls
What to do about it:     vigil ack ID --reason TEXT, vigil waive --control ID --reason TEXT --expires +30d, vigil window
Your own network:        docs/deploy.md
NEXT
if [ -n "${VIGIL_DEMO_KEEP:-}" ]; then
    echo "Everything goes on until you press Enter; in another terminal: VIGIL_SOCKET=$VIGIL_SOCKET vigil status"
    read -r _
fi

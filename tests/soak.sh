#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The long runs: fuzzing, valgrind, full hostile lists, images, living systems. As many at a time as there are processors.
# Usage: soak.sh [all|fuzz|valgrind|containers|living|hostile]; JOBS at a time.
# FUZZ_SECONDS for every target; without it 300 for what reads packets, 60 for the others.
set -u
cd "$(dirname "$0")/.." || exit 2
jobs=${JOBS:-$(nproc)}
data=${VIGIL_TESTDATA:-}
[ -z "$data" ] && [ -d ../shared/testdata ] && data=$(cd ../shared/testdata && pwd)
bad=0

# --- one of each; called by name through xargs ---

# What reads packets says so in its includes.
fuzz_seconds() {
    if [ -n "${FUZZ_SECONDS:-}" ]; then
        echo "$FUZZ_SECONDS"
    elif grep -q '^#include "\(agents/dissect\|agents/capture\|tests/fuzz/dissector\)' "tests/fuzz/fuzz_$1.c"; then
        echo 300
    else
        echo 60
    fi
}

one_fuzz() {
    n=${1#build-fuzz/fuzz_}
    seconds=$(fuzz_seconds "$n")
    mkdir -p "$SOAK_WORK/$n" "tests/fuzz/corpus/$n"
    if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
        "$SOAK_WORK/$n" "tests/fuzz/corpus/$n" >"$SOAK_WORK/fuzz-$n.log" 2>&1; then
        echo "ok    fuzz $n: $(sed -n 's/^stat::number_of_executed_units: *//p' "$SOAK_WORK/fuzz-$n.log") runs in $seconds s"
    else
        echo "FAIL  fuzz $n"
        tail -n 30 "$SOAK_WORK/fuzz-$n.log"
        return 1
    fi
}

one_valgrind() {
    n=$(basename "$1")
    if LD_PRELOAD=$PWD/build/tests/valgrind/openat2.so valgrind -q --error-exitcode=9 --leak-check=full \
        --errors-for-leak-kinds=definite "$1" >"$SOAK_WORK/valgrind-$n.log" 2>&1; then
        echo "ok    valgrind $n"
    else
        echo "FAIL  valgrind $n"
        grep -v ' RUN \| OK ' "$SOAK_WORK/valgrind-$n.log" | tail -n 30
        return 1
    fi
}

case ${1:-all} in
one_fuzz | one_valgrind)
    "$1" "$2"
    exit
    ;;
esac

SOAK_WORK=$(mktemp -d) || exit 2
export SOAK_WORK
trap 'rm -rf "$SOAK_WORK"' EXIT

programs() { for t in "$1"*; do [ -x "$t" ] && [ "${t%.d}" = "$t" ] && echo "$t"; done; }

fuzz() { programs build-fuzz/fuzz_ | xargs -n 1 -P "$jobs" sh tests/soak.sh one_fuzz || bad=1; }
memory() { programs build/unit/test_ | xargs -n 1 -P "$jobs" sh tests/soak.sh one_valgrind || bad=1; }

# hostile LABEL MODE SEED NUMBER LIST
hostile() {
    label=$1
    shift
    if xargs -d '\n' -a "$4" -n 4 -P "$jobs" build-san/tests/hostile/hostile "$1" "$2" "$3" >"$SOAK_WORK/log" 2>&1; then
        echo "ok    $label: $(awk '{s+=$1} END {print s}' "$SOAK_WORK/log") runs"
    else
        echo "FAIL  $label"
        tail -n 30 "$SOAK_WORK/log"
        bad=1
    fi
}

hostile_lists() {
    { find tests/data -name '*.pcap*'; [ -n "$data" ] && find "$data" -name '*.pcap' -o -name '*.pcapng'; } | sort >"$SOAK_WORK/pcaps"
    { find tests/data -name '*.yaml' -not -path '*/rules/*'; [ -n "$data" ] && find "$data/configs" -name '*.y*ml*'; } | sort >"$SOAK_WORK/yamls"
    hostile 'every YAML file cut at every 64th byte' cut 2 1 "$SOAK_WORK/yamls"
    hostile 'every capture cut at every 64th byte' cut 1 1 "$SOAK_WORK/pcaps"
    hostile '1000 flips of each YAML file' flip 4 1000 "$SOAK_WORK/yamls"
    hostile '1000 flips of each capture' flip 3 1000 "$SOAK_WORK/pcaps"
}

# of_all LABEL PROGRAM ARG...: as many of the program as jobs, each takes its share: PROGRAM JOBS NUMBER ARG...
of_all() {
    label=$1
    program=build-san/tests/hostile/$2
    shift 2
    if seq "$jobs" | xargs -P "$jobs" -I @ "$program" "$jobs" @ "$@" >"$SOAK_WORK/log" 2>&1; then
        echo "ok    $label: $(awk '{s+=$1} END {print s}' "$SOAK_WORK/log") runs"
    else
        echo "FAIL  $label"
        tail -n 30 "$SOAK_WORK/log"
        bad=1
    fi
}

# Messages of every kind: each prefix, each flip of a byte. Allocations: each fails once.
every() {
    python3 tests/dissect/samples.py "$SOAK_WORK/samples"
    set -- --now 1795435200 --key tests/data/demo/n2.pcap
    of_all 'every prefix and flip of every message' each "$SOAK_WORK"/samples/*.pcap
    # shellcheck disable=SC2046 # two words a capture
    of_all 'facts: every allocation fails once' starved facts "$@" $(printf ' -r %s' "$SOAK_WORK"/samples/*.pcap)
    of_all 'scan: every allocation fails once' starved scan "$@" -f json -c tests/data/demo/config -r tests/data/demo/n2.pcap
}

containers() {
    if VIGIL_TWICE=1 python3 tests/e2e/containers.py build/vigil >"$SOAK_WORK/log" 2>&1; then
        echo "ok    containers: $(grep 'SKIPPED\|^images\|^demo' "$SOAK_WORK/log" | paste -sd ' ')"
    else
        echo "FAIL  containers"
        tail -n 30 "$SOAK_WORK/log"
        bad=1
    fi
}

# Living systems, for longer than make test has time for.
living() {
    for t in 'VIGIL_KILLS=100 live_robust.py' 'VIGIL_SPOOL=20000 live_spool.py' 'VIGIL_WAVES=17 live_identity.py' \
        'VIGIL_FLAPS=40 live_noise.py' 'VIGIL_HALF_OPEN=900 live_hostile.py' 'VIGIL_SECTIONS=380 live_large.py' 'VIGIL_SECTIONS=420 live_large.py' \
        'VIGIL_IDLE_S=60 live_story.py' 'VIGIL_STORM_S=600 tap_storm.py'; do
        if env "${t%% *}" python3 "tests/integration/${t#* }" build/vigil >"$SOAK_WORK/log" 2>&1; then
            echo "ok    $t"
        else
            echo "FAIL  $t"
            tail -n 30 "$SOAK_WORK/log"
            bad=1
        fi
    done
}

part=${1:-all}
case $part in all | fuzz) fuzz ;; esac
case $part in all | valgrind) memory ;; esac
case $part in all | containers) containers ;; esac
case $part in all | living) living ;; esac
case $part in all | hostile) hostile_lists && every ;; esac
exit $bad

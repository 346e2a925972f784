#!/bin/sh
# The long runs: full hostile lists, fuzzing, valgrind. "soak.sh fuzz" fuzzes alone.
set -u
cd "$(dirname "$0")/.." || exit 2
seconds=${FUZZ_SECONDS:-60}
data=${VIGIL_TESTDATA:-}
[ -z "$data" ] && [ -d ../shared/testdata ] && data=$(cd ../shared/testdata && pwd)
bad=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

fuzz() {
    for t in build-fuzz/fuzz_*; do
        n=$(basename "$t"); n=${n#fuzz_}
        mkdir -p "$work/$n" "tests/fuzz/corpus/$n"
        if "$t" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
            "$work/$n" "tests/fuzz/corpus/$n" >"$work/log" 2>&1; then
            echo "ok    fuzz $n: $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") runs in $seconds s"
        else
            echo "FAIL  fuzz $n"; tail -n 30 "$work/log"; bad=1
        fi
    done
}

# hostile LABEL MODE SEED NUMBER LIST
hostile() {
    label=$1; shift
    if xargs -d '\n' -a "$4" -n 40 build-san/tests/hostile/hostile "$1" "$2" "$3" >"$work/log" 2>&1; then
        echo "ok    $label: $(awk '{s+=$1} END {print s}' "$work/log") runs"
    else
        echo "FAIL  $label"; tail -n 30 "$work/log"; bad=1
    fi
}

if [ "${1:-all}" = all ]; then
    { find tests/data -name '*.pcap*'; [ -n "$data" ] && find "$data" -name '*.pcap' -o -name '*.pcapng'; } | sort >"$work/pcaps"
    { find tests/data -name '*.yaml' -not -path '*/rules/*'; [ -n "$data" ] && find "$data/configs" -name '*.y*ml*'; } | sort >"$work/yamls"
    hostile 'every capture cut at every 64th byte' cut 1 1 "$work/pcaps"
    hostile 'every YAML file cut at every 64th byte' cut 2 1 "$work/yamls"
    hostile '1000 flips of each capture' flip 3 1000 "$work/pcaps"
    hostile '1000 flips of each YAML file' flip 4 1000 "$work/yamls"
    for t in build/unit/test_*; do
        [ -x "$t" ] && [ "${t%.d}" = "$t" ] || continue
        if valgrind -q --error-exitcode=9 --leak-check=full "$t" >"$work/log" 2>&1; then
            echo "ok    valgrind $(basename "$t")"
        else
            echo "FAIL  valgrind $(basename "$t")"; tail -n 30 "$work/log"; bad=1
        fi
    done
    # Living systems, for longer than make test has time for.
    for t in 'VIGIL_KILLS=100 live_robust.py' 'VIGIL_WAVES=17 live_identity.py' 'VIGIL_FLAPS=40 live_noise.py' \
        'VIGIL_HALF_OPEN=900 live_hostile.py' 'VIGIL_IDLE_S=60 live_story.py'; do
        if env "${t%% *}" python3 "tests/integration/${t#* }" build/vigil >"$work/log" 2>&1; then
            echo "ok    $t"
        else
            echo "FAIL  $t"; tail -n 30 "$work/log"; bad=1
        fi
    done
    if VIGIL_TWICE=1 python3 tests/e2e/containers.py build/vigil >"$work/log" 2>&1; then
        echo "ok    containers: $(grep -m 1 'SKIPPED\|^images' "$work/log")"
    else
        echo "FAIL  containers"; tail -n 30 "$work/log"; bad=1
    fi
fi
fuzz
exit $bad

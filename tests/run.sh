#!/bin/bash
# All tests: prints what fails and, last, "N passed, N failed". With a word: only that part.
#   unit replay rules schema integration live dissect hostile score
# VIGIL_TESTDATA names a folder of further real inputs with expectations; ../shared/testdata is taken when it is there.
set -u
cd "$(dirname "$0")/.." || exit 2
part=${1:-all}
cores=$(nproc)
logs=$(mktemp -d) || exit 2
: >"$logs/counts"
trap 'rm -rf "$logs"' EXIT
export LC_ALL=C.UTF-8 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
if [ -z "${VIGIL_TESTDATA:-}" ] && [ -d ../shared/testdata ]; then
    VIGIL_TESTDATA=$(cd ../shared/testdata && pwd)
    export VIGIL_TESTDATA
fi

wants() { [ "$part" = all ] || [ "$part" = "$1" ]; }

# As many jobs at a time as there are processors; each prints what it found when it ends.
slots=$cores
begun=0 # things that will count
running() { jobs -rp | wc -l; }
job() {
    begun=$((begun + 1))
    while [ "$(running)" -ge "$slots" ]; do wait -n; done
    "$@" &
}

# counted PASSED FAILED, from any job
counted() { echo "$1 $2" >>"$logs/counts"; }
total() { awk -v n="$1" '{s += $n} END {print s + 0}' "$logs/counts"; }

# tell LABEL PASSED FAILED [TEXT]: what a job found, with the text where something failed
tell() {
    counted "$2" "$3"
    if [ "$3" -eq 0 ]; then
        echo "ok    $1"
    else
        echo "FAIL  $1
$(sed 's/^/      /' <<<"$4")"
    fi
}

# one NAME COMMAND...: one test
one() {
    local name=$1 out="$logs/$BASHPID.out"
    shift
    if "$@" >"$out" 2>&1; then tell "$name" 1 0; else tell "$name" 0 1 "$(tail -n 40 "$out")"; fi
}

# cmocka BINARY LABEL: as many tests as it says
cmocka() {
    local out="$logs/$BASHPID.out" rc ok bad
    "$1" >"$out" 2>&1
    rc=$?
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$out" | awk '{s+=$1} END {print s+0}')
    bad=$(sed -n 's/^\[  FAILED  \] .*: \([0-9]*\) test(s).*/\1/p' "$out" | awk '{s+=$1} END {print s+0}')
    [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    tell "$2 ($ok)" "$ok" "$bad" "$(grep -v 'RUN  \|   OK' "$out" | tail -n 40)"
}

# examples LABEL COMMAND...: as many tests as its last line says
examples() {
    local label=$1 out="$logs/$BASHPID.out" ok bad
    shift
    "$@" >"$out" 2>&1
    read -r ok bad <<<"$(tail -n 1 "$out" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')"
    tell "$label (${ok:-0})" "${ok:-0}" "${bad:-1}" "$(head -n 40 "$out")"
}

# expectations: the inputs with expectations in VIGIL_TESTDATA, each a test
expectations() {
    local label="expectations of real inputs" out="$logs/$BASHPID.out" n
    if python3 tests/score.py build/vigil "$VIGIL_TESTDATA" >"$out" 2>&1; then
        n=$(sed -n 's/^inputs \([0-9]*\)$/\1/p' "$out")
        tell "$label (${n:-1})" "${n:-1}" 0
    else
        tell "$label" 0 1 "$(cat "$out")"
    fi
}

# programs DIRECTORY PREFIX: what was built there
programs() { find "$1" -maxdepth 1 -name "$2*" -type f -executable | sort; }

# Living systems mostly wait: they run side by side, and beside all that follows.
living=$(ls tests/integration/live_*.py tests/integration/tap_*.py tests/integration/device_netconfd.py tests/integration/north_tls.py)
if wants integration || wants live; then
    {
        for t in $living; do one "$t" timeout 400 python3 "$t" build/vigil & done
        wait
    } &
    slots=$((cores + 1))
    begun=$((begun + $(echo "$living" | wc -l)))
fi

if wants integration; then
    for t in tests/integration/*.sh tests/integration/*.py; do
        [ -e "$t" ] || continue
        case $living in *$t*) continue ;; esac
        case $t in *.py) job one "$t" python3 "$t" build/vigil ;; *) job one "$t" sh "$t" build/vigil ;; esac
    done
fi
if wants unit; then
    for t in $(programs build/unit test_); do job cmocka "$t" "$(basename "$t")"; done
    for t in $(programs build-san/unit test_); do job cmocka "$t" "$(basename "$t") sanitised"; done
fi
if wants replay; then
    for t in $(programs build-san/replay fuzz_); do
        n=$(basename "$t")
        job one "corpus of $n" "$t" "tests/fuzz/corpus/${n#fuzz_}"
    done
fi
if wants schema; then
    for m in yang/*.yang; do
        job one "yanglint $m" yanglint -p yang -p build/yang-std "$m"
    done
fi
if wants rules; then
    job one "vigil rules lint" build/vigil rules lint
    job examples "vigil rules test" build/vigil rules test
fi
if wants dissect || wants hostile; then
    python3 tests/dissect/samples.py "$logs/samples"
fi
if wants dissect; then
    # shellcheck disable=SC2086 # no word when there is no such folder
    job one "dissect: frames left out" python3 tests/dissect/lossy.py build/tests/dissect/messages tests/data "$logs/samples" \
        ${VIGIL_TESTDATA:+"$VIGIL_TESTDATA/pcaps"}
    if command -v tshark >/dev/null; then
        job one "dissect: as tshark does" python3 tests/dissect/agree.py build/tests/dissect/messages tests/data "$logs/samples"
    else
        echo "SKIPPED dissect: as tshark does (no tshark here: make deps-bench)"
    fi
fi
# hostile LABEL LIST MODE SEED NUMBER: on as many files at a time as there are processors
hostile() {
    label=$1
    list=$2
    shift 2
    begun=$((begun + 1))
    one "hostile: $label" xargs -d '\n' -a "$list" -n 6 -P "$cores" build-san/tests/hostile/hostile "$@"
}
if wants hostile; then
    ls tests/data/*/*.pcap tests/data/*/*.pcapng 2>/dev/null >"$logs/captures"
    find "$logs/samples" -name '*.pcap' | sort >"$logs/messages"
    find tests/data -name '*.yaml' -not -path '*/rules/*' | sort >"$logs/yaml"
    hostile "captures cut" "$logs/captures" cut 1 1
    hostile "every kind of message cut" "$logs/messages" cut 9 4
    hostile "every kind of message flipped" "$logs/messages" flip 10 40
    hostile "YAML cut" "$logs/yaml" cut 2 1
    hostile "captures with flipped bytes" "$logs/captures" flip 3 100
    hostile "YAML with flipped bytes" "$logs/yaml" flip 4 40
    if [ -n "${VIGIL_TESTDATA:-}" ]; then
        find "$VIGIL_TESTDATA" -name '*.pcap' -o -name '*.pcapng' | sort >"$logs/pcaps"
        find "$VIGIL_TESTDATA/configs" -name '*.y*ml*' -size -200k | sort | awk 'NR % 6 == 1' >"$logs/yamls"
        hostile "further captures cut" "$logs/pcaps" cut 5 1500
        hostile "further captures flipped" "$logs/pcaps" flip 6 1
        hostile "further YAML cut" "$logs/yamls" cut 7 40
        hostile "further YAML flipped" "$logs/yamls" flip 8 1
    fi
    # Without memory: every so-manieth allocation of a command fails; make soak takes all.
    set -- --now 1795435200 --key tests/data/demo/n2.pcap
    # shellcheck disable=SC2046 # two words a capture
    job one "hostile: facts without memory" build-san/tests/hostile/starved 13 5 facts "$@" \
        $(sed 's/^/-r /' "$logs/messages")
    job one "hostile: scan without memory" build-san/tests/hostile/starved 797 11 scan "$@" -f json \
        -c tests/data/demo/config -r tests/data/demo/n2.pcap
    job one "hostile: files and limits" sh tests/hostile/files.sh build/vigil
fi
if wants score && [ -n "${VIGIL_TESTDATA:-}" ] && [ -e "$VIGIL_TESTDATA/score.py" ]; then
    job expectations
fi
wait
lost=$((begun - $(wc -l <"$logs/counts")))
if [ "$lost" -ne 0 ]; then
    echo "FAIL  $lost of them ended without a word"
    counted 0 "$lost"
fi
echo
echo "$(total 1) passed, $(total 2) failed"
[ "$(total 2)" -eq 0 ] && [ "$(total 1)" -gt 0 ]

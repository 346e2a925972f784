#!/bin/sh
# All tests: prints what fails and, last, "N passed, N failed". With a word: only that part.
#   unit replay rules schema integration live dissect hostile score
# VIGIL_TESTDATA names a folder of further real inputs with expectations; ../shared/testdata is taken when it is there.
set -u
cd "$(dirname "$0")/.." || exit 2
part=${1:-all}
passed=0
failed=0
logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT
export LC_ALL=C.UTF-8 ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
if [ -z "${VIGIL_TESTDATA:-}" ] && [ -d ../shared/testdata ]; then
    VIGIL_TESTDATA=$(cd ../shared/testdata && pwd)
    export VIGIL_TESTDATA
fi

wants() { [ "$part" = all ] || [ "$part" = "$1" ]; }

# one NAME COMMAND...: one test
one() {
    name=$1
    shift
    if "$@" >"$logs/out" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name"
        tail -n 40 "$logs/out" | sed 's/^/      /'
    fi
}

# cmocka BINARY LABEL: as many tests as it says
cmocka() {
    "$1" >"$logs/out" 2>&1
    rc=$?
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test(s).*/\1/p' "$logs/out" | awk '{s+=$1} END {print s+0}')
    bad=$(sed -n 's/^\[  FAILED  \] .*: \([0-9]*\) test(s).*/\1/p' "$logs/out" | awk '{s+=$1} END {print s+0}')
    [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
    passed=$((passed + ok))
    failed=$((failed + bad))
    if [ "$rc" -eq 0 ]; then
        echo "ok    $2 ($ok)"
    else
        echo "FAIL  $2"
        grep -v 'RUN  \|   OK' "$logs/out" | tail -n 40 | sed 's/^/      /'
    fi
}

# Living systems mostly wait: they run side by side, and beside all that follows.
living=$(ls tests/integration/live_*.py tests/integration/tap_*.py tests/integration/device_netconfd.py tests/integration/north_tls.py)
if wants integration || wants live; then
    for t in $living; do
        n=$(basename "$t")
        { timeout 400 python3 "$t" build/vigil >"$logs/$n.out" 2>&1; echo $? >"$logs/$n.rc"; } &
    done
fi

if wants unit; then
    for t in build/unit/test_*; do
        [ -x "$t" ] && [ "${t%.d}" = "$t" ] && cmocka "$t" "$(basename "$t")"
    done
    for t in build-san/unit/test_*; do
        [ -x "$t" ] && [ "${t%.d}" = "$t" ] && cmocka "$t" "$(basename "$t") sanitised"
    done
fi
if wants replay; then
    for t in build-san/replay/fuzz_*; do
        [ -x "$t" ] && [ "${t%.d}" = "$t" ] || continue
        n=$(basename "$t")
        one "corpus of $n" "$t" "tests/fuzz/corpus/${n#fuzz_}"
    done
fi
if wants schema; then
    for m in yang/*.yang; do
        one "yanglint $m" yanglint -p yang -p build/yang-std "$m"
    done
fi
if wants rules; then
    one "vigil rules lint" build/vigil rules lint
    build/vigil rules test >"$logs/rules" 2>&1
    set -- $(tail -n 1 "$logs/rules" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p')
    passed=$((passed + ${1:-0}))
    failed=$((failed + ${2:-1}))
    echo "$([ "${2:-1}" = 0 ] && echo 'ok   ' || echo FAIL) vigil rules test (${1:-0})"
    [ "${2:-1}" = 0 ] || head -n 40 "$logs/rules"
fi
if wants integration; then
    for t in tests/integration/*.sh tests/integration/*.py; do
        [ -e "$t" ] || continue
        case $living in *$t*) continue ;; esac
        case $t in *.py) one "$t" python3 "$t" build/vigil ;; *) one "$t" sh "$t" build/vigil ;; esac
    done
fi
if wants integration || wants live; then
    wait
    for t in $living; do
        n=$(basename "$t")
        one "$t" sh -c 'cat "$1.out"; exit "$(cat "$1.rc")"' sh "$logs/$n"
    done
fi
if wants dissect || wants hostile; then
    python3 tests/dissect/samples.py "$logs/samples"
fi
if wants dissect; then
    # shellcheck disable=SC2086 # no word when there is no such folder
    one "dissect: frames left out" python3 tests/dissect/lossy.py build/tests/dissect/messages tests/data "$logs/samples" \
        ${VIGIL_TESTDATA:+"$VIGIL_TESTDATA/pcaps"}
    if command -v tshark >/dev/null; then
        one "dissect: as tshark does" python3 tests/dissect/agree.py build/tests/dissect/messages tests/data "$logs/samples"
    else
        echo "SKIPPED dissect: as tshark does (no tshark here: make deps-bench)"
    fi
fi
# hostile LABEL LIST MODE SEED NUMBER: on as many files at a time as there are processors
hostile() {
    label=$1
    list=$2
    shift 2
    one "hostile: $label" xargs -d '\n' -a "$list" -n 6 -P "$(nproc)" build-san/tests/hostile/hostile "$@"
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
    one "hostile: facts without memory" build-san/tests/hostile/starved 13 5 facts "$@" \
        $(sed 's/^/-r /' "$logs/messages")
    one "hostile: scan without memory" build-san/tests/hostile/starved 797 11 scan "$@" -f json \
        -c tests/data/demo/config -r tests/data/demo/n2.pcap
    one "hostile: files and limits" sh tests/hostile/files.sh build/vigil
fi
if wants score && [ -n "${VIGIL_TESTDATA:-}" ] && [ -e "$VIGIL_TESTDATA/score.py" ]; then
    python3 tests/score.py build/vigil "$VIGIL_TESTDATA" >"$logs/score" 2>&1
    rc=$?
    n=$(sed -n 's/^inputs \([0-9]*\)$/\1/p' "$logs/score")
    if [ "$rc" -eq 0 ]; then
        passed=$((passed + ${n:-1}))
        echo "ok    expectations of real inputs (${n:-1})"
    else
        failed=$((failed + 1))
        echo "FAIL  expectations of real inputs"
        cat "$logs/score"
    fi
fi
echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]

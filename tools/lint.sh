#!/bin/sh
# Layers, banned calls, format, clang-tidy, rules. Prints what is wrong; exit 1 then.
set -u
bad=0
complain() { echo "lint: $1"; bad=1; }

# arrow FROM-GLOB FORBIDDEN-INCLUDE WHY
arrow() {
    hits=$(grep -lE "^#include \"($2)" $1 2>/dev/null)
    [ -z "$hits" ] || complain "$3: $hits"
}
arrow 'lib/*.[ch] lib/netconf/*.[ch] lib/enrol/*.[ch]' 'agents/|rules/|cli/|collector/' 'lib names another side'
arrow 'agents/dissect/*.[ch]' 'agents/(capture|traffic|source|pipeline)|rules/|cli/' 'dissect reaches up'
arrow 'agents/source/*.[ch]' 'agents/(capture|traffic|dissect|pipeline)|rules/|cli/' 'source reaches up'
arrow 'agents/runtime/*.[ch]' 'agents/(capture|traffic|dissect|pipeline|link)|rules/|cli/' 'runtime reaches up'
arrow 'agents/device/*.[ch]' 'agents/(capture|traffic|dissect|source|runtime|pipeline|link|agent)|rules/|cli/' 'device reaches up'
arrow 'agents/capture/*.[ch]' 'agents/(traffic|source|pipeline)|rules/|cli/' 'capture reaches up'
arrow 'agents/*.[ch] agents/*/*.[ch]' 'rules/|cli/|collector/' 'agents reach up'
arrow 'rules/engine/*.[ch]' 'agents/|cli/|collector/' 'the engine reaches up'
arrow 'collector/*.[ch] collector/*/*.[ch]' 'agents/|cli/' 'the collector reaches aside'
arrow 'collector/store/*.[ch]' 'collector/(ingest|north|web)/' 'the store reaches up'
arrow 'collector/north/*.[ch]' 'collector/(ingest|life|site|desk|web)' 'the northbound reaches aside'
arrow 'collector/acceptor/*.[ch]' 'collector/(command|finding|ingest|life|north|site|store|desk)' 'the acceptor reaches aside'
arrow 'collector/enrol/*.[ch]' 'collector/([a-df-z]|[a-z]*\.h)|rules/' 'the authority reaches aside'
arrow 'collector/finding/*.[ch]' 'collector/(ingest|store|north|web)/' 'the life of findings reaches up'

hits=$(grep -lE '^#include <libyang/' agents/*.c agents/*/*.c cli/*.c collector/*.c collector/*/*.c lib/*.c 2>/dev/null |
       grep -vE '^(lib/(fact_(tree|doc|value)|settings)|collector/north/|agents/device/)')
[ -z "$hits" ] || complain "libyang outside lib/fact_tree, lib/fact_doc, lib/fact_value, lib/settings, lib/netconf, agents/device and rules/engine: $hits"
hits=$(grep -lE '^#include <pcap' lib/*.c agents/*.c agents/[dst]*/*.c cli/*.c 2>/dev/null)
[ -z "$hits" ] || complain "libpcap outside agents/capture: $hits"
hits=$(grep -lE '^#include <sqlite3' lib/*.c agents/*.c agents/*/*.c rules/engine/*.c cli/*.c collector/*/*.[ch] 2>/dev/null |
       grep -v '^collector/store/sql')
[ -z "$hits" ] || complain "SQLite outside collector/store: $hits"
hits=$(grep -lE '^#include <microhttpd' lib/*.c lib/*/*.c agents/*.c agents/*/*.c cli/*.c collector/*.c collector/*/*.c 2>/dev/null |
       grep -v '^collector/enrol/front.c')
[ -z "$hits" ] || complain "libmicrohttpd outside collector/enrol/front.c: $hits"
hits=$(grep -nE '\b(strcpy|strcat|sprintf|strncpy|atoi|strtok|alloca|system|popen)\(' "$@" 2>/dev/null)
[ -z "$hits" ] || complain "banned calls:
$hits"
# Packet bytes live in cursors: nobody but lib/cur.h and lib/bitcur.h looks behind them.
hits=$(grep -nE '(\.|->)pos\[|\b(ntohs|ntohl)\(' agents/dissect/*.c 2>/dev/null)
[ -z "$hits" ] || complain "raw access in dissectors:
$hits"
hits=$(grep -L 'SPDX-License-Identifier: Apache-2.0' "$@" yang/../Makefile)
[ -z "$hits" ] || complain "no licence line: $hits"
for f in "$@"; do
    clang-format --dry-run -Werror "$f" 2>/dev/null || complain "not formatted (make format): $f"
done
build/vigil rules lint || complain 'rules'
for m in yang/*.yang; do yanglint -p yang -p build/yang-std "$m" || complain "$m"; done
if [ "${TIDY:-1}" = 1 ]; then
    flags="-std=c11 -D_GNU_SOURCE -DVIGIL_VERSION='\"0\"' -DVIGIL_DATADIR='\"x\"' -DVIGIL_BUILD_ROOT='\"y\"' -I. -Ibuild/gen"
    # One file a run: clang-tidy 14 mistakes va_lists and null pointers from the second file on.
    printf '%s\n' "$@" | grep '\.c$' | grep -v '^tests/' | xargs -P 2 -n 1 sh -c \
        'clang-tidy --quiet "$@" -- '"$flags"' 2>/dev/null' sh >build/tidy.log
    grep -E 'warning:|error:' build/tidy.log && complain 'clang-tidy'
fi
[ $bad -eq 0 ] && echo 'lint: clean'
exit $bad

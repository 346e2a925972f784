#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The picture of the demo in the README, lines of its output with [...] where some are left out.
# Usage, from the root of the repository: sh tests/demo/picture.sh >docs/demo.txt
sh tests/demo/demo.sh | awk '
    function left_out() { if (!gap) print "[...]"; gap = 1 }
    /^critical/ { body = 1 }
    !body { if ($0 != "") print; next }
    /^  [A-Z]+-[A-Z0-9]+-[0-9]+ / { on = $1 == "MG-DB-01" || ($1 == "SA-NAS-02" && !named++) || $1 == "SA-DET-03" }
    /^$/ { on = 0; next }
    /^(critical|unknown) / { print "" }
    /^(critical|unknown) / || /^  no-inventory/ { print; gap = /^unknown/; next }
    on { print; gap = $1 == "SA-DET-03"; next }
    { left_out() }'

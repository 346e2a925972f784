#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""yangcli over SSH: hello, get-schema, alarms by XPath, close-session. It does not know YANG 1.1, so it shows what it does
not understand."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from north import Place, need_program  # noqa: E402
from vigil import check, directory, finish  # noqa: E402

SCRIPT = """\
get-schema identifier=x1818-findings
xget /alarms/summary
xget /findings/agents
close-session
"""


def main():
    yangcli = need_program("yangcli", package="yangcli")
    terminal = need_program("script", package="bsdutils")  # yangcli wants a terminal
    with directory() as d:
        place = Place(d, 1000, 100)
        try:
            place.start_collector()
            where = place.start_sshd()
            command = " ".join([
                yangcli, "--server=127.0.0.1", f"--ncport={where['port']}", f"--user={where['username']}", "--password=x",
                f"--private-key={place.path('user')}", f"--public-key={place.path('user.pub')}", "--batch-mode",
                f"--run-script={place.write('script', SCRIPT)}"])
            done = subprocess.run([terminal, "-qec", command, "/dev/null"], capture_output=True, text=True, timeout=120,
                                  stdin=subprocess.DEVNULL, env={**os.environ, "HOME": d}, check=False)
        finally:
            place.close()
    out = done.stdout
    for what in ("NETCONF session established", "Protocol version set to: RFC 6241 (base:1.1)",
                 "module x1818-findings {", "severity critical", "not-cleared 25", "RPC OK Reply"):
        check(what in out, f"yangcli shows: {what}")
    if "RPC OK Reply" not in out:
        print(out[-3000:])
    finish()


main()

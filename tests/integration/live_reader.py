# SPDX-License-Identifier: Apache-2.0
"""A NETCONF client that is not ours (libnetconf2) reads an agent directly, and hears of a change."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from live import BAD, BIN, GOOD, Lab, amf
from vigil import check, finish

READER = os.path.join(BIN, "tests", "interop", "agent_reader")

with Lab("a1") as net:
    net.write("a1/amf.yaml", amf(BAD))
    reader = subprocess.Popen([READER, str(net.port), net.pki, "collector"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]"]).start()
    try:
        said = []
        for line in reader.stdout:
            said.append(line.split()[0])
            if line.startswith("subscribed"):
                net.write("a1/amf.yaml", amf(GOOD))
        check(said == ["get", "get-schema", "subscribed", "notification", "closed"], f"{said} {reader.stderr.read()[-400:]}")
        check(reader.wait(60) == 0, "the reader fails")
    finally:
        reader.kill()
    check(a1.running() and a1.stop() == 0, "the agent does not end as it should")
finish()

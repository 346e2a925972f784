# SPDX-License-Identifier: Apache-2.0
"""From a packet of an attack to a finding at the collector: within five seconds, and the same findings as of the file."""
import glob
import os
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tap
from live import Lab, until
from vigil import Tcp, check, directory, finish, frame, pcap, scan

PROMISE = 5
RATES = {"SA-N4-04", "SA-DET-03"}  # a capture that is sent faster than it was recorded is a flood, too


def within(seconds, took, what):
    print(f"{what}: {took:.2f} s")
    # A machine on which all cores are taken gets as many again.
    check(took < seconds * (1 if os.getloadavg()[0] < 2 * os.cpu_count() else 2), f"{what} took {took:.1f} s")


def attacks(d):
    """A scan of ports and a login that everybody can read; attacks of the further test data."""
    frames = []
    for i, port in enumerate(range(1, 400)):
        frames.append(frame("192.0.2.66", "192.0.2.7", 6, struct.pack("!HHIIBBHHH", 50000 + i, port, 1, 0, 0x50, 2, 1024, 0, 0)))
        frames.append(frame("192.0.2.7", "192.0.2.66", 6, struct.pack("!HHIIBBHHH", port, 50000 + i, 0, 2, 0x50, 0x14, 0, 0, 0)))
    yield pcap(os.path.join(d, "port-scan.pcap"), frames)
    c = Tcp("192.0.2.67", 40005, "192.0.2.8", 23)
    c.say(1, b"\xff\xfd\x18login: ")
    c.say(0, b"root\r\n")
    c.say(1, b"Password: ")
    c.say(0, b"secret\r\n")
    c.say(1, b"Last login: yesterday\r\n# ")
    yield pcap(os.path.join(d, "telnet.pcap"), c.close())
    further = os.environ.get("VIGIL_TESTDATA", "")
    for name in ("o5gs_abnormal", "o5gs_metrics_subscriber_leak", "*nmap-port-service", "*pfcp_Deletion", "*capture_pdn"):
        yield from glob.glob(os.path.join(further, "pcaps", name + ".pcap")) if further else []


def last(target):
    return target.rsplit("/", 1)[-1]


def expected(path):
    """(control, address) of what the file shows: attacks, and whatever fails on the wire."""
    fails = [v for v in scan("-r", path, "--vantage", "node-nic")["verdicts"] if v["verdict"] == "fail"]
    return ({(v["control"], last(v["target"])) for v in fails},
            {(v["control"], last(v["target"])) for v in fails if v["kind"] == "event"})


def detect(path):
    name = os.path.basename(path)
    want, events = expected(path)
    if not check(want, f"{name}: the file shows nothing: this test says nothing"):
        return
    with Lab("a1") as lab:
        lab.start_collector()
        more = f"capture:\n  interfaces:\n    - name: {tap.THERE}\n      vantage: node-nic\n"
        agent = lab.agent("a1", [])
        with open(lab.path("a1.yaml"), encoding="utf-8") as f:
            text = f.read().replace("sources:\n", "") + more
        lab.write("a1.yaml", text)
        agent.start()
        lab.wait_agent("a1")
        agent.wait_said("is captured")
        check(tap.wait_captured(), f"{name}: nothing captures")
        # What was there before anything was sent is no detection.
        check(not lab.findings(), f"{name}: findings without a packet: {lab.findings()[:2]}")
        begun = time.monotonic()
        tap.send(path)

        def seen():
            return {(f["control"], last(f["target"])) for f in lab.findings()}
        until(f"{name}: findings {sorted(want)}", lambda: want <= seen(), pause=0.1)
        within(PROMISE, time.monotonic() - begun, f"{name}: {len(want)} findings, {len(events)} of them attacks")
        more = {f for f in seen() - want if f[0] not in RATES}
        check(not more, f"{name}: findings that the file does not have: {sorted(more)}")
        check(agent.stop() == 0, f"{name}: the agent does not end well")


tap.isolated()
with directory() as tmp:
    for capture in attacks(tmp):
        detect(capture)
finish()

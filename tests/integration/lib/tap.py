# SPDX-License-Identifier: Apache-2.0
"""A network of its own for tests that capture: a pair of interfaces, a sender at one end, who captures at the other."""
import fcntl
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

import vigil
from vigil import ROOT, VIGIL

SEND = os.path.join(ROOT, "build", "tests", "tap", "send")
HERE, THERE = "tap0", "tap1"  # frames sent at the first arrive at the second
CEILING = 60
SIOCGIFINDEX = 0x8933


def isolated():
    """Run the rest of the test in a network of its own; where nobody may make one it is skipped."""
    if os.environ.get("VIGIL_TAP") != "1":
        if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
            print("SKIPPED: no right to make a network")
            sys.exit(0)
        os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], dict(os.environ, VIGIL_TAP="1"))
    if not os.path.exists(SEND):
        sys.exit(f"FAIL: {SEND} is not built: make build/tests/tap/send")
    subprocess.run(["ip", "link", "add", HERE, "mtu", "65535", "type", "veth", "peer", "name", THERE, "mtu", "65535"], check=True)
    # The system itself has nothing to say on it.
    for name in ("all", "default", HERE, THERE):
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as f:
            f.write("1")
    for name in ("lo", HERE, THERE):
        subprocess.run(["ip", "link", "set", name, "up", *(["arp", "off"] if name != "lo" else [])], check=True)


def index(name):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        return struct.unpack("16xi", fcntl.ioctl(s, SIOCGIFINDEX, struct.pack("16sxxxx", name.encode())))[0]


def wait_captured(name=THERE, count=1):
    """Until so many sockets capture there: the kernel lists them with their interface."""
    end = time.monotonic() + CEILING
    while time.monotonic() < end:
        with open("/proc/self/net/packet", encoding="ascii") as f:
            # sk RefCnt Type Proto Iface R Rmem User Inode
            rows = [line.split() for line in f.readlines()[1:]]
        if sum(int(r[4]) == index(name) and r[5] == "1" for r in rows) >= count:
            return True
        time.sleep(0.01)
    return False


def send(capture, gap_us=0, odd=None, interface=HERE):
    """What the sender said, after it has sent all."""
    args = [SEND, interface, capture, str(gap_us)] + ([odd] if odd else [])
    p = subprocess.run(args, capture_output=True, text=True, timeout=600, check=False)
    if p.returncode != 0:
        sys.exit(f"FAIL: {' '.join(args)}: {p.stderr[:300]}")
    return p.stdout.strip()


class Live:
    """vigil COMMAND --live while something is sent."""

    def __init__(self, command, *args, seconds=3, interface=THERE, wait=True):
        self.process = subprocess.Popen([VIGIL, command, "--live", interface, "-t", str(seconds), *args], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.ready = wait and wait_captured(interface)

    def end(self):
        """Exit code, output, errors."""
        out, err = self.process.communicate(timeout=CEILING * 20)
        return self.process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def children(pid, name="vigil-sniff"):
    """Processes of this name below it."""
    def is_one(p):
        try:
            return vigil.status(p)["Name"] == name
        except OSError:
            return False
    return [p for p in vigil.children(pid) if is_one(p)]


# What a clock or the name of the observer says, and what only a live observer has.
VOLATILE = {"observer", "revision", "source", "observed", "vantage", "first-seen", "last-seen", "peak-per-second", "interval",
            "peak-per-minute", "peak-establishments-per-second", "peak-establishments-frame", "peak-deletions-per-second",
            "peak-deletions-frame", "identifier-allocation",
            "kernel-dropped", "interface-dropped", "missing-pieces", "one-way-flows", "lossy", "undecoded-link", "complete"}


def traffic(text):
    """The traffic sections of printed facts, without annotations and what is volatile."""
    def plain(node):
        if isinstance(node, dict):
            return {k: plain(v) for k, v in node.items() if not k.startswith("@") and k not in VOLATILE}
        return [plain(v) for v in node] if isinstance(node, list) else node
    return [plain(t) for t in json.loads(text)["x1818-facts:facts"].get("traffic", [])]


def packets_lost(text):
    """Did the machine drop frames? Then nothing can be compared."""
    return bool(re.search(r'"dropped-frames": "[1-9]', text))

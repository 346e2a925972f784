# SPDX-License-Identifier: Apache-2.0
"""An interface shows what the file shows: the same facts from a capture that is read and from its frames as they come."""
import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tap
from vigil import DEMO, check, directory, finish, run, write

MAX_BYTES = 700_000  # of a capture of the further test data: those that take no time
# The last word on an answer that did not come is spoken by the clock of the capture.
CLOCK = {"unanswered"}


def captures():
    own = sorted(glob.glob(os.path.join(DEMO, "*.pcap")))
    further = os.environ.get("VIGIL_TESTDATA", "")
    more = sorted(glob.glob(os.path.join(further, "pcaps", "*.pcap*"))) if further else []
    return own + [p for p in more if not p.endswith(".json") and os.path.getsize(p) <= MAX_BYTES]


def differences(a, b, at=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(set(a) | set(b)):
            if k not in CLOCK:
                yield from differences(a.get(k), b.get(k), f"{at}/{k}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{at}[{i}]")
    elif a != b:
        yield f"{at}: {str(a)[:120]} in the file, {str(b)[:120]} live"


def same(path, key):
    live = tap.Live("facts", "--key", key, seconds=1)
    if not check(live.ready, f"{path}: nothing captures"):
        return
    sent = tap.send(path, gap_us=100)
    code, out, err = live.end()
    if not check(code == 0, f"{path}: exit {code}: {err[:300]}"):
        return
    if tap.packets_lost(out):
        print(f"SKIPPED {path}: the machine dropped frames")
        return
    file = run("facts", "--key", key, "-r", path)
    a, b = tap.traffic(file.stdout.decode()), tap.traffic(out)
    if not check(len(a) == 1 and len(b) == 1, f"{path}: {len(a)} sections, {len(b)} live"):
        return
    if a[0]["frames"] != sent:
        print(f"{path}: {sent} of {a[0]['frames']} frames are IP")
        a[0]["frames"] = sent
    found = list(differences(a[0], b[0]))
    check(not found, f"{path}: {len(found)} differences: {'; '.join(found[:6])}")
    check(b[0]["frames"] == sent, f"{path}: {b[0]['frames']} frames of {sent}")


tap.isolated()
with directory() as d:
    raw = write(d, "key", bytes(range(32)))
    for capture in captures():
        same(capture, raw)
finish()

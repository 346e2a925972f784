# SPDX-License-Identifier: Apache-2.0
"""Noise without end beside real traffic: the process that captures does not grow and does not fall, what it lost is counted, and
what it could not see is unknown. VIGIL_STORM_S: for how many seconds (5)."""
import glob
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tap
from agent import Agent
from vigil import DEMO, check, directory, finish, write

SECONDS = int(os.environ.get("VIGIL_STORM_S", "5"))
WARM_S = SECONDS / 2  # tables that have a limit fill up
MAX_GROWTH_KIB = 8 * 1024
MAX_RSS_KIB = 128 * 1024


def rss_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return next((int(line.split()[1]) for line in f if line.startswith("VmRSS:")), 0)


def mix():
    own = sorted(glob.glob(os.path.join(DEMO, "*.pcap")))
    further = os.environ.get("VIGIL_TESTDATA", "")
    return own + sorted(glob.glob(os.path.join(further, "pcaps", "*.pcap")) if further else [])


def storm(d):
    config = write(d, "agent.yaml", "name: a1\nsite: s1\nlimits: {memory: 256}\ncapture:\n  drop-limit: 100\n"
                   f"  interfaces:\n    - {{name: {tap.THERE}, vantage: node-nic, buffer: 2}}\n")
    a = Agent(config)
    try:
        check(a.wait(event="section", kind="traffic"), f"nothing is told: {a.said}")
        pids = tap.children(a.process.pid)
        if not check(len(pids) == 1, f"{len(pids)} processes capture"):
            return
        pid, begun, warm, sizes, n = pids[0], time.monotonic(), None, [], 0
        noise = subprocess.Popen([tap.SEND, tap.HERE, "random", str(SECONDS), "7"], stdout=subprocess.PIPE, text=True)
        while noise.poll() is None:
            for capture in mix():
                tap.send(capture)
                n += 1
                if not os.path.exists(f"/proc/{pid}"):
                    break
                sizes.append(rss_kib(pid))
                if warm is None and time.monotonic() - begun > WARM_S:
                    warm = sizes[-1]
                if noise.poll() is not None:
                    break
            if not os.path.exists(f"/proc/{pid}"):
                break
        sent = int(noise.communicate(timeout=tap.CEILING)[0])
        check(tap.children(a.process.pid) == [pid], f"it fell: {a.said} {sizes[-3:]}")
        print(f"{sent} frames of noise, {n} captures of real traffic in {time.monotonic() - begun:.0f} s; "
              f"{sizes[0]} KiB first, {warm} KiB warm, {sizes[-1]} KiB last, {max(sizes)} KiB at most")
        check(max(sizes) < MAX_RSS_KIB, f"{max(sizes)} KiB")
        if SECONDS >= 60:
            check(sizes[-1] < warm + MAX_GROWTH_KIB, f"it grows: {warm} KiB, then {sizes[-1]} KiB")
        # It has not lost its senses: what is sent now is told.
        seen = len(a.seen)
        tap.send(mix()[0])
        check(a.wait(event="section", change="changed", kind="traffic"), f"nothing more is told after {seen} lines")
    finally:
        check(a.stop() == 0, "the agent does not end well")


def overrun():
    """A process that is held up loses frames: counted as what they are, and nothing passes on it."""
    live = tap.Live("facts", seconds=4)
    check(live.ready, "nothing captures")
    pids = tap.children(live.process.pid)
    if not check(len(pids) == 1, f"{len(pids)} processes capture"):
        return
    os.kill(pids[0], 19)
    sent = int(subprocess.run([tap.SEND, tap.HERE, "random", "2", "9"], capture_output=True, text=True, check=True).stdout)
    os.kill(pids[0], 18)
    tap.send(os.path.join(DEMO, "tls.pcap"))
    code, out, err = live.end()
    check(code == 0, f"exit {code}: {err[:200]}")
    t = json.loads(out)["x1818-facts:facts"]["traffic"][0]
    shed = sum(int(s["frames"]) for s in t.get("shed", []))
    dropped = int(t["kernel-dropped"])
    check(dropped > 0 and int(t["dropped-frames"]) >= dropped, f"of {sent} frames {dropped} are dropped")
    check(t["lossy"] and not t["complete"], "what was lost does not matter")
    total = int(t["frames"]) + dropped + shed
    check(abs(total - sent - 35) <= 2, f"{sent} + 35 frames were sent, {t['frames']} + {dropped} dropped + {shed} shed were counted")


tap.isolated()
with directory() as tmp:
    storm(tmp)
overrun()
finish()

# SPDX-License-Identifier: Apache-2.0
"""Processes are killed while things change, the disk is full, the database is damaged or old, rules are bad: nothing is lost.

VIGIL_KILLS=N: so many kills (6; the long run has 100)."""
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from journal import alternates, fresh, verdicts, verify
from live import BAD, COLLECTOR, GOOD, OPEN, Lab, amf, until
from vigil import check, finish

KILLS = int(os.environ.get("VIGIL_KILLS", "6"))
RANDOM = random.Random(7)
CONTROL = "SA-NAS-02"
NAMES = ("amf0", "amf1", "amf2", "amf3")


def change(lab):
    name = RANDOM.choice(NAMES)
    lab.write(f"a1/{name}.yaml", amf(RANDOM.choice((GOOD, BAD))))


def killed(lab, agent):
    for i in range(KILLS):
        for _ in range(RANDOM.randrange(1, 4)):
            change(lab)
            # The moment of the kill is what the test is about; it does not wait for anything.
            time.sleep(RANDOM.random() * 0.4)
        victim = (agent, lab.collector)[i % 2] if i < 2 else RANDOM.choice((agent, lab.collector))
        victim.kill()
        change(lab)
        if victim is agent:
            agent.start()
        else:
            lab.start_collector()
    for name, order in zip(NAMES, (BAD, GOOD, BAD, GOOD)):
        lab.write(f"a1/{name}.yaml", amf(order))
    for name, states in zip(NAMES, (OPEN, ("resolved", None), OPEN, ("resolved", None))):
        until(f"{name} is {states[0]}", lambda n=name, s=states: (lab.finding(CONTROL, lab.target("a1", n)) or {"state": None})["state"] in s)


def full_disk(lab):
    """No byte can be added to a file: it complains, goes on, and catches up."""
    pid, since = lab.collector.pid, os.path.getsize(lab.collector.log)
    old = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (since + 4096, old[1]))  # its log is a file, too
    lab.write("a1/amf1.yaml", amf(BAD))
    until("a batch fails", lambda: lab.ask("status", expect=None).get("collector", {}).get("failed-batches"))
    check(lab.collector.running(), "a full disk ends the collector")
    f = lab.finding(CONTROL, lab.target("a1", "amf1"))
    check(f is None or f["state"] not in OPEN, "what could not be written is shown")
    lab.vigil("ack", CONTROL, lab.target("a1", "amf0"), "--reason", "full", expect=(1,))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, old)
    lab.wait_state(CONTROL, lab.target("a1", "amf1"), "open", "reopened")
    lab.collector.wait_said("nothing could be judged or written", since)
    check(lab.finding(CONTROL, lab.target("a1", "amf0"))["state"] in ("open", "reopened"), "an act that was refused took place")


def copy(lab, act, path, expect=0):
    """What an operator does with backups."""
    p = subprocess.run([COLLECTOR, "--config", lab.path("collector.yaml"), act, path], capture_output=True, text=True, check=False)
    check(p.returncode == expect, f"{act}: exit {p.returncode} {p.stderr}")
    return p.stderr


def ids(lab):
    return {f["id"]: f["state"] for f in lab.findings()}


def whole(lab, what):
    """Nothing lost or doubled, the chain, and the same verdicts as somebody else comes to."""
    print(f"after {what}: {len(alternates(lab))} events")
    fresh(lab)
    verify(lab)


def damaged(lab):
    """A page in the middle of the database: not taken, and a backup of before makes it good; nothing that was known is lost."""
    backup = lab.path("before-damage.db")
    copy(lab, "--backup", backup)  # while it runs
    copy(lab, "--backup", backup, expect=1)  # never over what is there
    known = ids(lab)
    lab.collector.stop()
    size = os.path.getsize(lab.store)
    with open(lab.store, "r+b") as f:
        f.seek(size // 8192 * 4096)
        f.write(b"\xa5" * 4096)
    check(lab.collector.start().process.wait(60) == 1, "a damaged database is taken")
    said = lab.collector.said(lab.collector.from_here)
    check("store.db" in said and re.search("damage|malformed|corrupt|integrity|not a database", said), f"a damaged database: {said}")
    p = subprocess.run([COLLECTOR, "--config", lab.path("collector.yaml"), "--verify"], capture_output=True, text=True, check=False)
    print(f"--verify of it: {p.returncode} {p.stdout}{p.stderr}".rstrip())
    # A copy with a damaged page is no backup.
    with open(backup, "rb") as f, open(lab.path("bad.db"), "wb") as g:
        data = bytearray(f.read())
        at = len(data) // 8192 * 4096
        data[at:at + 4096] = b"\xa5" * 4096
        g.write(data)
    copy(lab, "--restore", lab.path("bad.db"), expect=1)
    copy(lab, "--restore", backup)
    lab.start_collector()
    copy(lab, "--restore", backup, expect=1)  # it runs
    lab.wait_agent("a1")
    until("what was known is known", lambda: ids(lab) == known)


def yesterday(lab):
    """What happened after the backup happens again: agents tell it."""
    t0, t1, t2 = (lab.target("a1", n) for n in NAMES[:3])
    backup = lab.path("yesterday.db")
    lab.write("a1/amf0.yaml", amf(BAD))
    lab.write("a1/amf2.yaml", amf(BAD))
    lab.wait_state(CONTROL, t0, "open", "reopened")
    lab.wait_state(CONTROL, t2, "open", "reopened")
    copy(lab, "--backup", backup)
    epoch = lab.ask("status")["epoch"]
    lab.write("a1/amf0.yaml", amf(GOOD))
    lab.wait_state(CONTROL, t0, "resolved")
    os.unlink(lab.path("a1", "amf1.yaml"))
    until("it vanished", lambda: t1 not in {v[1] for v in verdicts(lab)})
    lab.vigil("ack", CONTROL, t2, "--reason", "after the backup", expect=None)
    lab.collector.stop()
    copy(lab, "--restore", backup)
    lab.write("a1/amf3.yaml", amf(BAD))  # nobody listens
    lab.start_collector()
    check("a new epoch begins" in lab.collector.said(lab.collector.from_here), "a restored database is not told of")
    check(lab.ask("status")["epoch"] != epoch, "the epoch stays")
    lab.wait_state(CONTROL, t0, "resolved")
    lab.wait_state(CONTROL, lab.target("a1", "amf3"), "open", "reopened")
    until("what vanished after the backup is not judged", lambda: t1 not in {v[1] for v in verdicts(lab)})
    check(lab.finding(CONTROL, t2)["state"] in ("open", "reopened"), "an act after the backup is in it")
    lab.write("a1/amf1.yaml", amf(BAD))
    lab.wait_state(CONTROL, t1, "open", "reopened")


def reloaded(lab):
    def said(text):
        lab.collector.wait_said(text, since)

    t = lab.target("a1", "amf2")
    since = os.path.getsize(lab.collector.log)
    lab.write("overlay.yaml", f"controls:\n  {CONTROL}:\n    severity: critical\n")
    lab.collector_yaml(f"overlay: {lab.path('overlay.yaml')}\n")
    lab.collector.process.send_signal(signal.SIGHUP)
    until("the severity of the overlay", lambda: lab.finding(CONTROL, t)["severity"] == "critical")
    for broken in ("controls:\n  SA-NAS-02: {severity: dreadful}\n", "controls: [", "controls:\n  NO-SUCH-01: {severity: low}\n"):
        since = os.path.getsize(lab.collector.log)
        lab.write("overlay.yaml", broken)
        lab.collector.process.send_signal(signal.SIGHUP)
        said("overlay.yaml:[0-9]+: .*\n(.*\n)*.*of it was taken, the old configuration and rules stay")
    lab.write("a1/amf2.yaml", amf(GOOD))
    lab.wait_state(CONTROL, t, "resolved")
    lab.write("a1/amf2.yaml", amf(BAD))
    check(lab.wait_state(CONTROL, t, "reopened")["severity"] == "critical", "the old rules do not stay")


with Lab("a1") as net:
    for one in NAMES:
        net.write(f"a1/{one}.yaml", amf(BAD))
    net.start_collector()
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]"]).start()
    net.wait_state(CONTROL, net.target("a1", "amf3"), "open")
    killed(net, a1)
    whole(net, f"{KILLS} kills")
    full_disk(net)
    whole(net, "a full disk")
    damaged(net)
    whole(net, "a damaged page")
    yesterday(net)
    whole(net, "a backup of before")
    reloaded(net)
    alternates(net)
    verify(net)
    check(a1.running(), "the agent ended")
finish()

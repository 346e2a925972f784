# SPDX-License-Identifier: Apache-2.0
"""Processes are killed while things change, the disk is full, the database is damaged or old, rules are bad: nothing is lost.

VIGIL_KILLS=N: so many kills (6; the long run has 100)."""
import os
import random
import re
import resource
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from journal import alternates, fresh, verify
from live import BAD, GOOD, OPEN, Lab, amf, until
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


def damaged(lab):
    lab.collector.stop()
    good = lab.path("good.db")
    shutil.copy(lab.store, good)
    size = os.path.getsize(lab.store)
    with open(lab.store, "r+b") as f:
        f.seek(size // 8192 * 4096)
        f.write(b"\xa5" * 4096)
    check(lab.collector.start().process.wait(60) == 1, "a damaged database is taken")
    said = lab.collector.said(lab.collector.from_here)
    check("store.db" in said and re.search("damage|malformed|corrupt|integrity|not a database", said), f"a damaged database: {said}")
    shutil.copy(good, lab.store)
    lab.start_collector()
    lab.wait_agent("a1")


def yesterday(lab):
    lab.collector.stop()
    shutil.copy(lab.store, lab.path("yesterday.db"))
    lab.start_collector()
    epoch = lab.ask("status")["epoch"]
    lab.write("a1/amf0.yaml", amf(GOOD))
    lab.wait_state(CONTROL, lab.target("a1", "amf0"), "resolved")
    lab.collector.stop()
    for end in ("-wal", "-shm"):
        if os.path.exists(lab.store + end):
            os.unlink(lab.store + end)
    shutil.copy(lab.path("yesterday.db"), lab.store)
    lab.start_collector()
    check("a new epoch begins" in lab.collector.said(lab.collector.from_here), "a restored database is not told of")
    check(lab.ask("status")["epoch"] != epoch, "the epoch stays")
    lab.wait_state(CONTROL, lab.target("a1", "amf0"), "resolved")


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
    alternates(net)
    fresh(net)
    check(a1.running(), "the agent ended")
    verify(net)
    full_disk(net)
    alternates(net)
    damaged(net)
    yesterday(net)
    reloaded(net)
    alternates(net)
    verify(net)
finish()

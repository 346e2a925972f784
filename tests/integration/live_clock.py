# SPDX-License-Identifier: Apache-2.0
"""The clock is set back by an hour under a collector and an agent that work, and later put right: nothing is lost, doubled,
blind or fresh because of it. libfaketime (package faketime) is that clock."""
import glob
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from journal import alternates, everything, fresh, verify
from live import BAD, GOOD, OPEN, Lab, amf, until
from vigil import check, finish

CONTROL, BLIND = "SA-NAS-02", "VG-BLIND-01"
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
INTERVAL = 2  # between two looks: blind after 9 s
LOOKS = 18  # at three sections: longer than that


class Clock:
    """The wall clock of processes with this environment; what measures spans of time goes on."""

    def __init__(self, path):
        self.path = path
        self.set(0)
        self.env = dict(os.environ, LD_PRELOAD=LIBRARY, FAKETIME_TIMESTAMP_FILE=path, FAKETIME_NO_CACHE="1",
                        FAKETIME_DONT_FAKE_MONOTONIC="1", NO_FAKE_STAT="1")

    def set(self, seconds):
        with open(self.path + "~", "w", encoding="ascii") as f:
            f.write(f"{seconds:+d}\n")
        os.rename(self.path + "~", self.path)
        self.seconds = seconds

    def now(self):
        return time.time() + self.seconds


class Older(Lab):
    """Its certificates are of yesterday: one that is issued this minute is not valid yet an hour ago."""

    def certify(self, *names):
        os.environ.update(LD_PRELOAD=LIBRARY, FAKETIME="-1d")
        super().certify(*names)
        del os.environ["LD_PRELOAD"], os.environ["FAKETIME"]


def blind(lab):
    return [f["target"] for f in lab.findings(control=BLIND) if f["state"] in OPEN]


def works(lab, name):
    """Both ways, so that what is told afterwards is also of what was before."""
    t = lab.target("a1", name)
    lab.write(f"a1/{name}.yaml", amf(GOOD))
    lab.wait_state(CONTROL, t, "resolved")
    lab.write(f"a1/{name}.yaml", amf(BAD))
    lab.wait_state(CONTROL, t, "reopened")


def looks(lab, count):
    """Wait for so many messages of the agent, which looks again and again."""
    before = lab.ask("status")["collector"]["unchanged"]
    until("the agent looks again", lambda: lab.ask("status", expect=None).get("collector", {}).get("unchanged", 0) >= before + count)


if not check(LIBRARY, "libfaketime is not installed (apt-get install faketime)"):
    finish()
with Older("a1") as net:
    clock = Clock(net.path("clock"))
    net.collector.more = {"env": clock.env}
    net.write("a1/one.yaml", amf(BAD))
    net.write("a1/two.yaml", amf(BAD))
    net.start_collector()
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]\n    interval: {INTERVAL}"])
    a1.more = {"env": clock.env}
    a1.start()
    for one in ("one", "two"):
        net.wait_state(CONTROL, net.target("a1", one), "open")
    works(net, "one")
    quiet = len(everything(net, "events", "events"))
    since = {f["id"]: f["state"] for f in net.findings()}

    clock.set(-3600)
    looks(net, LOOKS)
    check(not blind(net), f"blind because of a clock: {blind(net)}")
    check({f["id"]: f["state"] for f in net.findings()} == since, "a clock set back changes findings")
    check(len(everything(net, "events", "events")) == quiet, "a clock set back makes events")
    works(net, "one")

    # Silence is noticed all the same.
    a1.stop()
    until("an agent that is gone is blind", lambda: net.target("a1", "two") + "|config" in blind(net), 60)
    a1.start()
    until("it is back", lambda: not blind(net))

    # Both start again while the clock is wrong: what the store has lies in the future.
    a1.stop()
    net.collector.stop()
    net.start_collector()
    a1.start()
    net.wait_agent("a1")
    works(net, "two")
    looks(net, LOOKS)
    check(not blind(net), f"blind after a start with a clock set back: {blind(net)}")

    # The clock is put right, which is a leap of an hour forward.
    clock.set(0)
    looks(net, LOOKS)
    until("nothing is blind when the clock is right again", lambda: not blind(net))
    works(net, "one")
    alternates(net)
    fresh(net)
    times = [e["at"] for e in everything(net, "events", "events")]
    check(times == sorted(times), "times of the journal fall")
    check(abs(times[-1] - time.time()) < 3600, "the latest event is not of now")
    check(a1.running() and net.collector.running(), "a process ended")
    net.collector.stop()
    verify(net)
finish()

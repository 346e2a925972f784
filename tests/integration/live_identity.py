# SPDX-License-Identifier: Apache-2.0
"""Findings hang on targets, not on what comes and goes: restarts with new addresses, scaling, a rogue, a deleted target, a lost agent.

VIGIL_WAVES=N: so many waves of three restarts (3; the long run has 17)."""
import os
import random
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from live import BAD, GOOD, OPEN, SITE, Lab, Nf, amf, until
from vigil import alone, check, finish

WAVES = int(os.environ.get("VIGIL_WAVES", "3"))
TYPES = ("nrf", "amf", "smf", "ausf", "udm", "pcf")
RANDOM = random.Random(5)
# A root of a container may have no right to make one.
NAMESPACES = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0
NAS, TLS, RIGHTS = "SA-NAS-02", "SA-SBI-01", "VI-HOST-06"


def address():
    return f"10.{RANDOM.randrange(60, 250)}.{RANDOM.randrange(256)}.{RANDOM.randrange(1, 255)}"


class Core:
    """Six functions, each process in a network of its own."""

    def __init__(self, lab):
        self.lab = lab
        self.running = {t: [] for t in TYPES}

    def text(self, kind, at):
        if kind == "amf":
            return amf(BAD, at)
        return f"{kind}:\n  sbi:\n    server:\n      - address: {at}\n        port: 7777\n"

    def start(self, kind, file=None):
        at = address() if NAMESPACES else "127.0.0.1"
        if file is None:
            file = self.lab.write(f"a1/{kind}.yaml", self.text(kind, at))
        with open(file, encoding="ascii") as f:
            at = re.search(r"address: ([0-9.]+)", f.read()).group(1)
        before = ["unshare", "-n", "sh", "-c", 'ip link set lo up; ip addr add "$0"/32 dev lo 2>/dev/null; exec "$@"', at]
        nf = Nf(self.lab, f"open5gs-{kind}d", file, before)
        nf.start()
        self.running[kind].append(nf)
        return nf

    def stop(self, kind, i=0):
        self.running[kind].pop(i).stop()

    def restart(self, kind):
        self.stop(kind)
        self.start(kind)

    def replica(self, kind):
        return self.start(kind, self.lab.path("a1", kind + ".yaml"))

    def target(self, kind):
        return self.lab.target("a1", kind)

    def seen(self, kind, what="processes"):
        """The collector knows of exactly the processes that run. One that has gone is not one that runs."""
        want = {str(nf.pid) for nf in self.running[kind]}

        def probe():
            f = self.lab.finding(RIGHTS, self.target(kind))
            named = set(re.findall(r"process (\d+) of", f["message"])) if f else set()
            more = re.search(r"and (\d+) more", f["message"]) if f else None
            return named and named <= want and len(named) + int(more.group(1) if more else 0) == len(want)
        return until(f"{what} of {kind} seen", probe)


def ids(lab):
    return {f["id"]: (f["control"], f["target"]) for f in lab.findings() if f["control"] != "VG-BLIND-01"}


def no_new(lab, before, what):
    new = [v for k, v in ids(lab).items() if k not in before]
    check(not new, f"{what}: new findings {new}")


def none_closed(lab, what):
    closed = [(f["control"], f["target"]) for f in lab.findings(state="resolved") if f["control"] != "VG-BLIND-01"]
    check(not closed, f"{what}: closed {closed}")


def kept(lab, core, what):
    f = lab.finding(RIGHTS, core.target("udm"))
    check(f["state"] == "acknowledged" and f["acknowledged"]["reason"] == "known", f"{what}: acknowledgement lost: {f['state']}")
    f = lab.finding(TLS, core.target("nrf"))
    check(f["waiver"] is not None and f["state"] in OPEN, f"{what}: waiver lost: {f['state']} {f['waiver']}")


def restarts(lab, core):
    before = ids(lab)
    lab.vigil("ack", RIGHTS, core.target("udm"), "--reason", "known")
    lab.vigil("waive", "--control", TLS, "--target", core.target("nrf"), "--reason", "until the move", "--expires", "+10h", "--emergency")
    for _ in range(WAVES):
        some = RANDOM.sample(TYPES, 3)
        for kind in some:
            core.restart(kind)
        for kind in some:
            core.seen(kind)
    no_new(lab, before, f"{3 * WAVES} restarts with new addresses")
    kept(lab, core, "restarts")
    for _ in range(4):
        core.replica("amf")
    core.seen("amf", "five replicas")
    no_new(lab, before, "scaled to five")
    for _ in range(4):
        core.stop("amf", RANDOM.randrange(len(core.running["amf"])))
    core.seen("amf", "one replica")
    no_new(lab, before, "scaled back to one")
    kept(lab, core, "scaling")
    none_closed(lab, "restarts and scaling")
    return before


def rogue(lab, core, before):
    """A function from a file that nobody placed here: one target, one finding."""
    core.start("amf", lab.write("elsewhere/amf.yaml", amf(GOOD, address() if NAMESPACES else "127.0.0.1", 7790)))
    until("the rogue is seen", lambda: len(ids(lab)) > len(before))
    core.restart("pcf")
    core.seen("pcf")
    new = [v for k, v in ids(lab).items() if k not in before]
    check(len(new) == 1 and new[0][1].endswith("elsewhere/amf"), f"a rogue gives {new}")
    core.running["amf"].pop().stop()


def worse(lab, core):
    f = lab.finding(TLS, core.target("nrf"))
    lab.write("a1/nrf.yaml", f"nrf:\n  sbi:\n    server:\n      - address: {address()}\n      - address: {address()}\n        port: 7778\n")
    f = lab.wait_state(TLS, core.target("nrf"), "reopened")
    check(f and f["waiver"] is None, "worse evidence leaves the waiver")


def deleted(lab, core):
    """File and process of a target go: what was found stays open and says that nothing is to be seen any more."""
    core.stop("ausf")
    os.unlink(lab.path("a1", "ausf.yaml"))
    for control in (TLS, RIGHTS):
        f = until(f"{control}: the target is gone",
                  lambda c=control: (lambda x: x if "evidence-lost" in x["flags"] else None)(lab.finding(c, core.target("ausf"))))
        check(f and f["state"] in OPEN, f"{control}: deleted, and {f and f['state']}")


def downgraded(lab, core):
    """It failed as running. The file is fixed and nothing runs: right as written, which is less."""
    core.stop("amf")
    lab.write("a1/amf.yaml", amf(GOOD))
    f = until("the file passes", lambda: (lambda x: x if x["verdict"] == "pass" else None)(lab.finding(NAS, core.target("amf"))))
    check(f and f["state"] in OPEN, f"a pass of less assurance: {f and f['state']}")


def lost(lab, core, agent):
    """One of its processes ends while it is away: it sees again, and what it found there stays open."""
    agent.kill()
    lab.wait_agent("a1", connected=False)
    until("blind", lambda: lab.finding("VG-BLIND-01", core.target("nrf") + "|runtime"))
    none_closed(lab, "agent lost")
    core.stop("pcf")
    agent.start()
    lab.wait_agent("a1")
    until("no longer blind", lambda: not lab.findings(control="VG-BLIND-01", state="open,reopened"))
    check(lab.findings(control="VG-BLIND-01", state="resolved"), "blindness is not resolved by a report")
    f = until("nothing runs any more", lambda: (lambda x: x if "evidence-lost" in x["flags"] else None)(
        lab.finding(RIGHTS, core.target("pcf"))))
    check(f and f["state"] in OPEN, f"{RIGHTS} of what ended meanwhile: {f and f['state']}")
    none_closed(lab, "agent back")


alone()
with Lab("a1") as net:
    if not NAMESPACES:
        print("SKIPPED: no right to make network namespaces")
        sys.exit(0)
    open5gs = Core(net)
    for name in TYPES:
        open5gs.start(name)
    for _ in range(2):
        open5gs.replica("smf")
    net.start_collector()
    a1 = net.agent("a1", [f"{{config: [{net.path('a1')}], interval: 2}}", "{runtime: /proc, interval: 2}"]).start()
    for name in TYPES:
        open5gs.seen(name)
    known = restarts(net, open5gs)
    rogue(net, open5gs, known)
    worse(net, open5gs)
    deleted(net, open5gs)
    downgraded(net, open5gs)
    none_closed(net, "deleted, downgraded")
    lost(net, open5gs, a1)
    check(all(f["site"] == SITE for f in net.findings()), "site")
    check(net.collector.running() and a1.running(), "an end that nobody asked for")
finish()

# SPDX-License-Identifier: Apache-2.0
"""One line of one file, from the finding to its end and back: agent, collector and network function are real processes."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from live import BAD, GOOD, Lab, Nf, amf, until
from vigil import alone, check, children, finish, has_capability

CONTROL = "SA-NAS-02"


def within(seconds, begun, what):
    took = time.monotonic() - begun
    print(f"{what}: {took:.2f} s")
    # Five seconds are the promise. A machine on which all cores are taken gets as many again.
    check(took < seconds * (1 if os.getloadavg()[0] < 2 * os.cpu_count() else 2), f"{what} took {took:.1f} s")


def mtime(path):
    return int(os.stat(path).st_mtime)


def story(lab, nf, file):
    t = lab.target("a1", "amf")
    f = lab.wait_state(CONTROL, t, "open")
    # Its name is in its file. The process has none, and takes none away.
    check("AMF test-amf" in f["message"], f"the AMF has lost its name: {f['message']}")
    check("NEA0" in f["message"] and f["severity"] == "high" and "backlog" in f["flags"], f"it opens as {f}")
    whole = lab.ask("finding", f["id"])["finding"]
    origin = [e["origin"] for w in whole["witnesses"] for e in w["evidence"] if w["verdict"] == "fail"]
    check(origin and all(re.search(r"amf\.yaml:\d+$", o) for o in origin), f"the line is not named: {origin}")

    started = time.time()
    begun = time.monotonic()
    lab.write("a1/amf.yaml", amf(GOOD))
    f = lab.wait_state(CONTROL, t, "fix-pending-restart", "resolved")
    within(5, begun, "fixed, waits for a restart")
    check(f["state"] == "fix-pending-restart", "a file that no process has read resolves")
    r = f["restart"]
    check(r and r["file"].endswith("amf.yaml") and r["file-time"] == mtime(file), f"file and its time: {r}")
    check(0 < r["process-start"] <= started + 1, f"start of the process: {r}")

    nf.stop()
    begun = time.monotonic()
    nf.start()
    f = lab.wait_state(CONTROL, t, "resolved")
    within(5, begun, "restarted, resolved")
    check(f["resolved"]["by"] == "pass" and f["resolved"]["assurance"] == "running", f"resolved by {f['resolved']}")

    begun = time.monotonic()
    lab.write("a1/amf.yaml", amf(BAD))
    nf.stop()
    nf.start()
    f = lab.wait_state(CONTROL, t, "reopened")
    within(5, begun, "reverted, reopened")
    check(f["reopenings"] == 1 and f["occurrences"] == 2, f"counts: {f['occurrences']} {f['reopenings']}")
    history = [k for k in lab.history(f) if not k.startswith("flag-")]
    check(history[:3] == ["opened", "fix-pending-restart", "resolved"] and history[3] == "reopened", f"history {history}")
    return f


def asked(lab, f):
    """What people ask, and what the answers exit with."""
    a = lab.ask("agents")["agents"]
    check([x["id"] for x in a] == ["a1"] and a[0]["connected"] and a[0]["gaps"] == 0, f"agents {a}")
    rows = [v for v in lab.ask("controls", CONTROL)["controls"] if v["target"] == f["target"]]
    check(len(rows) == 1 and rows[0]["verdict"] == "fail", f"controls {rows}")
    text = lab.vigil("finding", CONTROL, f["target"]).stdout.decode()
    check("reopened" in text and "amf.yaml" in text, f"the text of a finding: {text[:300]}")
    p = [p for p in lab.ask("problems")["problems"] if p["id"] == f["problem"]]
    check(len(p) == 1 and p[0]["state"] == "open" and p[0]["members"] >= 1, f"problems {p}")
    check(lab.vigil("findings", "--control", CONTROL, "--until", "resolved", "--timeout", "1", expect=(1,)).returncode == 1, "--until")
    lab.vigil("finding", "0" * 32, expect=(1,))
    lab.vigil("finding", "no id", expect=(2,))
    lab.vigil("findings", "--owner", expect=(2,))
    lab.vigil("ack", CONTROL, f["target"], "--reason", "looking")
    check(lab.finding(CONTROL, f["target"])["state"] == "acknowledged", "acknowledged")
    check(lab.ask("audit")["audit"][-1]["act"] == "acknowledge", "the audit log does not name the act")


def ticks(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            total += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])
    return total


def budget(agent):
    """Printed, not judged: other work on this machine disturbs it."""
    pids = [agent.pid, *children(agent.pid)]
    before, begun = ticks(pids), time.monotonic()
    until("a second of idling", lambda: time.monotonic() > begun + float(os.environ.get("VIGIL_IDLE_S", "2")), pause=0.2)
    used = (ticks(pids) - before) / os.sysconf("SC_CLK_TCK")
    pss = []
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
            pss.append(int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1)))
    print(f"agent: {sum(pss)} KiB PSS {pss}, {100 * used / (time.monotonic() - begun):.2f} % of a core")


CAP_SYS_PTRACE = 19
if os.getuid() == 0 and not has_capability(CAP_SYS_PTRACE):
    print("SKIPPED: a root that may not look at other processes cannot tell what they have read")
    finish()

alone()
with Lab("a1") as net:
    path = net.write("a1/amf.yaml", amf(BAD))
    amfd = Nf(net, "open5gs-amfd", path).start()
    net.start_collector()
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]", "runtime: /proc"]).start()
    found = story(net, amfd, path)
    asked(net, found)
    budget(a1)
    amfd.stop()
    check(a1.stop() == 0, "the agent does not end as it should")
    check(net.collector.stop() == 0, "the collector does not end as it should")
    net.vigil("problems", expect=(2,))
finish()

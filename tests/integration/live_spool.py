# SPDX-License-Identifier: Apache-2.0
"""What was true while the collector was away is seen by its rules afterwards: once, in order, and in nobody's way.

VIGIL_SPOOL=N: so many messages in the spool of a day (1500; the long run has 20000)."""
import hashlib
import os
import random
import re
import signal
import statistics
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from live import BAD, GOOD, OPEN, Lab, amf, until
from vigil import check, finish

CONTROL = "SA-NAS-02"
DAY = int(os.environ.get("VIGIL_SPOOL", "1500"))
IDLE_S = int(os.environ.get("VIGIL_IDLE_S", "65"))
NFS = 16
RECORD = struct.Struct(">4sBIQQ16s")
RANDOM = random.Random(11)


def files(net, agent="a1"):
    d = net.path(agent + "-spool")
    return sorted(os.path.join(d, f) for f in os.listdir(d)) if os.path.isdir(d) else []


def on_disk(net, agent="a1"):
    return sum(os.path.getsize(f) for f in files(net, agent))


def records(data):
    """(type, number, seq, boot, content) of each record of a spool file."""
    at, found = 32, []
    while at < len(data):
        mark, kind, length, number, seq, boot = RECORD.unpack_from(data, at)
        end = at + RECORD.size + length
        check(mark == b"VSR1" and hashlib.sha256(data[at:end]).digest()[:8] == data[end:end + 8], "a record without its checksum")
        found.append((kind, number, seq, boot, data[at + RECORD.size:end]))
        at = end + 8
    return found


def record(number, seq, boot, content):
    body = RECORD.pack(b"VSR1", 1, len(content), number, seq, boot) + content
    return body + hashlib.sha256(body).digest()[:8]


def messages(net, agent="a1"):
    found = []
    for f in files(net, agent):
        with open(f, "rb") as x:
            found += [r for r in records(x.read()) if r[0] == 1]
    return found


def change(net, name, text, agent="a1"):
    """A change that is on disk when this returns."""
    before = on_disk(net, agent)
    net.write(f"{agent}/{name}.yaml", text)
    until("the change is recorded", lambda: on_disk(net, agent) > before)


def past(net):
    return net.ask("status", expect=None).get("collector", {}).get("past", 0)


def told(net, agent="a1"):
    """All that was recorded is taken."""
    until("the spool is empty", lambda: not files(net, agent), 300)


def life(net, finding):
    """(kind, time that the agent recorded or None) of openings and resolutions, oldest first."""
    events = net.ask("finding", finding["id"], expect=None).get("history", [])
    found = []
    for e in events:
        if e["kind"] in ("opened", "reopened", "resolved"):
            m = re.search(r"recorded by the agent at (\S+)", e["text"])
            found.append((e["kind"], m and m.group(1)))
    return found


def away(net, agent):
    since = os.path.getsize(agent.log)
    net.collector.stop()
    agent.wait_said("session ended", since)


def passed(net, target, control=CONTROL):
    return until(f"{control} passes on {target}", lambda: any(
        v["control"] == control and v["target"] == target and v["verdict"] == "pass"
        for v in net.ask("controls", "--limit", "2000", expect=None).get("controls", [])))


def three_changes(net, a1):
    """Bad, good, bad, good while the collector is away; the agent is killed in between."""
    t = net.target("a1", "amf")
    passed(net, t)
    away(net, a1)
    change(net, "amf", amf(BAD))
    change(net, "amf", amf(GOOD))
    change(net, "amf", amf(BAD))
    a1.kill()
    a1.start()
    a1.wait_said("no collector yet", a1.from_here)
    change(net, "amf", amf(GOOD))
    numbers = [m[1] for m in messages(net)]
    check(numbers == sorted(set(numbers)) and len(numbers) >= 4, f"numbers in the spool: {numbers}")
    check(all(os.stat(f).st_mode & 0o777 == 0o600 for f in files(net)), "files of the spool are not the agent's alone")
    check(os.stat(net.path("a1-spool")).st_mode & 0o777 == 0o700, "the spool is not the agent's alone")
    net.start_collector()
    told(net)
    f = net.wait_state(CONTROL, t, "resolved")
    want = ["opened", "resolved", "reopened", "resolved"]
    events = life(net, f)
    check([k for k, _ in events] == want, f"of four changes: {events}")
    check(all(when for _, when in events), f"not with the agent's times: {events}")
    check([w for _, w in events] == sorted(w for _, w in events), f"not in order: {events}")
    check(f["verdict"] == "pass", "the verdict of now was turned back")
    # Nothing of it comes again.
    for process in (a1, net.collector):
        process.stop()
    net.start_collector()
    a1.start()
    net.wait_agent("a1")
    passed(net, t)
    check(life(net, f) == events, "told again after a restart")


def killed_while_told(net, a1):
    """The collector is killed while it is told of a hundred and twenty changes: nothing is lost or doubled."""
    t = net.target("a1", "amf")
    f = net.finding(CONTROL, t)
    before = life(net, f)
    away(net, a1)
    change(net, "amf", amf(BAD))
    change(net, "amf", amf(GOOD))
    a1.stop()
    bad, good = messages(net)[-2:]
    many = [(bad, good)[i % 2] for i in range(118)]
    fill(net, many, after=good)
    a1.start()
    a1.wait_said("no collector yet", a1.from_here)
    net.start_collector()
    kills = 0
    for _ in range(4):
        until("some of it is told, or all", lambda: past(net) > 0 or not files(net, "a1"))
        if not files(net, "a1"):
            break
        # The moment of the kill is what the test is about; it does not wait for anything.
        time.sleep(RANDOM.random() / 5)
        net.collector.kill()
        kills += 1
        net.start_collector()
    check(kills > 0, "all was told before anything could be killed: this shows nothing")
    told(net)
    passed(net, t)
    until("it is resolved", lambda: net.finding(CONTROL, t)["state"] == "resolved")
    events = life(net, f)[len(before):]
    check([k for k, _ in events] == ["reopened", "resolved"] * 60, f"{len(events)} of 120 changes: {[k for k, _ in events]}")


def fill(net, contents, after, agent="a1"):
    """Messages behind those that are in the spool of an agent that does not run."""
    path = files(net, agent)[-1]
    _, number, seq, boot, _ = after
    with open(path, "rb") as f:
        head = f.read(32)
    f, place = None, int(os.path.basename(path)[:8], 16)
    for i, c in enumerate(contents, 1):
        if f is None or f.tell() > 4 << 20:
            if f:
                f.close()
            place += 1
            f = open(os.path.join(os.path.dirname(path), f"{place:08x}.spool"), "xb")
            f.write(head)
        f.write(record(number + i, seq + i, boot, c[4]))
    f.close()


def a_day(net, a1, b1):
    """A spool of a day is told without loss, while another agent is heard as ever."""
    t, other = net.target("a1", "amf"), net.target("b1", "amf")
    f = net.finding(CONTROL, t)
    before = life(net, f)

    def heard():
        """Seconds until a change of the other agent is a finding."""
        begun = time.monotonic()
        net.write("b1/amf.yaml", amf(BAD))
        net.wait_state(CONTROL, other, *OPEN)
        took = time.monotonic() - begun
        net.write("b1/amf.yaml", amf(GOOD))
        net.wait_state(CONTROL, other, "resolved")
        return took

    idle = [heard() for _ in range(3)]
    b1.stop()  # what it was told of is forgotten, or told again
    away(net, a1)
    for i in range(NFS):
        change(net, f"nf{i}", amf(GOOD).replace("test-amf", f"other-{i}"))
    for i in range(NFS):
        change(net, f"nf{i}", amf(GOOD).replace("test-amf", f"amf-{i}"))
    change(net, "amf", amf(BAD))
    change(net, "amf", amf(GOOD))
    a1.stop()
    made = messages(net)
    bad, good = made[-2:]
    # Each NF has two faces in turn; now and then the one is bad for a moment.
    faces = [made[-2 - 2 * NFS + i] for i in range(2 * NFS)]
    many = [faces[i % len(faces)] for i in range(DAY - len(made))]
    for i in range(10, len(many) - 10, max(DAY // 8, 10)):
        many[i], many[i + 8] = bad, good
    many[-1] = good
    fill(net, many, after=good)
    a1.start()
    a1.wait_said("no collector yet", a1.from_here)
    begun = time.monotonic()
    net.start_collector()
    passed(net, t)  # what is so now comes first
    first = time.monotonic() - begun
    b1.start()
    busy = []
    while files(net) and time.monotonic() < begun + 3600:
        busy.append(heard())
    took = time.monotonic() - begun
    told(net)
    events = life(net, f)[len(before):]
    bads = 1 + sum(c is bad for c in many)
    check([k for k, _ in events] == ["reopened", "resolved"] * bads, f"{events} of {bads} times bad")
    status = net.ask("status")["collector"]
    check(DAY <= status["past"] <= DAY + 100, f"{status['past']} messages of {DAY}")
    check(len(busy) > 2, "it was told before another agent could be heard")
    print(f"spool: {DAY} messages told in {took:.1f} s; what is so now after {first:.1f} s; another agent is heard within "
          f"{max(busy or [0]):.2f} s (median {statistics.median(busy or [0]):.2f} s, idle {statistics.median(idle):.2f} s)")
    check(not busy or statistics.median(busy) < statistics.median(idle) + 2, f"another agent waits: {busy}, idle {idle}")


def damaged(net, a1):
    """A spool with a hole: the rest of it is told, and the agent says so."""
    t = net.target("a1", "amf")
    f = net.finding(CONTROL, t)
    before = life(net, f)
    away(net, a1)
    for order in (BAD, GOOD, BAD, GOOD):
        change(net, "amf", amf(order))
    a1.kill()
    path = files(net)[-1]
    with open(path, "r+b") as x:
        data = x.read()
        x.seek(data.index(b"VSR1", 100) + 300)
        x.write(b"\xa5\xa5")
        x.seek(len(data) - 20)
        x.truncate()
    a1.start()
    a1.wait_said("spool is damaged", a1.from_here)
    net.start_collector()
    told(net)
    until("all of it is answered", lambda: net.finding(CONTROL, t)["state"] == "resolved")
    events = life(net, f)[len(before):]
    check(len(events) == 2, f"of a spool with a hole and a cut tail: {events}")


def too_much(net, c1):
    """A spool of three: the oldest go, and everybody who asks is told so."""
    passed(net, net.target("c1", "amf"))
    away(net, c1)
    for i in range(9):
        change(net, f"nf{i}", amf(GOOD), "c1")
    check([m[4] for m in messages(net, "c1")][-1:] and len(messages(net, "c1")) >= 3, "the newest are not there")
    c1.wait_said("spool is full")
    net.start_collector()
    told(net, "c1")
    lost = until("the loss is told", lambda: [a["dropped"] for a in net.ask("agents", expect=None).get("agents", [])
                                              if a["id"] == "c1" and a["dropped"]], 100)
    check(lost and 3 <= lost[0] <= 6, f"{lost} of nine changes lost")
    net.collector.wait_said("agent c1 lost changes")
    c1.stop()


def idle(net, agent, name):
    """An agent with nothing to do sends nothing, but for a step of its own cost in its first minutes."""
    def messages_of():
        return net.ask("status", expect=None)["collector"]["messages"]

    known = until("it tells of itself", lambda: [a for a in net.ask("agents", expect=None).get("agents", [])
                                                 if a["id"] == name and a["version"]])
    check(bool(known), "an agent says nothing of itself")
    # What it just did is said to be taken within 15 s.
    said = [time.monotonic(), messages_of()]

    def quiet():
        if messages_of() != said[1]:
            said[:] = [time.monotonic(), messages_of()]
        return time.monotonic() - said[0] > 16

    until("all is said", quiet, 120)
    before = messages_of()
    # Time is what this is about: it looks at itself within.
    time.sleep(IDLE_S)
    # One step at most: what it says, and the answer when it is told that this was taken.
    check(messages_of() - before <= 2, f"an idle agent sent {messages_of() - before} messages in {IDLE_S} s")
    check(agent.running(), "the agent ended")


def no_place(net, a1):
    """The spool cannot be used: what is so now is told as ever."""
    t = net.target("a1", "amf")
    a1.stop()
    for f in files(net):
        os.unlink(f)
    os.rmdir(net.path("a1-spool"))
    net.write("a1-spool", "no directory")
    a1.start()
    a1.wait_said("spool cannot be used.*", a1.from_here)
    net.write("a1/amf.yaml", amf(BAD))
    net.wait_state(CONTROL, t, *OPEN)
    net.write("a1/amf.yaml", amf(GOOD))
    net.wait_state(CONTROL, t, "resolved")
    os.unlink(net.path("a1-spool"))
    a1.stop(signal.SIGTERM)
    check(a1.process.returncode == 0, "it does not end in order")


with Lab("a1", "b1", "c1") as lab:
    for name in ("a1", "b1", "c1"):
        lab.write(f"{name}/amf.yaml", amf(GOOD))
    lab.start_collector()
    one = lab.agent("a1", [f"config: [{lab.path('a1')}]"], limits=f"{{spool: {256 << 20}}}").start()
    three_changes(lab, one)
    killed_while_told(lab, one)
    two = lab.agent("b1", [f"config: [{lab.path('b1')}]"]).start()
    passed(lab, lab.target("b1", "amf"))
    a_day(lab, one, two)
    damaged(lab, one)
    two.stop()
    no_place(lab, one)
    three = lab.agent("c1", [f"config: [{lab.path('c1')}]"], limits="{spool-messages: 3}").start()
    too_much(lab, three)
    one.start()
    lab.wait_agent("a1")
    passed(lab, lab.target("a1", "amf"))
    idle(lab, one, "a1")
finish()

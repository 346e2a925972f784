# SPDX-License-Identifier: Apache-2.0
"""An agent that holds more than a message can carry: it is asked piece by piece, what is held is not sent again, a line that
breaks half way goes on where it was, what vanishes meanwhile is noticed, and neither side grows.

VIGIL_SECTIONS=N: so many files of 50 KiB of facts each (220). More than some 390 are more than an agent has room for: then that
is said, and all else goes on."""
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from between import Between, Cut
from live import BAD, GOOD, OPEN, Lab, amf, until
from vigil import ROOT, check, finish

FILES = int(os.environ.get("VIGIL_SECTIONS", "220"))
LIMIT = 8 * 1024 * 1024
ROOM = 385  # files of which an agent surely keeps the facts
CONTROL = "SA-NAS-02"
LIST = re.compile(r'<filter type="subtree"><agent xmlns="[^"]*"/></filter>')


def big(order, number):
    """An AMF with some hundred slices, and so much to say."""
    slices = "".join(f"        - {{sst: {1 + i % 250}, sd: {number * 256 + i:06x}}}\n" for i in range(160))
    return amf(order).replace("        - sst: 1\n", slices)


class Line:
    """What went over it; breaks after so many pieces, or does something then."""

    def __init__(self):
        self.lists, self.asked, self.pieces, self.largest, self.total = 0, [], 0, 0, 0
        self.at, self.act, self.broken = 0, None, False

    def __call__(self, side, xml):
        if side == "collector":
            if self.broken and "<filter" in xml:
                raise Cut
            self.lists += bool(LIST.search(xml))
            self.asked += re.findall(r"<section><kind>[^<]*</kind><id>([^<]*)</id></section>", xml)
            return xml
        self.largest = max(self.largest, len(xml))
        if xml.startswith("<rpc-reply") and "<config" in xml:
            self.total += len(xml)
            self.pieces += 1
            if self.act and self.pieces == self.at:
                act, self.act = self.act, None
                act()
        return xml

    def after(self, pieces, act):
        self.__init__()
        self.at, self.act = pieces, act


def cut():
    raise Cut


def agent_line(lab, name="a1"):
    return next((a for a in lab.ask("agents", expect=None).get("agents", []) if a["id"] == name), {})


def synced(lab):
    return until("the agent is synced", lambda: (lambda a: a if a.get("sync") == "synced" and a["connected"] else None)(agent_line(lab)))


def all_there(lab, names):
    want = {lab.target("a1", n) for n in names}
    return until("all sections are judged", lambda: want <= {f["target"] for f in lab.findings(control=CONTROL) if f["state"] in OPEN})


# What is judged is of no interest here: one control, and the list of slices is long.
with tempfile.TemporaryDirectory(prefix="vigil-pack-") as pack, Lab("a1", pack=pack) as net:
    os.mkdir(os.path.join(pack, "5g-sa"))
    for part in ("pack.yaml", "known-keys.yaml", f"5g-sa/{CONTROL}.yaml"):
        shutil.copy(os.path.join(ROOT, "rules", "packs", "x1818", part), os.path.join(pack, part))
    names = sorted(f"amf{i}" for i in range(FILES))
    for i, one in enumerate(names):
        net.write(f"a1/{one}.yaml", big(BAD, i))
    line = Line()
    between = Between(net.port, net.pki, "a1", line)
    net.start_collector()
    net.port = between.port
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]"])

    # The line breaks after the third piece: what came is judged, and is not asked for again.
    line.after(3, cut)
    a1.start()
    until("the line broke", lambda: between.calls >= 2)
    synced(net)
    if FILES > ROOM:
        until("the collector hears that there is no room", lambda: re.search(
            r"agent a1 has no room for what it should say: \d+ so far", net.collector.said()))
        until("the rest is judged", lambda: len({f["target"] for f in net.findings(control=CONTROL)}) >= ROOM)
        check("all facts of an agent together have at most" in a1.said(), "the agent does not say why")
        between.stop()
        finish()
    all_there(net, names)
    print(f"{line.total // 1024} KiB in {line.pieces} answers, the largest message {line.largest // 1024} KiB, "
          f"{line.lists} lists; collector {net.collector.rss_kib()} KiB, agent {a1.rss_kib()} KiB")
    check(line.total > LIMIT, f"the agent holds only {line.total} bytes: this shows nothing")
    check(line.largest < LIMIT, f"a message of {line.largest} bytes")
    asked_twice = len(line.asked) - len(set(line.asked))
    # What was in the answer that was lost is asked again: one step at most, and what was refused for its size.
    check(asked_twice <= 64, f"{asked_twice} sections were asked for twice")
    check(line.lists == 2, f"{line.lists} lists were asked for")
    check(net.ask("status")["collector"]["left-out"] == 0, "sections are left out")

    # A collector that starts again has it all: one list, no piece.
    line.after(0, None)
    before = {f["id"] for f in net.findings(control=CONTROL)}
    net.collector.stop()
    net.start_collector()
    synced(net)
    check((line.lists, line.pieces) == (1, 0), f"{line.lists} lists and {line.pieces} pieces for what is held")
    check({f["id"] for f in net.findings(control=CONTROL)} == before, "findings came or went")

    # While the pieces come files vanish and change: a collector without a store asks for everything.
    net.collector.stop()
    for end in ("", "-wal", "-shm", ".mark"):
        if os.path.exists(net.store + end):
            os.unlink(net.store + end)
    gone, changed = names[-1], names[-2]

    def meanwhile():
        os.unlink(net.path("a1", gone + ".yaml"))
        # It tells so before it answers the next request.
        check(between.agent_speaks(), "the agent does not notice")
        net.write(f"a1/{changed}.yaml", big(GOOD, len(names) - 2))

    line.after(1, meanwhile)
    net.start_collector()
    synced(net)
    all_there(net, names[:-2])
    until("what vanished meanwhile is not judged", lambda: net.target("a1", gone) not in {
        v["target"] for v in net.ask("controls", CONTROL, "--limit", "2000", expect=None)["controls"]})
    until("what changed meanwhile is judged as it is now", lambda: any(
        v["target"] == net.target("a1", changed) and v["verdict"] == "pass"
        for v in net.ask("controls", CONTROL, "--limit", "2000", expect=None)["controls"]))
    check(agent_line(net)["sync-failures"] == 0, "what went well counts as failed")

    # One that breaks whenever it is asked: each time later, and everybody can see it.
    line.after(0, None)
    line.broken = True
    a1.stop()
    a1.start()  # a caller that has not failed yet comes back soon
    until("it came to nothing several times", lambda: agent_line(net).get("sync-failures", 0) >= 3)
    shown = net.vigil("agents").stdout.decode()
    check(re.search(r"asking for its facts came to nothing \d+ times in a row", shown), shown)
    line.broken = False
    until("it is held back", lambda: re.search("is asked for its facts again in [0-9]+ s: [0-9]+ times", net.collector.said()))
    synced(net)
    check(agent_line(net)["sync-failures"] == 0, "what went well in the end counts as failed")
    check(a1.running() and net.collector.running(), "a process ended")
    between.stop()
finish()

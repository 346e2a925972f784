# SPDX-License-Identifier: Apache-2.0
"""Attacks on N2, N3 and N4: each is named with its attacker and its first frame; without its frames nothing is found."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import attacks
from vigil import ROOT, check, directory, finish, scan, write

DATA = os.path.join(ROOT, "tests", "data", "attacks")


CONTROLS = {a.control for a in attacks.all_attacks()}


def judge(d, name, steps, inventory):
    args = ["-r", attacks.pcap(os.path.join(d, name + ".pcap"), steps), "--vantage", "link"]
    if inventory:
        args += ["--inventory", write(d, name + ".yaml", inventory)]
    return scan(*args)


def findings(report, attack):
    """Failing witnesses of the control that name the attacker and the attack, with their frames."""
    found = []
    for v in report["verdicts"]:
        if v["control"] != attack.control or v["verdict"] != "fail":
            continue
        for w in v["witnesses"]:
            text = v["target"] + " " + w["message"]
            if w["verdict"] == "fail" and attack.attacker in text and attack.says in text:
                frames = [int(n) for e in w["evidence"] for n in re.findall(r"#frame=(\d+)", e["origin"])]
                frames += [int(n) for n in re.findall(r"from frame (\d+)", w["message"])]
                found.append((w, frames))
    return found


def fails(report):
    return {(v["control"], v["target"]) for v in report["verdicts"] if v["verdict"] == "fail"}


with directory() as d:
    for a in attacks.all_attacks():
        path = os.path.join(DATA, a.name + ".pcap")
        attacks.pcap(os.path.join(d, "again.pcap"), a.steps)
        with open(os.path.join(d, "again.pcap"), "rb") as f:
            again = f.read()
        check(os.path.exists(path) and open(path, "rb").read() == again, f"{a.name}: tests/data/attacks is not what lib/attacks.py writes")

        bad = [i + 1 for i, s in enumerate(a.steps) if s.attack]
        report = judge(d, a.name, a.steps, a.inventory)
        found = findings(report, a)
        if check(found, f"{a.name}: {a.control} does not name {a.attacker} ({a.says!r})"):
            frames = [n for _, fs in found for n in fs]
            # The first message that proves it: a gNB joins with four packets of SCTP, an answer comes after its question.
            check(any(n in bad[:6] for n in frames), f"{a.name}: frames {sorted(set(frames))[:12]}, the attack begins at {bad[0]}")

        others = {t for c, t in fails(report) if c == a.control and not t.endswith("/" + a.attacker)}
        check(not others, f"{a.name}: {a.control} accuses {sorted(others)}, too")

        quiet = judge(d, a.name + "-quiet", [s for s in a.steps if not s.attack], a.inventory)
        check(not findings(quiet, a), f"{a.name}: {a.control} is found without the attack, too")
        left = sorted(x for x in fails(quiet) if x[0] in CONTROLS)
        check(not left, f"{a.name}: without the attack there is still {left}")

finish()

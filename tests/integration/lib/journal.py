# SPDX-License-Identifier: Apache-2.0
"""What must hold of a store whatever was done to its collector: no event lost or doubled, the chain, the same as a fresh look."""
import json
import socket
import subprocess

from live import COLLECTOR, Lab, until
from vigil import check


def request(lab, **what):
    """One request over the command socket, as programs send it."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(lab.socket)
        s.sendall(json.dumps(what).encode() + b"\n")
        with s.makefile("rb") as f:
            return json.loads(f.readline())


def everything(lab, op, key, limit=500):
    """All pages of a numbered list."""
    found, after = [], 0
    while True:
        page = request(lab, op=op, after=after, limit=limit)[key]
        found += page
        if len(page) < limit:
            return found
        after = page[-1]["seq"]


def verdicts(lab):
    return {(v["control"], v["target"], v["verdict"]) for v in lab.ask("controls", "--limit", "2000", expect=None).get("controls", [])
            if not v["control"].startswith("VG-")}


def alternates(lab):
    """Opened, then resolved and reopened in turn; numbers of the journal rise, none twice."""
    events = everything(lab, "events", "events")
    numbers = [e["seq"] for e in events]
    check(numbers == sorted(set(numbers)), "numbers of the journal repeat or fall")
    life = {}
    for e in events:
        if e["kind"] in ("opened", "resolved", "reopened"):
            life.setdefault(e["subject"], []).append(e["kind"])
    for subject, kinds in life.items():
        want = ["opened"] + [("resolved", "reopened")[i % 2] for i in range(len(kinds) - 1)]
        check(kinds == want, f"journal of {subject}: {kinds}")
    state = {f["id"]: f["state"] for f in lab.findings()}
    check(set(state) == set(life), "findings without an opening in the journal, or the reverse")
    for subject, kinds in life.items():
        check((state[subject] == "resolved") == (kinds[-1] == "resolved"), f"{subject} is {state[subject]} after {kinds[-1]}")
    return events


def verify(lab):
    p = subprocess.run([COLLECTOR, "--config", lab.path("collector.yaml"), "--verify"], capture_output=True, text=True, check=False)
    check(p.returncode == 0 and "good" in p.stdout, f"the chain: {p.stdout} {p.stderr}")


def fresh(lab, name="a1"):
    """A second collector and agent over the same files come to the same verdicts."""
    with Lab(name) as other:
        other.start_collector()
        a = other.agent(name, [f"config: [{lab.path(name)}]"]).start()
        same = until("the same verdicts as a fresh evaluation", lambda: (lambda v: v and v == verdicts(lab))(verdicts(other)))
        if not same:
            print(sorted(verdicts(other) ^ verdicts(lab))[:20])
        a.stop()

# SPDX-License-Identifier: Apache-2.0
"""What reaches people: one problem for one cause, few words about what flaps, none in a maintenance window and one at its end."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from live import BAD, GOOD, Lab, amf, until
from vigil import check, finish

CONTROL = "SA-NAS-02"
FLAPS = int(os.environ.get("VIGIL_FLAPS", "8"))


def pushes(lab, problem=None):
    found = lab.ask("pushes", "--limit", "500")["pushes"]
    return [p for p in found if problem in (None, p["problem"])]


def set_order(lab, name, order):
    lab.write(f"a1/{name}.yaml", amf(order))
    lab.wait_state(CONTROL, lab.target("a1", name), *(("resolved",) if order == GOOD else ("open", "reopened")))


def grouped(lab):
    f = lab.wait_state(CONTROL, lab.target("a1", "one"), "open")
    check(not pushes(lab), f"the backlog is pushed: {pushes(lab)}")
    for name in ("two", "three"):
        set_order(lab, name, BAD)
    problem = [p for p in lab.ask("problems")["problems"] if p["id"] == f["problem"]][0]
    members = sorted(x["target"] for x in lab.findings(problem=f["problem"]))
    check(problem["members"] == 3 and members == sorted(lab.target("a1", n) for n in ("one", "two", "three")), f"members {members}")
    told = pushes(lab, f["problem"])
    check(all(p["kind"] in ("raise", "change") for p in told) and len(told) <= 2, f"pushes about two members {told}")
    for name in ("one", "two", "three"):
        set_order(lab, name, GOOD)
    check([p["kind"] for p in pushes(lab, f["problem"])][-1:] == ["clear"], "the end is not told")
    check(sum(p["kind"] == "clear" for p in pushes(lab, f["problem"])) == 1, "three members clear more than once")
    return f["problem"]


def flapping(lab, problem):
    quiet = None
    for _ in range(FLAPS):
        set_order(lab, "one", BAD)
        if quiet is None and "flapping" in lab.finding(CONTROL, lab.target("a1", "one"))["flags"]:
            quiet = len(pushes(lab, problem))
        set_order(lab, "one", GOOD)
    check(quiet is not None, "a source that flaps is not called so")
    after = len(pushes(lab, problem))
    check(quiet is not None and after - quiet <= 1, f"pushes while it flaps: {after - (quiet or 0)}")
    f = lab.finding(CONTROL, lab.target("a1", "one"))
    check(f["state"] == "resolved" and f["reopenings"] >= FLAPS - 1, "the list is not true while pushes are held")


def maintenance(lab):
    """Of what changes in the window nothing is pushed; at its end what is still there, once."""
    before = len(pushes(lab))
    lab.write("a1/four.yaml", amf(GOOD).replace("test-amf", "amf-four"))
    t = lab.target("a1", "four")
    until("four is judged", lambda: any(v["target"] == t for v in lab.ask("controls", "SA-SBI-01")["controls"]))
    until("its own news is pushed", lambda: len(pushes(lab)) > before)
    lab.vigil("window", "--target", t, "--end", "+5s", "--reason", "change 4711")
    check(len(lab.ask("windows")["windows"]) == 1, "the window is not listed")
    during = len(pushes(lab))
    for order in (BAD, GOOD, BAD):
        set_order(lab, "four", order)
    f = lab.finding(CONTROL, t)
    late = [p for p in pushes(lab)[during:] if p["problem"] == f["problem"]]
    end = lab.ask("windows")["windows"][0]["end"]
    check(all(p["at"] >= end for p in late), f"pushed in the window: {late}")
    until("raised at the end", lambda: [p for p in pushes(lab)[during:] if p["problem"] == f["problem"]], 20)
    set_order(lab, "five", BAD)  # something later, so that a second word about four would be there by now
    until("five is judged", lambda: lab.finding(CONTROL, lab.target("a1", "five")))
    told = [p for p in pushes(lab)[during:] if p["problem"] == f["problem"] and p["members"] <= 1]
    check(len(told) == 1 and told[0]["kind"] == "raise" and told[0]["at"] >= end, f"at the end: {told}")


with Lab("a1", collector="life: {flap-limit: 2}\n") as net:
    net.write("a1/one.yaml", amf(BAD))
    for other in ("two", "three"):
        net.write(f"a1/{other}.yaml", amf(GOOD))
    net.start_collector()
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]"]).start()
    p1 = grouped(net)
    maintenance(net)
    flapping(net, p1)
    check("nothing was pushed" not in net.vigil("pushes").stdout.decode(), "the text of pushes")
finish()

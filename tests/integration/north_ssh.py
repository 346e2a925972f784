#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A NOC with ncclient over SSH: reads alarms, is told of a raise and a clear, acknowledges; a killed session is alone."""
import json
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from north import Place, need, served  # noqa: E402

need("ncclient", "python3-ncclient")
import ncclient.transport.errors  # noqa: E402
from ncclient import manager  # noqa: E402
from ncclient.operations import RPCError  # noqa: E402
from ncclient.xml_ import to_ele  # noqa: E402

from netconf import ALARMS, FINDINGS, leaf, leaves, until  # noqa: E402
from vigil import check, directory, finish  # noqa: E402


def findings(noc, more=""):
    return noc.dispatch(to_ele(f'<query xmlns="{FINDINGS}"><control>SA-NAS-02</control>{more}</query>')).xml


def alarms(noc):
    return noc.get(filter=("subtree", f'<alarms xmlns="{ALARMS}"><alarm-list/></alarms>')).xml


def reported(place):
    rows = place.vigil("controls", "--json").stdout
    return any(r["control"] == "SA-NAS-02" and r["target"].startswith("nf:lab/node-1/")
               for r in json.loads(rows or "{}").get("controls", []))


def take(noc):
    n = noc.take_notification(timeout=60)
    return n.notification_xml if n else ""


def main():
    with directory() as d:
        place = Place(d)
        try:
            place.amf("NEA2, NEA1, NEA0")
            place.start_collector()
            place.start_agent()
            where = place.start_sshd()
            noc, other = manager.connect(**where), manager.connect(**where)
            talk(place, noc, other)
            forced(place)
        finally:
            place.close()
    finish()


def talk(place, noc, other):
    capabilities = " ".join(noc.server_capabilities)
    for c in ("netconf:base:1.1", "capability:notification:1.0", "capability:interleave:1.0", "capability:xpath:1.0",
              "ietf-netconf-monitoring"):
        check(c in capabilities, f"hello has {c}")
    schema = noc.get_schema("x1818-findings").data
    check("module x1818-findings" in schema and "list finding {" in schema, "get-schema of our module, as published")
    check("module ietf-alarms" in noc.get_schema("ietf-alarms").data, "get-schema of ietf-alarms")

    check(until(lambda: reported(place)), "the agent has reported")
    noc.create_subscription()
    place.amf("NEA0, NEA2")
    raised = take(noc)
    check(leaf(raised, "perceived-severity") in ("critical", "major", "minor", "warning"), "a raise: " + raised[:600])
    check("x1818-control-failed" in raised, "its alarm type")
    problem = leaf(raised, "problem")

    check(until(lambda: "<control>SA-NAS-02" in findings(other)), "the finding is there")
    listed = alarms(noc)
    resource, qualifier = leaf(raised, "resource"), leaf(raised, "alarm-type-qualifier")
    check(f"<resource>{resource}</resource>" in listed and f"<alarm-type-qualifier>{qualifier}<" in listed,
          "the alarm that was raised is listed under its key")
    check("<remediation>" in listed and "<control>SA-NAS-02</control>" in listed, "with its control and what mends it")
    check(leaf(raised, "epoch") and leaf(raised, "number"), "epoch and number of the notification")

    state = f"""<action xmlns="urn:ietf:params:xml:ns:yang:1"><alarms xmlns="{ALARMS}"><alarm-list><alarm>
<resource>{resource}</resource>
<alarm-type-id xmlns:f="{FINDINGS}">f:x1818-control-failed</alarm-type-id>
<alarm-type-qualifier>{qualifier}</alarm-type-qualifier>
<set-operator-state><state>ack</state><text>seen by the night shift</text></set-operator-state>
</alarm></alarm-list></alarms></action>"""
    reply = other.dispatch(to_ele(state)).xml
    check("<ok/>" in reply, "set-operator-state: " + reply[:600])
    shown = place.vigil("findings", "--control", "SA-NAS-02", "--json").stdout
    check('"acknowledged"' in shown and "seen by the night shift" in shown, "vigil findings shows it: " + shown[:600])
    listed = alarms(other)
    check("seen by the night shift" in listed and leaf(listed, "operator"), "the alarm shows who acknowledged")

    identity = leaf(findings(other, "<state>acknowledged</state>"), "id")
    whole = other.dispatch(to_ele(f'<get-finding xmlns="{FINDINGS}"><id>{identity}</id></get-finding>')).xml
    check("ciphering-order" in whole and "amf.yaml:" in whole, "its evidence: " + whole[:600])
    check(leaf(whole, "remediation") and "<event>acknowledged</event>" in whole, "remediation and history")
    try:
        other.dispatch(to_ele(f'<acknowledge xmlns="{FINDINGS}"><id>{"0" * 32}</id></acknowledge>'))
        check(False, "an unknown finding is refused")
    except RPCError as e:
        check("no finding" in (e.message or ""), f"says why: {e.message}")

    place.amf("NEA2, NEA1, NEA0")
    cleared = take(noc)
    check(leaf(cleared, "perceived-severity") == "cleared" and leaf(cleared, "problem") == problem,
          "a clear of the same problem: " + cleared[:600])
    check((leaf(cleared, "resource"), leaf(cleared, "alarm-type-qualifier")) == (resource, qualifier),
          "under the same key")
    check(leaves(findings(other), "state") == ["resolved"], "and the finding is resolved")

    killed(place, noc, other)


def forced(place):
    """An account that can run nothing else, whatever it asks for."""
    where = place.start_sshd(forced=True)
    with manager.connect(**where) as noc:
        check(alive(noc), "a session where the command is forced")
    ssh = ["ssh", "-F", "none", "-p", str(where["port"]), "-i", where["key_filename"], "-o", "StrictHostKeyChecking=no",
           "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", f"{where['username']}@{where['host']}", "id"]
    done = subprocess.run(ssh, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    check("uid=" not in done.stdout, "no other command runs: " + done.stdout[:200])


def killed(place, noc, other):
    """The process of one session dies: the other one does not notice."""
    before = served(place)
    check(len(before) == 2, f"a process for each session: {before}")
    os.kill(before[0], signal.SIGKILL)
    check(until(lambda: sum(alive(m) for m in (noc, other)) == 1), "one session has ended, one lives")
    check(place.collector.poll() is None, "the collector lives")
    check(place.vigil("problems").returncode == 0, "and answers")


def alive(noc):
    try:
        return noc.connected and "<data" in noc.get(filter=("subtree", f'<findings xmlns="{FINDINGS}"/>')).xml
    except (ncclient.transport.errors.TransportError, RPCError, ncclient.operations.errors.OperationError):
        return False


main()

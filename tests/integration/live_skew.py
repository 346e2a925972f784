# SPDX-License-Identifier: Apache-2.0
"""An agent that is one revision of the model ahead: what its collector does not know is counted, the rest is judged as ever.

The agent is a real one; somebody between adds to what it says what the next revision may bring: leaves and lists in sections,
leaves beside them, new kinds of sections."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from between import Between
from journal import alternates, fresh, verify
from live import BAD, GOOD, Lab, amf, until
from vigil import check, finish

CONTROL = "SA-NAS-02"
INTERVAL = 2
OF_TOMORROW = "<of-tomorrow><mode>on</mode></of-tomorrow>"
NEW_KIND = ("<section><kind>weather</kind><id>a1/x</id><revision>" + "0" * 64 + "</revision><observed>1</observed>"
            "<complete>true</complete></section>")


class Tomorrow:
    """Messages of an agent as the next revision would write them."""

    def __init__(self):
        self.requests, self.notifications, self.bad = 0, 0, ""

    def __call__(self, side, xml):
        if side == "collector":
            self.requests += "<filter" in xml
            return xml
        xml = re.sub(r"<model-revision>[0-9-]+<", "<model-revision>2099-01-01<", xml)
        # A leaf beside the section: its digest is not what the collector would make of what it knows.
        xml = re.sub(r"<head>[0-9a-f]{64}<", f"<head>{'e' * 64}<", xml)
        xml = re.sub(r"(<nas-security[^>]*>)", rf"\1{self.bad}{OF_TOMORROW}", xml)
        if xml.startswith("<notification"):
            self.notifications += 1
            xml = xml.replace("</facts-changed>", NEW_KIND + "</facts-changed>")
            return re.sub(r"(<nf><id>[^<]*</id>)", r"\1<colour>blue</colour>", xml)
        if "</agent>" in xml and "<version>" in xml:
            xml = xml.replace("</agent>", NEW_KIND + "</agent>")
        return xml


def agent_line(lab):
    return next((a for a in lab.ask("agents", expect=None).get("agents", []) if a["id"] == "a1"), {})


with Lab("a1") as net:
    tomorrow = Tomorrow()
    between = Between(net.port, net.pki, "a1", tomorrow)
    net.write("a1/one.yaml", amf(BAD))
    net.write("a1/two.yaml", amf(GOOD))
    net.start_collector()
    net.port = between.port
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]\n    interval: {INTERVAL}"]).start()
    one, two = net.target("a1", "one"), net.target("a1", "two")
    net.wait_state(CONTROL, one, "open")
    until("it is synced", lambda: agent_line(net).get("sync") == "synced")
    line = agent_line(net)
    check(line["model-revision"] == "2099-01-01", f"model {line['model-revision']}")
    check(line["model-skew"] >= 3, f"{line['model-skew']} nodes are counted as unknown")
    check("model-skew" in net.vigil("agents").stdout.decode(), "vigil agents does not tell")
    check(net.ask("status")["collector"]["model-skew"] >= 3, "the collector does not count")

    # What changes is judged; what is only seen again is neither asked for nor sent again.
    net.write("a1/one.yaml", amf(GOOD))
    net.wait_state(CONTROL, one, "resolved")
    net.write("a1/two.yaml", amf(BAD))
    net.wait_state(CONTROL, two, "open")
    requests, told = tomorrow.requests, tomorrow.notifications
    until("it looks again", lambda: tomorrow.notifications >= told + 6)
    check(tomorrow.requests == requests, f"{tomorrow.requests - requests} requests for what is held")
    check(not [f for f in net.findings(control="VG-BLIND-01")], "what a newer agent reports is blind")

    # Both ends start again.
    net.collector.stop()
    net.start_collector()
    until("it is synced again", lambda: agent_line(net).get("sync") == "synced")
    net.write("a1/two.yaml", amf(GOOD))
    net.wait_state(CONTROL, two, "resolved")
    alternates(net)
    fresh(net)

    # A bad value is an error in any revision.
    tomorrow.bad = "<ciphering-order>NEA77</ciphering-order>"
    net.write("a1/one.yaml", amf(BAD))
    net.collector.wait_said(r"agent session ended \(bad-message\)", net.collector.from_here)
    check(net.finding(CONTROL, one)["state"] == "resolved", "of a message with a bad value something was taken")
    tomorrow.bad = ""
    net.wait_state(CONTROL, one, "reopened")
    check(a1.running(), "the agent ended")
    between.stop()
    net.collector.stop()
    verify(net)
finish()

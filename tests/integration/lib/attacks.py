# SPDX-License-Identifier: Apache-2.0
"""Attacks on N2, N3 and N4 as captures: each a list of Step, benign traffic with the attack in it. All of it is made up.

usage: attacks.py DIR     writes DIR/NAME.pcap for each
"""
import os
import struct
import sys
from collections import namedtuple

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import core5g as c  # noqa: E402

Step = namedtuple("Step", "ms data attack")
Attack = namedtuple("Attack", "name control attacker says steps inventory")

SMF, UPF, GNB, UPF_N3, UE = "192.0.2.4", "192.0.2.7", "198.51.100.20", "198.51.100.7", "10.45.0.2"
AMF, GNB_N2, STRANGER = "203.0.113.5", "203.0.113.20", "203.0.113.99"
FAR = "93.184.215.14"
PLMN = "99f907"
INVENTORY = f"""nfs:
  - {{id: smf1, type: smf, addresses: [{SMF}]}}
  - {{id: upf1, type: upf, addresses: [{UPF}, {UPF_N3}]}}
"""
GNBS = f"""gnbs:
  - {{id: "1", addresses: [{GNB_N2}]}}
"""


class Tape:
    def __init__(self, start=0):
        self.steps, self.ms = [], start

    def add(self, data, attack=False, after=20):
        self.ms += after
        self.steps.append(Step(self.ms, data, attack))

    def frames(self, frames, attack=False):
        for data in frames:
            self.add(data, attack)


class N4(Tape):
    """A core whose user plane is seen from its start."""

    def __init__(self, associate=True):
        super().__init__()
        self.sequence, self.seid = 0, 0x51a7
        if associate:
            self.ask(5, c.node_id(SMF) + c.recovery(3900000000) + c.ie(89, b"\0"),
                     c.node_id(UPF) + c.cause() + c.recovery(3900000001) + c.ie(43, b"\0\x10"))

    def say(self, src, dst, data, attack=False, after=20):
        self.add(c.udp(src, 8805, dst, 8805, data), attack, after)

    def ask(self, kind, request, answer, seids=(None, None), smf=SMF, attack=False, sequence=None, after=20):
        self.sequence += 1
        n = self.sequence if sequence is None else sequence
        self.say(smf, UPF, c.pfcp(kind, n, request, seids[0]), attack, after)
        if answer is not None:
            self.say(UPF, smf, c.pfcp(kind + 1, n, answer, seids[1]), attack, min(after, 20))

    def session(self, teid, ue=UE, far=GNB, after=20):
        """Returns the SEID that the UPF gave to it."""
        self.seid = self.seid * 1103515245 + 12345 & 0x7fffffff
        cp, up = self.seid, self.seid ^ 0x5a5a5a5a
        self.ask(50, c.node_id(SMF) + c.fseid(cp, SMF) + c.create_pdrs(ue),
                 c.node_id(UPF) + c.cause() + c.fseid(up, UPF) + c.created_pdr(teid, UPF_N3), (0, cp), after=after)
        self.ask(52, c.update_far(teid ^ 0xff, far), c.cause(), (up, cp), after=after)
        return up, cp

    def gpdu(self, teid, inside, src=GNB, dst=UPF_N3, attack=False):
        self.add(c.udp(src, 2152, dst, 2152, c.gtpu(teid, inside)), attack)

    def heartbeat(self):
        self.ask(1, c.recovery(3900000000), c.recovery(3900000001))

    def traffic(self, teid=0x7a31c5e2):
        seids = self.session(teid)
        for _ in range(3):
            self.gpdu(teid, c.ping(UE, FAR))
            self.gpdu(teid ^ 0xff, c.ping(FAR, UE), UPF_N3, GNB)
        return seids


def unknown_teid():
    t = N4()
    t.traffic()
    for i in range(6):
        t.gpdu(0x100 + i, c.ping("10.45.0.77", FAR), STRANGER, attack=True)
        t.add(c.udp(UPF_N3, 2152, STRANGER, 2152, c.error_indication(0x100 + i, UPF_N3)), True)
    t.heartbeat()
    return Attack("gtpu-unknown-teid", "SA-UP-07", STRANGER, "gtpu-unknown-teid", t.steps, "")


def foreign_peer():
    t = N4()
    t.traffic()
    for _ in range(3):
        t.gpdu(0x7a31c5e2, c.ping(UE, FAR), STRANGER, attack=True)
    t.gpdu(0x7a31c5e2, c.ping(UE, FAR))
    return Attack("gtpu-foreign-peer", "SA-UP-07", STRANGER, "gtpu-foreign-peer", t.steps, "")


def tunnel_in_tunnel():
    t = N4()
    t.traffic()
    inside = c.gtpu(0x1c5e2, c.ping("10.45.0.9", FAR))
    t.gpdu(0x7a31c5e2, c.inner_udp(UE, UPF_N3, 2152, inside), attack=True)
    t.gpdu(0x7a31c5e2, c.ping(UE, FAR))
    return Attack("gtp-in-gtp", "SA-UP-07", GNB, "gtp-in-gtp", t.steps, "")


def pfcp_in_tunnel():
    t = N4()
    t.traffic()
    t.gpdu(0x7a31c5e2, c.inner_udp(UE, UPF, 8805, c.pfcp(54, 7, b"", 1)), attack=True)
    t.gpdu(0x7a31c5e2, c.ping(UE, FAR))
    return Attack("pfcp-in-gtp", "SA-UP-07", GNB, "pfcp-in-gtp", t.steps, "")


def spoofed_source():
    t = N4()
    t.traffic()
    for i in range(4):
        t.gpdu(0x7a31c5e2, c.ping(f"10.45.0.{100 + i}", FAR), attack=True)
    t.gpdu(0x7a31c5e2, c.ping(UE, FAR))
    return Attack("gtpu-spoofed-source", "SA-UP-07", GNB, "gtpu-spoofed-source", t.steps, "")


def foreign_command():
    t = N4()
    up, cp = t.traffic()
    t.ask(54, b"", c.cause(), (up, cp), STRANGER, True, 9000)
    t.heartbeat()
    return Attack("pfcp-foreign-deletion", "SA-DET-02", STRANGER, "does not own", t.steps, "")


def association_of_stranger():
    t = N4()
    t.traffic()
    t.ask(5, c.node_id(STRANGER) + c.recovery(3900000500), c.node_id(UPF) + c.cause() + c.recovery(3900000001),
          smf=STRANGER, attack=True, sequence=1)
    t.heartbeat()
    return Attack("pfcp-stranger", "SA-N4-02", STRANGER, "accepted its PFCP association", t.steps, INVENTORY)


def borrowed_node_id():
    t = N4()
    t.traffic()
    t.ask(5, c.node_id(SMF) + c.recovery(3900000500), c.node_id(UPF) + c.cause() + c.recovery(3900000001),
          smf=STRANGER, attack=True, sequence=1)
    t.heartbeat()
    return Attack("pfcp-borrowed-node-id", "SA-N4-04", STRANGER, "Node ID of", t.steps, "")


def pfcp_flood():
    t = N4()
    t.traffic()
    for i in range(120):
        t.say(STRANGER, UPF, c.pfcp(50, 100 + i, c.fseid(i * 7919, STRANGER), 0), True, 2)
    t.heartbeat()
    return Attack("pfcp-flood", "SA-N4-04", STRANGER, "floods", t.steps, "")


def predictable_teids():
    """Every allocation is part of what is wrong; without them there is nothing to judge."""
    t = N4()
    for i in range(55):
        t.seid += 1
        before = len(t.steps)
        t.session(0x40 + i, f"10.45.1.{i + 1}", after=5)
        for k in range(before, len(t.steps)):
            t.steps[k] = t.steps[k]._replace(attack=True)
    return Attack("teid-sequence", "SA-UP-06", UPF_N3, "follow each other", t.steps, "")


# --- N2 -------------------------------------------------------------------------------------------------------------

SUCI = c.h("0035 01 99f907 0000 01 01 3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da295c1e90d3a7 48f26b0c91e5d734")
SUCI_NULL = c.h("000d 01 99f907 0000 00 00 0000000021")


def registration(suci=SUCI, capability="e0e0"):
    return c.h("7e 00 41 79") + suci + c.h("2e 02" + capability)


REGISTER = registration()
CHALLENGE = c.h("7e 00 56 00 02 0000 21 8f1c6e2d5b7a4903c1d2e3f405162738 20 10 a1b2c3d4e5f6800012345678 9abcdef0")
RESPONSE = c.h("7e 00 57 2d 10 5e0d1c2b3a49586776859403b2a1c0df")


def security_mode(capability="e0e0", algorithms="22"):
    return c.h("7e 03 9b42c7e1 00 7e 00 5d" + algorithms + "00 02" + capability)


def complete(register=REGISTER):
    return c.h("7e 04 31a70c5e 00 7e 00 5e 71") + struct.pack("!H", len(register)) + register


class N2(Tape):
    def __init__(self, start=0):
        super().__init__(start)

    def join(self, gnb, ident, port=40000, attack=False):
        link = c.Sctp(gnb, AMF, port)
        self.frames(link.open(), attack)
        self.add(link.say(0, c.ngap(0, 21, c.gnb_id(ident, PLMN))), attack)
        self.add(link.say(1, c.ngap(1, 21)), attack)
        return link

    def begin(self, link, ue, nas=REGISTER, attack=False, after=20):
        self.add(link.say(0, c.ngap(0, 15, c.ran_id(ue), c.nas_pdu(nas))), attack, after)

    def up(self, link, ue, nas, attack=False):
        self.add(link.say(0, c.ngap(0, 46, c.amf_id(ue + 100), c.ran_id(ue), c.nas_pdu(nas))), attack)

    def down(self, link, ue, nas, attack=False):
        self.add(link.say(1, c.ngap(0, 4, c.amf_id(ue + 100), c.ran_id(ue), c.nas_pdu(nas))), attack)

    def context(self, link, ue, attack=False):
        self.add(link.say(1, c.ngap(0, 14, c.amf_id(ue + 100), c.ran_id(ue), c.security_capabilities(0xc000, 0xc000))), attack)
        self.add(link.say(0, c.ngap(1, 14, c.amf_id(ue + 100), c.ran_id(ue))), attack)

    def register(self, link, ue, command=None, done=None, attack=False):
        self.begin(link, ue, attack=attack)
        self.down(link, ue, CHALLENGE, attack)
        self.up(link, ue, RESPONSE, attack)
        self.down(link, ue, command or security_mode(), attack)
        self.up(link, ue, done or complete(), attack)
        self.context(link, ue, attack)


def n2(name, control, attacker, says, act, inventory=""):
    t = N2()
    link = t.join(GNB_N2, 1)
    t.register(link, 1)
    act(t, link)
    t.register(link, 3)
    return Attack(name, control, attacker, says, t.steps, inventory)


def without_authentication():
    def act(t, link):
        t.begin(link, 2, attack=True)
        t.context(link, 2, True)
    return n2("nas-no-authentication", "SA-NAS-05", AMF, "without authentication", act)


def bidding_down():
    return n2("nas-bidding-down", "SA-NAS-04", AMF, "replayed UE capabilities differ",
              lambda t, link: t.register(link, 2, security_mode("8080"), attack=True))


def bidding_down_radio():
    """The request was changed on the radio; the UE tells its own capabilities again when it is safe to (readable: NEA0)."""
    own = registration(capability="f0f0")
    return n2("nas-bidding-down-radio", "SA-NAS-04", AMF, "replayed UE capabilities differ",
              lambda t, link: t.register(link, 2, security_mode(algorithms="02"), complete(own), True))


def mismatch():
    def act(t, link):
        t.begin(link, 2, attack=True)
        t.down(link, 2, CHALLENGE, True)
        t.up(link, 2, RESPONSE, True)
        t.down(link, 2, security_mode(), True)
        t.up(link, 2, c.h("7e 00 5f 17"), True)
    return n2("nas-mismatch", "SA-NAS-04", AMF, "1 rejected by the UE", act)


def path_switch():
    def act(t, link):
        other = t.join("203.0.113.21", 2, 41000)
        t.add(other.say(0, c.ngap(0, 25, c.ran_id(9), c.ngap_ie(100, c.number(101, 3)), c.security_capabilities(0, 0))), True)
    return n2("path-switch-bidding-down", "SA-NAS-09", AMF, "203.0.113.21", act)


def identity_in_clear():
    def act(t, link):
        t.begin(link, 2, attack=True)
        t.down(link, 2, c.h("7e 00 5b 03"), True)
        t.up(link, 2, c.h("7e 00 5c 0008 4b 91 30 00 00 00 00 f0"), True)
    return n2("nas-identity-clear", "SA-PRIV-01", AMF, "without protection", act)


def null_ciphering():
    return n2("nas-null-ciphering", "SA-NAS-02", AMF, "NEA0",
              lambda t, link: t.register(link, 2, security_mode(algorithms="02"), attack=True))


def not_offered():
    return n2("nas-not-offered", "SA-NAS-04", AMF, "does not offer",
              lambda t, link: t.register(link, 2, security_mode(algorithms="33"), attack=True))


def null_scheme():
    return n2("nas-null-scheme", "SA-PRIV-01", AMF, "null scheme", lambda t, link: t.begin(link, 2, registration(SUCI_NULL), True))


def registration_flood():
    def act(t, link):
        for i in range(80):
            t.begin(link, 1000 + i, attack=True, after=1000 - t.ms % 1000 if i == 0 else 4)
        t.ms += 1000
    return n2("registration-flood", "SA-DET-03", GNB_N2, "floods AMF", act)


def rogue_gnb():
    return n2("rogue-gnb", "SA-DET-03", STRANGER, "under the identity of a gNB", lambda t, link: t.join(STRANGER, 1, 42000, True))


def unknown_gnb():
    return n2("unknown-gnb", "SA-N2-03", STRANGER, "knows no such gNB", lambda t, link: t.join(STRANGER, 66, 42000, True), GNBS)


def mac_failures():
    def act(t, link):
        for i in range(55):
            t.begin(link, 100 + i, attack=True)
            t.down(link, 100 + i, CHALLENGE, True)
            t.up(link, 100 + i, c.h("7e 00 59 14"), True)
    return n2("nas-mac-failures", "SA-NAS-05", AMF, "MAC failures", act)


def benign_n4(sessions=20):
    """Sessions that come and go, with traffic both ways."""
    t, seed = N4(), 0x1d2c3b4a
    for i in range(sessions):
        seed = seed * 1664525 + 1013904223 & 0xffffffff
        ue = f"10.45.2.{i + 1}"
        up, cp = t.session(seed, ue)
        for _ in range(2):
            t.gpdu(seed, c.ping(ue, FAR))
            t.gpdu(seed ^ 0xff, c.ping(FAR, ue), UPF_N3, GNB)
        if i % 3 == 0:
            t.ask(54, b"", c.cause(), (up, cp))
        if i % 5 == 0:
            t.heartbeat()
    for _ in range(3):
        t.ms += 6000
        t.heartbeat()
    return t.steps


def benign_n2(ues=20):
    t = N2()
    link = t.join(GNB_N2, 1)
    for ue in range(1, ues + 1):
        t.register(link, ue)
    return t.steps


def all_attacks():
    return [f() for f in (unknown_teid, foreign_peer, tunnel_in_tunnel, pfcp_in_tunnel, spoofed_source, foreign_command,
                          association_of_stranger, borrowed_node_id, pfcp_flood, predictable_teids, without_authentication,
                          bidding_down, bidding_down_radio, mismatch, path_switch, identity_in_clear, null_ciphering, not_offered, null_scheme,
                          registration_flood, rogue_gnb, unknown_gnb, mac_failures)]


def pcap(path, steps):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for s in steps:
            f.write(struct.pack("<IIII", 1795430000 + s.ms // 1000, s.ms % 1000 * 1000, len(s.data), len(s.data)) + s.data)
    return path


if __name__ == "__main__":
    for attack in all_attacks():
        pcap(os.path.join(sys.argv[1], attack.name + ".pcap"), attack.steps)

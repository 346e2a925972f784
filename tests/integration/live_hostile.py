# SPDX-License-Identifier: Apache-2.0
"""Peers that mean no good, against a collector that works: each is refused with its reason, a good agent notices nothing, memory is flat.

VIGIL_HALF_OPEN=N: so many connections that never speak (200)."""
import os
import re
import socket
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import netconf_tls as nc
from live import BAD, BIN, GOOD, OPEN, Lab, amf, until
from vigil import check, finish

HALF_OPEN = int(os.environ.get("VIGIL_HALF_OPEN", "200"))
CONTROL = "SA-NAS-02"


class Scene:
    def __init__(self, lab):
        self.lab, self.turn = lab, 0
        self.mark = 0

    def good_works(self, what):
        """The good agent's finding follows its file."""
        self.turn += 1
        order, states = ((GOOD, ("resolved",)), (BAD, OPEN))[self.turn % 2]
        self.lab.write("a1/amf.yaml", amf(order))
        check(self.lab.wait_state(CONTROL, self.lab.target("a1", "amf"), *states) is not None, f"{what}: the good agent is disturbed")

    def begin(self):
        self.mark = os.path.getsize(self.lab.collector.log)

    def refused(self, what, pattern):
        """The log says why; nothing of it is taken."""
        check(self.lab.collector.wait_said(pattern, self.mark, 20), f"{what}: no reason in the log")
        check(self.lab.collector.running(), f"{what}: the collector ended")


def hello_of(lab):
    """Hello and data of a real agent, from a collector that is ours."""
    with socket.socket() as l:
        l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        l.bind(("127.0.0.1", lab.port))
        l.listen(5)
        l.settimeout(60)
        p = nc.be_called(l, lab.pki)
    hello = p.hello(nc.CALLER_HELLO)
    p.send(nc.rpc(1, "<get/>"))
    data = nc.data_of(p.receive())
    p.close()
    return hello, data


def slow_collector(lab, agent):
    """One that asks and asks, and reads nothing: the agent holds a bounded queue, and lives on."""
    with socket.socket() as l:
        l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        l.bind(("127.0.0.1", lab.port))
        l.listen(5)
        l.settimeout(60)
        p = nc.be_called(l, lab.pki)
    p.hello(nc.CALLER_HELLO)
    p.sock.settimeout(5)
    before = agent.rss_kib()
    try:
        for number in range(20000):
            p.send(nc.rpc(number + 1, "<get/>"))
    except OSError:
        pass
    print(f"memory of an agent whose collector does not read: {before} KiB, then {agent.rss_kib()} KiB")
    check(agent.rss_kib() - before < 64 * 1024, f"the queue of an agent grows to {agent.rss_kib()} KiB")
    p.close()
    check(agent.running(), "a collector that does not read ends the agent")


def certificates(lab):
    """Of a CA that nobody trusts, and one that has expired."""
    other = lab.path("other")
    subprocess.run(["sh", "deploy/test-ca.sh", other, "collector", "a1", "b1"], check=True, stdout=subprocess.DEVNULL)
    old = lab.path("pki", "old1")
    os.makedirs(old)
    ext = lab.write("ext", "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=DNS:old1\n")
    run = lambda *a: subprocess.run(a, check=True, capture_output=True)
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=old1", "-keyout",
        f"{old}/key.pem", "-out", lab.path("req"))
    # Days may be negative: it ended before it began.
    run("openssl", "x509", "-req", "-in", lab.path("req"), "-CA", lab.path("pki", "ca.pem"), "-CAkey", lab.path("pki", "ca", "key.pem"),
        "-days", "-1", "-set_serial", "77", "-extfile", ext, "-out", f"{old}/cert.pem")
    return other


def raw(lab, data=b""):
    s = socket.create_connection(("127.0.0.1", lab.port), 60)
    s.sendall(data)
    return s


def tls_trouble(lab, scene):
    scene.begin()
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 300, b"\0" * 100):
        nc.Peer(raw(lab, garbage)).ended()
    scene.refused("garbage instead of TLS", r"\((tls|cut|system|handshake[^)]*)\)|TLS")
    other = certificates(lab)
    for what, pki, name in (("a foreign CA", other, "a1"), ("an expired certificate", lab.pki, "old1"), ("nobody we granted", lab.pki, "c1")):
        scene.begin()
        try:
            nc.call_home(lab.port, pki, name).ended()
        except (OSError, ssl.SSLError):
            pass
        scene.refused(what, r"agent session ended \((?!peer)")
    scene.begin()
    try:
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
        c.wrap_socket(raw(lab)).close()
    except (OSError, ssl.SSLError):
        pass
    scene.refused("a caller that plays TLS client, without certificate", r"agent session ended")
    scene.good_works("TLS")


def established(lab, hello, name="b1"):
    """A session up to the first request of the collector, which is to subscribe, answered by nothing yet. The second, for all that
    the agent holds, comes later and later to one with which it came to nothing before."""
    p = nc.call_home(lab.port, lab.pki, name)
    p.hello(hello)
    return p, nc.message_id(p.receive())


def replied(lab, hello, data):
    p, subscribe = established(lab, hello)
    get = nc.message_id(p.receive())
    p.send(f'<rpc-reply xmlns="{nc.NS}" message-id="{subscribe}"><ok/></rpc-reply>')
    p.send(f'<rpc-reply xmlns="{nc.NS}" message-id="{get}"><data>{data}</data></rpc-reply>')
    return p


def at_peace(lab, hello, data):
    """b1 says that it holds nothing, and is heard; then nothing is held against it."""
    model = re.search(r"<model-revision>([0-9-]+)<", data).group(1)
    p = replied(lab, hello, '<agent xmlns="urn:vigil5g:yang:x1818-agent"><version>0</version><boot-id>1</boot-id><seq>0</seq>'
                f"<model-revision>{model}</model-revision></agent>")
    until("b1 is heard", lambda: any(a["id"] == "b1" and a["sync"] == "synced" and a["sync-failures"] == 0
                                     for a in lab.ask("agents", expect=None).get("agents", [])))
    p.close()


def lies(lab, scene, hello, data):
    """Facts that are not b1's, or no facts."""
    own = data.replace("/a1/", "/b1/")
    value = re.sub(r"(<port[^>]*>)\d+", r"\g<1>70000", own, count=1)
    twice = re.sub(r"(<nf>.*?</nf>)", r"\1\1", own, count=1, flags=re.S)
    for what, body, why in (("facts of another agent", data, "not its own"), ("a value out of range", value, "bad-message"),
                            ("an entry twice", twice, "bad-message"), ("content that is not of its revision", own, "bad-message"),
                            ("no facts at all", "", "bad-message"), ("XML that is none", "<facts", "bad-message")):
        at_peace(lab, hello, data)
        scene.begin()
        p = replied(lab, hello, body)
        p.ended()
        scene.refused(what, rf"\(b1\).*{why}|{why}.*\(b1\)")
    scene.good_works("lies")


def framing(lab, scene, hello):
    for what, data in (("#0", b"\n#0\n"), ("## without a chunk", b"\n##\n"), ("a chunk of 2^64-1", b"\n#18446744073709551615\nx"),
                       ("a chunk of 2^32", b"\n#4294967296\n" + b"x" * 100), ("no frame", b"<rpc/>"), ("a sign", b"\n#-1\nx")):
        scene.begin()
        p, _ = established(lab, hello)
        try:
            p.sock.sendall(data)
        except OSError:
            pass
        p.ended()
        scene.refused(what, r"\(b1\)")
    scene.begin()
    p = nc.call_home(lab.port, lab.pki, "b1")
    try:
        p.sock.sendall(b"<hello>" + b"x" * (1 << 20))
    except OSError:
        pass
    p.ended()
    scene.refused("a hello without end", r"\(b1\)")
    scene.begin()
    p, _ = established(lab, hello)
    try:
        block = b"\n#1048576\n" + b"x" * 1048576
        for _ in range(100):
            p.sock.sendall(block)
        check(False, "100 MB are taken")
    except (OSError, ssl.SSLError):
        pass
    scene.refused("a message of 100 MB", r"\(b1\)")
    scene.good_works("framing")


def crowd(lab, scene, hello):
    """Connections that never speak, one that stops in a message, one that never reads: they stay, and nobody waits for them."""
    half, _ = established(lab, hello)
    silent = nc.call_home(lab.port, lab.pki, "e1")
    silent.send(hello)
    held = [raw(lab) for _ in range(HALF_OPEN)]
    half.sock.sendall(b"\n#1000\n<rpc-reply")
    scene.good_works(f"{HALF_OPEN} half-open connections and half a message")
    check(lab.collector.running(), "a crowd ends the collector")
    for s in [*held, half, silent]:
        s.close()

    def place():
        """Of one address only so many may be on their way: until those that went are counted, the next is turned away."""
        try:
            nc.call_home(lab.port, lab.pki, "e1").close()
            return True
        except (OSError, ssl.SSLError):
            return False
    until("a place for the next", place)


with Lab("a1", "b1", "c1", "e1", collector="agents:\n  - name: a1\n  - name: b1\n  - name: old1\n  - name: e1\n") as net:
    net.write("a1/amf.yaml", amf(BAD))
    a1 = net.agent("a1", [f"config: [{net.path('a1')}]"]).start()
    agents_hello, facts = hello_of(net)
    check("x1818-agent" in agents_hello and "nf:s1/a1/" in facts, "hello and facts of a real agent")
    slow_collector(net, a1)
    net.start_collector()
    a1.stop()
    a1.start()  # it would wait up to a minute after so many calls that came to nothing
    net.wait_agent("a1")
    play = Scene(net)
    play.good_works("at first")
    tls_trouble(net, play)
    lies(net, play, agents_hello, facts)
    framing(net, play, agents_hello)
    crowd(net, play, agents_hello)
    before = net.collector.rss_kib()
    lies(net, play, agents_hello, facts)
    framing(net, play, agents_hello)
    crowd(net, play, agents_hello)
    grown = net.collector.rss_kib() - before
    print(f"memory of the collector: {before} KiB, grown by {grown} KiB")
    check(grown < 4096 or "san" in os.path.basename(BIN), f"memory grows by {grown} KiB")
    foreign = [f["target"] for f in net.findings() if "/b1/" in f["target"] and f["control"] != "VG-BLIND-01"]
    check(not foreign, f"findings by a liar: {foreign}")
    check([a["gaps"] for a in net.ask("agents")["agents"] if a["id"] == "a1"] == [0] and a1.running(), "the good agent's session suffered")
finish()

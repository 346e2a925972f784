# SPDX-License-Identifier: Apache-2.0
"""The test authority: certificates that a TLS peer accepts under the right name alone, keys that nobody else reads, and a
second run that changes nothing."""
import os
import ssl
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, check, directory, finish

SCRIPT = os.path.join(ROOT, "deploy", "test-ca.sh")
COLLECTOR = "collector.vigil5g.test"


def make(*args, **env):
    return subprocess.run(["sh", SCRIPT, *args], capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, **env})


def context(side, base, name):
    c = ssl.SSLContext(side)
    c.minimum_version = ssl.TLSVersion.TLSv1_2
    c.verify_mode = ssl.CERT_REQUIRED
    c.load_cert_chain(os.path.join(base, name, "cert.pem"), os.path.join(base, name, "key.pem"))
    c.load_verify_locations(os.path.join(base, name, "ca.pem"))
    return c


def handshake(base, server, client, expected, other=None):
    """Real TLS, both sides with a certificate, over memory. Names that the peers gave, or None when it was refused.
    other: another directory, for the client."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    s = context(ssl.PROTOCOL_TLS_SERVER, base, server).wrap_bio(to_server, to_client, server_side=True)
    c = context(ssl.PROTOCOL_TLS_CLIENT, other or base, client).wrap_bio(to_client, to_server, server_hostname=expected)
    done = set()
    for _ in range(20):
        for side in (c, s):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return None
        if len(done) == 2:
            try:
                c.read(1)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                return None
            return [p.getpeercert()["subjectAltName"] for p in (c, s)]
    return None


with directory() as d:
    ca = os.path.join(d, "ca")
    p = make(ca, COLLECTOR, "node-1", "node-2")
    check(p.returncode == 0, f"test-ca.sh: {p.stderr}")
    # On call home who was called is the TLS client; both directions are tried, as both sides have both usages.
    for server, client in (("node-1", COLLECTOR), (COLLECTOR, "node-2")):
        names = handshake(ca, server, client, server)
        check(names == [(("DNS", server),), (("DNS", client),)], f"{server} and {client}: {names}")
    check(handshake(ca, "node-1", COLLECTOR, "node-2") is None, "node-1 passes as node-2")

    modes = {}
    for folder, _, names in os.walk(ca):
        for n in names:
            path = os.path.join(folder, n)
            modes[os.path.relpath(path, ca)] = stat.S_IMODE(os.stat(path).st_mode)
    keys = {n: m for n, m in modes.items() if n.endswith("key.pem")}
    check(len(keys) == 4 and set(keys.values()) == {0o600}, f"keys {keys}")
    check(set(modes) == {"ca.pem", "ca/key.pem"} | {f"{n}/{f}" for n in (COLLECTOR, "node-1", "node-2")
                                                    for f in ("cert.pem", "key.pem", "ca.pem")}, f"files {sorted(modes)}")
    # The label alone (RFC 7468): three letters in the base64 of a certificate are chance.
    check(not any("PRIVATE KEY-----" in open(os.path.join(ca, n), encoding="ascii").read()
                  for n in modes if not n.endswith("key.pem")), "a key in a file of another name")

    def content():
        found = {}
        for n in modes:
            with open(os.path.join(ca, n), "rb") as f:
                found[n] = f.read()
        return found

    before = content()
    check(make(ca, COLLECTOR, "node-1", "node-3").returncode == 0, "second run")
    check(content() == before, "the second run changed what was there")
    check(handshake(ca, "node-3", COLLECTOR, "node-3"), "an agent added later is not accepted")

    # Another authority is another world.
    check(make(os.path.join(d, "other"), COLLECTOR, "node-1").returncode == 0, "other authority")
    check(handshake(ca, "node-1", COLLECTOR, "node-1", other=os.path.join(d, "other")) is None, "a foreign CA is accepted")

    for bad in ("../x", "a/b", "", "-x", "a,DNS:b", "ca", "a b", "x" * 64, "n\nDNS:b"):
        p = make(os.path.join(d, "bad"), COLLECTOR, bad)
        check(p.returncode == 2 and not os.path.exists(os.path.join(d, "bad")), f"the name {bad!r} was taken")
    check(make(os.path.join(d, "bad")).returncode == 2, "no names")
finish()

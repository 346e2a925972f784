# SPDX-License-Identifier: Apache-2.0
"""Pods enrol by the projected token of their service account: an agent that has nothing else comes to a certificate and connects
to a real collector. Tokens of other accounts, nodes, audiences and signers give nothing, and no token is ever seen on the wire or
in a log."""
import os
import pwd
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authority import SERVER, Authority, openssl, serial, vigil
from cluster import AUDIENCE, ISSUER, Cluster
from live import BIN, CEILING, GOOD, Lab, Process, amf, until
from vigil import check, finish


def configuration(cluster, accounts):
    return (f"kubernetes:\n  issuer: {ISSUER}\n  audience: {AUDIENCE}\n  keys: {cluster.jwks}\n  accounts:\n" +
            "".join(f"    - {a}\n" for a in accounts))


ACCOUNTS = ("{namespace: core, service-account: vigil-agent}",
            "{namespace: core, service-account: vigil-tap, suffix: -tap}",
            "{namespace: core, service-account: vigil-set, name: pod}")


class Pods:
    """What a pod does: its token is a file, which kubelet replaces."""

    def __init__(self, lab, authority, cluster):
        self.lab, self.authority, self.cluster = lab, authority, cluster
        self.tokens = []

    def enrol(self, name, url=None, trust=None, more=(), raw=None, **token):
        text = raw or self.cluster.token(**token)
        self.tokens.append(text)
        path = self.lab.write("token", text + "\n")
        return vigil(url or self.authority.url, "--token-file", path, "--trust", trust or f"{self.lab.pki}/ca.pem", "--out",
                     self.lab.path(name), *more)

    def refused(self, reason, name="nobody-tls", **token):
        before = self.authority.refused(reason)
        p = self.enrol(name, **token)
        check(p.returncode == 2 and reason in p.stderr, f"{reason}: {p.returncode} {p.stderr}")
        check(self.authority.refused(reason) == before + 1, f"{reason} is not in the record")
        check(not os.path.exists(self.lab.path(name, "cert.pem")), f"{reason}: there is a certificate")

    def secret(self):
        """None of them is anywhere but in its file."""
        said = self.authority.said()
        with open(os.path.join(self.authority.state, "issued.log"), encoding="ascii") as f:
            said += f.read()
        for folder, _, files in os.walk(self.authority.state):
            for name in files:
                with open(os.path.join(folder, name), "rb") as f:
                    said += f.read().decode("latin-1")
        for t in self.tokens:
            head, body, signature = t.split(".")
            check(body not in said and (not signature or signature not in said), "a token is in a log or a file")


def first(lab, pods):
    """A pod has nothing but its token and the CA; its agent connects and renews as every other one."""
    out = lab.path("node-1-tls")
    lab.write("node-1/amf.yaml", amf(GOOD))
    p = pods.enrol("node-1-tls")
    if not check(p.returncode == 0, f"enrol: {p.stderr}"):
        finish()
    check("certificate of node-1 until 20" in p.stdout, f"enrol says: {p.stdout}")
    p = openssl("x509", "-in", f"{out}/cert.pem", "-noout", "-ext", "subjectAltName", "-subject")
    check("DNS:node-1" in p.stdout and "CN = node-1" in p.stdout, f"the certificate: {p.stdout}")
    text = (f"name: node-1\nsite: s1\nroot: /\nsources:\n  - config: {lab.path('node-1')}\n"
            f"collectors: [\"127.0.0.1:{lab.port}\"]\ntls:\n  certificate: {out}/cert.pem\n  key: {out}/key.pem\n"
            f"  trust: {out}/ca.pem\n  collector: collector\n  enrol: {pods.authority.url}\nspool: {lab.path('spool')}\n")
    agent = Process([os.path.join(BIN, "vigil-agent"), "--config", lab.write("node-1.yaml", text)], lab.path("agent.log"))
    lab.processes.append(agent)
    lab.start_collector()
    agent.start()
    lab.wait_agent("node-1")
    # The next one is by the certificate, as for every agent; the session hears of it.
    p = vigil(pods.authority.url, "--renew", "--out", out)
    check(p.returncode == 0, f"renewal: {p.stderr}")
    issued = [(e["event"], e["agent"], e.get("pod")) for e in pods.authority.record()]
    pod = "core/vigil-agent/vigil-x7/11111111-2222-3333-4444-555555555555"
    check(issued == [("issued", "node-1", pod), ("renewed", "node-1", None)], f"the record: {issued}")
    agent.stop()
    # An empty disk, in the same pod and in the next one of that node: the same name again.
    last = serial(f"{out}/cert.pem")
    for uid in ("11111111-2222-3333-4444-555555555555", "99999999-2222-3333-4444-555555555555"):
        p = pods.enrol("node-1-tls", uid=uid, algorithm="ES256")
        check(p.returncode == 0 and serial(f"{out}/cert.pem") != last, f"again: {p.stderr}")
        last = serial(f"{out}/cert.pem")
    # As the container before that of the agent does it: only where it is needed.
    p = pods.enrol("node-1-tls", more=("--if-due",))
    check(p.returncode == 0 and serial(f"{out}/cert.pem") == last and "need not be renewed" in p.stdout, f"--if-due: {p.stdout}")
    p = pods.enrol("tap-tls", more=("--if-due",), account="vigil-tap")
    check(p.returncode == 0 and "certificate of node-1-tap until" in p.stdout, f"--if-due with nothing: {p.stdout}{p.stderr}")


def refusals(lab, pods):
    pods.refused("pod-account", account="default")
    pods.refused("pod-account", namespace="other")
    pods.refused("pod-token-audience", aud=["https://kubernetes.default.svc"])
    pods.refused("pod-token-issuer", iss="https://other")
    pods.refused("pod-token-expired", exp=1000000000)
    pods.refused("pod-token-not-yet-valid", nbf=4000000000)
    pods.refused("pod-token-claims", sub="system:serviceaccount:core:default")
    pods.refused("pod-token-key", header={"kid": "k-none"})
    pods.refused("pod-token-algorithm", header={"alg": "none"})
    pods.refused("pod-token-algorithm", header={"alg": "HS256"})
    pods.refused("pod-token-signature", raw=Cluster(lab, "stranger").token())
    good = pods.cluster.token()
    pods.refused("pod-token-signature", raw=good[:-8] + ("A" * 8 if good[-8:] != "A" * 8 else "B" * 8))
    # Another pod, of a set whose pods give the name, called as the node is.
    pods.refused("name-taken", account="vigil-set", pod="node-1")
    vigil("deny", "node-9", "--state", pods.authority.state)
    pods.refused("denied", node="node-9")
    # Files that are none, and wrong use.
    for raw in ("x", "a.b", "a.b.c d", "a" * 9000 + ".b.c"):
        p = pods.enrol("nobody-tls", raw=raw)
        check(p.returncode == 2, f"{raw[:10]}: {p.returncode} {p.stderr}")
        pods.tokens.pop()
    p = vigil(pods.authority.url, "--token-file", lab.path("token"), "--out", lab.path("nobody-tls"))
    check(p.returncode == 2 and "--trust go together" in p.stderr, f"without --trust: {p.stderr}")


def in_between(lab, pods):
    """Who listens learns no token, and who answers in the authority's place gets none."""
    seen = bytearray()
    relay = socket.create_server(("127.0.0.1", 0))

    def pump(a, b):
        try:
            while data := a.recv(65536):
                seen.extend(data)
                b.sendall(data)
        except OSError:
            pass
        for s in (a, b):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def serve():
        while True:
            try:
                a, _ = relay.accept()
            except OSError:
                return
            b = socket.create_connection(("127.0.0.1", pods.authority.port))
            for pair in ((a, b), (b, a)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    p = pods.enrol("between-tls", url=f"http://127.0.0.1:{relay.getsockname()[1]}", node="node-5")
    relay.close()
    check(p.returncode == 0, f"through a relay: {p.stderr}")
    token = pods.tokens[-1]
    check(b"vigil5g-pod-1:" in seen, "nothing was sealed")
    for part in token.split("."):
        check(part.encode() not in seen, "the token is on the wire")
    # An authority of somebody else, with a CA of its own.
    with Lab() as other:
        stranger = Authority(other, more=configuration(pods.cluster, ACCOUNTS)).start()
        p = pods.enrol("stranger-tls", url=stranger.url, node="node-6")
        check(p.returncode == 2 and "no answer that can be trusted" in p.stderr, f"another authority: {p.returncode} {p.stderr}")
        check(not stranger.record(), f"it was shown the token: {stranger.record()}")
        p = pods.enrol("stranger-tls", url=stranger.url, trust=f"{other.pki}/ca.pem", node="node-6")
        check(p.returncode == 0, f"whom it trusts: {p.stderr}")


def keys_change(lab, pods):
    """The issuer takes another key, without a restart."""
    pods.cluster.publish("ES256")
    pods.refused("pod-token-key")
    check(pods.enrol("node-1-tls", algorithm="ES256").returncode == 0, "the key that stays")
    lab.write(pods.cluster.jwks, "{\"keys\": []}")
    check(pods.enrol("node-1-tls", algorithm="ES256").returncode == 0, "a bad file takes the keys away")
    check("stay in use" in pods.authority.said(), "a bad file is not said")
    pods.cluster.publish("RS256")
    check(pods.enrol("node-1-tls").returncode == 0, "the key that is back")
    check(pods.authority.running(), "the authority ended")


def off(lab, cluster):
    """An authority that takes no pods, and one that is somebody else and may read nothing but what it needs."""
    plain = Authority(lab, "plain").start()
    p = Pods(lab, plain, cluster).enrol("off-tls")
    check(p.returncode == 2 and not os.path.exists(lab.path("off-tls", "cert.pem")), f"pods where none may: {p.stderr}")
    check(plain.refused("unprotected") == 1, f"the record: {plain.record()}")
    plain.stop()
    if os.geteuid() != 0:
        return
    confined = Authority(lab, "confined", more=configuration(cluster, ACCOUNTS) + "user: nobody\n")
    nobody = pwd.getpwnam("nobody")
    os.chown(confined.state, nobody.pw_uid, nobody.pw_gid)
    os.chmod(lab.dir, 0o755)
    os.chmod(os.path.dirname(cluster.jwks), 0o755)
    os.chmod(cluster.jwks, 0o644)
    confined.argv.append("--protections")
    confined.start()
    pods = Pods(lab, confined, cluster)
    check(pods.enrol("confined-tls").returncode == 0, f"by one that is confined: {confined.said()[-500:]}")
    os.umask(0o022)
    cluster.publish("ES256")
    until("the other keys are read", lambda: pods.enrol("confined-tls", algorithm="ES256").returncode == 0 and
          "are others" in confined.said())
    check(re.search(r"desk: user: active", confined.said()), f"protections: {confined.said()[:600]}")


def lines(lab, cluster):
    """Every error of its configuration has a line."""
    base = f"listen: \"127.0.0.1:1\"\nca: {{certificate: {lab.pki}/ca.pem, key: {lab.pki}/ca/key.pem}}\nstate: {lab.dir}\n"
    head = f"kubernetes:\n  issuer: x\n  keys: {cluster.jwks}\n"
    for more, line in ((head, 4), (head + "  accounts: []\n", 4),
                       (head + "  accounts:\n    - {namespace: a}\n", 8),
                       (head + "  accounts:\n    - {namespace: A, service-account: b}\n", 8),
                       (head + "  accounts:\n    - {namespace: a, service-account: b, name: uid}\n", 8),
                       (head + "  accounts:\n    - {namespace: a, service-account: b}\n"
                               "    - {namespace: a, service-account: b, suffix: -x}\n", 9),
                       (head + "  accounts:\n    - {namespace: a, service-account: b}\n"
                               "    - {namespace: a, service-account: c}\n", 9),
                       (head.replace(cluster.jwks, "/no/such") + "  accounts:\n    - {namespace: a, service-account: b}\n", 6)):
        p = subprocess.run([SERVER, "--check", "--config", lab.write("bad.yaml", base + more)], capture_output=True, text=True,
                           timeout=CEILING, check=False)
        check(p.returncode == 2 and re.search(rf"bad.yaml:(?: line )?{line}:", p.stderr), f"{more!r}: {p.returncode} {p.stderr}")
    good = head + "  accounts:\n    - {namespace: a, service-account: b}\n"
    p = subprocess.run([SERVER, "--check", "--config", lab.write("good.yaml", base + good)], capture_output=True, text=True,
                       timeout=CEILING, check=False)
    check(p.returncode == 0, f"a good one: {p.stderr}")


with Lab() as lab:
    cluster = Cluster(lab)
    authority = Authority(lab, more=configuration(cluster, ACCOUNTS)).start()
    pods = Pods(lab, authority, cluster)
    first(lab, pods)
    refusals(lab, pods)
    in_between(lab, pods)
    keys_change(lab, pods)
    pods.secret()
    check(authority.stop() == 0, "the authority does not end in order")
    off(lab, cluster)
    lines(lab, cluster)
finish()

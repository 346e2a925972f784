# SPDX-License-Identifier: Apache-2.0
"""Enrolment with real processes: an agent that has nothing but a token comes to a certificate, connects, and renews it while its
session stays. Tokens are good once, for one agent, for a time. OpenSSL's own client gets the same. Strangers get nothing, learn
nothing, and keep nobody else out."""
import json
import os
import pwd
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from authority import SERVER, Authority, not_after, openssl, serial, vigil
from live import BIN, CEILING, GOOD, Lab, Process, amf, until
from vigil import VIGIL, check, children, finish

SHORT, LONG = 20, 60  # seconds that a certificate is good here


def first(lab, authority):
    """An agent that has nothing gets what it needs, and nobody but its owner can read the key."""
    out = lab.path("a1-tls")
    token = authority.token("a1")
    p = vigil(authority.url, "--token", "-", "--out", out, text=token + "\n")
    if not check(p.returncode == 0, f"enrol: {p.stderr}"):
        return None
    check(re.search(r"certificate of a1 until 20\d\d-", p.stdout), f"enrol says: {p.stdout}")
    check(stat.S_IMODE(os.stat(os.path.join(out, "key.pem")).st_mode) == 0o600, "mode of the key")
    p = openssl("verify", "-CAfile", os.path.join(out, "ca.pem"), "-purpose", "sslclient", os.path.join(out, "cert.pem"))
    check(p.returncode == 0, f"verify: {p.stdout}{p.stderr}")
    with open(os.path.join(out, "ca.pem"), encoding="ascii") as a, open(os.path.join(lab.pki, "ca.pem"), encoding="ascii") as b:
        check(a.read() == b.read(), "the CA that the agent learnt is not the CA")
    issued = [e for e in authority.record() if e["event"] == "issued"]
    check(len(issued) == 1 and issued[0]["agent"] == "a1" and issued[0]["serial"] == serial(os.path.join(out, "cert.pem")),
          f"the record: {issued}")
    check(token.split(":")[3] not in authority.said() + json.dumps(authority.record()), "the secret is in a log")
    return out, token


def refusals(lab, authority, out, token):
    """Twice, too late, for another, with a wrong secret: refused, counted, written, and what was there stays."""
    before = serial(os.path.join(out, "cert.pem"))
    _, agent, ident, secret = token.split(":")
    p = vigil(authority.url, "--token", "-", "--out", out, text=token)
    check(p.returncode == 2 and authority.refused("token-spent") == 1, f"twice: {p.returncode} {p.stderr}")
    spent = p.stderr
    never = f"vigil5g-enrol:{agent}:{'0' * 16}:{secret}"
    p = vigil(authority.url, "--token", "-", "--out", out, text=never)
    check(p.returncode == 2 and authority.refused("token-unknown") == 1, f"unknown: {p.returncode} {p.stderr}")
    check(p.stderr == spent, f"a spent token and an unknown one can be told apart: {p.stderr}")
    fresh = authority.token("a2")
    wrong = fresh.rsplit(":", 1)[0] + ":" + "0" * 64
    p = vigil(authority.url, "--token", "-", "--out", out, text=wrong)
    check(p.returncode == 2 and authority.refused("wrong-secret") == 1, f"wrong secret: {p.returncode} {p.stderr}")
    check(p.stderr == spent, f"a good token and an unknown one can be told apart: {p.stderr}")
    other = fresh.replace(":a2:", ":a3:")
    p = vigil(authority.url, "--token", "-", "--out", out, text=other)
    check(p.returncode == 2 and authority.refused("other-agent") == 1, f"another's token: {p.returncode} {p.stderr}")
    late = authority.token("a2", "1s")
    end = time.time() + 1
    until("the token is too old", lambda: time.time() > end + 1)
    p = vigil(authority.url, "--token", "-", "--out", out, text=late)
    check(p.returncode == 2 and authority.refused("token-expired") == 1, f"too late: {p.returncode} {p.stderr}")
    check(p.stderr == spent, f"an expired token and an unknown one can be told apart: {p.stderr}")
    check(serial(os.path.join(out, "cert.pem")) == before, "a refusal changed what was there")
    for bad in ("", "x", token[:-1], token + "0"):
        p = vigil(authority.url, "--token", "-", "--out", out, text=bad)
        check(p.returncode == 2 and "no token" in p.stderr, f"'{bad[:20]}': {p.stderr}")
    path = lab.write("open-token", fresh)
    os.chmod(path, 0o644)
    p = vigil(authority.url, "--token", path, "--out", out)
    check(p.returncode == 2 and "others may read it" in p.stderr and fresh not in p.stderr, f"a token for all: {p.stderr}")
    p = vigil("http://127.0.0.1:1", "--token", "-", "--out", out, text=fresh)
    check(p.returncode == 2 and "cannot be reached" in p.stderr, f"nobody there: {p.stderr}")
    p = vigil("https://127.0.0.1:1", "--token", "-", "--out", out, text=fresh)
    check(p.returncode == 2 and "http://HOST:PORT" in p.stderr, f"https: {p.stderr}")
    vigil("deny", "a2", "--state", authority.state)
    p = vigil(authority.url, "--token", "-", "--out", lab.path("a2-tls"), text=fresh)
    check(p.returncode == 2 and authority.refused("denied") == 1, f"denied: {p.stderr}")
    vigil("allow", "a2", "--state", authority.state)
    p = vigil(authority.url, "--token", "-", "--out", lab.path("a2-tls"), text=fresh)
    check(p.returncode == 0, f"allowed again, after refusals that cost it nothing: {p.stderr}")


def independent(lab, authority):
    """OpenSSL's command as the client: the first certificate by token, the next one by certificate, each confirmed."""
    _, agent, ident, secret = authority.token("b1").split(":")
    keys = [lab.path(f"b1-{i}.key") for i in range(2)]
    certs = [lab.path(f"b1-{i}.crt") for i in range(2)]
    for k in keys:
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", k)
    where = ("-server", f"127.0.0.1:{authority.port}", "-path", ".well-known/cmp")
    p = openssl("cmp", "-cmd", "ir", *where, "-ref", ident, "-secret", "pass:" + secret, "-subject", "/CN=" + agent,
                "-newkey", keys[0], "-certout", certs[0], "-cacertsout", lab.path("b1-ca.pem"))
    if not check(p.returncode == 0 and os.path.exists(certs[0]), f"openssl cmp ir: {p.stderr[-600:]}"):
        return
    p = openssl("cmp", "-cmd", "kur", *where, "-trusted", lab.path("b1-ca.pem"), "-cert", certs[0], "-key", keys[0],
                "-newkey", keys[1], "-certout", certs[1])
    check(p.returncode == 0 and serial(certs[1]) != serial(certs[0]), f"openssl cmp kur: {p.stderr[-600:]}")
    p = openssl("x509", "-in", certs[1], "-noout", "-ext", "subjectAltName,extendedKeyUsage")
    check("DNS:b1" in p.stdout and "Client" in p.stdout and "Server" in p.stdout, f"what it says: {p.stdout}")
    confirmed = [e["serial"] for e in authority.record() if e["event"] == "confirmed"]
    check(confirmed == [serial(c) for c in certs], f"confirmed: {confirmed}")
    # The key of b1 gets no certificate of another.
    p = openssl("cmp", "-cmd", "kur", *where, "-trusted", lab.path("b1-ca.pem"), "-cert", certs[1], "-key", keys[1],
                "-newkey", keys[0], "-certout", lab.path("stolen.crt"), "-subject", "/CN=a1", "-sans", "a1")
    check(p.returncode != 0 and not os.path.exists(lab.path("stolen.crt")), "b1 got a certificate of a1")


def talk(port, data, source="127.0.0.1", wait=5):
    """What comes back, until the other side closes or a while has passed."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wait, source_address=(source, 0)) as s:
        try:
            s.sendall(data)
            while True:
                part = s.recv(4096)
                if not part:
                    break
                got += part
        except OSError:
            pass
    return got


def hostile(lab, authority):
    """Bytes that are no request, requests that never end, and more of them than there are places."""
    head = b"POST /.well-known/cmp HTTP/1.1\r\nHost: x\r\nContent-Type: application/pkixcmp\r\n"
    cases = {
        b"\x00" * 4096: None,
        os.urandom(20000): None,
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": b"404",
        b"GET /.well-known/cmp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n": b"405",
        b"POST /.well-known/cmp HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 1\r\n\r\nx": b"415",
        head + b"Content-Length: 99999999999999999999\r\n\r\n": None,
        head + b"Content-Length: 70000\r\n\r\n" + b"x" * 70000: b"413",
        head + b"Content-Length: -1\r\n\r\n": None,
        head + b"Content-Length: 0\r\nConnection: close\r\n\r\n": b"400",
        head + b"Content-Length: 4\r\nConnection: close\r\n\r\n\x30\x82\xff\xff": b"400",
        head + b"Content-Length: 300\r\nConnection: close\r\n\r\n" + b"\x30\x80" * 150: b"400",
        head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" + b"1000\r\n" * 40: None,
        head + b"X: " + b"y" * 100000 + b"\r\n\r\n": None,
    }
    for data, code in cases.items():
        answer = talk(authority.port, data)
        if code:
            check(answer.startswith(b"HTTP/1.1 " + code), f"{data[:60]}: {answer[:60]}")
        else:
            check(b" 200 " not in answer[:20], f"{data[:60]}: {answer[:60]}")
        check(authority.running(), f"{data[:60]} ended the authority")
    front = children(authority.pid)
    check(len(front) == 1, f"processes: {front}")
    # Silent ones and slow ones, more than there are places; then an honest one, who waits but is served.
    crowd = []
    for i in range(20):
        for _ in range(10):
            s = socket.socket()
            s.settimeout(2)
            s.bind((f"127.0.1.{i + 1}", 0))
            try:
                s.connect(("127.0.0.1", authority.port))
                s.send(head[:20 + i])
                crowd.append(s)
            except OSError:
                s.close()
    drip = socket.create_connection(("127.0.0.1", authority.port), source_address=("127.0.2.1", 0))
    begun = time.monotonic()
    over = threading.Event()

    def dripping():
        """A byte a second would last for minutes."""
        drip.settimeout(1)
        for byte in (head * 10)[:200]:
            try:
                drip.send(bytes([byte]))
                if drip.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        over.set()

    t = threading.Thread(target=dripping)
    t.start()
    p = vigil(authority.url, "--token", "-", "--out", lab.path("honest-tls"), text=authority.token("honest"))
    check(p.returncode == 0, f"an honest agent among {len(crowd)} silent peers: {p.stderr}")
    for s in crowd:
        s.close()
    check(over.wait(CEILING * 2), "a peer that drips is never closed")
    check(time.monotonic() - begun < 60, f"a peer that drips stays for {time.monotonic() - begun:.0f} s")
    t.join()
    drip.close()
    for pid in [authority.pid, *children(authority.pid)]:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            rss = int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))
        check(rss < 32 * 1024 or "-san" in BIN, f"the authority holds {rss} KiB after all this")


def confined(lab):
    """Started by root, both processes are somebody else, without rights; the end of the one is the end of the other."""
    authority = Authority(lab, "confined")
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(authority.state, nobody.pw_uid, nobody.pw_gid)
        os.chmod(lab.dir, 0o755)
        with open(lab.path("confined.yaml"), "a", encoding="ascii") as f:
            f.write("user: nobody\n")
    authority.argv.append("--protections")
    authority.start()
    until("both have given up their rights", lambda: authority.said().count("syscalls:") == 2)
    pids = [authority.pid, *children(authority.pid)]
    check(len(pids) == 2, f"processes: {pids}")
    for pid in pids:
        with open(f"/proc/{pid}/status", encoding="ascii") as f:
            status = f.read()
        if os.geteuid() == 0:
            check(re.search(rf"^Uid:(\s+{nobody.pw_uid}){{4}}$", status, re.M), f"process {pid} is not nobody")
        check(re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapBnd:\s+0+$", status, re.M) or os.geteuid() != 0,
              f"process {pid} has capabilities")
        check(re.search(r"^NoNewPrivs:\s+1$", status, re.M), f"process {pid} can get rights")
        check(re.search(r"^Seccomp:\s+2$", status, re.M) or "-san" in BIN, f"process {pid} may make any system call")
    # A token that root makes is the authority's to read.
    token = authority.token("c1")
    path = os.path.join(authority.state, "tokens", token.split(":")[2])
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "mode of a token")
    p = vigil(authority.url, "--token", "-", "--out", lab.path("c1-tls"), text=token)
    check(p.returncode == 0, f"by one that is confined: {p.stderr}")
    os.kill(pids[1], signal.SIGKILL)
    until("the other ends, too", lambda: not authority.running())
    check(authority.process.returncode == 1 and "is gone" in authority.said(), "its end is not said")
    # Every error of its configuration has a line.
    for text, line in (("listen: x\n", 1), ("listen: \"127.0.0.1:1\"\nca: {certificate: /no/such, key: /no/such}\n", 2),
                       ("listen: \"127.0.0.1:1\"\nlife: 9s\nca: {certificate: /no/such, key: /no/such}\n", 2),
                       ("listen: \"127.0.0.1:1\"\nlife: 400d\nca: {certificate: /no/such, key: /no/such}\n", 2),
                       ("listen: \"127.0.0.1:1\"\nlive: 1d\n", 2)):
        p = subprocess.run([SERVER, "--check", "--config", lab.write("bad.yaml", text)], capture_output=True, text=True,
                           timeout=CEILING, check=False)
        check(p.returncode == 2 and f"bad.yaml: line {line}:" in p.stderr or f"bad.yaml:{line}:" in p.stderr,
              f"{text!r}: {p.returncode} {p.stderr}")


def killed(lab):
    """The authority ends at any moment: no token gives two certificates, whoever asks how often."""
    authority = Authority(lab, "killed", "1h")
    rng = random.Random(1)
    for i in range(12):
        authority.start()
        token = authority.token("k1")
        out = lab.path("k1-tls")
        p = subprocess.Popen([VIGIL, "enrol", authority.url, "--token", "-", "--out", out], stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        p.stdin.write(token.encode())
        p.stdin.close()
        time.sleep(rng.random() * 0.03)
        authority.kill()
        p.wait(timeout=CEILING * 2)
        authority.start()
        vigil(authority.url, "--token", "-", "--out", out, text=token)
        vigil(authority.url, "--token", "-", "--out", out, text=token)
        ident = token.split(":")[2]
        issued = [e for e in authority.record() if e["event"] == "issued" and e["token"] == ident]
        check(len(issued) <= 1, f"round {i}: a token gave {len(issued)} certificates")
        if os.path.exists(os.path.join(out, "cert.pem")):
            check(openssl("verify", "-CAfile", os.path.join(out, "ca.pem"), os.path.join(out, "cert.pem")).returncode == 0,
                  f"round {i}: what is there does not fit")
        authority.stop()


def rotation(lab, authority, out):
    """The session stays while the certificate changes; the next one is made with the new certificate; what fails is tried
    again, and told."""
    lab.write("a1/amf.yaml", amf(GOOD))
    lab.start_collector()
    text = (f"name: a1\nsite: s1\nroot: /\nsources:\n  - config: {lab.path('a1')}\ncollectors: [\"127.0.0.1:{lab.port}\"]\n"
            f"tls:\n  certificate: {out}/cert.pem\n  key: {out}/key.pem\n  trust: {out}/ca.pem\n  collector: collector\n"
            f"  enrol: {authority.url}\nspool: {lab.path('a1-spool')}\n")
    agent = Process([os.path.join(BIN, "vigil-agent"), "--config", lab.write("a1.yaml", text)], lab.path("a1.log"))
    lab.processes.append(agent)
    authority.restart(f"{SHORT}s")
    p = vigil(authority.url, "--token", "-", "--out", out, text=authority.token("a1"))
    check(p.returncode == 0, f"enrolled again: {p.stderr}")
    old, end = serial(os.path.join(out, "cert.pem")), not_after(os.path.join(out, "cert.pem"))
    agent.start()
    lab.wait_agent("a1")
    authority.restart(f"{LONG}s")
    until("the certificate is another one", lambda: serial(os.path.join(out, "cert.pem")) not in ("", old))
    check(time.time() < end, "it was renewed only after its end")
    agent.wait_said("connections use it from now on")
    check(agent.said().count("connected to collector") == 1, "the session did not stay")
    check(lab.ask("agents")["agents"][0]["connected"], "the collector lost the agent")
    check("could not be renewed" not in agent.said(), "a renewal failed")
    # The authority is gone: it is said, tried again, and made good.
    authority.stop()
    agent.wait_said(r"could not be renewed \(1 times\); it is good for [1-9]\d* s more")
    last = serial(os.path.join(out, "cert.pem"))
    authority.start()
    until("it is renewed after all", lambda: serial(os.path.join(out, "cert.pem")) not in ("", last))
    until("the first certificate has ended", lambda: time.time() > end + 1)
    check(agent.said().count("connected to collector") == 1, "the session did not stay")
    # A new session needs a certificate that is good: the first is not any more.
    lab.collector.stop()
    lab.start_collector()
    lab.wait_agent("a1")
    until("a second session", lambda: agent.said().count("connected to collector") == 2)
    check(agent.running(), "the agent ended")
    agent.stop()
    check("AddressSanitizer" not in agent.said(), "the agent")


with Lab() as lab:
    authority = Authority(lab).start()
    found = first(lab, authority)
    if found:
        refusals(lab, authority, *found)
        independent(lab, authority)
        hostile(lab, authority)
        rotation(lab, authority, found[0])
        check(authority.stop() == 0, "the authority does not end in order")
    confined(lab)
    killed(lab)
finish()

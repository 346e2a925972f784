# SPDX-License-Identifier: Apache-2.0
"""The processes of an agent: what each of them may do, and that none is left when another one ends."""
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from agent import AGENT, CEILING, Agent, config
from live import Process, until
from vigil import AMF, ROOT, check, children, directory, finish, has_capability, status, write

SANITISED = "-san" in AGENT
NOTHING = "0" * 16
CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE = 2, 19


def gone(pids):
    """Buried, or waiting for somebody else to bury them."""
    def dead(pid):
        try:
            return status(pid)["State"][0] in "ZX"
        except (OSError, KeyError):
            return True
    return until("all its processes are gone", lambda: all(dead(p) for p in pids))


def family(agent):
    """The one that serves, the one that starts, the one that reads."""
    ready = agent.wait(event="gather", ready=True)
    if not check(ready is not None, f"the reader does not start: {agent.said}"):
        finish()
    agent.wait(event="source", source=0)
    found = [agent.process.pid, *agent.children()]
    check(len(found) == 3 and found[2] == ready["pid"], f"processes: {found}, the reader is {ready['pid']}")
    return found


def confined(pid, what):
    s = status(pid)
    check(s["NoNewPrivs"] == "1", f"{what} can get rights")
    check(SANITISED or s["Seccomp"] == "2", f"{what} may make any system call")


def without_rights(pid, what):
    s = status(pid)
    for field in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        check(s[field] == NOTHING, f"{what}: {field} {s[field]}")


def parts(path):
    a = Agent(path)
    try:
        serves, starts, reads = family(a)
        confined(serves, "the process that serves")
        without_rights(serves, "the process that serves")
        confined(reads, "the process that reads")
        s = status(starts)
        check(s["Name"] == "vigil-starter" and int(s["PPid"]) == serves, f"the starter: {s['Name']}")
        check(s["NoNewPrivs"] == "1", "the starter can get rights")
        check(int(status(reads)["PPid"]) == starts, "the reader is not of the starter")
        # It has no file, no channel of a reader, nothing of the network.
        fds = sorted(os.readlink(f"/proc/{starts}/fd/{n}").split(":")[0] for n in os.listdir(f"/proc/{starts}/fd"))
        check(fds == ["/dev/null", "/dev/null", "anon_inode", "pipe", "socket"], f"the starter holds {fds}")
        # A terminal tells all of them.
        for pid in (starts, reads, serves):
            os.kill(pid, signal.SIGTERM)
        check(a.process.wait(timeout=CEILING) == 0, "SIGTERM to all of them is no good end")
        gone([serves, starts, reads])
    finally:
        a.stop()


def one_dies(path):
    a = Agent(path)
    try:
        pids = family(a)
        os.kill(pids[1], signal.SIGKILL)
        check(a.wait_message("the process that starts the others has ended"), f"not told: {a.said}")
        check(a.process.wait(timeout=CEILING) == 2, "an agent without a starter goes on, or ends as if all were well")
        gone(pids)
    finally:
        a.stop()
    a = Agent(path)
    try:
        pids = family(a)
        a.process.kill()
        a.process.wait(timeout=CEILING)
        gone(pids[1:])
    finally:
        a.stop()


def with_two_rights(path):
    """As the service runs: its own user, two rights, and these with the reader alone."""
    if os.getuid() != 0 or not all(has_capability(c) for c in (CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE)):
        print("SKIPPED: who has these rights is NOT tested: they cannot be given here")
        return
    caps = "+dac_read_search,+sys_ptrace"
    a = Agent(path, before=["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps", caps,
                            "--ambient-caps", caps])
    try:
        serves, starts, reads = family(a)
        without_rights(serves, "the process that serves")
        check(int(status(starts)["CapEff"], 16) == 1 << CAP_DAC_READ_SEARCH | 1 << CAP_SYS_PTRACE, "the starter has none to give")
        check(int(status(reads)["CapEff"], 16) == 1 << CAP_DAC_READ_SEARCH, f"the reader has {status(reads)['CapEff']}")
        check(all(status(p)["Uid"].split() == ["65534"] * 4 for p in (serves, starts, reads)), "another user")
    finally:
        a.stop()


def prescribed_provider(d, path):
    """A host may prescribe a module of OpenSSL, for FIPS as an example; the filter lets none be loaded later."""
    where = subprocess.run(["openssl", "version", "-m"], capture_output=True, text=True, check=False).stdout
    module = os.path.join(where.partition('"')[2].rstrip('"\n'), "legacy.so")
    if os.getuid() != 0 or not os.path.exists(module):
        print("SKIPPED: a prescribed provider is NOT tested: there is none, or no right to see it")
        return
    conf = write(d, "openssl.cnf", "openssl_conf = o\n[o]\nproviders = p\n[p]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n")
    a = Agent(path, before=["env", "OPENSSL_CONF=" + conf])
    try:
        serves = family(a)[0]
        with open(f"/proc/{serves}/maps", encoding="utf-8") as f:
            check("legacy.so" in f.read(), "the provider that the host prescribes is not loaded")
    finally:
        a.stop()


# --- names ---

def answer(query):
    """A DNS answer: there is one host, with one address."""
    name, at = [], 12
    while query[at]:
        name.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12:at + 5]
    known = ".".join(name).lower() == "collector.test"
    is_a = struct.unpack(">H", query[at + 1:at + 3])[0] == 1
    record = b"\xc0\x0c" + struct.pack(">HHIH4s", 1, 1, 60, 4, socket.inet_aton("127.0.0.1")) if known and is_a else b""
    return query[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, 1 if record else 0, 0, 0) + question + record


def name_server():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 53))

    def serve():
        while True:
            query, peer = s.recvfrom(512)
            s.sendto(answer(query), peer)
    threading.Thread(target=serve, daemon=True).start()


def in_own_network(d):
    """Run in namespaces of its own, where this is the name server: a name is found, another one is not."""
    name_server()
    agent = Process([AGENT, "--config", os.path.join(d, "names.yaml")], os.path.join(d, "names.log")).start()
    try:
        agent.wait_said(r"nobody\.test port 4335: the name has no address")
        line = agent.wait_said(r"collector\.test port 4335: .*")
        check("name" not in str(line), f"the collector is not found: {line}")
        confined(agent.pid, "the process that calls by name")
    finally:
        agent.process.terminate()
        check(agent.process.wait(timeout=CEILING) == 0, "it does not end well")
    finish()


def calls_by_name(d, root):
    own = ["unshare", "-mn", "sh", "-c"]
    resolv = write(d, "resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:2\n")
    ready = f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf"
    with open("/etc/nsswitch.conf", encoding="utf-8") as f:
        asks = re.search(r"^hosts:.*\bdns\b", f.read(), re.M)
    if not asks or os.getuid() != 0 or subprocess.run([*own, ready], capture_output=True, check=False).returncode:
        print("SKIPPED: collectors are NOT called by name: no network of our own")
        return
    pki = os.path.join(d, "pki")
    subprocess.run(["sh", os.path.join(ROOT, "deploy", "test-ca.sh"), pki, "a1"], check=True, stdout=subprocess.DEVNULL)
    os.chmod(f"{pki}/a1/key.pem", 0o440)  # its group is asked for, too
    text = config(root, ["{config: /etc}"], collectors='["nobody.test:4335", "collector.test:4335"]', spool=os.path.join(d, "spool"))
    text += f"tls:\n  certificate: {pki}/a1/cert.pem\n  key: {pki}/a1/key.pem\n  trust: {pki}/ca.pem\n"
    write(d, "names.yaml", text)
    vigil = os.path.join(os.path.dirname(AGENT), "vigil")
    p = subprocess.run([*own, f'{ready} && exec "$0" "$@"', sys.executable, os.path.abspath(__file__), vigil, d],
                       capture_output=True, text=True, timeout=180, check=False)
    check(p.returncode == 0, f"by name: {p.stdout[-1500:]}{p.stderr[-1500:]}")


if len(sys.argv) > 2:
    in_own_network(sys.argv[2])
with directory() as scratch:
    base = os.path.realpath(scratch)
    os.chmod(base, 0o755)
    tree = os.path.join(base, "root")
    write(tree, "etc/amf.yaml", AMF)
    yaml = write(base, "agent.yaml", config(tree, ["{config: /etc}"]))
    parts(yaml)
    one_dies(yaml)
    with_two_rights(yaml)
    prescribed_provider(base, yaml)
    calls_by_name(base, tree)
finish()

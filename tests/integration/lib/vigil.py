# SPDX-License-Identifier: Apache-2.0
"""What the integration tests share: running vigil, writing inputs, packets, and counting what fails."""
import json
import os
import struct
import subprocess
import sys
import tempfile

NOW = "2026-11-23T12:00:00Z"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
VIGIL = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(ROOT, "build", "vigil")
DEMO = os.path.join(ROOT, "tests", "data", "demo")
FORMATS = ("table", "json", "sarif", "html")

_failures = []


def check(good, what):
    """Count and print what does not hold; returns good."""
    if not good:
        _failures.append(what)
        print("FAIL: " + what)
    return good


def has_capability(number):
    """A root of a container has fewer of them; number as in linux/capability.h."""
    with open("/proc/self/status", encoding="ascii") as f:
        effective = next(int(line.split()[1], 16) for line in f if line.startswith("CapEff"))
    return bool(effective >> number & 1)


def alone():
    """Go on where no process of another test is to be seen, if there is the right to it: who reads /proc reads all of it."""
    if "VIGIL_ALONE" in os.environ:
        return
    apart = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode == 0:
        os.execvpe("unshare", [*apart, sys.executable, *sys.argv], {**os.environ, "VIGIL_ALONE": "1"})


def children(pid):
    """Processes below this one, a child before its own children."""
    out = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    parent = {int(p): int(q) for p, q in (line.split() for line in out.splitlines())}
    found = [pid]
    for p in found:
        found += sorted(q for q in parent if parent[q] == p)
    return found[1:]


def status(pid):
    """Fields of /proc/PID/status as text."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        return {k: v.strip() for k, _, v in (line.partition(":") for line in f)}


def finish():
    print(f"{len(_failures)} failed")
    sys.exit(1 if _failures else 0)


def run(*args, env=None, cwd=None):
    """The finished process of vigil ARGS, output as bytes."""
    return subprocess.run([VIGIL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          env=env, cwd=cwd, timeout=120, check=False)


def scan(*args, expect=(0, 1)):
    """The JSON report of vigil scan ARGS."""
    p = run("scan", "-f", "json", "--now", NOW, *args)
    if p.returncode not in expect:
        sys.exit(f"FAIL: scan {' '.join(args)}: exit {p.returncode}: {p.stderr.decode(errors='replace')[:400]}")
    return json.loads(p.stdout)


def verdicts(report, control, target=None):
    return [v for v in report["verdicts"] if v["control"] == control and target in (None, v["target"])]


def one(report, control, target=None):
    """The single verdict of a control (and target), or None with a failure counted."""
    found = verdicts(report, control, target)
    if check(len(found) == 1, f"{control} {target or ''}: {len(found)} verdicts, one is wanted"):
        return found[0]
    return None


def origins(verdict, outcome="fail"):
    return [e["origin"] for w in verdict["witnesses"] if w["verdict"] == outcome for e in w["evidence"]]


def directory():
    """A temporary directory object; keep it as long as it is needed."""
    return tempfile.TemporaryDirectory(prefix="vigil-test-")


def write(base, name, text):
    path = os.path.join(base, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def certificate(base, name):
    """Files of a new key (k.pem), its self-signed certificate (c.pem) and the same as CA (ca.pem)."""
    key, cert = os.path.join(base, "k.pem"), os.path.join(base, "c.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                    "-out", cert, "-days", "300", "-subj", "/CN=" + name, "-addext", "subjectAltName=DNS:" + name,
                    "-addext", "extendedKeyUsage=serverAuth,clientAuth"], check=True, capture_output=True)
    with open(key, "rb") as k, open(cert, "rb") as c:
        pair = k.read(), c.read()
    return {"k.pem": pair[0], "c.pem": pair[1], "ca.pem": pair[1]}


AMF = """amf:
  sbi:
    server:
      - address: 10.77.1.5
        port: 7777
    client:
      scp:
        - uri: http://10.77.1.200:7777
  ngap:
    server:
      - address: 10.77.2.5
  guami:
    - plmn_id: {mcc: 999, mnc: 70}
      amf_id: {region: 2, set: 1}
  tai:
    - plmn_id: {mcc: 999, mnc: 70}
      tac: 1
  plmn_support:
    - plmn_id: {mcc: 999, mnc: 70}
      s_nssai:
        - sst: 1
  security:
    integrity_order: [NIA2, NIA1]
    ciphering_order: [NEA2, NEA1]
  amf_name: test-amf
"""


# --- packets --------------------------------------------------------------------------------------------------------

def _sum16(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff


def ip(text):
    return bytes(int(x) for x in text.split("."))


def frame(src, dst, protocol, payload):
    """Ethernet and IPv4 around a payload."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, ip(src), ip(dst))
    head = head[:10] + struct.pack("!H", _sum16(head)) + head[12:]
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + head + payload


def udp(src, sport, dst, dport, payload):
    return frame(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload)


class Tcp:
    """One connection: open, then say() in turns; frames collect."""

    def __init__(self, client, cport, server, sport):
        self.end = ((client, cport), (server, sport))
        self.seq = [1000, 5000]
        self.frames = []
        self._send(0, 0x02)
        self._send(1, 0x12)
        self._send(0, 0x10)

    def _send(self, who, flags, data=b""):
        (src, sport), (dst, dport) = self.end[who], self.end[1 - who]
        ack = self.seq[1 - who] if flags & 0x10 else 0
        head = struct.pack("!HHIIBBHHH", sport, dport, self.seq[who], ack, 0x50, flags, 65000, 0, 0)
        pseudo = ip(src) + ip(dst) + struct.pack("!BBH", 0, 6, len(head) + len(data))
        head = head[:16] + struct.pack("!H", _sum16(pseudo + head + data)) + head[18:]
        self.frames.append(frame(src, dst, 6, head + data))
        self.seq[who] += len(data) + (1 if flags & 0x03 else 0)

    def say(self, who, data):
        self._send(who, 0x18, data)
        self._send(1 - who, 0x10)

    def close(self):
        self._send(0, 0x11)
        self._send(1, 0x11)
        self._send(0, 0x10)
        return self.frames


def pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i, data in enumerate(frames):
            f.write(struct.pack("<IIII", 1795430000 + i // 1000, i % 1000 * 1000, len(data), len(data)) + data)
    return path


def h2(kind, flags, stream, payload):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def hpack(fields):
    """Literal fields without indexing, no Huffman: what is marked stays readable in the capture."""
    def text(s):
        s = s.encode()
        assert len(s) < 127 + 128
        return (bytes([len(s)]) if len(s) < 127 else bytes([127, len(s) - 127])) + s
    return b"".join(b"\0" + text(k) + text(v) for k, v in fields)


H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

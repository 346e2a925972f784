# SPDX-License-Identifier: Apache-2.0
"""On a live interface: no planted identity, token or key leaves in any form; of lawful interception there is no trace at all."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import privacy
import tap
from agent import Agent
from vigil import DEMO, FORMATS, Tcp, check, directory, finish, frame, ip, pcap, udp, write

SEALED, SEALED_NET, SEALED_6 = "10.99.0.7", "198.51.100.0/28", "2001:db8:77::7"
MARKS = (SEALED, "198.51.100.3", SEALED_6, "10.99.0", "2001:db8:77")


class Said:
    """Output as privacy.never() looks at it."""

    def __init__(self, out, err):
        self.stdout, self.stderr = out.encode(), err.encode()


def planted(d):
    capture = privacy.captures(d)
    for args in ([["facts"]] + [["scan", "-f", f, "--vantage", "node-nic"] for f in FORMATS]):
        live = tap.Live(*args, "-v", seconds=1)
        check(live.ready, f"{args}: nothing captures")
        sent = tap.send(capture, gap_us=20)
        code, out, err = live.end()
        check(code in (0, 1) and len(out) > 1000, f"{args}: exit {code}, {len(out)} bytes: {err[:200]}")
        if args == ["facts"]:
            check(f'"frames": "{sent}"' in out, f"not all of {sent} frames were seen: this test says nothing")
        privacy.never(f"live {' '.join(args)}", Said(out, err))
    # A filter, a key and a sealed file that are wrong are not quoted.
    secret = privacy.S["inventory"]
    sealed = write(d, "wrong", f"192.0.2.1\n{secret}\n")
    os.chmod(sealed, 0o400)
    live = tap.Live("facts", "--li", sealed, seconds=1, wait=False) if os.geteuid() == 0 else None
    if live:
        code, out, err = live.end()
        check(code == 2 and "wrong:2: is no address" in err, f"a wrong sealed file: {code} {err[:200]}")
        privacy.never("a wrong sealed file", Said(out, err))


def agent_says(d):
    """The running agent: its lines, its log, its spool."""
    config = write(d, "agent.yaml", f"name: a1\nsite: s1\nspool: {d}/spool\ncapture:\n  interfaces:\n    - name: {tap.THERE}\n")
    a = Agent(config)
    first = a.wait(event="section", kind="traffic")
    check(first, f"the agent says nothing: {a.said}")
    capture = os.path.join(d, "marked.pcap")
    tap.send(capture, gap_us=20)
    check(a.wait(event="section", change="changed", kind="traffic"), "nothing new is told")
    a.stop()
    privacy.never("the agent", Said("\n".join(map(str, a.seen)), "".join(a.said)))
    for base, _, names in os.walk(d + "/spool"):
        for name in names:
            with open(os.path.join(base, name), "rb") as f:
                raw = f.read().decode(errors="replace")
            privacy.never(f"spool {name}", Said(raw, ""))


def sealed_frames():
    """Everything that such an address does on a network."""
    c = Tcp("10.77.1.5", 40001, SEALED, 7777)
    c.say(0, b"GET /nudm-sdm/v2/imsi-999700000041771/am-data HTTP/1.1\r\nHost: udm\r\n\r\n")
    c.say(1, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    frames = c.close()
    c = Tcp("198.51.100.3", 40002, "10.77.1.12", 23)
    c.say(1, b"login: ")
    c.say(0, b"root\r\n")
    c.say(1, b"Password: ")
    frames += c.close()
    frames.append(udp(SEALED, 8805, "10.77.4.7", 8805, b"\x20\x05\0\x0c\0\0\1\0" + b"\0\x60\0\4" + b"\0\0\0\1"))
    inner = udp("192.0.2.66", 1000, SEALED, 2000, b"x" * 40)[14:]
    frames.append(udp("10.77.3.1", 2152, "10.77.3.2", 2152, struct.pack("!BBHI", 0x30, 255, len(inner), 7) + inner))
    frames.append(udp("10.77.3.1", 2152, "10.77.3.2", 2152,
                      struct.pack("!BBHIHBB", 0x34, 255, len(inner) + 8, 7, 0, 0, 0x85) + b"\1\0\1\0" + inner))
    # A router says that it is not there; somebody asks for its address; a tunnel; a fragment; IPv6.
    quoted = udp("10.77.1.5", 1000, SEALED, 2000, b"x" * 8)[14:]
    frames.append(frame("10.77.9.1", "10.77.1.5", 1, b"\x03\x01\0\0\0\0\0\0" + quoted))
    frames.append(b"\xff" * 6 + b"\x02\0\0\0\0\1\x08\x06\0\1\x08\0\6\4\0\1\x02\0\0\0\0\1" + ip("10.77.1.5") + b"\0" * 6 + ip(SEALED))
    frames.append(frame("10.77.9.1", "10.77.9.2", 4, quoted))
    frames.append(frame("10.77.9.1", "10.77.9.2", 47, b"\0\0\x08\0" + quoted))
    whole = udp("10.77.1.5", 1000, SEALED, 2000, b"y" * 64)
    frames.append(whole[:20] + b"\x20\0" + whole[22:])
    six = bytes.fromhex("20010db8007700000000000000000007")
    other = bytes.fromhex("20010db8000000000000000000000001")
    head = struct.pack("!IHBB", 0x60000000, 20, 6, 64)
    frames.append(b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x86\xdd" + head + other + six + struct.pack("!HHIIBBHHH", 1, 7777, 1, 0, 0x50, 2, 1, 0, 0))
    # VLAN tags hide nothing.
    frames.append(whole[:12] + b"\x81\0\0\5" + whole[12:])
    return frames


def no_trace(d):
    """Between frames that everybody may know of: the facts are those of a capture without them, to the last count."""
    if os.geteuid() != 0:
        print("SKIPPED: nobody but root can seal a file")
        return
    sealed = write(d, "li", f"# sealed\n{SEALED}\n\n  {SEALED_NET}\n{SEALED_6}\n")
    os.chmod(sealed, 0o400)
    key = write(d, "key", bytes(32))
    c = Tcp("10.77.1.5", 40001, "10.77.1.12", 7777)
    c.say(0, b"GET /nnrf-disc/v1/nf-instances?target-nf-type=UDM HTTP/1.1\r\nHost: nrf\r\n\r\n")
    c.say(1, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    plain = c.close() + [udp("10.77.4.4", 8805, "10.77.4.7", 8805, b"\x20\1\0\x0c\0\0\1\0" + b"\0\x60\0\4" + b"\0\0\0\1")] * 8
    hidden = sealed_frames()
    mixed = []
    for i in range(max(len(plain), len(hidden))):
        mixed += hidden[i:i + 1] + plain[i:i + 1]
    said = {}
    for name, frames, args in (("plain", plain, []), ("sealed", mixed, ["--li", sealed]), ("open", mixed, [])):
        live = tap.Live("facts", "-v", "--key", key, *args, seconds=1)
        check(live.ready, f"{name}: nothing captures")
        tap.send(pcap(os.path.join(d, name + ".pcap"), frames), gap_us=20)
        code, out, err = live.end()
        check(code == 0, f"{name}: exit {code}: {err[:200]}")
        said[name] = (tap.traffic(out), out, err)
    check(said["plain"][0] == said["sealed"][0], f"facts differ: {said['plain'][0]} and {said['sealed'][0]}")
    check('"undecoded-link": "0"' in said["sealed"][1], "a tunnel is counted")
    for mark in MARKS:
        check(mark not in said["sealed"][1] + said["sealed"][2], f"{mark} is told")
    check(SEALED in said["open"][1] and said["open"][0] != said["plain"][0], "it would not be seen anyhow: this test says nothing")
    # Real traffic beside it is not hurt, and the agent does the same.
    a = Agent(write(d, "a.yaml", f"name: a1\nsite: s1\ncapture:\n  li: {sealed}\n  interfaces:\n    - name: {tap.THERE}\n"))
    check(a.wait(event="section", kind="traffic"), f"the agent says nothing: {a.said}")
    tap.send(os.path.join(d, "sealed.pcap"), gap_us=20)
    tap.send(os.path.join(DEMO, "sbi.pcap"), gap_us=20)
    check(a.wait(event="section", change="changed", kind="traffic"), "nothing new is told")
    a.stop()
    check(not any(m in str(a.seen) + "".join(a.said) for m in MARKS), "the agent tells of it")


tap.isolated()
with directory() as tmp:
    planted(tmp)
    agent_says(tmp)
    no_trace(tmp)
finish()

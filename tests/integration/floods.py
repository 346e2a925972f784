#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody makes the sensor slow: what a byte of a flood costs is held against what a byte of usual signalling costs, in one run."""
import os
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import core5g as c  # noqa: E402
from vigil import H2_PREFACE, VIGIL, Tcp, check, directory, finish, h2, pcap, udp  # noqa: E402

SMF, UPF = "192.0.2.4", "192.0.2.7"
LIMIT = 40  # times a usual byte; what is known to be dear takes half of it, what was wrong once took 60 to 2,000
RUNS = 3


def request(kind, sequence, ies=b"", seid=None):
    return udp(SMF, 8805, UPF, 8805, c.pfcp(kind, sequence, ies, seid))


def answer(kind, sequence, ies=b"", seid=None):
    return udp(UPF, 8805, SMF, 8805, c.pfcp(kind, sequence, c.cause() + ies, seid))


def usual():
    """Sessions that begin and end."""
    for n in range(1, 8000):
        yield request(50, 2 * n, c.node_id(SMF) + c.fseid(n, SMF), 0)
        yield answer(51, 2 * n, c.fseid(n, UPF) + c.created_pdr(n, UPF), n)
        yield request(54, 2 * n + 1, b"", n)
        yield answer(55, 2 * n + 1, b"", n)


def unanswered():
    return (request(54, n, b"", n) for n in range(30000))


def one_session_has_most():
    """More TEIDs than the table holds in one session, beside one that comes and goes."""
    def passing(n):
        yield request(50, n, c.node_id(SMF) + c.fseid(2, SMF), 0)
        yield answer(51, n, c.fseid(2, UPF), 2)
        yield request(54, n + 1, b"", 2)
        yield answer(55, n + 1, b"", 2)

    yield request(5, 1, c.node_id(SMF) + c.recovery(1))
    yield answer(6, 1, c.node_id(UPF) + c.recovery(1))
    yield request(50, 2, c.node_id(SMF) + c.fseid(1, SMF), 0)
    yield answer(51, 2, c.fseid(1, UPF), 1)
    yield from passing(3)
    for n in range(1150):
        tunnels = b"".join(c.ie(1, c.ie(2, c.fteid(n * 60 + i, UPF))) for i in range(60))
        yield request(52, 5 + n, tunnels, 1)
        yield answer(53, 5 + n, b"", 1)
    for n in range(1500):
        yield from passing(5000 + 2 * n)


def tcp(port, first, pieces):
    link = Tcp("192.0.2.1", 40000, "192.0.2.2", port)
    link.say(0, first)
    for piece in pieces:
        link.say(0, piece)
    return link.frames


def head_without_end(line):
    return tcp(9090, b"GET /metrics HTTP/1.1\r\n", ((line[n % len(line):] + line)[:1] for n in range(30000)))


def indexed(name, value, times):
    """One long field in the table, then frames that name it a byte at a time."""
    def string(text):
        n, out = len(text), b""
        if n < 127:
            return bytes([n]) + text
        n -= 127
        while n >= 128:
            out, n = out + bytes([n % 128 | 128]), n // 128
        return b"\x7f" + out + bytes([n]) + text
    table = b"\x3f\xe1\xff\x03" if len(value) > 4000 else b""  # of 65536 bytes
    first = table + b"\x82\x86\x40" + string(name) + string(value)
    many = b"".join(h2(1, 5, 3 + 2 * n, b"\x82\x86" + b"\xbe" * times) for n in range(60))
    return tcp(7777, H2_PREFACE + h2(4, 0, 0, b"") + h2(1, 5, 1, first), [many] * 240)


TOKEN = b"Bearer " + b".".join([b"eyJhbGciOiJFUzI1NiJ9", b"eyJzdWIiOiI" + b"A" * 1800 + b"In0", b"c2ln"])
FLOODS = {
    "requests without answer": unanswered,
    "most tunnels in one session": one_session_has_most,
    "empty lines before a head": lambda: head_without_end(b"\n"),
    "a head of short lines": lambda: head_without_end(b"a:\n"),
    "a long path, indexed": lambda: indexed(b":path", b"/nnrf-nfm/v1" + b"/a" * 15000, 1),
    "a path of parameters, indexed": lambda: indexed(b":path", b"/nnrf-disc/v1/nf-instances?" + b"&" * 1900, 1),
    "a path again and again": lambda: indexed(b":path", b"/nnrf-nfm/v1/nf-instances" + b"/a" * 100, 20),
    "a token again and again": lambda: indexed(b"authorization", TOKEN, 20),
    "a long cookie, indexed": lambda: indexed(b"cookie", b"c=" * 15000, 1),
}


def cpu(path):
    best = 1e9
    for _ in range(RUNS):
        p = subprocess.Popen([VIGIL, "facts", "-r", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        _, status, usage = os.wait4(p.pid, 0)
        check(os.waitstatus_to_exitcode(status) == 0, f"{path} is read: {p.stderr.read()[:300]}")
        p.stderr.close()
        best = min(best, usage.ru_utime + usage.ru_stime)
    return best


def main():
    with directory() as d:
        start = cpu(pcap(os.path.join(d, "one.pcap"), [request(1, 1)]))

        def per_byte(name, frames):
            frames = list(frames)
            path = pcap(os.path.join(d, "many.pcap"), frames)
            spent = cpu(path) - start
            print(f"{name}: {spent * 1e3:.0f} ms, {spent * 1e6 / len(frames):.2f} us a packet, "
                  f"{spent * 1e9 / os.path.getsize(path):.1f} ns a byte")
            return spent / os.path.getsize(path)

        base = max(per_byte("usual", usual()), 1e-9)
        for name, make in FLOODS.items():
            times = per_byte(name, make()) / base
            check(times <= LIMIT, f"{name}: a byte costs {times:.0f} times a usual one")
    finish()


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: CPU time and memory of vigil beside ndpiReader, tshark and a bare libpcap loop, in one run.

Figures are CPU seconds (user and system) of whole processes, medians of several runs, the commands taken in turn;
start-up (the same command on a capture of one packet) is measured and subtracted. VIGIL and BENCH name the binaries,
COPIES and RUNS the size, NICE a priority for what is measured. A capture is copied more often than COPIES where that
gives fewer than MIN_PACKETS packets; one line says what COPIES of it give. "further" is what each packet costs in ten
times the copies, when all tables are full and what is written at the end does not grow any more. With --each alone
every capture of the test data is taken instead, one line each.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile

VIGIL = os.path.abspath(os.environ.get("VIGIL", "build/vigil"))
BENCH = os.path.abspath(os.environ.get("BENCH", "build/tests/bench"))
RUNS = int(os.environ.get("RUNS", "11"))
COPIES = int(os.environ.get("COPIES", "200"))
MIN_PACKETS = int(os.environ.get("MIN_PACKETS", "500000"))
NICE = ["nice", "-n", os.environ["NICE"]] if "NICE" in os.environ else []
TENFOLD = 10


def cpu(cmd):
    """CPU seconds and peak KiB of one run."""
    proc = subprocess.Popen(NICE + cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(proc.pid, 0)
    if os.WIFSIGNALED(status):
        sys.exit(f"bench: {cmd[0]} died of signal {os.WTERMSIG(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(commands, runs=RUNS):
    """{name: (median CPU seconds, peak KiB)}; the commands run in turn."""
    times = {name: [] for name in commands}
    peak = dict.fromkeys(commands, 0)
    for i in range(runs + 1):
        for name, cmd in commands.items():
            secs, rss = cpu(cmd)
            if i or runs == 1:
                times[name].append(secs)
            peak[name] = max(peak[name], rss)
    return {name: (statistics.median(t), peak[name]) for name, t in times.items()}


def tshark(path):
    return ["tshark", "-n", "-r", path, "-d", "tcp.port==7777,http2", "-d", "tcp.port==80,http2", "-T", "fields", "-e",
            "frame.number", "-e", "http2.headers.path", "-e", "ngap.procedureCode", "-e", "pfcp.msg_type"]


def directory():
    """The stock directory with the whole pack."""
    path = next((p for p in sys.argv[1:] if os.path.isdir(p)), "tests/data/demo/config")
    got = measure({"scan": [VIGIL, "scan", "-f", "json", path]}, 15)["scan"]
    print(f"scan of {path}, whole pack: {got[0] * 1000:.1f} ms CPU, {got[1] / 1024:.1f} MiB peak "
          f"(goal 50 ms, 24 MiB)")


def multiply(path, big, copies, expr):
    packets = int(subprocess.check_output([f"{BENCH}/mulpcap", path, big, str(copies)] + ([expr] if expr else [])))
    os.sync()  # or what was written is written out while others are measured
    return packets


def first_packet(big, one):
    with open(big, "rb") as src, open(one, "wb") as dst:
        head = src.read(24)
        rec = src.read(16)
        dst.write(head + rec + src.read(int.from_bytes(rec[8:12], "little")))


def check_ndpi(path, packets):
    """What it does not read it cannot be compared in. Also the number of its flows."""
    text = subprocess.run(["ndpiReader", "-i", path], capture_output=True, text=True, check=True).stdout
    found = re.search(r"of (\d+) packets total", text)
    flows = re.search(r"Unique flows:\s+(\d+)", text)
    if not found or int(found.group(1)) != packets or not flows:
        sys.exit(f"bench: ndpiReader reads {found.group(1) if found else 'none'} of {packets} packets of {path}")
    return int(flows.group(1))


def tenfold(big, one, base, packets, path, copies, expr):
    """The same capture ten times as often: rate, rate of what came in addition, peak."""
    more = multiply(path, big, copies * TENFOLD, expr)
    start = measure({"vigil": [VIGIL, "facts", "-r", one]})["vigil"][0]
    secs, peak = measure({"vigil": [VIGIL, "facts", "-r", big]}, max(1, RUNS // 2))["vigil"]
    print(f"  {TENFOLD} times as many copies: {more / max(1e-6, secs - start):,.0f} packets per CPU second, "
          f"{peak / 1024:.1f} MiB peak; further packets {(more - packets) / max(1e-6, secs - base):,.0f}")


def capture(path, expr, share):
    """share: of the libpcap loop, the goal."""
    with tempfile.TemporaryDirectory() as tmp:
        big, one = os.path.join(tmp, "big.pcap"), os.path.join(tmp, "one.pcap")
        copies = max(COPIES, -(-MIN_PACKETS // max(1, multiply(path, big, 1, expr))))
        if copies > COPIES and not expr:
            beside(path, big, one, COPIES, expr)
        packets = multiply(path, big, copies, expr)
        first_packet(big, one)
        flows = check_ndpi(big, packets)
        cmd = {"vigil": [VIGIL, "facts", "-r"], "ndpiReader": ["ndpiReader", "-q", "-i"],
               "libpcap loop": [f"{BENCH}/pcaploop"]}
        start = measure({**{n: c + [one] for n, c in cmd.items()}, "tshark": tshark(one)})
        full = measure({n: c + [big] for n, c in cmd.items()})
        full.update(measure({"tshark": tshark(big)}, max(1, RUNS // 3)))
        rate = {n: packets / max(1e-6, full[n][0] - start[n][0]) for n in full}
        print(f"{copies} copies of {os.path.basename(path)}{', ' + expr if expr else ''}: {packets} packets, "
              f"{flows} flows")
        for name in ("vigil", "ndpiReader", "tshark", "libpcap loop"):
            print(f"  {name:13} {rate[name]:12,.0f} packets per CPU second  {full[name][1] / 1024:7.1f} MiB peak  "
                  f"start-up {start[name][0] * 1000:.0f} ms")
        print(f"  vigil / ndpiReader {rate['vigil'] / rate['ndpiReader']:.2f} (goal 2)   "
              f"vigil / tshark {rate['vigil'] / rate['tshark']:.1f} (goal 40)   "
              f"vigil / libpcap loop {rate['vigil'] / rate['libpcap loop']:.3f} (goal {share})   "
              f"peak goal 32 MiB", flush=True)
        tenfold(big, one, full["vigil"][0], packets, path, copies, expr)


def beside(path, big, one, copies, expr):
    """One line: what a packet of so many copies costs, beside the loop and ndpiReader."""
    packets = multiply(path, big, copies, expr)
    first_packet(big, one)
    cmd = {"vigil": [VIGIL, "facts", "-r"], "ndpi": ["ndpiReader", "-q", "-i"], "loop": [f"{BENCH}/pcaploop"]}
    start = measure({n: c + [one] for n, c in cmd.items()})
    full = measure({n: c + [big] for n, c in cmd.items()})
    secs = {n: max(1e-6, full[n][0] - start[n][0]) for n in cmd}
    print(f"{os.path.basename(path)[:52]:52} {packets:8d} packets {secs['vigil'] / packets * 1e9:6.0f} ns  "
          f"of the loop {secs['loop'] / secs['vigil']:.2f}  of ndpiReader {secs['ndpi'] / secs['vigil']:5.2f}  "
          f"{full['vigil'][1] / 1024:4.0f} MiB", flush=True)


def each(path):
    with tempfile.TemporaryDirectory() as tmp:
        big, one = os.path.join(tmp, "big.pcap"), os.path.join(tmp, "one.pcap")
        beside(path, big, one, max(COPIES, -(-MIN_PACKETS // multiply(path, big, 1, None))), None)


def main():
    data = os.environ.get("VIGIL_TESTDATA", "../shared/testdata") + "/pcaps"
    names = sorted(n for n in os.listdir(data) if "expected" not in n) if os.path.isdir(data) else []
    if "--each" in sys.argv:
        for n in names:
            each(f"{data}/{n}")
        return
    directory()
    found = [(p, None, 0.1) for p in sys.argv[1:] if os.path.isfile(p)]
    if not found:
        found = [(f"{data}/{n}", None, 0.1) for n in names if "lbo" in n or "e2e" in n]
        found += [(f"{data}/{n}", "sctp or udp", 0.25) for n in names if "e2e" in n]
    for path, expr, share in found or [("tests/data/demo/sbi.pcap", None, 0.1)]:
        capture(path, expr, share)


if __name__ == "__main__":
    main()

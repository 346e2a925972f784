#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make bench: CPU time and memory of vigil beside tshark and a bare libpcap loop, in one run.

Figures are CPU seconds (user and system) of whole processes, medians of several runs, the commands taken in turn;
start-up (the same command on a capture of one packet) is measured and subtracted. VIGIL and BENCH name the binaries.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile

VIGIL = os.path.abspath(os.environ.get("VIGIL", "build/vigil"))
BENCH = os.path.abspath(os.environ.get("BENCH", "build/tests/bench"))
RUNS = int(os.environ.get("RUNS", "5"))
COPIES = int(os.environ.get("COPIES", "200"))


def cpu(cmd):
    """CPU seconds and peak KiB of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    proc = subprocess.Popen(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(proc.pid, 0)
    del before
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def measure(commands, runs=RUNS):
    """{name: (median CPU seconds, peak KiB)}; the commands run in turn."""
    times = {name: [] for name in commands}
    peak = dict.fromkeys(commands, 0)
    for i in range(runs + 1):
        for name, cmd in commands.items():
            secs, rss = cpu(cmd)
            if i:
                times[name].append(secs)
            peak[name] = max(peak[name], rss)
    return {name: (statistics.median(t), peak[name]) for name, t in times.items()}


def tshark(path):
    return ["tshark", "-n", "-r", path, "-d", "tcp.port==7777,http2", "-T", "fields", "-e", "frame.number", "-e",
            "http2.headers.path", "-e", "ngap.procedureCode", "-e", "pfcp.msg_type"]


def directory():
    """The stock directory with the whole pack."""
    path = next((p for p in sys.argv[1:] if os.path.isdir(p)), "tests/data/demo/config")
    got = measure({"scan": [VIGIL, "scan", "-f", "json", path]}, 15)["scan"]
    print(f"scan of {path}, whole pack: {got[0] * 1000:.1f} ms CPU, {got[1] / 1024:.1f} MiB peak "
          f"(goal 50 ms, 24 MiB)")


def capture(path):
    with tempfile.TemporaryDirectory() as tmp:
        big, one = os.path.join(tmp, "big.pcap"), os.path.join(tmp, "one.pcap")
        packets = int(subprocess.check_output([f"{BENCH}/mulpcap", path, big, str(COPIES)]))
        with open(big, "rb") as src, open(one, "wb") as dst:
            head = src.read(24)
            rec = src.read(16)
            dst.write(head + rec + src.read(int.from_bytes(rec[8:12], "little")))
        cmd = {"vigil": [VIGIL, "facts", "-r"], "libpcap loop": [f"{BENCH}/pcaploop"]}
        start = measure({**{n: c + [one] for n, c in cmd.items()}, "tshark": tshark(one)})
        full = measure({n: c + [big] for n, c in cmd.items()})
        full.update(measure({"tshark": tshark(big)}, max(1, RUNS // 3)))
        rate = {n: packets / max(1e-6, full[n][0] - start[n][0]) for n in full}
        print(f"{COPIES} copies of {os.path.basename(path)}: {packets} packets")
        for name in ("vigil", "tshark", "libpcap loop"):
            print(f"  {name:13} {rate[name]:12,.0f} packets per CPU second  {full[name][1] / 1024:7.1f} MiB peak  "
                  f"start-up {start[name][0] * 1000:.0f} ms")
        print(f"  vigil / tshark {rate['vigil'] / rate['tshark']:.1f} (goal 10)   "
              f"vigil / libpcap loop {rate['vigil'] / rate['libpcap loop']:.3f}")


def main():
    directory()
    data = os.environ.get("VIGIL_TESTDATA", "../shared/testdata")
    found = [p for p in sys.argv[1:] if os.path.isfile(p)]
    if not found and os.path.isdir(f"{data}/pcaps"):
        found = [f"{data}/pcaps/{n}" for n in sorted(os.listdir(f"{data}/pcaps")) if "lbo" in n and "expected" not in n]
    for path in found or ["tests/data/demo/sbi.pcap"]:
        capture(path)


if __name__ == "__main__":
    main()

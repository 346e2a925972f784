# SPDX-License-Identifier: Apache-2.0
"""The process that captures has no right left, and one that tries to get at anything dies."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tap
from agent import Agent
from vigil import ROOT, VIGIL, check, directory, finish, has_capability, pcap, run, udp, write

PLANTED = os.path.join(ROOT, "build", "tests", "tap", "planted")
CAP_SYS_CHROOT = 18
NOBODY = 65534


def dies(d, word):
    p = subprocess.Popen([PLANTED, tap.THERE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(tap.wait_captured(), f"{word}: nothing captures")
    path = os.path.join(d, word + ".pcap")
    pcap(path, [udp("192.0.2.1", 4000, "192.0.2.2", 5000, b"PLANT-" + word.encode())])
    tap.send(path)
    out = p.communicate(timeout=tap.CEILING)[0]
    check("Bad system call" in out, f"{word}: the process ended otherwise: {out[:300]}")


def rights(d):
    """As the kernel sees it, while it reads."""
    config = write(d, "agent.yaml", f"name: a1\nsite: s1\nuser: nobody\ncapture:\n  interfaces:\n    - name: {tap.THERE}\n")
    a = Agent(config)
    try:
        check(a.wait(event="section", kind="traffic", id="a1/" + tap.THERE), f"no section: {a.said}")
        pids = tap.children(a.process.pid)
        if not check(len(pids) == 1, f"{len(pids)} processes capture"):
            return
        with open(f"/proc/{pids[0]}/status", encoding="ascii") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        check(status["Seccomp"] == "2", f"Seccomp {status['Seccomp']}")
        check(status["NoNewPrivs"] == "1", f"NoNewPrivs {status['NoNewPrivs']}")
        for name in ("CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"):
            check(int(status[name], 16) == 0, f"{name} {status[name]}")
        check(set(status["Uid"].split()) == {str(NOBODY)}, f"Uid {status['Uid']}")
        if has_capability(CAP_SYS_CHROOT):
            check(os.listdir(f"/proc/{pids[0]}/root") == [], "its root directory is not empty")
        # Nothing but the channel, the packets and counters: no other file, no connection.
        for fd in os.listdir(f"/proc/{pids[0]}/fd"):
            to = os.readlink(f"/proc/{pids[0]}/fd/{fd}")
            check(fd in "012" or to.startswith(("socket:", "anon_inode:")) or to.endswith(("_dropped", "_errors")), f"{fd} is {to}")
        left = [n for d in ("/run", "/tmp", "/dev/shm") for n in os.listdir(d) if n.startswith("vigil-empty-")]
        check(not left, f"left behind: {left}")
        # One that is killed is told, and started again.
        os.kill(pids[0], 9)
        check(a.wait_message("ended by signal 9"), f"its end is not told: {a.said}")
        check(a.wait_message("is captured$"), f"it is not started again: {a.said}")
    finally:
        check(a.stop() == 0, "the agent does not end well")
    check(not [p for p in pids if os.path.exists(f"/proc/{p}")], "a process is left")


def refusals(d):
    """Clear words where it cannot be."""
    p = run("facts", "--live", "nosuch0", "-t", "1")
    check(p.returncode == 2 and b"nosuch0: there is no such interface" in p.stderr, f"no interface: {p.returncode} {p.stderr[:200]}")
    # One that is not there keeps nobody from the others.
    p = run("facts", "--live", tap.HERE, "--live", "nosuch0", "--live", tap.THERE, "-t", "1")
    check(p.returncode == 1 and b"nosuch0: there is" in p.stderr and p.stdout.count(b'"observer"') == 2,
          f"one of three: {p.returncode} {p.stderr[:200]}")
    p = run("facts", "--live", tap.THERE, "-t", "1", "--filter", "prt 7")
    check(p.returncode == 2 and b"the filter: " in p.stderr, f"filter: {p.returncode} {p.stderr[:200]}")
    p = run("facts", "--live", tap.THERE, "-t", "0")
    check(p.returncode == 2 and b"-t: " in p.stderr, f"-t 0: {p.returncode} {p.stderr[:200]}")
    open_file = write(d, "open", "192.0.2.1\n")
    p = run("facts", "--live", tap.THERE, "-t", "1", "--li", open_file)
    check(p.returncode == 2 and b"not sealed" in p.stderr, f"open file: {p.returncode} {p.stderr[:200]}")
    p = subprocess.run(["setpriv", "--reuid", str(NOBODY), "--clear-groups", "--bounding-set", "-all", "--inh-caps", "-all", VIGIL,
                        "facts", "--live", tap.THERE, "-t", "1"], capture_output=True, check=False, timeout=tap.CEILING)
    check(p.returncode == 2 and b"CAP_NET_RAW" in p.stderr, f"without a right: {p.returncode} {p.stderr[:300]}")


tap.isolated()
with directory() as tmp:
    for what in ("OPEN", "SOCKET", "EXEC", "FORK"):
        dies(tmp, what)
    rights(tmp)
    refusals(tmp)
finish()

# SPDX-License-Identifier: Apache-2.0
"""vigil-agent --once and --check: the facts of vigil facts, exit codes, and errors that name their line."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from agent import AGENT, config
from vigil import AMF, DEMO, check, directory, finish, has_capability, pcap, run, write

CAP_DAC_READ_SEARCH = 2
CAPTURES = ["n2.pcap", "sbi.pcap", "tls.pcap"]


def agent(*args):
    return subprocess.run([AGENT, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          timeout=120, check=False)


def plain(data):
    """Facts without what depends on the time and the scope, and what an agent says besides: how often it looks, and its
    name before those of files and captures. The inventory is the agent's own."""
    text = re.sub(r'"observed": "?\d+"?', '"observed": 0', data.decode()).replace(":s1/a1/", ":scan/")
    text = re.sub(r',\s*"interval": \d+|"interval": \d+,\s*', "", text)
    text = re.sub(r'"(source|observer)": "a1/', r'"\1": "', text)
    facts = json.loads(re.sub(r'"revision": "[0-9a-f]+"', '"revision": ""', text))["x1818-facts:facts"]
    facts.get("inventory", {}).pop("address", None)
    return facts


def same_as_vigil(d):
    key = write(d, "key", "00" * 32 + "\n")
    os.chmod(key, 0o600)
    raw = write(d, "raw", bytes(32))
    c = write(d, "demo.yaml", config(DEMO, ["config: /config", "capture: [" + ", ".join("/" + n for n in CAPTURES) + "]"],
                                     inventory=os.path.join(DEMO, "inventory.yaml"), pseudonym_key=key))
    p = agent("--once", "--config", c)
    check(p.returncode == 0 and p.stdout, f"--once ends with {p.returncode}: {p.stderr.decode()[:300]}")
    v = run("facts", "--key", raw, "--root", DEMO, "-c", os.path.join(DEMO, "config"),
            *[x for n in CAPTURES for x in ("-r", os.path.join(DEMO, n))], "--inventory",
            os.path.join(DEMO, "inventory.yaml"))
    ours, theirs = plain(p.stdout), plain(v.stdout)
    check(ours == theirs, "the agent's facts are not those of vigil facts: "
          f"{[k for k in theirs if ours.get(k) != theirs.get(k)]}")
    check(b"nf:s1/a1/" in p.stdout, "the scope is not site and agent")
    check("traffic" in ours and "inventory" in ours and "nf" in ours, "sections are missing")


def hostile_inputs(d):
    write(d, "h/good/amf.yaml", AMF)
    write(d, "h/bad/amf.yaml", "amf: {sbi: [\n")
    write(d, "h/bad/bomb.yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)) + "amf: {sbi: *j}\n")
    write(d, "h/bad/zero.yaml", b"amf:\n  sbi: \0\xff\n")
    os.mkfifo(os.path.join(d, "h/bad/pipe.yaml"))
    os.symlink("/etc/passwd", os.path.join(d, "h/bad/out.yaml"))
    pcap(os.path.join(d, "h/cut.pcap"), [b"\0" * 60])
    with open(os.path.join(d, "h/cut.pcap"), "ab") as f:
        f.write(b"\xff" * 7)
    write(d, "h/no.pcap", b"\xff" * 64)
    c = write(d, "h.yaml", config(os.path.join(d, "h"), ["config: /good", "config: /bad", "capture: [/cut.pcap, /no.pcap]",
                                                         "config: /absent", "runtime: /proc"]))
    p = agent("--once", "--config", c)
    text = p.stderr.decode()
    check(p.returncode == 1, f"hostile inputs: exit {p.returncode}, not 1: {text[:300]}")
    check(b"nf:s1/a1/good/amf" in p.stdout, "the good source is lost beside the bad ones")
    for what in ("bad/amf.yaml:", "bad/bomb.yaml", "bad/zero.yaml", "bad/pipe.yaml", "no.pcap", "absent"):
        check(what in text, f"no error names {what}: {text[:600]}")
    check("/proc" in text, f"a root without processes is not told: {text[:600]}")
    check("root:x:" not in text and b"root:x:" not in p.stdout, "content of a file outside is told")


def configurations(d):
    good = write(d, "good.yaml", config("/", ["config: /etc/open5gs"]))
    p = agent("--check", "--config", good)
    check(p.returncode == 0 and b"agent s1/a1" in p.stdout, "--check refuses what is right")
    bad = write(d, "bad.yaml", config("/", ["config: /etc/open5gs", "config: etc"]) + "watcher: yes\n")
    for mode in ("--check", "--once"):
        p = agent(mode, "--config", bad)
        check(p.returncode == 2, f"{mode} takes a wrong configuration")
        check(f"{bad}:6: ".encode() in p.stderr and f"{bad}:7: ".encode() in p.stderr,
              f"{mode}: errors without their lines: {p.stderr.decode()}")
    p = agent("--check", "--config", os.path.join(d, "none.yaml"))
    check(p.returncode == 2 and b"none.yaml" in p.stderr, "a file that is not there")
    if os.geteuid() == 0:
        c = write(d, "user.yaml", config("/", ["config: /etc/open5gs"], user="no-such-user-x"))
        p = agent("--once", "--config", c)
        check(p.returncode == 2 and b"no such user" in p.stderr, f"an unknown user: {p.returncode} {p.stderr.decode()}")
    for args, rc in ((["--version"], 0), (["--help"], 0), (["--nonsense"], 2), (["--once", "--check"], 2), (["x"], 2)):
        p = agent(*args)
        check(p.returncode == rc and (p.stdout if rc == 0 else p.stderr), f"{args}: exit {p.returncode}, not {rc}")
    check(agent("--gather").returncode != 0, "the reader runs without its channel")


def unprivileged(d):
    """Become another user: files of others are still read, and nothing else of root is left."""
    if os.geteuid() != 0 or not has_capability(CAP_DAC_READ_SEARCH):
        print("SKIPPED: only root with all its rights can become another user who reads")
        return
    write(d, "p/amf.yaml", AMF)
    os.chmod(os.path.join(d, "p/amf.yaml"), 0o600)
    c = write(d, "p.yaml", config(os.path.join(d, "p"), ["config: /"], user="nobody"))
    p = agent("--once", "--config", c)
    check(p.returncode == 0 and b"nf:s1/a1/amf" in p.stdout, f"as nobody: {p.returncode} {p.stderr.decode()}")


def more_than_can_be_watched(d):
    for i in range(4300):
        os.makedirs(os.path.join(d, "w", str(i)))
    write(d, "w/amf.yaml", AMF)
    c = write(d, "w.yaml", config(os.path.join(d, "w"), ["config: /"]))
    p = agent("--once", "--config", c)
    check(p.returncode == 0 and b"nf:s1/a1/amf" in p.stdout, f"many directories: {p.returncode}")
    check(re.search(rb"changes in \d+ directories are seen by the interval alone", p.stderr),
          f"what is not watched is not told: {p.stderr[:300]}")


with directory() as base:
    same_as_vigil(base)
    hostile_inputs(base)
    configurations(base)
    unprivileged(base)
    more_than_can_be_watched(base)
finish()

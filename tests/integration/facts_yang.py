# SPDX-License-Identifier: Apache-2.0
"""yanglint accepts every module, and the facts of the demo as state data."""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, NOW, ROOT, check, directory, finish, run, write

YANG = os.path.join(ROOT, "yang")


def yanglint(*args):
    p = subprocess.run(["yanglint", "-p", YANG, "-p", os.path.join(ROOT, "build", "yang-std"), *args], capture_output=True, text=True, check=False)
    return p.returncode == 0 and "err :" not in p.stderr, p.stderr[:400]


def check_facts(label, d, *args):
    p = run("facts", "--now", NOW, *args)
    check(p.returncode == 0 and p.stdout, f"{label}: vigil facts ends with {p.returncode}")
    for kind in ("get", "data"):
        good, why = yanglint("-t", kind, os.path.join(YANG, "x1818-facts.yang"), write(d, "facts.json", p.stdout))
        check(good, f"{label}: yanglint -t {kind}: {why}")
    return p.stdout


def main():
    modules = sorted(glob.glob(os.path.join(YANG, "*.yang")))
    check(len(modules) >= 6, "modules are missing")
    for module in modules:
        good, why = yanglint(module)
        check(good, f"{os.path.basename(module)}: {why}")
    captures = sorted(glob.glob(os.path.join(DEMO, "*.pcap")))
    with directory() as d:
        check_facts("configuration", d, os.path.join(DEMO, "config"))
        for capture in captures:
            check_facts(os.path.basename(capture), d, "-r", capture)
        facts = check_facts("all", d, "-c", os.path.join(DEMO, "config"), "--inventory",
                            os.path.join(DEMO, "inventory.yaml"), *[x for c in captures for x in ("-r", c)])
        for word in (b'"nf"', b'"traffic"', b'"inventory"', b"x1818-facts:source"):
            check(word in facts, f"no {word.decode()} in the facts")
        bad = facts.replace(b'"complete": true', b'"complete": "perhaps"', 1)
        good, _ = yanglint("-t", "get", os.path.join(YANG, "x1818-facts.yang"), write(d, "bad.json", bad))
        check(bad != facts and not good, "yanglint accepts what is wrong: this test says nothing")


main()
finish()

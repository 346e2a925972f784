# SPDX-License-Identifier: Apache-2.0
"""vigil rules list, show, lint, test and coverage; a broken pack names file and line."""
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, check, directory, finish, run

PACK = os.path.join(ROOT, "rules", "packs", "x1818")


def out(*args):
    p = run("rules", *args)
    check(p.returncode == 0, f"rules {' '.join(args)}: exit {p.returncode}: {p.stderr[:200]}")
    return p.stdout.decode()


def change(d, name, old, new):
    path = os.path.join(d, name)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    check(old in text, f"{old!r} is not in {name}: this test says nothing")
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old, new, 1))
    return text[:text.index(old)].count("\n") + 1


def main():
    ids = re.findall(r"^([A-Z]{2}-[A-Z0-9]+-\d\d) ", out("list"), re.M)
    check(len(ids) == len(set(ids)) > 100, f"list: {len(ids)} controls")
    text = out("show", "SA-NAS-02")
    for word in ("SA-NAS-02", "severity", "references", "TS 33.501", "fix"):
        check(word in text, f"show: no {word}")
    check("no complaint" in out("lint"), "lint")
    check(re.search(r"^[1-9]\d* passed, 0 failed$", out("test", "SA-NAS-02"), re.M), "test SA-NAS-02")
    coverage = out("coverage")
    judged, total = map(int, re.search(r"^all +(\d+) of +(\d+)", coverage, re.M).groups())
    check(total == len(ids) and judged >= 60, f"coverage: {judged} of {total}")
    for args in (("show",), ("show", "XX-00"), ("nonsense",), (), ("list", "--rules", "/nowhere")):
        check(run("rules", *args).returncode == 2, f"rules {' '.join(args)}: not 2")
    check(run("rules", "test", "XX-00-00").returncode == 2, "test of no control: not 2")

    name = os.path.join("5g-sa", "SA-NAS-02.yaml")
    for label, old, new, commands, near in (
            ("broken YAML", "checks:\n", "checks: [\n", ("list", "lint", "test"), False),
            ("severity", "severity: high", "severity: huge", ("list", "lint"), True),
            ("path", "nas-security/ciphering-order", "nas-security/cyphering-order", ("lint",), False)):
        with directory() as d:
            pack = os.path.join(d, "pack")
            shutil.copytree(PACK, pack)
            line = change(pack, name, old, new)
            for command in commands:
                p = run("rules", command, "--rules", pack)
                m = re.search(rb"SA-NAS-02\.yaml:(\d+): ", p.stderr)
                check(p.returncode == 2 and m, f"{label}: rules {command}: exit {p.returncode}: {p.stderr[:200]}")
                check(not near or (m and int(m[1]) == line), f"{label}: rules {command}: not line {line}")
            if label != "path":
                p = run("scan", "--rules", pack, ROOT + "/tests/data/demo/config")
                check(p.returncode == 2 and b"SA-NAS-02.yaml:" in p.stderr and not p.stdout, f"{label}: scan goes on")
    with directory() as d:
        pack = os.path.join(d, "pack")
        shutil.copytree(PACK, pack)
        change(pack, name, "verdict: fail, check: order", "verdict: pass, check: order")
        p = run("rules", "test", "SA-NAS-02", "--rules", pack)
        check(p.returncode == 1 and b"1 failed" in p.stdout, f"a wrong expectation: exit {p.returncode} {p.stdout[:200]}")


main()
finish()

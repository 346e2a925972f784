# SPDX-License-Identifier: Apache-2.0
"""The same inputs and --now give the same bytes in every form, whatever the order of files on disk."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, FORMATS, NOW, check, directory, finish, run

inputs = ["-c", os.path.join(DEMO, "config"), *[x for n in sorted(os.listdir(DEMO)) if n.endswith(".pcap")
                                                for x in ("-r", os.path.join(DEMO, n))]]
for args in (inputs, [*inputs, "--inventory", os.path.join(DEMO, "inventory.yaml")], [*inputs, "-v"]):
    for form in FORMATS:
        a, b = (run("scan", "-f", form, "--now", NOW, *args) for _ in range(2))
        check(a.stdout == b.stdout and a.stderr == b.stderr and a.returncode == b.returncode,
              f"{form}: two runs differ")
        check(len(a.stdout) > 1000, f"{form}: hardly any output")
with directory() as d:
    # Made in the other order, and in another directory of equal length.
    for place, reverse in (("a", False), ("b", True)):
        for name in sorted(os.listdir(os.path.join(DEMO, "config")), reverse=reverse):
            source = os.path.join(DEMO, "config", name)
            os.makedirs(os.path.join(d, place), exist_ok=True)
            if os.path.isfile(source):
                shutil.copy(source, os.path.join(d, place, name))
    a, b = (run("scan", "-f", "json", "--now", NOW, ".", cwd=os.path.join(d, p)).stdout for p in "ab")
    check(a == b, "the order of files on disk shows")
    key = os.path.join(d, "key")
    with open(key, "wb") as f:
        f.write(bytes(range(32)))
    a, b = (run("facts", "--now", NOW, "--key", key, *inputs).stdout for _ in range(2))
    check(a == b and a, "facts with one key differ")
    check(run("scan", "-f", "json", "--now", "2026-11-23T12:00:01Z", *inputs).stdout
          != run("scan", "-f", "json", "--now", NOW, *inputs).stdout, "--now does nothing")
finish()

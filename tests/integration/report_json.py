# SPDX-License-Identifier: Apache-2.0
"""The JSON report follows its schema, its numbers add up, and its origins exist."""
import collections
import json
import os
import re
import sys
import urllib.parse

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, ROOT, check, directory, finish, scan, write

with open(os.path.join(ROOT, "docs", "report.schema.json"), encoding="utf-8") as f:
    SCHEMA = json.load(f)
jsonschema.Draft202012Validator.check_schema(SCHEMA)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def lines_of(path):
    with open(path, "rb") as file:
        return len(file.read().splitlines())


def check_origins(label, report, root):
    """Every evidence of a fail of the configuration names a line that is there."""
    seen = 0
    for v in report["verdicts"]:
        for w in v["witnesses"]:
            if w["verdict"] != "fail" or w["witness"] != "config":
                continue
            for e in w["evidence"]:
                seen += 1
                m = re.fullmatch(r"(.+):(\d+)", e["origin"] or "")
                if not check(m, f"{label}: {v['control']} {v['target']}: origin {e['origin']!r} is no PATH:LINE"):
                    continue
                path = os.path.join(root, urllib.parse.unquote(m[1]))
                if check(os.path.isfile(path), f"{label}: {v['control']}: {m[1]} is not in the input"):
                    check(1 <= int(m[2]) <= lines_of(path), f"{label}: {v['control']}: {e['origin']} is past the end")
                check(e["input"] is not None and e["input"] < len(report["inputs"]),
                      f"{label}: {v['control']}: no input for {e['origin']}")
    return seen


def check_report(label, report, root=None):
    for error in list(VALIDATOR.iter_errors(report))[:5]:
        check(False, f"{label}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    count = collections.Counter(v["verdict"] for v in report["verdicts"])
    for word in ("pass", "fail", "unknown", "not-applicable"):
        check(report["summary"][word] == count[word], f"{label}: summary {word} is not the number of verdicts")
    none = sum(v["reason"] == "no-source" for v in report["verdicts"])
    check(report["summary"]["no-source"] == none, f"{label}: summary no-source")
    keys = collections.Counter((v["control"], v["target"]) for v in report["verdicts"])
    check(max(keys.values()) == 1, f"{label}: {keys.most_common(1)} has several verdicts")
    check(len({v["control"] for v in report["verdicts"]}) == report["summary"]["controls"],
          f"{label}: a control of the pack has no verdict")
    return check_origins(label, report, root) if root else 0


def main():
    config = os.path.join(DEMO, "config")
    captures = [os.path.join(DEMO, n) for n in sorted(os.listdir(DEMO)) if n.endswith(".pcap")]
    check(check_report("demo", scan(config), config) > 10, "demo: hardly any fail of a configuration")
    report = scan("-c", config, "--inventory", os.path.join(DEMO, "inventory.yaml"),
                  *[x for c in captures for x in ("-r", c)])
    check_report("all inputs", report, config)
    check(all(i["read"] > 0 for i in report["inputs"]), "an input of the demo counts as not read")
    check([i["kind"] for i in report["inputs"]].count("capture") == len(captures), "not all captures are inputs")
    check_report("captures", scan(*captures, "--vantage", "node-nic"))
    with directory() as d:
        write(d, "odd name %:#.yaml", "amf:\n  sbi:\n    server:\n      - address: 10.0.0.1\n  security:\n"
              "    integrity_order: [NIA0]\n    ciphering_order: [NEA0]\n")
        write(d, "broken.yaml", "amf:\n  sbi: [\n")
        write(d, "more/compose.yaml", "services:\n  m:\n    image: mongo\n    privileged: true\n    ports: ['27017:27017']\n")
        check(check_report("odd names", scan(d), d) > 3, "odd names: hardly any fail")
    for folder in sorted(os.listdir(os.path.join(ROOT, "tests", "source"))):
        path = os.path.join(ROOT, "tests", "source", folder)
        check_report(folder, scan(path, expect=(0, 1, 2)), path)
    # The schema itself can refuse.
    for change in ({"format": 2}, {"basis": "running"}, {"extra": 1}):
        check(list(VALIDATOR.iter_errors({**report, **change})), f"the schema accepts {change}")


main()
finish()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write docs/controls/README.md from the rule pack.

usage: controls_doc.py [--check] [PACK [OUT]]

Reads the few keys it needs line by line: rule files are linted, so their form is known. --check writes nothing and
exits 1 when OUT is not what the pack says.
"""
import os
import sys

PACK = "rules/packs/x1818"
OUT = "docs/controls/README.md"
DOMAINS = (
    ("5g-sa", "5G SA core system"),
    ("virtual-infrastructure", "Virtual infrastructure"),
    ("management", "Management systems"),
    ("people-process", "People and process"),
)
HEAD = """# Controls of the pack x1818

Written by `tools/controls_doc.py` from the rule files; do not edit. `vigil rules show ID` prints all of one control.

Witness: what a control is judged by. *config*: files, as written; *traffic*: the wire. A control without a witness is
in the pack so that nothing is forgotten; the last column says which source is missing. A judged control gives
*unknown* with a reason wherever its facts are not enough.
"""


def text_of(lines, at):
    """Value of `key: value` at a line, also a folded one."""
    value = lines[at].split(":", 1)[1].strip()
    if value in (">-", ">", "|"):
        part = []
        for line in lines[at + 1:]:
            if not line.startswith("  "):
                break
            part.append(line.strip())
        value = " ".join(part)
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1].replace('\\"', '"')
    return value


def read_rule(path):
    """The keys of one rule file that the table shows."""
    rule = {"witness": [], "no-source": ""}
    with open(path, encoding="utf-8") as fh:
        lines = fh.read().split("\n")
    for at, line in enumerate(lines):
        key = line.split(":", 1)[0]
        if key in ("control", "title", "severity", "no-source"):
            rule[key] = text_of(lines, at)
        elif line.startswith("    witness: "):
            word = line.split(": ", 1)[1]
            if word not in rule["witness"]:
                rule["witness"].append(word)
    return rule


def cell(text):
    return text.replace("|", "\\|")


def render(pack):
    out = [HEAD]
    judged = total = 0
    for folder, name in DOMAINS:
        base = os.path.join(pack, folder)
        rules = [read_rule(os.path.join(base, f)) for f in sorted(os.listdir(base)) if f.endswith(".yaml")]
        with_source = [r for r in rules if r["witness"]]
        total += len(rules)
        judged += len(with_source)
        out.append(f"\n## {name}: {len(with_source)} of {len(rules)} judged\n\n")
        out.append("| ID | Control | Severity | Witness | Why not judged |\n|---|---|---|---|---|\n")
        for r in rules:
            out.append(f"| {r['control']} | {cell(r['title'])} | {r['severity']} | {', '.join(r['witness'])} | "
                       f"{cell(r['no-source'])} |\n")
    out.insert(1, f"\n{judged} of {total} controls are judged.\n")
    return "".join(out)


def main():
    args = sys.argv[1:]
    check = "--check" in args
    args = [a for a in args if a != "--check"]
    if len(args) > 2 or any(a.startswith("-") for a in args):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    pack, out = (args + [PACK, OUT][len(args):])[:2]
    text = render(pack)
    if check:
        with open(out, encoding="utf-8") as fh:
            same = fh.read() == text
        if not same:
            print(f"{out} is not what {pack} says: run tools/controls_doc.py", file=sys.stderr)
        return 0 if same else 1
    with open(out, "w", encoding="utf-8") as fh:
        fh.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""Manual pages, --help, completion, schema and example say the same: each option, command and key of one is in the others."""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, VIGIL, check, finish, run

BUILD = os.path.dirname(VIGIL)


def text(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def manual(name):
    """The source of a page as plain words."""
    page = re.sub(r"\\f[BRIP]|\\\||\\&", "", text("docs", name)).replace("\\-", "-").replace('"', "")
    return page


def options(words):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", words))


def one(program, page, completion, extra=()):
    """Every long option is in all three."""
    shown = subprocess.run([os.path.join(BUILD, program), "--help"], capture_output=True, text=True, timeout=60, check=False)
    check(shown.returncode == 0 and not shown.stderr, f"{program} --help: {shown.returncode} {shown.stderr[:200]}")
    said, written, offered = options(shown.stdout), options(manual(page)) - set(extra), options(text(*completion))
    check(said, f"{program} --help names no option")
    check(said == written, f"{program}: --help and {page} differ: {sorted(said ^ written)}")
    check(said == offered, f"{program}: --help and its completion differ: {sorted(said ^ offered)}")


one("vigil-agent", "vigil-agent.8", ("agents", "vigil-agent.bash-completion"))
one("vigil-collector", "vigil-collector.8", ("collector", "vigil-collector.bash-completion"))
one("vigil-netconf-tls", "vigil-netconf-tls.8", ("collector", "acceptor", "vigil-netconf-tls.bash-completion"))
one("vigil-enrol-server", "vigil-enrol-server.8", ("collector", "enrol", "vigil-enrol-server.bash-completion"),
    {"--expires", "--token-file", "--raw"})

# vigil: commands, and the options of all of them together.
usage = run("--help").stdout.decode()
commands = re.findall(r"^  ([a-z]+) +\S", usage.split("\nTry:")[0], re.M)
check(len(commands) > 15, f"commands {commands}")
page, completion = manual("vigil.1"), text("cli", "vigil.bash-completion")
offered = re.search(r"-eq 1.*?compgen -W '([^']*)'", completion, re.S).group(1).split()
check(sorted(c for c in offered if not c.startswith("-")) == sorted(commands), f"completion offers {offered}, there are {commands}")
said = {"--version"}
for c in commands:
    check(re.search(rf"\bvigil {c}\b", page), f"vigil(1) does not tell of vigil {c}")
    p = run(c, "--help")
    check(p.returncode == 0, f"vigil {c} --help: {p.returncode}")
    said |= options(p.stdout.decode())
written, offered = options(page), options(completion)
check(said == written, f"--help and vigil(1) differ: {sorted(said ^ written)}")
check(said - {"--version"} == offered - {"--version"}, f"--help and completion differ: {sorted(said ^ offered)}")
# A path that is a default is the same wherever it stands.
for name in ("docs/vigil.1", "docs/vigil-collector.8", "cli/live.h", "collector/setup.h", "yang/x1818-collector-config.yang",
             "deploy/collector.yaml"):
    found = set(re.findall(r"/run/vigil5g/[a-z./]*sock", text(name)))
    check(found == {"/run/vigil5g/collector/collector.sock"}, f"{name}: socket {found}")

# Keys of the configurations: schema, page, example.
for program, module, container, file in (("vigil-collector", "x1818-collector-config.yang", "collector", "collector.yaml"),
                                         ("vigil-netconf-tls", "x1818-acceptor-config.yang", "acceptor", "netconf-tls.yaml"),
                                         ("vigil-enrol-server", "x1818-enrol-config.yang", "enrol", "enrol.yaml"),
                                         ("vigil-agent", "x1818-agent-config.yang", "agent", "agent.yaml")):
    schema = text("yang", module).split(f"container {container} {{", 1)[1]
    keys = set(re.findall(r"\b(?:leaf|leaf-list|container|list|anydata) ([a-z-]+) \{", schema)) - {"index"}
    page, example = manual(f"{program}.8"), text("deploy", file)
    for key in sorted(keys):
        check(re.search(rf"(?<![\w-]){key}(?![\w-])", page), f"{program}(8) does not tell of the key {key}")
        check(re.search(rf"(?<![\w-]){key}:", example), f"deploy/{file} has no {key}:")

for name in sorted(os.listdir(os.path.join(ROOT, "docs"))):
    if not re.search(r"\.[18]$", name):
        continue
    try:
        p = subprocess.run(["groff", "-man", "-Tutf8", "-ww", os.path.join(ROOT, "docs", name)], capture_output=True, text=True,
                           timeout=60, check=False)
        check(p.returncode == 0 and not p.stderr, f"{name}: {p.stderr[:300]}")
    except FileNotFoundError:
        print("SKIPPED: the form of manual pages is NOT tested: groff is not installed")
finish()

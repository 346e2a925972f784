# SPDX-License-Identifier: Apache-2.0
"""Example configurations fit what they are deployed with: each file that a configuration names is mounted where it says, what
is written has a place that can be written, everybody calls the port that the collector opens, and the schema accepts them."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, VIGIL, check, directory, finish, write

try:
    import yaml
except ImportError:
    print("SKIPPED: example configurations are NOT tested: python3-yaml is not installed")
    sys.exit(0)

DEPLOY = os.path.join(ROOT, "deploy")
SCHEMA = os.path.join(ROOT, "yang", "x1818-agent-config.yang")


def load(*path):
    with open(os.path.join(DEPLOY, *path), encoding="utf-8") as f:
        return [d for d in yaml.safe_load_all(f) if d]


def below(path, places):
    return any(path == p or path.startswith(p.rstrip("/") + "/") for p in places)


def fits(name, config, read, written):
    """config beside mounts: targets that can be read, targets that can be written."""
    for f in config["tls"].values():
        check(below(f, read), f"{name}: {f} is not mounted ({sorted(read)})")
    for key in ("spool", "store"):
        if key in config:
            check(below(config[key], written), f"{name}: {key} {config[key]} cannot be written ({sorted(written)})")
    root = config.get("root", "/").rstrip("/")
    for s in config.get("sources", []):
        for kind in ("config", "runtime", "capture"):
            paths = s.get(kind, [])
            for p in [paths] if isinstance(paths, str) else paths:
                check(below(root + p, read | written), f"{name}: {root + p} is not mounted")


def compose():
    """{file: (configuration, read, written)}"""
    found = {}
    services = load("compose", "compose.yaml")[0]["services"]
    for name, s in services.items():
        mounts = [v.rsplit(":", 2) if v.endswith(":ro") else v.rsplit(":", 1) + ["rw"] for v in s["volumes"]]
        own = [m[0] for m in mounts if m[1] in ("/etc/vigil5g/agent.yaml", "/etc/vigil5g/collector.yaml")]
        check(len(own) == 1 and s["command"] == ["--config", [m[1] for m in mounts if m[0] == own[0]][0]], f"{name}: config")
        found[f"compose/{os.path.basename(own[0])}"] = (
            load("compose", own[0])[0], {m[1] for m in mounts if m[2] == "ro"}, {m[1] for m in mounts if m[2] == "rw"})
    return found


def kubernetes():
    found = {}
    for path, config in (("collector.yaml", "config/collector.yaml"), ("gather.yaml", "config/node-1.yaml"),
                         ("capture/capture.yaml", "capture/config/node-1.yaml")):
        pod = [o for o in load("kubernetes", path) if o["kind"] in ("StatefulSet", "DaemonSet")][0]["spec"]["template"]["spec"]
        mounts = pod["containers"][0]["volumeMounts"]
        found["kubernetes/" + config] = (load("kubernetes", config)[0], {m["mountPath"] for m in mounts if m.get("readOnly")},
                                         {m["mountPath"] for m in mounts if not m.get("readOnly")})
    return found


everything = {**compose(), **kubernetes()}
check(len(everything) == 7, f"configurations {sorted(everything)}")
names = []
for name, (config, read, written) in everything.items():
    fits(name, config, read, written)
    if "collector.yaml" in name:
        check([a.rsplit(":", 1)[1] for a in config["listen"]] == ["4335"], f"{name} listens on {config['listen']}")
        continue
    check([c.rsplit(":", 1)[1] for c in config["collectors"]] == ["4335"], f"{name} calls {config['collectors']}")
    names.append((config["site"], config["name"]))
    # Reading files and hearing packets are two agents.
    check(("capture" in name) == bool(config.get("capture")) != bool(config.get("sources")), f"{name}: it captures and reads")
check(len(names) == len(set(names)), f"two agents have one name: {names}")

# The name that agents call is one that resolves and that the certificate bears.
service = [o for o in load("kubernetes", "collector.yaml") if o["kind"] == "Service"][0]["metadata"]
called = {c.rsplit(":", 1)[0] for n, (config, _, _) in everything.items() if n.startswith("kubernetes")
          for c in config.get("collectors", [])}
check(called == {f"{service['name']}.{service['namespace']}.svc"}, f"agents call {called}")

services = load("compose", "compose.yaml")[0]["services"]
alias = services["collector"]["networks"]["call-home"]["aliases"]
called = {c.rsplit(":", 1)[0] for n, (config, _, _) in everything.items() if n.startswith("compose")
          for c in config.get("collectors", [])}
check(called == set(alias), f"agents call {called}, the collector is {alias}")
for name, s in services.items():
    known = "call-home" in s.get("networks", []) or any(h.startswith(alias[0] + ":") for h in s.get("extra_hosts", []))
    check(known, f"{name} does not know {alias[0]}")

# The programs take every example once the files that it names are there.
BUILD = os.path.dirname(VIGIL)
with directory() as d:
    subprocess.run(["sh", os.path.join(DEPLOY, "test-ca.sh"), os.path.join(d, "ca"), "one"], check=True, capture_output=True)
    tls = os.path.join(d, "ca", "one")
    collector = write(d, "etc-collector.yaml", "")
    for name in (*everything, "agent.yaml", "collector.yaml", "netconf-tls.yaml"):
        with open(os.path.join(DEPLOY, name), encoding="utf-8") as f:
            example = f.read().replace("/etc/vigil5g/tls/north", tls).replace("/etc/vigil5g/tls", tls)
            example = example.replace("/etc/vigil5g/collector.yaml", collector).replace("root: /host", f"root: {d}")
        if name == "agent.yaml": # what stands there as a comment is good, too
            commented = re.search(r"^# collectors:\n(#.*\n)+", example, re.M).group(0)
            plain = "".join(l[2:] for l in commented.splitlines(True) if "crl:" not in l)
            example = example.replace(commented, plain)
            check("4335" in plain and "key.pem" in plain, f"{name}: {plain}")
        path = write(d, name.replace("/", "-"), example)
        program = next((p for f, p in (("collector.yaml", "vigil-collector"), ("netconf-tls.yaml", "vigil-netconf-tls"))
                        if name.endswith(f)), "vigil-agent")
        p = subprocess.run([os.path.join(BUILD, program), "--check", "--config", path], capture_output=True, text=True,
                           timeout=60, check=False)
        check(p.returncode == 0 and not p.stderr, f"{program} --check {name}: {p.returncode} {p.stderr[:400]}")

if not os.path.exists(SCHEMA) or not shutil.which("yanglint"):
    print("SKIPPED: example configurations are NOT checked by the schema: no yanglint or no schema of the agent")
    finish()
with directory() as d:
    for name, (config, _, _) in everything.items():
        if "collector.yaml" in name:
            continue
        for i, s in enumerate(config.get("sources", [])):
            s["index"] = i
            for kind in ("config", "capture"):
                if isinstance(s.get(kind), str):
                    s[kind] = [s[kind]]
        for i, f in enumerate(config.get("capture", {}).get("interfaces", [])):
            f["index"] = i
        limits = config.get("limits", {})
        if "spool" in limits:
            limits["spool"] = str(limits["spool"]) # RFC 7951: 64 bits are text
        path = write(d, name.replace("/", "-") + ".json", json.dumps({"x1818-agent-config:agent": config}))
        p = subprocess.run(["yanglint", "-p", os.path.join(ROOT, "yang"), SCHEMA, path], capture_output=True, text=True,
                           timeout=60, check=False)
        check(p.returncode == 0 and not p.stderr, f"{name}: {p.stderr[:400]}")
finish()

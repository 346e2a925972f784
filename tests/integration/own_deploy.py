# SPDX-License-Identifier: Apache-2.0
"""What we deploy passes our own rules: no fail but those of own_deploy_exceptions.txt, and no line there without need."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import ROOT, check, directory, finish, scan, verdicts, write

LIST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "own_deploy_exceptions.txt")
COMPOSE = "container:scan/compose/compose#"
KUBERNETES = "container:scan/kubernetes/"
COLLECTORS = (COMPOSE + "collector", KUBERNETES + "collector#vigil-collector")
# Without a right of the host: everything must pass.
PLAIN = COLLECTORS + (COMPOSE + "agent", KUBERNETES + "enrol/enrol#vigil-enrol")
RIGHTS = (COMPOSE + "agent-host", COMPOSE + "capture", KUBERNETES + "gather#vigil-gather",
          KUBERNETES + "capture/capture#vigil-capture", KUBERNETES + "enrol/agent#every-agent")


def exceptions():
    """{(control, target, check): reason}"""
    found = {}
    with open(LIST, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if line.startswith("#") or not line.strip():
                continue
            parts = [p.strip() for p in line.split(" | ")]
            if check(len(parts) == 4 and len(parts[3]) > 20, f"{LIST}:{number}: CONTROL | TARGET | CHECK | WHY"):
                check(tuple(parts[:3]) not in found, f"{LIST}:{number}: there already")
                found[tuple(parts[:3])] = parts[3]
    return found


report = scan(os.path.join(ROOT, "deploy"))
check(not report["errors"], f"errors: {report['errors']}")

# All of it was seen: an empty scan finds nothing, too.
seen = {v["target"] for v in report["verdicts"]}
for target in PLAIN + RIGHTS:
    check(target in seen, f"{target} was not seen")
unknown = {t for t in seen if t.startswith("container:") and "#Namespace/" not in t} - set(PLAIN + RIGHTS)
check(not unknown, f"workloads that this test does not know: {sorted(unknown)}")

allowed = exceptions()
fails = {(v["control"], v["target"], w["check"]): w["message"] for v in report["verdicts"] if v["verdict"] == "fail"
         for w in v["witnesses"] if w["verdict"] == "fail"}
for key, message in sorted(fails.items()):
    check(key in allowed, f"{' | '.join(key)} fails: {message}")
for key in sorted(allowed):
    check(key in fails, f"{LIST}: nothing needs the line {' | '.join(key)}")
check(all(target in RIGHTS for _, target, _ in allowed), "an exception for a part that needs no right")

for target in PLAIN:
    for control in ("VI-CNT-01", "VI-CNT-02", "VI-CNT-03"):
        found = verdicts(report, control, target)
        check([v["verdict"] for v in found] == ["pass"], f"{control} {target}: {[v['verdict'] for v in found]}, not pass")
for target in PLAIN + RIGHTS:
    for v in verdicts(report, "VI-CNT-04", target) + verdicts(report, "VI-IMG-02", target):
        check(v["verdict"] != "fail", f"{v['control']} {target}")

# The test would notice: a line that makes a part worse is a fail of that part.
WORSE = [("kubernetes/collector.yaml", "capabilities: {drop: [ALL]}", "capabilities: {add: [SYS_ADMIN]}", "VI-CNT-02"),
         ("kubernetes/collector.yaml", "runAsUser: 10001", "runAsUser: 0", "VI-CNT-02"),
         ("kubernetes/collector.yaml", "allowPrivilegeEscalation: false", "privileged: true", "VI-CNT-01"),
         ("compose/compose.yaml", "read_only: true", "read_only: false", "VI-CNT-03"),
         ("compose/compose.yaml", "- collector-state:/var/lib", "- /var/run/docker.sock:/var/lib", "VI-CNT-03"),
         ("compose/compose.yaml", "${VIGIL_AGENT_IMAGE:?name@sha256:... of the agent}", "vigil5g/agent:latest", "VI-IMG-01")]
for name, good, bad, control in WORSE:
    with directory() as d, open(os.path.join(ROOT, "deploy", name), encoding="utf-8") as f:
        text = f.read()
        check(good in text, f"{name} has no {good}")
        write(d, os.path.basename(name), text.replace(good, bad))
        check(any(v["verdict"] == "fail" and v["control"] == control for v in scan(d)["verdicts"]),
              f"{name} with {bad}: no fail of {control}")
finish()

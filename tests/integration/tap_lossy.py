# SPDX-License-Identifier: Apache-2.0
"""A tap that sees one direction, and one that loses a frame in a hundred: what passes when all is seen is unknown then, and says
why; nothing passes that did not."""
import json
import os
import sys

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import tap
from vigil import DEMO, ROOT, check, finish, run


def key(v):
    return v["control"], v["target"]


def live(path, odd):
    tapped = tap.Live("scan", "-f", "json", "--vantage", "node-nic", seconds=1)
    check(tapped.ready, f"{path}: nothing captures")
    tap.send(path, gap_us=20, odd=odd)
    code, out, err = tapped.end()
    if not check(code in (0, 1), f"{path} {odd}: exit {code}: {err[:200]}"):
        sys.exit(1)
    report = json.loads(out)
    with open(os.path.join(ROOT, "docs", "report.schema.json"), encoding="utf-8") as f:
        jsonschema.validate(report, json.load(f))
    check([(i["kind"], i["path"]) for i in report["inputs"]] == [("live", tap.THERE)], f"inputs {report['inputs']}")
    return report


def compare(path, odd, passes):
    name = f"{os.path.basename(path)} {odd}"
    report = live(path, odd)
    of = {key(v): v for v in report["verdicts"]}
    wrong = [v for v in report["verdicts"] if v["verdict"] == "pass" and odd]
    check(not wrong, f"{name}: passes {[(key(v), v['message']) for v in wrong[:3]]}")
    lost = [of[k] for k in passes if k in of]
    for v in lost:
        check(v["verdict"] in ("unknown", "fail"), f"{name}: {key(v)} is {v['verdict']}")
    reasons = {v["reason"] for v in lost if v["verdict"] == "unknown"}
    print(f"{name}: {len(passes)} passes when all is seen; {len(lost)} of them judged, unknown for {sorted(reasons)}")
    return reasons


def tapped(path, ends, lose):
    passes = [key(v) for v in live(path, None)["verdicts"] if v["verdict"] == "pass"]
    report = json.loads(run("scan", "-f", "json", "-r", path, "--vantage", "node-nic").stdout)
    file = [key(v) for v in report["verdicts"] if v["verdict"] == "pass"]
    check(len(passes) == len(file) and passes, f"{path}: {len(passes)} passes live, {len(file)} of the file")
    reasons = compare(path, f"lose={lose}", passes)
    check("dropped" in reasons, f"{path} with loss: unknown for {sorted(map(str, reasons))}")
    for end in ends:
        reasons = compare(path, f"from={end}", passes)
        check(reasons <= {"dropped", "no-fact"}, f"{path} one way: unknown for {sorted(map(str, reasons))}")


tap.isolated()
# Thirty-five frames: one of twelve. The further capture is long enough for one of a hundred.
tapped(os.path.join(DEMO, "tls.pcap"), ("10.77.1.10", "10.77.1.5"), 12)
further = os.path.join(os.environ.get("VIGIL_TESTDATA", ""), "pcaps", "o5gs_tls13.pcap")
if os.path.exists(further):
    tapped(further, (), 100)
finish()

# SPDX-License-Identifier: Apache-2.0
"""SARIF output has the shape that SARIF 2.1.0 requires."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, NOW, check, finish, run, scan

LEVELS = {"none", "note", "warning", "error"}
KINDS = {"notApplicable", "pass", "fail", "review", "open", "informational"}


def check_result(result, ids):
    rule = result.get("ruleId")
    check(rule in ids, f"result of {rule}: no such rule")
    check(result.get("message", {}).get("text"), f"{rule}: no message")
    check(result.get("level") in LEVELS and result.get("kind") in KINDS, f"{rule}: level or kind")
    check(result["kind"] == "fail" or result["level"] == "none", f"{rule}: kind {result['kind']} wants level none")
    for location in result.get("locations", []):
        physical = location.get("physicalLocation", {})
        check(physical.get("artifactLocation", {}).get("uri"), f"{rule}: a location without uri")
        check(physical.get("region", {"startLine": 1}).get("startLine", 0) >= 1, f"{rule}: startLine")


def main():
    inputs = ["-c", os.path.join(DEMO, "config"), "-r", os.path.join(DEMO, "sbi.pcap")]
    doc = json.loads(run("scan", "-f", "sarif", "--now", NOW, *inputs).stdout)
    check(doc.get("version") == "2.1.0", "version")
    check(len(doc.get("runs", [])) == 1, "one run is wanted")
    driver = doc["runs"][0]["tool"]["driver"]
    check(driver.get("name") == "vigil", "driver name")
    ids = [r["id"] for r in driver["rules"]]
    check(len(ids) == len(set(ids)) > 100, "rules are not all there, or twice")
    for rule in driver["rules"]:
        check(rule["shortDescription"]["text"] and rule["defaultConfiguration"]["level"] in LEVELS, f"rule {rule['id']}")
    results = doc["runs"][0]["results"]
    for result in results:
        check_result(result, ids)
    report = scan(*inputs)
    fails = sorted(v["control"] for v in report["verdicts"] if v["verdict"] == "fail")
    check(sorted(r["ruleId"] for r in results if r["kind"] == "fail") == fails, "the fails are not those of the JSON")
    check(any(r["locations"] for r in results if r["kind"] == "fail"), "no fail has a location")


main()
finish()

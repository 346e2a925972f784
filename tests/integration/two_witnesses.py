# SPDX-License-Identifier: Apache-2.0
"""The file prefers NEA2, the wire chose NEA0: one verdict, two witnesses, and they disagree."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, DEMO, check, directory, finish, one, scan, write

capture = os.path.join(DEMO, "n2.pcap")
if not check(os.path.exists(capture), "tests/data/demo/n2.pcap is missing"):
    finish()
with directory() as d:
    write(d, "amf.yaml", AMF)
    v = one(scan("-c", d, "-r", capture, "--vantage", "node-nic"), "SA-NAS-02")
    if v:
        rows = {w["witness"]: w for w in v["witnesses"] if w["verdict"] in ("pass", "fail")}
        check(v["target"] == "nf:scan/amf" and v["name"] == "test-amf", f"target {v['target']}")
        check(v["verdict"] == "fail" and v["disagreement"] is True, f"{v['verdict']}, disagreement {v['disagreement']}")
        check(len(v["witnesses"]) == 2, f"{len(v['witnesses'])} witness rows")
        check(rows.get("config", {}).get("verdict") == "pass", "the configuration does not pass")
        check(rows.get("traffic", {}).get("verdict") == "fail", "the traffic does not fail")
        frames = [e["origin"] or "" for e in rows.get("traffic", {}).get("evidence", [])]
        check(any(o.startswith("n2.pcap#frame=") for o in frames), f"no frame is named: {frames}")
    # The same file alone passes; the same capture alone is about an address that nothing names.
    v = one(scan("-c", d), "SA-NAS-02")
    check(v and v["verdict"] == "pass" and not v["disagreement"], "the file alone does not pass")
    v = one(scan("-r", capture), "SA-NAS-02")
    check(v and v["target"] == "peer:scan/10.77.2.5" and v["verdict"] == "fail", "the capture alone")
    # Another address: two targets, nobody guesses.
    write(d, "amf.yaml", AMF.replace("10.77.2.5", "10.77.2.6"))
    both = {v["target"]: v["verdict"] for v in scan("-c", d, "-r", capture)["verdicts"] if v["control"] == "SA-NAS-02"}
    check(both == {"nf:scan/amf": "pass", "peer:scan/10.77.2.5": "fail"}, f"another address: {both}")
    # Two AMFs of that address: no guess either.
    write(d, "amf.yaml", AMF)
    write(d, "other/amf.yaml", AMF)
    both = {v["target"]: v["verdict"] for v in scan("-c", d, "-r", capture)["verdicts"] if v["control"] == "SA-NAS-02"}
    check(both.get("peer:scan/10.77.2.5") == "fail" and both.get("nf:scan/amf") == "pass", f"two AMFs: {both}")
finish()

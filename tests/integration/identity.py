# SPDX-License-Identifier: Apache-2.0
"""Targets keep their identity: files of one name, sections of one file, inputs of equal relative names."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, check, directory, finish, scan, verdicts, write


def targets(report, control="SA-NAS-02"):
    return sorted(v["target"] for v in verdicts(report, control))


def main():
    with directory() as d:
        for i in range(6):
            write(d, f"site{i}/amf.yaml", AMF.replace("NEA2, NEA1", "NEA0" if i == 3 else "NEA2, NEA1"))
        r = scan(d)
        check(targets(r) == [f"nf:scan/site{i}/amf" for i in range(6)], f"six AMFs: {targets(r)}")
        check([v["target"] for v in verdicts(r, "SA-NAS-02") if v["verdict"] == "fail"] == ["nf:scan/site3/amf"],
              "not the one AMF fails that prefers NEA0")
        check({v["name"] for v in verdicts(r, "SA-NAS-02")} == {"test-amf"}, "names")
    with directory() as d:
        write(d, "core.yaml", AMF + "---\n" + AMF.replace("10.77.2.5", "10.77.2.6").replace("NEA2, NEA1", "NEA0"))
        r = scan(d)
        check(len(targets(r)) == 2, f"two documents of one file: {targets(r)}")
        check(sorted(v["verdict"] for v in verdicts(r, "SA-NAS-02")) == ["fail", "pass"], "two documents: verdicts")
    with directory() as d:
        write(d, "upf.yaml", "".join(
            f"upf:\n  pfcp:\n    server:\n      - address: 10.9.0.{i}\n"
            f"  gtpu:\n    server:\n      - address: 10.9.1.{i}\n" for i in (1, 2)))
        r = scan(d)
        upf = {v["target"] for v in r["verdicts"] if v["nf-type"] == "upf"}
        check(len(upf) == 2, f"two UPF sections: {sorted(upf)}")
        # One inventory entry is one NF: the second section does not overwrite the first.
        inventory = write(d, "inv", "nfs:\n  - {id: upf-x, type: upf, config: [upf.yaml], deployment: host}\n")
        r = scan("-c", d, "--inventory", inventory)
        upf = {v["target"] for v in r["verdicts"] if v["nf-type"] == "upf"}
        check(len(upf) == 2 and "nf:scan/upf-x" in upf, f"declared: {sorted(upf)}")
    with directory() as d:
        for place in ("east", "west"):
            write(d, f"{place}/cfg/amf.yaml", AMF.replace("NEA2, NEA1", "NEA0" if place == "west" else "NEA2, NEA1"))
        r = scan("-c", os.path.join(d, "east/cfg"), "-c", os.path.join(d, "west/cfg"))
        found = {v["target"]: (v["verdict"], {e["input"] for w in v["witnesses"] for e in w["evidence"]})
                 for v in verdicts(r, "SA-NAS-02")}
        check(found == {"nf:scan/east/cfg/amf": ("pass", {0}), "nf:scan/west/cfg/amf": ("fail", {1})},
              f"two inputs: {found}")
        r = scan("-c", os.path.join(d, "east/cfg/amf.yaml"), "-c", os.path.join(d, "west/cfg/amf.yaml"))
        check(len(targets(r)) == 2, f"two files: {targets(r)}")
    with directory() as d:
        names = [b"a\xff", b"a\xfe", b"a?", b"a%3F", b"a\n", b"a "]
        for name in names:
            with open(os.path.join(d.encode(), name + b".yaml"), "w", encoding="ascii") as f:
                f.write(AMF)
        check(len(set(targets(scan(d)))) == len(names), f"odd names fall together: {targets(scan(d))}")


main()
finish()

# SPDX-License-Identifier: Apache-2.0
"""What was not seen never passes: each kind of gap has its own reason, and the exit codes are those of the manual."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, DEMO, NOW, check, directory, finish, run, scan, verdicts, write

UDM = {"SA-PRIV-02": "no UDM seen", "SA-PRIV-03": "no home network key seen"}


def no_empty_pass(label, report):
    for v in report["verdicts"]:
        if v["verdict"] == "pass":
            rows = [w for w in v["witnesses"] if w["verdict"] == "pass"]
            check(rows and all(w["evidence"] for w in rows), f"{label}: {v['control']} passes without evidence")


def reasons(report, control):
    return {v["reason"] for v in verdicts(report, control)}


def gaps():
    with directory() as d:
        write(d, "amf.yaml", AMF)
        r = scan(os.path.join(d, "amf.yaml"))
        no_empty_pass("amf alone", r)
        for control, text in UDM.items():
            found = verdicts(r, control)
            check(len(found) == 1 and found[0]["verdict"] == "unknown" and text in found[0]["message"],
                  f"{control}: {[v['message'] for v in found]}")
        check(reasons(r, "SA-N2-02") == {"no-inventory"}, f"SA-N2-02 without inventory: {reasons(r, 'SA-N2-02')}")
        write(d, "amf.yaml", AMF.replace("      - address: 10.77.1.5\n", "      - address: 10.77.1.5\n        scheme: ${SCHEME}\n")
              .replace("http://10.77.1.200:7777", "${SCP_URI}"))
        r = scan(d)
        no_empty_pass("placeholder", r)
        check(reasons(r, "SA-SBI-01") == {"unresolved"}, f"${{SCHEME}}: {reasons(r, 'SA-SBI-01')}")
    r = scan("-r", os.path.join(DEMO, "sbi.pcap"))
    no_empty_pass("capture", r)
    check(any(v["reason"] == "wrong-vantage" for v in r["verdicts"]), "an undeclared vantage gives no wrong-vantage")
    declared = scan("-r", os.path.join(DEMO, "sbi.pcap"), "--vantage", "node-nic")
    check(not verdicts(declared, "SA-SBI-01") or "wrong-vantage" not in reasons(declared, "SA-SBI-01"),
          "the vantage is declared and still wrong")


def inventory_lines():
    config = os.path.join(DEMO, "config")
    text = run("scan", "--now", NOW, config).stdout.decode()
    tail = text[text.rindex("inventory.yaml"):]
    lines = "\n".join(x[4:] for x in tail.splitlines() if x.startswith("    "))
    check("deployment-class" in lines and "nfs:" in lines, "the table does not end with inventory lines")
    with directory() as d:
        plain, told = scan(config), scan(config, "--inventory", write(d, "inventory.yaml", lines + "\n"))
        check(not told["errors"], f"the inventory lines are refused: {told['errors'][:2]}")
        open_before, open_after = (sum(v["reason"] == "no-inventory" for v in r["verdicts"]) for r in (plain, told))
        check(open_after < open_before, f"the lines decide nothing: {open_before} before, {open_after} after")
        indented = write(d, "as-printed.yaml", "\n".join(x for x in tail.splitlines() if x.startswith("    ")) + "\n")
        check(not scan(config, "--inventory", indented)["errors"], "the lines as printed are refused")
        bad = scan(config, "--inventory", write(d, "bad.yaml", "nfs:\n  - {id: a, typ: amf}\n"), expect=(1,))
        check(any(e["path"].endswith("bad.yaml") and e.get("line") == 2 for e in bad["errors"]), "a bad key: no line")


def errors():
    with directory() as d:
        write(d, "amf.yaml", AMF)
        broken = write(d, "smf.yaml", "smf:\n  sbi:\n    server: [\n  pfcp: }\n")
        p = run("scan", "--now", NOW, "-f", "json", "--fail-on", "none", d)
        check(p.returncode == 1, f"a broken file beside a good one: exit {p.returncode}")
        r = scan(d, "--fail-on", "none")
        check(any(re.search(r"smf\.yaml$", e["path"]) and e.get("line", 0) in (3, 4) for e in r["errors"]),
              f"no file and line: {r['errors']}")
        check(any(v["target"] == "nf:scan/amf" and v["verdict"] == "fail" for v in r["verdicts"]), "the rest is not judged")
        text = run("scan", "--now", NOW, d)
        check(re.search(rb"smf\.yaml:[34]", text.stdout + text.stderr), "the table does not name file and line")
        check(run("scan", broken).returncode == 2, "nothing but a broken file: not 2")
        check(run("scan", os.path.join(d, "absent")).returncode == 2, "an input that is not there: not 2")
        check(run("facts", os.path.join(d, "absent")).returncode != 0, "facts of nothing: 0")
        check(run("scan", "-c", os.path.join(d, "amf.yaml"), "-r", os.path.join(d, "absent")).returncode == 1,
              "one of two inputs is not there: not 1")
        check(run("scan", "--root", d, os.path.join(d, "nothing-here")).returncode == 2, "--root and no input: not 2")


def exit_codes():
    with directory() as d:
        write(d, "amf.yaml", AMF)
        worst = {v["severity"] for v in scan(d)["verdicts"] if v["verdict"] == "fail"}
        check("critical" in worst, "the AMF over http is not critical: this test says nothing")
        for word, want in (("low", 1), ("medium", 1), ("high", 1), ("critical", 1), ("unknown", 1), ("none", 0)):
            got = run("scan", "--now", NOW, "--fail-on", word, d).returncode
            check(got == want, f"--fail-on {word}: exit {got}, {want} is wanted")
        clean = write(d, "clean/bsf.yaml", "bsf:\n  sbi:\n    server:\n      - address: 127.0.0.15\n")
        fails = {v["severity"] for v in scan(clean)["verdicts"] if v["verdict"] == "fail"}
        order = ["low", "medium", "high", "critical"]
        for word in order:
            want = int(any(order.index(s) >= order.index(word) for s in fails))
            check(run("scan", "--now", NOW, "--fail-on", word, clean).returncode == want, f"bsf, --fail-on {word}")
        check(run("scan", "--now", NOW, "--fail-on", "unknown", clean).returncode == 1, "--fail-on unknown")
        for args in ((), ("scan",), ("scan", "--nope", d), ("scan", "-f", "xml", d), ("scan", "--now", "soon", d),
                     ("scan", "--fail-on", "all", d), ("scan", "--vantage", "roof", d), ("nonsense",),
                     ("scan", "--rules", d, d)):
            check(run(*args).returncode == 2, f"vigil {' '.join(args)}: not 2")


gaps()
inventory_lines()
errors()
exit_codes()
finish()

# SPDX-License-Identifier: Apache-2.0
"""Real processes that read their file once: what is in effect, what waits for a restart, what is never told."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time

import jsonschema

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, ROOT, VIGIL, alone, check, directory, finish, one, run, scan, write

STANDIN = os.path.join(os.path.dirname(VIGIL), "tests", "demo", "standin")
HOST = f"127.{100 + os.getpid() % 100}.{os.getpid() // 100 % 250}"  # loopback addresses that nobody else takes
FILE = AMF.replace("10.77.1.5", HOST + ".5").replace("10.77.2.5", HOST + ".6")
BAD = FILE.replace("[NEA2, NEA1]", "[NEA0, NEA2]")


def tick():
    """Let the clocks of files and of processes (10 ms) tell what follows from what was before."""
    begun = time.time()
    while time.time() < begun + 0.05:
        pass


class Nf:
    """A stand-in under the name of a program of open5GS; ready when the object is."""

    def __init__(self, base, name="open5gs-amfd", file="amf.yaml", more=(), before=(), env=None):
        program = os.path.join(base, "bin", name)
        os.makedirs(os.path.dirname(program), exist_ok=True)
        if not os.path.islink(program):
            os.symlink(STANDIN, program)
        tick()
        self.process = subprocess.Popen([*before, program, "-c", os.path.join(base, file), *more],
                                        stdout=subprocess.PIPE, text=True, env=env)
        self.lines = []
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if line == "ready\n":
                break
        check(self.lines[-1:] == ["ready"], f"{name} did not start: {self.lines}")
        tick()

    def stop(self):
        self.process.terminate()
        check(self.process.wait(20) == 0, "a stand-in does not end as it should")
        self.process.stdout.close()


def facts(d, *args, prefix=()):
    p = subprocess.run([*prefix, VIGIL, "facts", "--proc", "-c", d, *args], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=120, check=False)
    check(p.returncode in (0, 1), f"facts: {p.returncode} {p.stderr}")
    nf = {n["id"]: n for n in json.loads(p.stdout)["x1818-facts:facts"]["nf"]}
    return nf["nf:scan/amf"].get("runtime")


def nas(d):
    return one(scan("--proc", "-c", d), "SA-NAS-02", "nf:scan/amf")


def life(d):
    write(d, "amf.yaml", BAD)
    v = one(scan("-c", d), "SA-NAS-02", "nf:scan/amf")
    check(v["verdict"] == "fail", "the bad file does not fail")
    nf = Nf(d)
    check(nas(d)["verdict"] == "fail", "the bad file does not fail in effect")
    write(d, "amf.yaml", FILE)
    r = scan("--proc", "-c", d)
    v = one(r, "SA-NAS-02", "nf:scan/amf")
    check(v["verdict"] == "unknown" and v["reason"] == "depends-on", f"fixed, not restarted: {v['verdict']}")
    check(v.get("note") == "fix-pending-restart" and v["assurance"] is None, f"note {v.get('note')}")
    check("amf.yaml" in v["message"] and str(nf.process.pid) in v["message"], v["message"])
    check(r["basis"] == "as-running" and any(i["kind"] == "runtime" and i["read"] for i in r["inputs"]), "basis, inputs")
    check(any(n["path"].endswith("/amf.yaml") and "restart" in n["text"] for n in r["notes"]), "the file is not named")
    evidence = [e for w in v["witnesses"] for e in w["evidence"]]
    check(any(e["origin"] == f"pid={nf.process.pid}" for e in evidence), f"no process in the evidence: {evidence}")
    v = one(r, "MG-CFG-01", "nf:scan/amf")
    check(v["verdict"] == "unknown" and "fix-pending-restart" in v["message"], f"MG-CFG-01: {v['message']}")
    with open(os.path.join(ROOT, "docs", "report.schema.json"), encoding="utf-8") as f:
        for error in jsonschema.Draft202012Validator(json.load(f)).iter_errors(r):
            check(False, f"the report does not follow its schema: {error.message[:200]}")
    for form in ("html", "sarif"):
        text = run("scan", "--proc", "-f", form, "-c", d).stdout.decode()
        check("amf.yaml changed" in text, f"{form} does not name the file")
    text = run("scan", "--proc", "-c", d).stdout.decode()
    check("changed after process" in text and "as running" in text, "the table does not tell")
    # Without --proc the same file is judged as written.
    v = one(scan("-c", d), "SA-NAS-02", "nf:scan/amf")
    check(v["verdict"] == "pass" and v["assurance"] == "written" and "note" not in v, "as written")
    nf.stop()
    v = nas(d)
    check(v["verdict"] == "pass" and v["assurance"] == "written", f"nothing runs: {v['assurance']}")
    nf = Nf(d)
    v = nas(d)
    check(v["verdict"] == "pass" and v["assurance"] == "running", f"restarted: {v['verdict']} {v['assurance']}")
    check(facts(d)["in-effect"] is True, "restarted, not in effect")
    os.utime(os.path.join(d, "amf.yaml"))
    check(facts(d)["in-effect"] is False, "touched, still in effect")
    nf.stop()


def moved(d):
    """An editor writes beside the file and renames; a copy keeps the old time of modification."""
    write(d, "amf.yaml", FILE)
    nf = Nf(d)
    check(facts(d)["in-effect"] is True, "a fresh start is not in effect")
    write(d, "new", FILE)
    os.utime(os.path.join(d, "new"), (1000000000, 1000000000))
    os.rename(os.path.join(d, "new"), os.path.join(d, "amf.yaml"))
    r = facts(d)
    check(r["in-effect"] is False, "a file moved into place is in effect")
    nf.stop()


def sockets(d):
    write(d, "amf.yaml", FILE)
    nf = Nf(d, more=["-m", "s3cret-domain"])
    r = facts(d)
    check(r["complete"] is True and len(r["process"]) == 1, f"one process is wanted: {r.get('not-read')}")
    p = r["process"][0]
    check(p["pid"] == nf.process.pid and p["root"] == (os.getuid() == 0), "pid or user")
    check("s3cret" not in json.dumps(r) and "-m ?" in p["command-line"], "the command line tells too much")
    server = r["sbi"]["server"]
    check([(s["address"], s["port"], s["bind"]) for s in server] == [(HOST + ".5", 7777, "loopback")], f"sbi {server}")
    v = one(scan("--proc", "-c", d), "VI-HOST-09", "nf:scan/amf")
    check(v["verdict"] == "pass" and v["assurance"] == "running", f"VI-HOST-09 {v['verdict']} {v['message']}")
    v = one(scan("--proc", "-c", d), "SA-SBI-12", "nf:scan/amf")
    rows = {w["witness"]: w["verdict"] for w in v["witnesses"]}
    check(rows == {"config": "pass", "runtime": "pass"}, f"SA-SBI-12 {rows}")
    v = one(scan("--proc", "-c", d), "VI-HOST-06", "nf:scan/amf")
    check(v["verdict"] == "fail", "a stand-in without a sandbox passes")
    nf.stop()
    # The file of a stand-in that runs says another port than the one that is open: only by a restart it may.
    nf = Nf(d)
    write(d, "amf.yaml", FILE.replace("7777", "7778"))
    v = one(scan("--proc", "-c", d), "VI-HOST-09", "nf:scan/amf")
    check(v["verdict"] == "unknown" and v["reason"] == "depends-on", f"VI-HOST-09 {v['verdict']}")
    nf.stop()


def secrets(d):
    """The file asks for no key log, the environment of the process does: fail, and its value stays where it is."""
    write(d, "amf.yaml", FILE)
    nf = Nf(d)
    v = one(scan("--proc", "-c", d), "SA-SBI-08", "nf:scan/amf")
    check(v["verdict"] == "pass" and v["assurance"] == "running", f"SA-SBI-08 {v['verdict']}: {v['message']}")
    nf.stop()
    nf = Nf(d, env={**os.environ, "SSLKEYLOGFILE": "/tmp/s3cret", "DB_URI": "mongodb://u:s3cret@localhost/x"})
    v = one(scan("--proc", "-c", d), "SA-SBI-08", "nf:scan/amf")
    check(v["verdict"] == "fail", f"SA-SBI-08 {v['verdict']}: {v['message']}")
    for args in (("facts",), ("scan", "-f", "json"), ("scan", "-v")):
        p = run(*args, "--proc", "-c", d)
        check(b"s3cret" not in p.stdout + p.stderr, f"{args} tells a secret")
    nf.stop()


def declared(d):
    """The name that the inventory gives to the file is that of the process; the approved hash makes it a pass."""
    write(d, "lab/amf.yaml", FILE)
    good = hashlib.sha256(FILE.encode()).hexdigest()
    nf = Nf(d, file="lab/amf.yaml")
    for sha, wanted in ((good, "pass"), ("0" * 64, "fail")):
        inventory = write(d, "inventory.yaml", "nfs:\n  - {id: amf-1, type: amf, config: [amf.yaml]}\n"
                          f"approved:\n  config-sha256: ['{sha}']\n")
        r = scan("--proc", "-c", os.path.join(d, "lab"), "--inventory", inventory)
        v = one(r, "MG-CFG-01", "nf:scan/amf-1")
        check(v and v["verdict"] == wanted, f"MG-CFG-01: {wanted} is wanted: {v and v['message']}")
        v = one(r, "SA-NAS-02", "nf:scan/amf-1")
        check(v and v["assurance"] == "running", "the renamed NF does not run")
    nf.stop()


def replicas(d):
    """Three processes of one file are one target; it is in effect when all of them were restarted."""
    text = FILE.replace("7777", "0")
    write(d, "amf.yaml", text)
    nfs = [Nf(d) for _ in range(3)]
    r = facts(d)
    check(len(r["process"]) == 3 and r["in-effect"] is True, "three replicas, all in effect")
    write(d, "amf.yaml", text + "\n")
    for i in range(3):
        check(facts(d)["in-effect"] is False, f"{i} of 3 restarted, in effect already")
        nfs[i].stop()
        nfs[i] = Nf(d)
    check(facts(d)["in-effect"] is True, "all restarted, not in effect")
    targets = {v["target"] for v in scan("--proc", "-c", d)["verdicts"] if v["target"].startswith("nf:scan/amf")}
    check(targets == {"nf:scan/amf"}, f"replicas are occurrences: {targets}")
    for nf in nfs:
        nf.stop()


def namespaces(d):
    """Two replicas with one address in two network namespaces: the sockets of each are its own."""
    before = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$0" "$@"']
    if os.getuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False).returncode:
        print("SKIPPED: two network namespaces need root")
        return
    write(d, "amf.yaml", FILE)
    nfs = [Nf(d, before=before) for _ in range(2)]
    r = facts(d)
    check(len({p["network-namespace"] for p in r["process"]}) == 2, "two namespaces are wanted")
    pids = sorted(s["pid"] for s in r["sbi"]["server"])
    check(pids == sorted(nf.process.pid for nf in nfs), f"each its own socket: {pids}")
    for nf in nfs:
        nf.stop()


def strangers(d):
    """A reader without rights: what it may not see is unknown, what anybody may see still fails."""
    prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    os.chmod(d, 0o755)
    if os.getuid() != 0 or subprocess.run([*prefix, VIGIL, "--version"], stdout=subprocess.DEVNULL,
                                          stderr=subprocess.DEVNULL, check=False).returncode:
        print("SKIPPED: reading without rights needs root and a build that others may run")
        return
    write(d, "amf.yaml", FILE)
    nf = Nf(d)
    p = subprocess.run([*prefix, VIGIL, "scan", "--proc", "-f", "json", "-c", d], stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, timeout=120, check=False)
    r = json.loads(p.stdout)
    mine = [v for v in r["verdicts"] if any(e["origin"] == f"pid={nf.process.pid}" for w in v["witnesses"]
                                            for e in w["evidence"])]
    by = {v["control"]: v for v in mine}
    check(by.get("VI-HOST-06", {}).get("verdict") == "fail", f"VI-HOST-06 without rights: {sorted(by)}")
    check(not any(v["verdict"] == "pass" and v["assurance"] == "running" for v in mine), "a pass without rights")
    check(any("CAP_SYS_PTRACE" in n["text"] for n in r["notes"]), "no note on missing rights")
    nf.stop()


if not os.path.exists(STANDIN):
    print("FAIL: build/tests/demo/standin is missing (make test-binaries)")
    sys.exit(1)
alone()
for test in (life, moved, sockets, secrets, declared, replicas, namespaces, strangers):
    with directory() as base:
        test(base)
        shutil.rmtree(os.path.join(base, "bin"), ignore_errors=True)
# A table that is not there is an error that names it, and no crash.
p = run("scan", "--proc=/nonexistent")
check(p.returncode == 2 and b"/nonexistent" in p.stdout + p.stderr, f"--proc of nothing: {p.returncode}")
finish()

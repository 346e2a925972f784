# SPDX-License-Identifier: Apache-2.0
"""A collector with an agent beside it: SIGHUP takes everything or nothing, and what runs goes on under the names it had."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, ROOT, VIGIL, check, directory, finish, write

BUILD = os.path.dirname(VIGIL)
CEILING = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, question):
    """Its answer once it is true; a failure is counted when it never is."""
    end = time.monotonic() + CEILING
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    check(False, f"did not happen: {what}")
    return None


with directory() as d:
    port = free_port()
    subprocess.run(["sh", os.path.join(ROOT, "deploy", "test-ca.sh"), f"{d}/ca", "collector.test", "node-1"], check=True,
                   capture_output=True)
    nf = os.path.join(d, "nf")
    shutil.copytree(os.path.join(DEMO, "config"), nf)

    def tls(name):
        return f"tls: {{certificate: {d}/ca/{name}/cert.pem, key: {d}/ca/{name}/key.pem, trust: {d}/ca/{name}/ca.pem"

    base = f"listen: ['127.0.0.1:{port}']\nstore: {d}/store.db\nsocket: {d}/socket\n" + tls("collector.test") + "}\n"
    collector_yaml = write(d, "collector.yaml", "site: lab\ntenant: acme\n" + base)
    agent_yaml = write(d, "agent.yaml", f"name: node-1\nsite: lab\nsources:\n  - config: [{nf}]\n    interval: 300\n    watch: true\n"
                       f"collectors: ['127.0.0.1:{port}']\n" + tls("node-1") + ", collector: collector.test}\n")
    log = open(os.path.join(d, "log"), "w+", encoding="utf-8")
    collector = subprocess.Popen([os.path.join(BUILD, "vigil-collector"), "-c", collector_yaml], stderr=log)
    agent = subprocess.Popen([os.path.join(BUILD, "vigil-agent"), "-c", agent_yaml], stderr=subprocess.DEVNULL)

    def ask(*args):
        p = subprocess.run([VIGIL, *args, "--json", "--socket", f"{d}/socket"], capture_output=True, text=True, timeout=60,
                           check=False)
        return json.loads(p.stdout) if p.returncode == 0 else {}

    def findings(control="SA-NAS-01"):
        return ask("findings", "--control", control, "--state", "all").get("findings", [])

    def said(text):
        with open(log.name, encoding="utf-8") as f:
            return f.read().count(text)

    def reload(text, expect):
        before = said(expect)
        write(d, "collector.yaml", text)
        collector.send_signal(signal.SIGHUP)
        until(expect, lambda: said(expect) > before)

    def change(before, after):
        path = os.path.join(nf, "amf.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        check(before in text, f"amf.yaml has no {before}")
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(text.replace(before, after))
        os.rename(path + ".new", path)

    try:
        first = until("a finding", findings)
        check(first and first[0]["site"] == "lab" and first[0]["agent"] == "node-1", f"finding {first}")
        state = first and first[0]["state"]
        taken, refused = "configuration and rules were read again", "nothing of it was taken"
        good = "site: lab\ntenant: acme\n" + base
        for extra in ("life: {quiet: 5}\n", "users: [{name: nobody, role: noc}]\nagents: [{name: node-1}]\n", ""):
            reload(good + extra, taken)
        for bad in ("site: other\ntenant: acme\n" + base, "site: lab\ntenant: other\n" + base, "site: lab\n" + base,
                    good.replace(f"{d}/store.db", f"{d}/other.db"), good + "rules: /no/such\n", good + "overlay: /no/such\n",
                    "site: [\n", good.replace("ca.pem", "gone.pem")):
            reload(bad, refused)
            p = subprocess.run([os.path.join(BUILD, "vigil-collector"), "--health", "-c",
                                write(d, "health.yaml", good)], capture_output=True, text=True, timeout=60, check=False)
            check(p.returncode == 0 and not p.stderr, f"--health: {p.returncode} {p.stderr}")
        reload(good, taken)
        # What runs goes on: a change is judged, and is of the same site, tenant and agent.
        with open(os.path.join(nf, "amf.yaml"), encoding="utf-8") as f:
            order = [l for l in f.read().splitlines() if "integrity_order" in l][0]
        change(order, order.replace(", NIA0", ""))
        now = until("a change of the finding", lambda: [f for f in findings() if f["state"] != state])
        check(not now or (now[0]["site"], now[0]["agent"], now[0]["id"]) == ("lab", "node-1", first[0]["id"]), f"changed {now}")
        check(len(findings()) == len(first), "another finding")
        # A grant that is gone ends the session; nothing closes.
        reload(good + "agents: [{name: somebody-else}]\n", taken)
        until("the agent is away", lambda: not any(a["connected"] for a in ask("agents").get("agents", [])))
        check([f["state"] for f in findings()] == [f["state"] for f in now or []], "states after the agent left")
        reload(good, taken)
        until("the agent is back", lambda: any(a["connected"] for a in ask("agents").get("agents", [])))
    finally:
        agent.terminate()
        collector.terminate()
        rc = collector.wait(timeout=CEILING)
        agent.wait(timeout=CEILING)
    log.seek(0)
    text = log.read()
    check(rc == 0 and "ERROR: " not in text, f"the collector ended with {rc}: {text[-1500:]}")
    gone = subprocess.run([os.path.join(BUILD, "vigil-collector"), "--health", "-c", collector_yaml], capture_output=True, text=True,
                          timeout=60, check=False)
    check(gone.returncode == 1 and "no collector listens" in gone.stderr, f"--health without one: {gone.returncode} {gone.stderr}")
    log.close()
finish()

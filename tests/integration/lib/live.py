# SPDX-License-Identifier: Apache-2.0
"""A small network that lives: test CA, collector, agents, stand-ins. Everything in a scratch directory; all of it ends with it."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from vigil import AMF, ROOT, VIGIL, check

BIN = os.path.dirname(VIGIL)
AGENT = os.path.join(BIN, "vigil-agent")
COLLECTOR = os.path.join(BIN, "vigil-collector")
STANDIN = os.path.join(BIN, "tests", "demo", "standin")
CEILING = 60  # seconds that a wait may take on a machine that is busy with other things
SITE = "s1"
GOOD, BAD = "[NEA2, NEA1]", "[NEA0, NEA2]"
OPEN = ("open", "reopened", "acknowledged", "fix-pending-restart")


def amf(order=GOOD, address="127.0.0.1", port=7777):
    """Text of an AMF whose one line tells good from bad, with its sockets where a test wants them."""
    return AMF.replace("[NEA2, NEA1]", order).replace("10.77.1.5", address).replace("10.77.2.5", address).replace(
        "7777", str(port))


def free_port(address="127.0.0.1"):
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def until(what, probe, ceiling=CEILING, pause=0.05):
    """The first true value of probe(); None and a failure when none comes."""
    end = time.monotonic() + ceiling
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            check(False, f"{what}: not within {ceiling} s")
            return None
        time.sleep(pause)


def tick():
    """Let the clocks of files and of processes (10 ms) tell what follows from what was before."""
    begun = time.monotonic()
    while time.monotonic() < begun + 0.03:
        time.sleep(0.01)


class Process:
    """A process whose output lands in a file."""

    def __init__(self, argv, log, **more):
        self.argv, self.log, self.more = argv, log, more
        self.process = None

    def start(self):
        with open(self.log, "ab") as out:
            self.from_here = out.tell()
            self.process = subprocess.Popen(self.argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL, **self.more)
        return self

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Exit status; None after SIGKILL because of no answer."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=CEILING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None

    def kill(self):
        self.stop(signal.SIGKILL)

    def said(self, since=0):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            f.seek(since)
            return f.read()

    def wait_said(self, pattern, since=0, ceiling=CEILING):
        return until(f"{os.path.basename(self.log)}: '{pattern}'", lambda: re.search(pattern, self.said(since)), ceiling)

    def rss_kib(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))


class Nf(Process):
    """A stand-in under the name of a program of open5GS."""

    def __init__(self, lab, name, file, before=()):
        program = os.path.join(lab.dir, "bin", name)
        os.makedirs(os.path.dirname(program), exist_ok=True)
        if not os.path.islink(program):
            os.symlink(STANDIN, program)
        lab.count += 1
        super().__init__([*before, program, "-c", file], os.path.join(lab.dir, f"{name}-{lab.count}.log"))
        lab.processes.append(self)

    def start(self):
        tick()
        super().start()
        self.wait_said(r"(?m)^ready$", self.from_here)
        tick()
        return self


class Lab:
    """with Lab("a1", "b1") as lab: ..."""

    def __init__(self, *agents, collector="", pack=None):
        self.dir = tempfile.mkdtemp(prefix="vigil-live-")
        self.processes, self.count = [], 0
        self.pki = os.path.join(self.dir, "pki")
        self.certify(*agents)
        self.port = free_port()
        self.socket = os.path.join(self.dir, "sock")
        self.store = os.path.join(self.dir, "store", "store.db")
        os.makedirs(os.path.dirname(self.store))
        self.collector_yaml(collector, pack)
        self.collector = Process([COLLECTOR, "--config", self.path("collector.yaml")], self.path("collector.log"))
        self.processes.append(self.collector)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if _[0] is not None:
            print(self.collector.said()[-3000:] if os.path.exists(self.collector.log) else "")
        for p in reversed(self.processes):
            p.kill()
            bad = os.path.exists(p.log) and re.search(r".*(AddressSanitizer|LeakSanitizer|runtime error:).*", p.said())
            check(not bad, f"{os.path.basename(p.log)}: {bad and bad.group(0)}")
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text):
        """Beside and renamed, as editors do."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + "~", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(path + "~", path)
        return path

    def certify(self, *names):
        subprocess.run(["sh", os.path.join(ROOT, "deploy", "test-ca.sh"), self.pki, "collector", *names], check=True,
                       stdout=subprocess.DEVNULL)

    def tls(self, name):
        return (f"tls:\n  certificate: {self.pki}/{name}/cert.pem\n  key: {self.pki}/{name}/key.pem\n"
                f"  trust: {self.pki}/ca.pem\n")

    def collector_yaml(self, more="", pack=None):
        return self.write("collector.yaml", f"site: {SITE}\nlisten: [\"127.0.0.1:{self.port}\"]\n" + self.tls("collector") +
                          f"store: {self.store}\nsocket: {self.socket}\n" + (f"rules: {pack}\n" if pack else "") + more)

    def start_collector(self):
        """Ready to answer commands."""
        self.collector.start()
        self.collector.wait_said("listening for agents", self.collector.from_here)
        return self.collector

    def agent(self, name, sources, **more):
        """An agent, not started; its files lie in NAME/."""
        text = f"name: {name}\nsite: {SITE}\nroot: /\nsources:\n" + "".join(f"  - {s}\n" for s in sources)
        text += "".join(f"{k.replace('_', '-')}: {v}\n" for k, v in more.items())
        text += f"collectors: [\"127.0.0.1:{self.port}\"]\n" + self.tls(name) + f"  collector: collector\nspool: {self.path(name + '-spool')}\n"
        p = Process([AGENT, "--config", self.write(name + ".yaml", text)], self.path(name + ".log"))
        self.processes.append(p)
        return p

    def target(self, agent, local):
        """Key of the NF of a file LOCAL.yaml of an agent."""
        return f"nf:{SITE}/{agent}{self.path(agent, local)}"

    def vigil(self, *args, expect=(0,)):
        p = subprocess.run([VIGIL, args[0], "--socket", self.socket, *args[1:]], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=CEILING * 2, check=False)
        if expect is not None and p.returncode not in expect:
            check(False, f"vigil {' '.join(args)}: exit {p.returncode}: {p.stderr.decode(errors='replace')[:300]}")
        return p

    def ask(self, *args, expect=(0,)):
        p = self.vigil(*args, "--json", expect=expect)
        try:
            return json.loads(p.stdout)
        except ValueError:
            return {}

    def findings(self, **filters):
        """All of them, whatever their state; all pages."""
        args = [f"--{k}={v}" for k, v in {"state": "all", "limit": "500", **filters}.items()]
        found, cursor = [], None
        while True:
            answer = self.ask("findings", *args, *(["--cursor", cursor] if cursor else []), expect=None)
            found += answer.get("findings", [])
            cursor = answer.get("next") if answer.get("more") else None
            if not cursor:
                return found

    def finding(self, control, target):
        found = self.findings(control=control, target=target)
        return found[0] if found else None

    def wait_state(self, control, target, *states, ceiling=CEILING):
        def probe():
            f = self.finding(control, target)
            return f if f and f["state"] in states else None
        return until(f"{control} on {target} is {' or '.join(states)}", probe, ceiling)

    def wait_agent(self, name, connected=True):
        return until(f"agent {name} {'' if connected else 'dis'}connected",
                     lambda: any(a["id"] == name and a["connected"] == connected for a in self.ask("agents", expect=None).get("agents", [])))

    def history(self, finding):
        """Kinds of the journal of one finding, oldest first."""
        return [e["kind"] for e in self.ask("finding", finding["id"])["history"]]

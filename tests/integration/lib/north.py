# SPDX-License-Identifier: Apache-2.0
"""A collector with a store of its own, an agent that calls it, and an sshd that has vigil-netconf for a subsystem."""
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys

from netconf import NORTH, until
from vigil import ROOT, VIGIL

COLLECTOR = os.path.join(os.path.dirname(VIGIL), "vigil-collector")
AGENT = os.path.join(os.path.dirname(VIGIL), "vigil-agent")
WORLD = os.path.join(os.path.dirname(VIGIL), "tests", "north", "world")
AMF = """\
amf:
  sbi:
    server: [{{address: 127.0.0.5, port: 7777}}]
  ngap:
    server: [{{address: 127.0.0.5}}]
  guami: [{{plmn_id: {{mcc: 999, mnc: 70}}, amf_id: {{region: 2, set: 1}}}}]
  tai: [{{plmn_id: {{mcc: 999, mnc: 70}}, tac: 1}}]
  plmn_support: [{{plmn_id: {{mcc: 999, mnc: 70}}, s_nssai: [{{sst: 1}}]}}]
  security: {{integrity_order: [NIA2, NIA1, NIA0], ciphering_order: [{order}]}}
  amf_name: amf-1
"""


def need(module, package):
    """Run again with the interpreter of the system where this one lacks a module; skip, loudly, without it."""
    try:
        __import__(module)
    except ImportError:
        if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
            os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
        skip(f"the package {package} is not installed")


def need_program(*names, package):
    for n in names:
        found = shutil.which(n) or shutil.which(n, path="/usr/sbin:/sbin:/usr/local/sbin")
        if found:
            return found
    skip(f"the package {package} is not installed")
    return None


def skip(why):
    print(f"SKIPPED, NOTHING WAS TESTED: {why}")
    sys.exit(0)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Place:
    """A directory with certificates, the collector, and what belongs to both."""

    def __init__(self, directory, findings=0, problems=10, users=()):
        self.dir = directory
        os.chmod(directory, 0o755)
        self.store, self.socket = self.path("store.db"), self.path("collector.sock")
        self.config, self.port = self.path("collector.yaml"), free_port()
        self.processes = []
        self.log = open(self.path("log"), "wb")
        subprocess.run(["sh", os.path.join(ROOT, "deploy", "test-ca.sh"), self.path("ca"), "collector.test", "node-1"],
                       check=True, stdout=subprocess.DEVNULL)
        if findings:
            subprocess.run([WORLD, self.store, str(findings), str(problems)], check=True)
        self.configure(users)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        """In one step, so that nobody reads half of it."""
        with open(self.path(name + ".new"), "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.path(name + ".new"), self.path(name))
        return self.path(name)

    def configure(self, users):
        """users: YAML flow mappings."""
        ca = self.path("ca/collector.test")
        self.write("collector.yaml", "\n".join([
            "site: lab", "tenant: tenant-1", f'listen: ["127.0.0.1:{self.port}"]',
            f"tls: {{certificate: {ca}/cert.pem, key: {ca}/key.pem, trust: {ca}/ca.pem}}",
            f"store: {self.store}", f"socket: {self.socket}",
            *(["users:"] + [f"  - {u}" for u in users] if users else []), ""]))

    def spawn(self, *argv, **more):
        p = subprocess.Popen(argv, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, **more)
        self.processes.append(p)
        return p

    def start_collector(self):
        self.collector = self.spawn(COLLECTOR, "-c", self.config)
        if not until(lambda: os.path.exists(self.socket) or self.collector.poll() is not None) or \
                self.collector.poll() is not None:
            self.fail("the collector does not start")
        for end in ("", "-wal", "-shm"):  # what a group right would be
            os.chmod(self.store + end, 0o644)
        return self.collector

    def reload(self):
        self.collector.send_signal(signal.SIGHUP)

    def amf(self, order):
        os.makedirs(self.path("etc"), exist_ok=True)
        self.write("etc/amf.yaml", AMF.format(order=order))

    def start_agent(self):
        ca = self.path("ca/node-1")
        os.makedirs(self.path("spool"), exist_ok=True)
        self.write("agent.yaml", "\n".join([
            "name: node-1", "site: lab", f"root: {self.dir}", "sources:",
            "  - {config: [/etc], interval: 5, watch: true}", f'collectors: ["127.0.0.1:{self.port}"]',
            f"tls: {{certificate: {ca}/cert.pem, key: {ca}/key.pem, trust: {ca}/ca.pem, collector: collector.test}}",
            f"spool: {self.path('spool')}", ""]))
        return self.spawn(AGENT, "--config", self.path("agent.yaml"))

    def vigil(self, *args):
        return subprocess.run([VIGIL, *args, "--socket", self.socket], capture_output=True, text=True, timeout=60,
                              check=False)

    def start_sshd(self, *options, forced=False):
        """Arguments of ncclient. forced: as docs/deploy.md has it, nothing but our program runs."""
        sshd = need_program("sshd", package="openssh-server")
        port, user = free_port(), getpass.getuser()
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        for name in ("host", "user"):
            if os.path.exists(self.path(name)):
                continue
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)], check=True)
        shutil.copy(self.path("user.pub"), self.path("authorized"))
        command = " ".join([NORTH, "--config", self.config, *options])
        end = [f"ForceCommand {command}", "PermitTTY no", "DisableForwarding yes"] if forced else []
        self.write(f"sshd{port}.conf", "\n".join([
            f"Port {port}", "ListenAddress 127.0.0.1", f"HostKey {self.path('host')}", "PidFile none", "UsePAM no",
            "StrictModes no", f"AuthorizedKeysFile {self.path('authorized')}", "PasswordAuthentication no",
            "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", f"Subsystem netconf {command}",
            *end, ""]))
        self.spawn(sshd, "-D", "-e", "-f", self.path(f"sshd{port}.conf"))
        if not until(lambda: _answers(port)):
            self.fail("sshd does not start")
        return {"host": "127.0.0.1", "port": port, "username": user, "key_filename": self.path("user"),
                "hostkey_verify": False, "allow_agent": False, "look_for_keys": False, "timeout": 60}

    def fail(self, why):
        self.close()
        with open(self.path("log"), encoding="utf-8", errors="replace") as f:
            print(f.read()[-3000:])
        sys.exit("FAIL: " + why)

    def close(self):
        for p in reversed(self.processes):
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    p.kill()
        self.processes = []


def _answers(port):
    with socket.socket() as s:
        s.settimeout(5)
        return s.connect_ex(("127.0.0.1", port)) == 0


def served(place):
    """Pids of vigil-netconf that serve this place."""
    out = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=False).stdout
    return [int(m.group(1)) for m in re.finditer(r"^\s*(\d+)\s+(.*)$", out, re.M)
            if m.group(2).startswith(NORTH) and place.config in m.group(2)]

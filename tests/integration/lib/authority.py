# SPDX-License-Identifier: Apache-2.0
"""vigil-enrol-server as a process, what is asked of it by commands, and what its record says."""
import json
import os
import socket
import subprocess

from live import BIN, CEILING, Process, free_port, until
from vigil import VIGIL, check, finish

SERVER = os.path.join(BIN, "vigil-enrol-server")


def vigil(*args, text=None):
    return subprocess.run([VIGIL, "enrol", *args], input=text, capture_output=True, text=True, timeout=CEILING * 2, check=False)


def openssl(*args):
    return subprocess.run(["openssl", *args], capture_output=True, text=True, timeout=CEILING, check=False)


def serial(path):
    return openssl("x509", "-in", path, "-noout", "-serial").stdout.strip().split("=")[-1].lower()


def not_after(path):
    text = openssl("x509", "-in", path, "-noout", "-enddate").stdout.strip().split("=")[-1]
    return int(subprocess.run(["date", "-u", "-d", text, "+%s"], capture_output=True, text=True, check=True).stdout)


def can_listen(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen(1)
        except OSError:
            return False
        return True


class Authority(Process):
    def __init__(self, lab, name="enrol", life="1h", more=""):
        self.state = lab.path(name + "-state")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        os.mkdir(self.state, 0o700)
        self.lab, self.name, self.extra = lab, name, more
        super().__init__([SERVER, "--config", self.configure(life)], lab.path(name + ".log"))
        lab.processes.append(self)

    def configure(self, life):
        return self.lab.write(self.name + ".yaml", f"listen: \"127.0.0.1:{self.port}\"\nca:\n"
                              f"  certificate: {self.lab.pki}/ca.pem\n  key: {self.lab.pki}/ca/key.pem\n"
                              f"state: {self.state}\nlife: {life}\n{self.extra}")

    def start(self):
        # Its two processes share one port: after SIGKILL of the one the other ends a moment later.
        until("the port is free", lambda: can_listen(self.port))
        super().start()
        if not self.wait_said("(?m): ready$", self.from_here):
            finish()
        return self

    def restart(self, life):
        self.stop()
        self.configure(life)
        return self.start()

    def token(self, agent, expires="1h"):
        p = vigil("token", agent, "--state", self.state, "--expires", expires)
        check(p.returncode == 0, f"a token of {agent}: {p.stderr}")
        check(p.stdout.strip() not in p.stderr, "the token is on standard error")
        return p.stdout.strip()

    def record(self):
        with open(os.path.join(self.state, "issued.log"), encoding="ascii") as f:
            return [json.loads(line) for line in f]

    def refused(self, reason):
        return sum(1 for e in self.record() if e["event"] == "refused" and e["reason"] == reason)

# SPDX-License-Identifier: Apache-2.0
"""NETCONF devices to ask: Debian's netconfd and broken ones, each behind a port of one private sshd."""
import getpass
import os
import shutil
import subprocess
import sys

from netconf import until
from north import _answers, free_port, need_program

HOSTILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile_device.py")

MAX_PORTS = 12  # of one sshd, which listens on 16 sockets


class Devices:
    """sshd with a port for each command; netconfd where it is wanted."""

    def __init__(self, place):
        self.place, self.ports = place, {}
        for name in ("host", "other", "user", "stranger"):
            if not os.path.exists(place.path(name)):
                subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", place.path(name)], check=True)
        shutil.copy(place.path("user.pub"), place.path("authorized"))

    def add(self, name, command):
        """A device; {port} in command is its port."""
        self.ports[name] = free_port()
        return self.ports[name], command.replace("{port}", str(self.ports[name]))

    def start(self, commands):
        sshd = need_program("sshd", package="openssh-server")
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True)
        devices = [self.add(n, c) for n, c in commands.items()]
        for i in range(0, len(devices), MAX_PORTS):
            self._serve(sshd, f"devices{i}.conf", devices[i:i + MAX_PORTS])
        if not until(lambda: all(_answers(p) for p, _ in devices)):
            self.place.fail("sshd does not start")

    def _serve(self, sshd, name, devices):
        lines = [f"Port {p}" for p, _ in devices] + [
            "ListenAddress 127.0.0.1", f"HostKey {self.place.path('host')}", "PidFile none", "UsePAM no", "StrictModes no",
            f"AuthorizedKeysFile {self.place.path('authorized')}", "PasswordAuthentication no", "MaxStartups 100",
            "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "Subsystem netconf /bin/false"]
        for port, command in devices:
            lines += [f"Match LocalPort {port}", f"    ForceCommand {command}"]
        self.place.spawn(sshd, "-D", "-e", "-f", self.place.write(name, "\n".join(lines) + "\n"))

    def netconfd(self):
        """The command of its subsystem; {port} has to be that of sshd, as it asks."""
        netconfd = need_program("netconfd", package="netconfd")
        self.socket, self.log = self.place.path("ncx.sock"), self.place.path("netconfd.log")
        self.argv = [netconfd, "--no-startup", "--log-level=info", f"--superuser={getpass.getuser()}",
                     f"--ncxserver-sockname={self.socket}", f"--log={self.log}"]
        return f"{need_program('netconf-subsystem', package='netconfd')} --ncxserver-sockname={{port}}@{self.socket}"

    def start_netconfd(self, name):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.server = self.place.spawn(*self.argv, f"--port={self.ports[name]}", cwd=self.place.dir)
        if not until(lambda: os.path.exists(self.socket)):
            self.place.fail("netconfd does not start")

    def known(self, name, ports, key="host"):
        """A file of known hosts."""
        with open(self.place.path(key + ".pub"), encoding="ascii") as f:
            public = " ".join(f.read().split()[:2])
        return self.place.write(name, "".join(f"[127.0.0.1]:{p} {public}\n" for p in ports))

    def entry(self, name, port=None, known="known", key="user", **more):
        """A device in the configuration of an agent, as a YAML flow mapping."""
        fields = {"name": name, "address": "127.0.0.1", "port": port or self.ports[name], "user": getpass.getuser(),
                  "key": self.place.path(key), "known-hosts": self.place.path(known), "interval": 10, **more}
        return "{" + ", ".join(f"{k.replace('_', '-')}: {v}" for k, v in fields.items()) + "}"


def hostile(mode):
    return f"{sys.executable} {HOSTILE} {mode}"

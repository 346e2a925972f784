# SPDX-License-Identifier: Apache-2.0
"""vigil-netconf over pipes, with framing of our own (RFC 6242): what it costs, what it refuses, whom it serves."""
import os
import pwd
import re
import select
import subprocess
import threading
import time

from vigil import VIGIL

NORTH = os.path.join(os.path.dirname(VIGIL), "vigil-netconf")
BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
ALARMS = "urn:ietf:params:xml:ns:yang:ietf-alarms"
FINDINGS = "urn:vigil5g:yang:x1818-findings"
CEILING = 60
NO_LEAKS = {"ASAN_OPTIONS": "detect_leaks=0"}  # a confined process cannot look for them

HELLO = (f'<hello xmlns="{BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>'
         "<capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>]]>]]>")


class Closed(Exception):
    """The other side ended the session."""


def as_user(name):
    """Arguments of Popen."""
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Session:
    """One session; replies and notifications are bytes."""

    def __init__(self, *args, user=None, env=None):
        more = as_user(user) if user else {}
        self.process = subprocess.Popen([NORTH, *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env={**os.environ, **NO_LEAKS, **(env or {})}, **more)
        self.buffer, self.notifications, self.number = b"", [], 0
        self.said = []
        self.listener = threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True)
        self.listener.start()

    def hello(self):
        self.write(HELLO.encode())
        while b"]]>]]>" not in self.buffer:
            self._more()
        hello, self.buffer = self.buffer.split(b"]]>]]>", 1)
        return hello.decode()

    def write(self, data):
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except BrokenPipeError as e:
            raise Closed from e

    def _more(self, ceiling=CEILING):
        ready, _, _ = select.select([self.process.stdout], [], [], ceiling)
        data = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
        if not data:
            raise Closed
        self.buffer += data

    def heard_of(self, ceiling):
        """Whether anything comes within so many seconds, its end included."""
        return bool(select.select([self.process.stdout], [], [], ceiling)[0])

    def _need(self, n):
        while len(self.buffer) < n:
            self._more()

    def message(self):
        """The next message, whatever it is."""
        parts, at = [], 0
        while True:
            while self.buffer.find(b"\n", at + 2) < 0:
                self._more()
            end = self.buffer.index(b"\n", at + 2)
            head = self.buffer[at + 2:end]
            if head == b"#":
                self.buffer = self.buffer[end + 1:]
                return b"".join(parts)
            size = int(head)
            self._need(end + 1 + size)
            parts.append(self.buffer[end + 1:end + 1 + size])
            at = end + 1 + size
            self._need(at + 4)

    def send(self, body):
        self.number += 1
        rpc = f'<rpc xmlns="{BASE}" message-id="{self.number}">{body}</rpc>'.encode()
        self.write(b"\n#%d\n%s\n##\n" % (len(rpc), rpc))

    def rpc(self, body):
        """The reply; notifications that come before it are kept."""
        self.send(body)
        while True:
            m = self.message()
            if b"<notification" in m[:200]:
                self.notifications.append(m)
            else:
                return m.decode()

    def notification(self):
        return (self.notifications.pop(0) if self.notifications else self.message()).decode()

    def cpu_ms(self):
        """Time on a processor so far."""
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as f:
            return int(f.read().split()[0]) / 1e6

    def rss_kib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as f:
            return int(re.search(r"^VmRSS:\s+(\d+)", f.read(), re.M).group(1))

    def close(self):
        """Exit code after the end of its input; a signal is negative."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.stdout.close()
        return self.wait()

    def wait(self):
        """Exit code; all that it said is in said then."""
        try:
            code = self.process.wait(timeout=CEILING)
            self.listener.join(CEILING)
            return code
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None


def until(what, ceiling=CEILING):
    """Wait for a condition; False when it never holds."""
    end = time.monotonic() + ceiling
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def leaf(xml, name):
    """Text of the first element of this name, or None."""
    found = re.search(rf"<{name}(?: [^>]*)?>([^<]*)</{name}>", xml)
    return found.group(1) if found else None


def leaves(xml, name):
    return re.findall(rf"<{name}(?: [^>]*)?>([^<]*)</{name}>", xml)

# SPDX-License-Identifier: Apache-2.0
"""A running vigil-agent: its JSON lines as they come, its processes, its messages."""
import json
import os
import queue
import re
import signal
import subprocess
import threading

from vigil import VIGIL, children

AGENT = os.path.join(os.path.dirname(VIGIL), "vigil-agent")
CEILING = 60  # seconds that a wait may take on a machine that is busy with other things


def config(root, sources, **more):
    """Text of a configuration; sources: list of YAML flow mappings."""
    lines = ["name: a1", "site: s1", f"root: {root}", "sources:"] + [f"  - {s}" for s in sources]
    return "\n".join(lines + [f"{k.replace('_', '-')}: {v}" for k, v in more.items()]) + "\n"


class Agent:
    """vigil-agent --stdout; lines are kept and waited for."""

    def __init__(self, path, *args, before=()):
        self.process = subprocess.Popen([*before, AGENT, "--stdout", "--config", path, *args], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.lines, self.messages = queue.Queue(), queue.Queue()
        self.seen, self.said = [], []
        for stream, to, form in ((self.process.stdout, self.lines, json.loads),
                                 (self.process.stderr, self.messages, lambda b: b.decode(errors="replace"))):
            threading.Thread(target=self._read, args=(stream, to, form), daemon=True).start()

    @staticmethod
    def _read(stream, to, form):
        for line in stream:
            to.put(form(line))
        to.put(None)

    @staticmethod
    def _wait(source, kept, want, ceiling):
        while True:
            try:
                item = source.get(timeout=ceiling)
            except queue.Empty:
                return None
            if item is None:
                source.put(None)
                return None
            kept.append(item)
            if want(item):
                return item

    def wait(self, ceiling=CEILING, **fields):
        """The next line with these fields, or None when none comes."""
        return self._wait(self.lines, self.seen, lambda e: all(e.get(k) == v for k, v in fields.items()), ceiling)

    def wait_message(self, pattern, ceiling=CEILING):
        return self._wait(self.messages, self.said, lambda m: re.search(pattern, m), ceiling)

    def children(self):
        """Its processes: the one that starts the others, then these."""
        return children(self.process.pid)

    def pss_kib(self):
        """Of the agent and its processes; 0 where nobody may look at them."""
        total = 0
        try:
            for pid in [self.process.pid, *self.children()]:
                with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                    total += int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1))
        except PermissionError:
            print("SKIPPED: no right to see the memory of the reader")
            return 0
        return total

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        """Exit code after SIGTERM."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout=CEILING)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

# SPDX-License-Identifier: Apache-2.0
"""Somebody between an agent and its collector, with the certificates of both: sees each message, and may change it or cut the line."""
import select
import socket
import ssl
import threading

import netconf_tls as nc

EOM = nc.EOM


class Cut(Exception):
    """Raised by a hook: both connections are lost, as when a line breaks."""


class Stream:
    """Bytes of one side to messages: ]]>]]> up to its hello, chunks afterwards."""

    def __init__(self, sock):
        self.sock, self.data, self.hello = sock, bytearray(), True
        self.parts, self.left = [], 0

    def read(self):
        """False: the other side has gone."""
        try:
            part = self.sock.recv(65536)
        except ssl.SSLWantReadError:
            return True
        self.data += part
        return bool(part)

    def messages(self):
        while True:
            if self.hello:
                end = self.data.find(EOM)
                if end < 0:
                    return
                message = bytes(self.data[:end])
                del self.data[:end + len(EOM)]
                self.hello = False
            else:
                message = self._chunks()
                if message is None:
                    return
            yield message.decode()

    def _chunks(self):
        while True:
            if self.left:
                part = self.data[:self.left]
                del self.data[:self.left]
                self.parts.append(part)
                self.left -= len(part)
                if self.left:
                    return None
            line = self.data.find(b"\n", 2)
            if line < 0:
                return None
            size = bytes(self.data[2:line])
            del self.data[:line + 1]
            if size == b"#":
                message, self.parts = b"".join(self.parts), []
                return message
            self.left = int(size)


class Between:
    """Listens at .port for agents, and calls the collector at port as the agent of this name.

    hook(side, xml): side is "agent" or "collector", who says it; what it returns is passed on (None: nothing)."""

    def __init__(self, port, pki, name, hook):
        self.to, self.pki, self.name, self.hook = port, pki, name, hook
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(5)
        self.port = self.sock.getsockname()[1]
        self.calls, self.stopped, self.agent = 0, False, None
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        self.stopped = True
        self.sock.close()

    def agent_speaks(self):
        """Within a hook: wait until the agent has said more than what was passed on so far."""
        return bool(self.agent.data or self.agent.sock.pending() or select.select([self.agent.sock], [], [], 60)[0])

    def _serve(self):
        while not self.stopped:
            try:
                agent = nc.be_called(self.sock, self.pki).sock
            except OSError:
                continue
            try:
                collector = nc.call_home(self.to, self.pki, self.name).sock
            except OSError:
                agent.close()
                continue
            self.calls += 1
            try:
                self._relay(Stream(agent), Stream(collector))
            except (OSError, Cut):
                pass
            agent.close()
            collector.close()

    def _relay(self, agent, collector):
        self.agent = agent
        sides = {"agent": (agent, collector), "collector": (collector, agent)}
        while not self.stopped:
            ready = [n for n, (s, _) in sides.items() if s.sock.pending()]
            if not ready:
                readable, _, _ = select.select([agent.sock, collector.sock], [], [], 0.2)
                ready = [n for n, (s, _) in sides.items() if s.sock in readable]
            for name in ready:
                source, sink = sides[name]
                alive = source.read()
                was_hello = source.hello
                for message in source.messages():
                    message = self.hook(name, message)
                    if message is not None:
                        sink.sock.sendall(message.encode() + EOM if was_hello else nc.chunks(message))
                    was_hello = source.hello
                if not alive:
                    return

# SPDX-License-Identifier: Apache-2.0
"""NETCONF over TLS with Python's ssl alone: enough to be a collector that an agent calls, and an agent that is up to no good."""
import re
import socket
import ssl

NS = "urn:ietf:params:xml:ns:netconf:base:1.0"
EOM = b"]]>]]>"
CALLER_HELLO = (f'<hello xmlns="{NS}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>'
                "<capability>urn:ietf:params:netconf:base:1.1</capability></capabilities></hello>")


def chunks(xml):
    data = xml.encode() if isinstance(xml, str) else xml
    return b"\n#%d\n%s\n##\n" % (len(data), data)


class Peer:
    """One end of a session. Messages go in chunks (RFC 6242) once hellos are exchanged."""

    def __init__(self, sock):
        self.sock, self.data, self.chunked = sock, b"", False

    def _more(self):
        part = self.sock.recv(65536)
        if not part:
            raise EOFError("the peer closed")
        self.data += part

    def _until(self, mark):
        while mark not in self.data:
            self._more()
        head, self.data = self.data.split(mark, 1)
        return head

    def send(self, xml):
        self.sock.sendall(chunks(xml) if self.chunked else xml.encode() + EOM)

    def receive(self):
        if not self.chunked:
            return self._until(EOM).decode()
        message = b""
        while True:
            self._until(b"\n#")
            size = self._until(b"\n")
            if size == b"#":
                return message.decode()
            while len(self.data) < int(size):
                self._more()
            message, self.data = message + self.data[:int(size)], self.data[int(size):]

    def hello(self, ours):
        self.send(ours)
        theirs = self.receive()
        self.chunked = True
        return theirs

    def ended(self):
        """Read until the other side has closed."""
        try:
            while self.sock.recv(65536):
                pass
        except (OSError, ssl.SSLError):
            pass
        return True

    def close(self):
        self.sock.close()


def _context(side, pki, name):
    c = ssl.SSLContext(side)
    c.check_hostname = False
    c.load_verify_locations(f"{pki}/ca.pem")
    if name:
        c.load_cert_chain(f"{pki}/{name}/cert.pem", f"{pki}/{name}/key.pem")
    return c


def call_home(port, pki, name, timeout=60):
    """Connect to a collector as the agent of this name: the one that calls is the TLS server (RFC 8071)."""
    c = _context(ssl.PROTOCOL_TLS_SERVER, pki, name)
    c.verify_mode = ssl.CERT_REQUIRED
    return Peer(c.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout), server_side=True))


def be_called(listener, pki, name="collector"):
    """Take one call of an agent at this listening socket."""
    c = _context(ssl.PROTOCOL_TLS_CLIENT, pki, name)
    c.verify_mode = ssl.CERT_REQUIRED
    sock, _ = listener.accept()
    sock.settimeout(60)
    return Peer(c.wrap_socket(sock))


def rpc(number, content):
    return f'<rpc xmlns="{NS}" message-id="{number}">{content}</rpc>'


def message_id(xml):
    return re.search(r'message-id="([^"]*)"', xml).group(1)


def data_of(reply):
    """What stands in <data> of a reply to <get>."""
    m = re.search(r"<(?:nc:)?data[^>]*>(.*)</(?:nc:)?data>", reply, re.S)
    return m.group(1) if m else ""

# SPDX-License-Identifier: Apache-2.0
"""A NETCONF server that breaks the protocol in the way of its argument. sshd starts it."""
import os
import sys

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
HELLO = (f'<hello xmlns="{BASE}"><capabilities><capability>urn:ietf:params:netconf:base:1.0</capability>'
         "<capability>urn:ietf:params:netconf:base:1.1</capability>%s</capabilities><session-id>7</session-id></hello>]]>]]>")
# Modules that nobody has: who follows them asks for each.
LURE = "".join(f"<capability>urn:lure:{i}?module=lure{i}&amp;revision=2020-01-01</capability>" for i in range(200))
LURE += ("<capability>urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring?module=ietf-netconf-monitoring&amp;"
         "revision=2010-10-04</capability>")
OUT = sys.stdout.buffer


def say(data):
    OUT.write(data if isinstance(data, bytes) else data.encode())
    OUT.flush()


def wait():
    """Says nothing more, until the client goes."""
    while os.read(0, 65536):
        pass


def listen():
    """Until the client has said something after its hello; what it said."""
    got = b""
    while b"]]>]]>" not in got or not got.split(b"]]>]]>", 1)[1].strip():
        more = os.read(0, 65536)
        if not more:
            sys.exit(0)
        got += more
    return got


def reply(body):
    say(HELLO % LURE)
    n = 0
    while True:
        got = listen() if n == 0 else os.read(0, 65536)
        if not got:
            return
        n += 1
        message = body(n)
        say(b"\n#%d\n" % len(message) + message + b"\n##\n")


def framed(raw):
    say(HELLO % LURE)
    listen()
    say(raw)
    wait()


def data(inner, n):
    return (f'<rpc-reply xmlns="{BASE}" message-id="{n}"><data>' + inner + "</data></rpc-reply>").encode()


def endless():
    while True:
        say(b"<capability>" + b"x" * 65536)


def huge(_n):
    return data("<a xmlns='urn:a'>" + "b" * (64 << 20) + "</a>", 1)


def crash(_n):
    os.kill(os.getpid(), 9)


MODES = {
    "garbage": lambda: say(os.urandom(4096) + b"]]>]]>") or wait(),
    "text": lambda: say("Welcome to the router\r\nlogin: ") or wait(),
    "endless": endless,
    "hang": wait,
    "hang-later": lambda: framed(b""),
    "half": lambda: framed(b"\n#1000\n<rpc-reply"),
    "no-chunk": lambda: framed(b"\n#0\n"),
    "no-message": lambda: framed(b"\n##\n"),
    "big-chunk": lambda: framed(b"\n#18446744073709551615\n" + b"A" * 100000),
    "huge": lambda: reply(huge),
    "deep": lambda: reply(lambda n: data("<a xmlns='urn:a'>" * 100000, n)),
    "entity": lambda: reply(lambda n: b"<!DOCTYPE r [<!ENTITY a \"bbbb\">]>" + data("&a;", n)),
    "other-id": lambda: reply(lambda n: data("", 4711)),
    "no-reply": lambda: reply(lambda n: b"<notification xmlns='urn:x'/>"),
    "dies": lambda: reply(crash),
    "odd": lambda: reply(lambda n: data(
        "<nacm xmlns='urn:ietf:params:xml:ns:yang:ietf-netconf-acm'><enable-nacm>maybe</enable-nacm>"
        "<rule-list/><rule-list><name>" + "n" * 5000 + "</name></rule-list></nacm>"
        "<system xmlns='urn:ietf:params:xml:ns:yang:ietf-system'><authentication><user><name>a</name>"
        "<password>$1$HIDDENHASH</password></user></authentication></system>", n)),
}

MODES[sys.argv[1]]()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""samples.py DIRECTORY: captures with one message of every kind that is dissected, for agree.py.

Real captures hold what networks usually say; these hold the rest: every NGAP procedure, NAS message, PFCP and GTP-U type,
HTTP/2 frame, TLS version, and each protocol that is only recognised. Everything here is made up.
"""
import json
import os
import struct
import sys

A, B = bytes([192, 0, 2, 1]), bytes([192, 0, 2, 2])


def be16(n):
    return struct.pack('>H', n)


def be24(n):
    return struct.pack('>I', n)[1:]


def be32(n):
    return struct.pack('>I', n)


# --- packets -----------------------------------------------------------------------------------------------------------

class Capture:
    """A capture file; each packet comes a millisecond after the one before it."""

    def __init__(self, link=1, prefix=b'\2\0\0\0\0\2\2\0\0\0\0\1\x08\0'):
        self.link, self.prefix, self.packets, self.ident = link, prefix, [], 0

    def frame(self, data):
        self.packets.append(data)

    def ip(self, protocol, payload, src=A, dst=B, fragment=0, ident=None):
        self.ident += 1
        head = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), ident or self.ident, fragment, 64, protocol, 0)
        self.frame(self.prefix + head + src + dst + payload)

    def udp(self, payload, sport, dport, src=A, dst=B):
        self.ip(17, struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload, src, dst)

    def sctp(self, chunks, sport=38412, dport=38412, up=True, tag=0x1234):
        body = b''.join(c + bytes(-len(c) % 4) for c in chunks)
        src, dst = (A, B) if up else (B, A)
        self.ip(132, struct.pack('>HHII', sport, dport, tag, 0) + body, src, dst)

    def write(self, path, decode_as=None):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, self.link))
            for i, p in enumerate(self.packets):
                f.write(struct.pack('<IIII', 1700000000 + i // 1000, i % 1000 * 1000, len(p), len(p)) + p)
        if decode_as:
            with open(path + '.expected.json', 'w', encoding='utf-8') as f:
                json.dump({'decode-as': decode_as}, f)


class Tcp:
    """One connection: say(client?, bytes) sends a segment, at places it anywhere in the stream."""

    def __init__(self, capture, dport, sport=40000, opened=True):
        self.c, self.port, self.seq = capture, (sport, dport), {True: 1000, False: 2000}
        if opened:
            self.segment(True, b'', 0x02)
            self.seq[True] += 1
            self.segment(False, b'', 0x12)
            self.seq[False] += 1
            self.segment(True, b'', 0x10)

    def segment(self, client, data, flags=0x18, seq=None):
        sport, dport = self.port if client else self.port[::-1]
        head = struct.pack('>HHIIBBHHH', sport, dport, self.seq[client] if seq is None else seq, self.seq[not client], 0x50,
                           flags, 65535, 0, 0)
        self.c.ip(6, head + data, *((A, B) if client else (B, A)))

    def say(self, client, data, cut=None):
        for at in range(0, len(data), cut or max(len(data), 1)):
            part = data[at:at + cut] if cut else data
            self.segment(client, part)
            self.seq[client] += len(part)


def data_chunk(tsn, payload, ppid=60, flags=3, stream=0):
    return struct.pack('>BBHIHHI', 0, flags, 16 + len(payload), tsn, stream, 0, ppid) + payload


# --- NGAP and NAS ------------------------------------------------------------------------------------------------------

def per_length(n):
    return bytes([n]) if n < 128 else be16(0x8000 | n)


def ngap(kind, procedure, ies=()):
    body = b'\0' + be16(len(ies)) + b''.join(be16(i) + b'\0' + per_length(len(v)) + v for i, v in ies)
    return bytes([kind << 5, procedure, 0]) + per_length(len(body)) + body


def capabilities(*algorithms):
    """UE Security Capabilities: four bit strings of 16 bits, each behind its extension bit."""
    bits = '00' + ''.join('0' + format(a, '016b') for a in algorithms)
    bits += '0' * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, 'big')


def carried(nas, up):
    return ngap(0, 46 if up else 4, [(10, b'\0\1'), (85, b'\0\1'), (38, per_length(len(nas)) + nas)])


# 5GMM: type, sent by the UE, what follows the type.
GUTI = b'\0\x0b\xf2\x99\xf9\x07\1\0\x41\0\0\0\1'
MM = [(65, 1, b'\x71' + GUTI), (65, 1, b'\x79\0\x0d\1\x99\xf9\x07\0\0\0\0\0\0\0\0\x10' + b'\x2e\4\xf0\x70\xe0\x60'), (66, 0, b'\1\1'), (67, 1, b''), (68, 0, b'\7'), (69, 1, b'\x71' + GUTI), (70, 0, b''),
      (71, 0, b'\1'), (72, 1, b''), (76, 1, b'\x10\0\7\xf4\0\x41\0\0\0\1'), (77, 0, b'\x09'), (78, 0, b''), (79, 1, b'\0'),
      (84, 0, b''), (85, 1, b''), (86, 0, b'\0\2\0\0'), (87, 1, b''), (88, 0, b''), (89, 1, b'\x15'), (91, 0, b'\1'),
      (92, 1, b'\0\1\x05'), (93, 0, b'\x12\0\4\xf0\x70\xf0\x70'), (94, 1, b''), (95, 1, b'\x17'), (100, 1, b'\x6f'), (101, 0, b'\1'),
      (102, 1, b'')]
SM = [193, 194, 195, 197, 198, 199, 201, 202, 203, 204, 205, 209, 210, 211, 212, 214]
SM_UP = {193, 198, 201, 204, 205, 209, 212, 214}


def nas_messages():
    for kind, up, rest in MM:
        yield bytes([0x7e, 0, kind]) + rest, up
    for kind in SM:
        body = bytes([0x2e, 1, 1, kind]) + (b'\xff\xff' if kind == 193 else b'\x1a' if kind in (195, 202, 205, 210, 211, 214) else b'')
        up = kind in SM_UP
        yield b'\x7e\0' + (b'\x67' if up else b'\x68') + b'\1' + be16(len(body)) + body + (b'\x12\1' if up else b''), up


def write_n2(folder):
    c, tsn = Capture(), 1
    for procedure in range(66):
        for kind in range(3):
            c.sctp([data_chunk(tsn, ngap(kind, procedure))])
            tsn += 1
    ids = [(10, b'\0\1'), (85, b'\0\1')]
    for procedure in (14, 25, 13):
        c.sctp([data_chunk(tsn, ngap(0, procedure, ids + [(119, capabilities(0xe000, 0x6000, 0xc000, 0x4000))]))])
        tsn += 1
    for message, up in nas_messages():
        for header in range(5):
            protected = message if header == 0 else bytes([0x7e, header]) + b'MAC!\1' + message
            c.sctp([data_chunk(tsn, carried(protected, up))], up=True)
            tsn += 1
    # Several chunks in a packet, a message over three packets, one that comes before another.
    c.sctp([data_chunk(tsn + i, ngap(0, 21)) for i in range(3)])
    whole = carried(b'\x7e\0\x43', True)
    for i, flags in enumerate((2, 0, 1)):
        c.sctp([data_chunk(tsn + 3 + i, whole[i * 8:i * 8 + 8] if i < 2 else whole[16:], flags=flags)])
    c.sctp([data_chunk(tsn + 7, ngap(1, 21))])
    c.sctp([data_chunk(tsn + 6, ngap(0, 20))])
    c.write(folder + '/n2.pcap')


def diameter(command, first):
    attributes = be32(first) + be32(0x40000010) + b'host.org' + be32(296) + be32(0x4000000b) + b'org\0'
    return be32(0x01000000 | (20 + len(attributes))) + b'\xc0' + be24(command) + be32(0) + be32(1) + be32(2) + attributes


def write_other_sctp(folder):
    c = Capture()
    pdu = b'\x20\x0c\x40\3\0\0\0'
    for port, ppid in ((36412, 18), (36422, 27), (38422, 61), (38472, 62), (38462, 64)):
        c.sctp([data_chunk(1, pdu, ppid)], port, port, tag=port)
    c.sctp([data_chunk(1, diameter(272, 263), 46)], 40000, 3868, tag=7)
    c.sctp([data_chunk(1, b'\x17\xfe\xfd\0\1\0\0\0\0\0\1' + be16(24) + bytes(24), 66)], 38412, 38412, tag=9)
    c.write(folder + '/sctp.pcap')


# --- N4, N3 ------------------------------------------------------------------------------------------------------------

PFCP = list(range(1, 12)) + [12, 13, 14, 15, 16, 17] + list(range(50, 58))


def pfcp(kind, more=False):
    ies = be16(96) + be16(4) + be32(0xe0000000)
    head = (be32(0) + be32(1) if kind >= 50 else b'') + b'\0\0\1\0'
    flags = 0x20 | (1 if kind >= 50 else 0) | (4 if more else 0)
    return bytes([flags, kind]) + be16(len(head) + len(ies)) + head + ies


def inner(protocol=17, payload=b'\0\7\0\7\0\x0c\0\0data'):
    return struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + bytes([10, 45, 0, 2, 10, 45, 0, 1]) + payload


def gtpu(kind, payload=b'', extensions=(), sequence=False):
    optional = b''
    if extensions or sequence:
        optional = b'\0\1\0' + (bytes([extensions[0][0]]) if extensions else b'\0')
        for i, (_, content) in enumerate(extensions):
            follows = extensions[i + 1][0] if i + 1 < len(extensions) else 0
            optional += bytes([(len(content) + 2) // 4]) + content + bytes([follows])
    flags = 0x30 | (4 if extensions else 0) | (2 if sequence else 0)
    return bytes([flags, kind]) + be16(len(optional) + len(payload)) + be32(1) + optional + payload


def write_n3_n4(folder):
    c = Capture()
    for kind in PFCP:
        c.udp(pfcp(kind), 8805, 8805)
    c.udp(pfcp(52, True) + pfcp(52), 8805, 8805)
    container, number = (0x85, b'\0\1'), (0xc0, b'\0\5')
    c.udp(gtpu(1, sequence=True), 2152, 2152)
    c.udp(gtpu(2, b'\x0e\0', sequence=True), 2152, 2152, B, A)
    c.udp(gtpu(26, b'\x10\0\0\0\1\x85\0\4' + A, sequence=True), 2152, 2152)
    c.udp(gtpu(31, b'\x8d\1\x85', sequence=True), 2152, 2152)
    c.udp(gtpu(254, extensions=[container]), 2152, 2152)
    for extensions in ((), (container,), (number, container), ((0x40, b'\x1f\x90'),)):
        c.udp(gtpu(255, inner(), extensions), 2152, 2152)
    c.udp(gtpu(255, inner(1, b'\x08\0\0\0\0\1\0\1')), 2152, 2152)
    c.udp(gtpu(255, b'\x60\0\0\0\0\x08\x11\x40' + bytes(31) + b'\1' + b'\0\7\0\7\0\x08\0\0'), 2152, 2152)
    # GTP-C of both versions.
    c.udp(b'\x40\1\0\x09\0\0\1\0\3\0\1\0\x11', 2123, 2123)
    c.udp(b'\x48\x20\0\x08\0\0\0\0\0\0\1\0', 2123, 2123)
    c.udp(b'\x32\1\0\4\0\0\0\0\0\1\0\0', 2123, 2123)
    c.write(folder + '/n3n4.pcap')


# --- HTTP/2 ------------------------------------------------------------------------------------------------------------

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'


def h2(kind, flags, stream, payload=b''):
    return be24(len(payload)) + bytes([kind, flags]) + be32(stream) + payload


def text(value):
    return bytes([len(value)]) + value


def literal(name, value, index=True):
    """A field with indexing or without; name: an index of the static table, or text."""
    if isinstance(name, int):
        return bytes([(0x40 if index else 0) | name]) + text(value)
    return bytes([0x40 if index else 0]) + text(name) + text(value)


def request(path):
    return b'\x82\x86' + literal(4, path) + literal(1, b'nrf.example.org')


def write_h2(folder):
    c = Capture()
    t = Tcp(c, 7777)
    t.say(True, PREFACE + h2(4, 0, 0, b'\0\3\0\0\0\x64'))
    t.say(False, h2(4, 0, 0) + h2(4, 1, 0) + h2(8, 0, 0, be32(1000)))
    t.say(True, h2(4, 1, 0) + h2(1, 5, 1, request(b'/nnrf-nfm/v1/nf-instances?limit=5')))
    t.say(False, h2(1, 4, 1, literal(8, b'103')) + h2(1, 4, 1, b'\x88' + literal(b'server', b'x')) + h2(0, 0, 1, b'{"a":1}') +
          h2(1, 5, 1, literal(b'grpc-status', b'0')))
    block = request(b'/nudm-sdm/v2/shared-data')
    t.say(True, h2(1, 1, 3, block[:7]) + h2(9, 0, 3, block[7:9]) + h2(9, 4, 3, block[9:]))
    t.say(False, h2(5, 4, 3, be32(2) + request(b'/pushed')) + h2(1, 4, 2, b'\x88') + h2(0, 1, 2, b'x') + h2(1, 5, 3, b'\x8d'))
    # Padding and priority; a table size update; everything from the dynamic table.
    t.say(True, h2(1, 0x2d, 5, b'\3' + be32(0) + b'\x10' + b'\x3f\xe1\x0f' + b'\x82\x86\xbe\xbf' + bytes(3)))
    t.say(False, h2(3, 0, 5, be32(8)) + h2(6, 0, 0, bytes(8)) + h2(2, 0, 7, be32(0) + b'\x10'))
    t.say(True, h2(6, 1, 0, bytes(8)) + h2(10, 0, 0, be16(1) + b'xh2=":1"') + h2(12, 0, 0, be16(1) + b'x') + h2(0x0b, 0, 0, b'?'))
    # Frames over segments, a copy of a segment, two in the wrong order.
    t.say(True, h2(1, 4, 7, request(b'/nausf-auth/v1/ue-authentications')) + h2(0, 9, 7, b'\4body' + bytes(4)), cut=11)
    answer = h2(1, 4, 7, literal(8, b'201', False)) + h2(0, 1, 7, b'0123456789' * 20)
    t.say(False, answer[:60])
    t.segment(False, answer[:60], seq=t.seq[False] - 60)
    at = t.seq[False]
    t.segment(False, answer[120:], seq=at + 60)
    t.segment(False, answer[60:120], seq=at)
    t.seq[False] = at + len(answer) - 60
    t.say(False, h2(7, 0, 0, be32(7) + be32(0)))
    # A connection from before the capture, with an index that nobody can know and with entries that follow it.
    m = Tcp(c, 7777, 40001, opened=False)
    m.say(True, h2(1, 5, 101, b'\xc1\x86' + literal(4, b'/nsmf-pdusession/v1/sm-contexts')))
    m.say(False, h2(1, 5, 101, b'\x89'))
    m.say(True, h2(1, 5, 103, b'\x83\x86\xbe'))
    m.say(False, h2(1, 4, 103, literal(8, b'201')) + h2(0, 1, 103, b'{}'))
    c.write(folder + '/h2.pcap', ['tcp.port==7777,http2'])


# --- TLS, HTTP/1 and what else runs over TCP ---------------------------------------------------------------------------

def record(kind, payload, version=0x0303):
    return bytes([kind]) + be16(version) + be16(len(payload)) + payload


def handshake(kind, body):
    return bytes([kind]) + be24(len(body)) + body


def client_hello(version, versions=()):
    extensions = b''
    if versions:
        offered = b''.join(be16(v) for v in versions)
        extensions = be16(43) + be16(len(offered) + 1) + bytes([len(offered)]) + offered
    return handshake(1, be16(version) + bytes(32) + b'\0' + be16(4) + b'\x13\x01\xc0\x2f' + b'\1\0' + be16(len(extensions)) + extensions)


def server_hello(version, suite=0xc02f, selected=0):
    extensions = be16(43) + be16(2) + be16(selected) if selected else b''
    return handshake(2, be16(version) + bytes(32) + b'\0' + be16(suite) + b'\0' + be16(len(extensions)) + extensions)


def write_tls(folder):
    c = Capture()
    for i, version in enumerate((0x0301, 0x0302, 0x0303)):
        t = Tcp(c, 443, 41000 + i)
        t.say(True, record(22, client_hello(version), 0x0301))
        t.say(False, record(22, server_hello(version) + handshake(11, be24(0)) + handshake(13, b'\1\1\0\0\0\0') + handshake(14, b''), version))
        t.say(True, record(22, handshake(11, be24(0)) + handshake(16, b'\0\2xx'), version) + record(20, b'\1', version) +
              record(22, b'\xa5' * 40, version))
        t.say(False, record(20, b'\1', version) + record(22, b'\xa5' * 40, version))
        t.say(True, record(23, b'\x5a' * 300, version), cut=100)
        t.say(False, record(21, b'\x5a' * 26, version))
    t = Tcp(c, 443, 41010)
    hello = client_hello(0x0303, (0x0304, 0x0303))
    t.say(True, record(22, hello[:20], 0x0301) + record(22, hello[20:], 0x0301))
    t.say(False, record(22, server_hello(0x0303, 0x1301, 0x0304)) + record(20, b'\1') + record(23, b'\x5a' * 64))
    t.say(True, record(20, b'\1') + record(23, b'\x5a' * 64))
    t.say(False, record(23, b'\x5a' * 24))
    refused = Tcp(c, 443, 41011)
    refused.say(True, record(22, client_hello(0x0303)))
    refused.say(False, record(21, b'\2\x46'))
    late = Tcp(c, 443, 41012, opened=False)
    late.say(True, record(23, b'\x5a' * 80))
    late.say(False, record(23, b'\x5a' * 90) + record(23, b'\x5a' * 10))
    c.write(folder + '/tls.pcap', ['tcp.port==443,tls'])


def ldap(number, operation, body):
    inside = b'\2\1' + bytes([number, operation, len(body)]) + body
    return b'\x30' + bytes([len(inside)]) + inside


def mysql(number, body):
    return struct.pack('<I', len(body) | number << 24) + body


def postgres(kind, body):
    return kind + be32(4 + len(body)) + body


def bson(*fields):
    inside = b''.join(fields)
    return struct.pack('<I', len(inside) + 5) + inside + b'\0'


def mongo(number, answers, document):
    body = bytes(5) + document
    return struct.pack('<IIII', 16 + len(body), number, answers, 2013) + body


def talks():
    """Port and what is said in turns, the client first unless the first turn is empty."""
    yield 389, [ldap(1, 0x60, b'\2\1\3\4\0\x80\0'), ldap(1, 0x61, b'\x0a\1\0\4\0\4\0'),
                ldap(2, 0x63, b'\4\0\x0a\1\2\x0a\1\0\2\1\0\2\1\0\1\1\0\x87\x0bobjectclass\x30\0'),
                ldap(2, 0x64, b'\4\0\x30\0') + ldap(2, 0x65, b'\x0a\1\0\4\0\4\0'), ldap(3, 0x42, b'')]
    yield 3306, [b'', mysql(0, b'\x0a8.0.36\0\1\0\0\0saltsalt\0\xff\xf7\x21\2\0\xff\xdf\x15' + bytes(10) + b'saltsaltsalt\0caching_sha2_password\0'),
                 mysql(1, b'\x85\xa6\xff\1\0\0\0\1\x21' + bytes(23) + b'root\0\0'), mysql(2, b'\0\0\0\2\0\0\0'), mysql(0, b'\3SELECT 1'),
                 mysql(1, b'\0\1\0\2\0\0\0'), mysql(0, b'\1')]
    yield 5432, [be32(8) + be32(80877103), b'N', be32(17) + be32(0x30000) + b'user\0nr\0\0', postgres(b'R', be32(0)) + postgres(b'Z', b'I'),
                 postgres(b'Q', b'select 1\0'), postgres(b'C', b'SELECT 1\0') + postgres(b'Z', b'I'), postgres(b'X', b'')]
    yield 6379, [b'*2\r\n$4\r\nAUTH\r\n$1\r\nx\r\n', b'+OK\r\n', b'*2\r\n$3\r\nGET\r\n$1\r\nk\r\n', b'$1\r\nv\r\n', b'*1\r\n$4\r\nQUIT\r\n', b'+OK\r\n']
    yield 27017, [mongo(1, 0, bson(b'\x10hello\0\1\0\0\0')), mongo(2, 1, bson(b'\1ok\0' + struct.pack('<d', 1)))]
    yield 22, [b'SSH-2.0-client\r\n', b'SSH-2.0-server\r\n']
    yield 21, [b'', b'220 ready\r\n', b'USER x\r\n', b'331 password\r\n', b'QUIT\r\n', b'221 bye\r\n']
    yield 23, [b'\xff\xfd\3\xff\xfb\x18', b'\xff\xfb\3login: ', b'x\r\n']
    yield 80, [b'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n', b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
               b'POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b', b'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n']
    yield 80, [b'GET /nnrf-nfm/v1/subscriptions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n'
               b'HTTP2-Settings: AAMAAABk\r\n\r\n',
               b'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n' + h2(4, 0, 0) + h2(1, 5, 1, b'\x89'),
               PREFACE + h2(4, 0, 0), h2(4, 1, 0), h2(1, 5, 3, request(b'/nnrf-nfm/v1/nf-instances')), h2(1, 5, 3, b'\x88')]
    query = b'\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3org\0\0\1\0\1'
    yield 53, [be16(len(query)) + query]
    ask = diameter(257, 264)
    yield 3868, [ask, ask[:4] + b'\0' + ask[5:]]


def write_tcp(folder):
    c = Capture()
    for i, (port, turns) in enumerate(talks()):
        t = Tcp(c, port, 42000 + i)
        for turn, said in enumerate(turns):
            if said:
                t.say(turn % 2 == 0, said)
    c.write(folder + '/tcp.pcap', ['tcp.port==27017,mongo'])


# --- UDP ---------------------------------------------------------------------------------------------------------------

def snmp(version, pdu=b'\xa0\x0b\2\1\1\2\1\0\2\1\0\x30\0'):
    inside = b'\2\1' + bytes([version]) + b'\4\6public' + pdu
    return b'\x30' + bytes([len(inside)]) + inside


def write_udp(folder):
    c = Capture()
    query = b'\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\3org\0\0\1\0\1'
    c.udp(query, 40000, 53)
    c.udp(query[:2] + b'\x81\x80' + query[4:], 53, 40000, B, A)
    c.udp(query, 5353, 5353)
    c.udp(query, 40001, 5355)
    for i, version in enumerate((1, 0x6b3343cf, 0xff00001d)):
        long_header = bytes([0xd3 if version == 0x6b3343cf else 0xc3]) + be32(version) + b'\x08DESTINAT\0\0' + be16(0x4000 | 1150) + bytes(1150)
        c.udp(long_header, 43000 + i, 443)
        c.udp(b'\x43DESTINAT' + bytes(40), 43000 + i, 443)
    c.udp(b'OPTIONS sip:x@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\n\r\n', 5060, 5060)
    c.udp(b'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nCSeq: 1 OPTIONS\r\n\r\n', 5060, 5060, B, A)
    c.udp(b'M-SEARCH * HTTP/1.1\r\nMAN: "ssdp:discover"\r\n\r\n', 40002, 1900)
    c.udp(b'\0\1config\0octet\0', 40003, 69)
    c.udp(snmp(0), 40004, 161)
    c.udp(snmp(1, b'\xa2\x0b\2\1\1\2\1\0\2\1\0\x30\0'), 161, 40004, B, A)
    c.udp(b'\x30\x2d\2\1\3\x30\x0d\2\1\1\2\2\5\xdc\4\1\4\2\1\3\4\x10\x30\x0e\4\0\2\1\0\2\1\0\4\0\4\0\4\0\x30\x07\4\0\4\0\xa0\1\0', 40005, 161)
    c.udp(b'<34>1 2026-01-01T00:00:00Z host app - - - text', 40006, 514)
    init = bytes(range(1, 9)) + bytes(8) + b'\x21\x20\x22\x08\0\0\0\0\0\0\0\x24' + b'\0\0\0\x08abcd'
    c.udp(init, 500, 500)
    c.udp(bytes(4) + init, 4500, 4500)
    c.udp(be32(0x11223344) + be32(1) + bytes(60), 4500, 4500)
    c.udp(b'\xff', 4500, 4500)
    hello = b'\xfe\xfd' + bytes(32) + b'\0\0\0\2\xc0\x2f\1\0'
    c.udp(b'\x16\xfe\xff\0\0\0\0\0\0\0\0' + be16(12 + len(hello)) + b'\1' + be24(len(hello)) + bytes(5) + be24(len(hello)) + hello, 40007, 4433)
    c.write(folder + '/udp.pcap', ['udp.port==4433,dtls'])


# --- links and IP ------------------------------------------------------------------------------------------------------

def write_links(folder):
    mac = bytes(12)
    links = [('ethernet', 1, mac + b'\x08\0'), ('vlan', 1, mac + b'\x81\0\0\5\x08\0'), ('qinq', 1, mac + b'\x88\xa8\0\5\x81\0\0\6\x08\0'),
             ('raw', 101, b''), ('sll', 113, bytes(6) + mac[:8] + b'\x08\0'), ('sll2', 276, b'\x08\0' + bytes(18)),
             ('null', 0, b'\2\0\0\0')]
    for name, link, prefix in links:
        c = Capture(link, prefix)
        c.udp(pfcp(1), 8805, 8805)
        c.sctp([data_chunk(1, ngap(0, 21))])
        whole = struct.pack('>HHHH', 8805, 8805, 8 + len(pfcp(50)), 0) + pfcp(50)
        c.ip(17, whole[:16], fragment=0x2000, ident=99)
        c.ip(17, whole[16:], fragment=2, ident=99)
        c.ip(1, b'\x08\0\0\0\0\1\0\1')
        c.ip(2, b'\x11\x64\0\0\0\0\0\0')
        c.ip(50, be32(0x100) + be32(1) + bytes(40))
        c.write(f'{folder}/link-{name}.pcap')
    six = Capture(1, mac + b'\x86\xdd')
    head = b'\x60\0\0\0'
    message = struct.pack('>HHHH', 8805, 8805, 8 + len(pfcp(1)), 0x1234) + pfcp(1)
    addresses = b'\x20\1\x0d\xb8' + bytes(11) + b'\1' + b'\x20\1\x0d\xb8' + bytes(11) + b'\2'
    six.frame(six.prefix + head + be16(len(message)) + b'\x11\x40' + addresses + message)
    six.frame(six.prefix + head + be16(8 + len(message)) + b'\0\x40' + addresses + b'\x11\0\1\4\0\0\0\0' + message)
    six.frame(mac + b'\x08\6' + b'\0\1\x08\0\6\4\0\1' + bytes(20))
    six.write(folder + '/link-ipv6.pcap')


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    for write in (write_n2, write_other_sctp, write_n3_n4, write_h2, write_tls, write_tcp, write_udp, write_links):
        write(folder)


if __name__ == '__main__':
    main()

# SPDX-License-Identifier: Apache-2.0
"""Writers of PFCP (TS 29.244), GTP-U (TS 29.281), NGAP (TS 38.413, aligned PER) and NAS (TS 24.501) for made-up captures."""
import struct

from vigil import frame, ip, udp


def h(text):
    return bytes.fromhex(text.replace(" ", ""))


# --- PFCP -----------------------------------------------------------------------------------------------------------

def ie(kind, value):
    return struct.pack("!HH", kind, len(value)) + value


def node_id(address):
    return ie(60, b"\0" + ip(address))


def recovery(when):
    return ie(96, struct.pack("!I", when))


def cause(value=1):
    return ie(19, bytes([value]))


def fseid(seid, address):
    return ie(57, b"\2" + struct.pack("!Q", seid) + ip(address))


def fteid(teid, address):
    return ie(21, b"\1" + struct.pack("!I", teid) + ip(address))


def ue_address(address):
    return ie(93, b"\2" + ip(address))


def pfcp(kind, sequence, ies, seid=None):
    body = (struct.pack("!Q", seid) if seid is not None else b"") + struct.pack("!I", sequence << 8) + ies
    return struct.pack("!BBH", 0x21 if seid is not None else 0x20, kind, len(body)) + body


def create_pdrs(ue):
    """Uplink with a TEID that the user plane function chooses, and downlink of the UE."""
    up = ie(1, ie(56, b"\0\1") + ie(2, ie(20, b"\0") + ie(21, b"\5") + ue_address(ue)))
    down = ie(1, ie(56, b"\0\2") + ie(2, ie(20, b"\1") + ie(93, b"\6" + ip(ue))))
    return up + down


def created_pdr(teid, address):
    return ie(8, ie(56, b"\0\1") + fteid(teid, address))


def update_far(teid, address):
    """The tunnel of the gNB, once it is known."""
    return ie(10, ie(108, b"\0\0\0\1") + ie(11, ie(84, b"\1\0" + struct.pack("!I", teid) + ip(address))))


# --- GTP-U ----------------------------------------------------------------------------------------------------------

def ping(src, dst):
    icmp = h("0800 0000 0001 0001") + b"made up"
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0, ip(src), ip(dst)) + icmp


def inner_udp(src, dst, port, payload):
    return frame(src, dst, 17, struct.pack("!HHHH", 40000, port, 8 + len(payload), 0) + payload)[14:]


def gtpu(teid, payload, kind=255):
    """A G-PDU with a PDU session container."""
    body = h("0000 00 85 01 1001 00") + payload
    return struct.pack("!BBHI", 0x34, kind, len(body), teid) + body


def error_indication(teid, address):
    body = h("0000 00 00") + b"\x10" + struct.pack("!I", teid) + b"\x85" + struct.pack("!H", 4) + ip(address)
    return struct.pack("!BBHI", 0x32, 26, len(body), 0) + body


# --- NGAP -----------------------------------------------------------------------------------------------------------

class Bits:
    def __init__(self):
        self.text = ""

    def put(self, value, n):
        self.text += format(value, f"0{n}b")
        return self

    def align(self):
        self.text += "0" * (-len(self.text) % 8)
        return self

    def octets(self, data):
        self.align()
        for b in data:
            self.put(b, 8)
        return self

    def bytes(self):
        self.align()
        return bytes(int(self.text[i:i + 8], 2) for i in range(0, len(self.text), 8))


def length(n):
    return bytes([n]) if n < 128 else struct.pack("!H", 0x8000 | n)


def number(value, width):
    """INTEGER with a range over 64 KiB; width: bits of its length field."""
    data = value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
    return Bits().put(len(data) - 1, width).octets(data).bytes()


def ngap_ie(ident, value):
    return struct.pack("!HB", ident, 0) + length(len(value)) + value


def ngap(kind, procedure, *ies):
    inside = b"\0" + struct.pack("!H", len(ies)) + b"".join(ies)
    return bytes([kind << 5, procedure, 0]) + length(len(inside)) + inside


def amf_id(value):
    return ngap_ie(10, number(value, 3))


def ran_id(value):
    return ngap_ie(85, number(value, 2))


def nas_pdu(data):
    return ngap_ie(38, length(len(data)) + data)


def security_capabilities(ea, ia):
    bits = Bits().put(0, 2)
    for value in (ea, ia, 0, 0):
        bits.put(0, 1).put(value, 16)
    return ngap_ie(119, bits.bytes())


def gnb_id(value, plmn):
    return ngap_ie(27, b"\0" + h(plmn) + b"\x10" + value.to_bytes(3, "big"))


# --- SCTP -----------------------------------------------------------------------------------------------------------

CRC = []
for _i in range(256):
    for _ in range(8):
        _i = _i >> 1 ^ (0x82f63b78 if _i & 1 else 0)
    CRC.append(_i)


def sctp_packet(src, sport, dst, dport, tag, chunks):
    head = struct.pack("!HHII", sport, dport, tag, 0)
    crc = 0xffffffff
    for b in head + chunks:
        crc = crc >> 8 ^ CRC[(crc ^ b) & 0xff]
    return frame(src, dst, 132, head[:8] + struct.pack("<I", ~crc & 0xffffffff) + chunks)


class Sctp:
    """One association of a gNB (0) with an AMF (1): frames of single messages, with consecutive TSNs."""

    def __init__(self, gnb, amf, port=40000):
        self.end = ((gnb, port), (amf, 38412))
        self.tag = (0x1000 + port, 0x2000 + port)
        self.tsn = [1, 1]

    def _packet(self, who, chunks, tag=None):
        (src, sport), (dst, dport) = self.end[who], self.end[1 - who]
        return sctp_packet(src, sport, dst, dport, self.tag[1 - who] if tag is None else tag, chunks)

    def open(self):
        def init(kind, who):
            return struct.pack("!BBHIIHHI", kind, 0, 20, self.tag[who], 65535, 10, 10, 1)
        return [self._packet(0, init(1, 0), 0), self._packet(1, init(2, 1)), self._packet(0, h("0a00 0008 00000000")),
                self._packet(1, h("0b00 0004"))]

    def say(self, who, pdu):
        head = struct.pack("!BBHIHHI", 0, 3, 16 + len(pdu), self.tsn[who], 0, self.tsn[who] & 0xffff, 60)
        self.tsn[who] += 1
        return self._packet(who, head + pdu + b"\0" * (-len(pdu) % 4))


__all__ = [n for n in dir() if not n.startswith("_")] + ["udp"]

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""agree.py MESSAGES [-v] [--cut] CAPTURE|DIRECTORY...: our dissection against tshark's, packet by packet.

MESSAGES is build/tests/dissect/messages. Beside a capture NAME.expected.json may name the -d options of tshark under
"decode-as". Prints for every protocol and field how many frames agree, and every reason for a difference with its count;
with -v each frame that differs. With --cut each capture is compared once more without its first third: connections then
began before it. Exit 1 when a difference has no reason, 77 where there is no tshark.

Paths hold subscriber identifiers: both sides are compared under a HMAC with a key of this run and never printed.
"""
import collections
import hmac
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile

import lossy

KEY = secrets.token_bytes(32)
MAX_CAPTURE = 64 << 20
MAX_SHOWN = 5  # differing frames without reason that are shown of one kind, without -v

# Field of ours, fields of tshark (the first that has values), what the type is when there is none.
FIELDS = [
    ('ngap', 'ngap'),                  # procedure code and kind of message
    ('nas.mm', 'nas_5gs.mm.message_type'),
    ('nas.sm', 'nas_5gs.sm.message_type'),
    ('pfcp', 'pfcp.msg_type'),
    ('gtp', 'gtp.message'),
    ('gtpv2', 'gtpv2.message_type'),
    ('http2', 'http2.type'),
    ('http2.path', 'http2.headers.path'),
    ('http2.method', 'http2.headers.method'),
    ('http2.status', 'http2.headers.status'),
    ('http2.authority', 'http2.headers.authority'),
    ('http2.user_agent', 'http2.headers.user_agent'),
    ('ngap.amf_ue_id', 'ngap.AMF_UE_NGAP_ID'),
    ('ngap.ran_ue_id', 'ngap.RAN_UE_NGAP_ID'),
    ('ngap.radio', 'ngap.radioNetwork'),
    ('ngap.transport', 'ngap.transport'),
    ('ngap.nas', 'ngap.nas'),
    ('ngap.protocol', 'ngap.protocol'),
    ('ngap.misc', 'ngap.misc'),
    ('ngap.teid', 'ngap.gTP_TEID'),
    ('ngap.nr_ciphering', 'ngap.nRencryptionAlgorithms'),
    ('ngap.nr_integrity', 'ngap.nRintegrityProtectionAlgorithms'),
    ('ngap.eutra_ciphering', 'ngap.eUTRAencryptionAlgorithms'),
    ('ngap.eutra_integrity', 'ngap.eUTRAintegrityProtectionAlgorithms'),
    ('ngap.up_integrity', 'ngap.integrityProtectionIndication'),
    ('ngap.up_ciphering', 'ngap.confidentialityProtectionIndication'),
    ('ngap.up_integrity_result', 'ngap.integrityProtectionResult'),
    ('ngap.up_ciphering_result', 'ngap.confidentialityProtectionResult'),
    ('nas.ea', 'nas.ea'),
    ('nas.ia', 'nas.ia'),
    ('nas.eea', 'nas.eea'),
    ('nas.eia', 'nas.eia'),
    ('nas.ciphering', 'nas_5gs.mm.nas_sec_algo_enc'),
    ('nas.integrity', 'nas_5gs.mm.nas_sec_algo_ip'),
    ('nas.identity', 'nas_5gs.mm.type_id'),
    ('nas.scheme', 'nas_5gs.mm.suci.scheme_id'),
    ('nas.cause', 'nas_5gs.mm.5gmm_cause'),
    ('nas.registration', 'nas_5gs.mm.5gs_reg_type'),
    ('pfcp.sequence', 'pfcp.seqno'),
    ('pfcp.seid', 'pfcp.seid'),
    ('pfcp.cause', 'pfcp.cause'),
    ('pfcp.teid', 'pfcp.tunnel'),
    ('gtp.teid', 'gtp.teid'),
    ('esp.spi', 'esp.spi'),
    ('tls.version', 'tls.version'),
    ('tls.suite', 'tls.suite'),
    ('tls.alert', 'tls.alert_message.desc'),
    ('http.path', 'http.request.uri'),
    ('http.method', 'http.request.method'),
    ('http.status', 'http.response.code'),
    ('tls', 'tls.record'),
    ('tls.handshake', 'tls.handshake.type'),
    ('icmp', 'icmp.type'),
    ('icmpv6', 'icmpv6.type'),
    ('mongo', 'mongo.opcode'),
    ('diameter', 'diameter.cmd.code'),
    ('s1ap', 's1ap.procedureCode'),
    ('mysql', 'mysql'),
    ('isakmp', 'isakmp.exchangetype'),
]
# A bit each, algorithm 0 first.
ALGORITHMS = {'nas.ea': '5g_ea0 128_5g_ea1 128_5g_ea2 128_5g_ea3 5g_ea4 5g_ea5 5g_ea6 5g_ea7',
              'nas.ia': 'ia0 5g_128_ia1 5g_128_ia2 5g_128_ia3 5g_128_ia4 5g_ia5 5g_ia6 5g_ia7',
              'nas.eea': 'eea0 128eea1 128eea2 eea3 eea4 eea5 eea6 eea7',
              'nas.eia': 'eia0 128eia1 128eia2 eia3 eia4 eia5 eia6 eia7'}
MADE = ('tls.record', 'pfcp.tunnel', 'tls.version', 'tls.suite', *ALGORITHMS)  # put together from several
OCTETS = ('ngap.teid', 'ngap.nr_ciphering', 'ngap.nr_integrity', 'ngap.eutra_ciphering', 'ngap.eutra_integrity')
HASHED = ('http.path', 'http2.path', 'http2.authority', 'http2.user_agent')
HEX = ('ngap.amf_ue_id', 'ngap.ran_ue_id', 'pfcp.seid')
TSHARK = ['frame.number', 'frame.protocols', '_ws.col.Protocol', 'tcp.analysis.retransmission',
          'tcp.analysis.spurious_retransmission', 'tcp.analysis.fast_retransmission', 'tcp.analysis.out_of_order', 'tcp.analysis.lost_segment',
          'sctp.retransmission', 'ip.proto', 'ipv6.nxt', 'ngap.procedureCode', 'ngap.NGAP_PDU', 'tls.record.content_type',
          'tls.record.opaque_type', 'ip.flags.mf', 'ip.frag_offset', 'tcp.port', 'tcp.stream', 'tcp.payload',
          '_ws.col.Info'] + \
         ['pfcp.f_teid.teid', 'pfcp.outer_hdr_creation.teid', 'tls.handshake.version', 'tls.handshake.ciphersuite',
          'tls.handshake.extensions.supported_version'] + \
         ['nas_5gs.mm.' + f for fields in ALGORITHMS.values() for f in fields.split()] + \
         [t for _, t in FIELDS if '.' in t and t not in MADE]

# Layers below what is compared.
CARRIERS = {'eth', 'ethertype', 'sll', 'vlan', 'ieee8021ad', 'raw', 'null', 'loop', 'ip', 'ipv6', 'tcp', 'udp', 'sctp', 'udpencap', 'llc',
            'ipv6.hopopts', 'ipv6.fraghdr', 'ipv6.routing', 'ipv6.dstopts'}
# How a body is written, not a protocol of the network.
FORMATS = {'json', 'data', 'mime_multipart', 'data-text-lines', 'xml', 'x509sat', 'x509ce', 'x509af', 'pkix1implicit',
           'pkix1explicit', 'pkcs-1', 'media', 'image-gif', 'urlencoded-form', 'sdp', 'ipcp', 'pap', 'chap', 'nr-rrc', 'lte_rrc',
           'ber', 'png', 'cose', 'cbor', 'ocsp', 'logotypecertextn', 'grpc', 'protobuf'}
# Ours to tshark's.
NAMES = {'nas': 'nas-5gs'}
IP = {1: 'icmp', 2: 'igmp', 6: 'tcp', 17: 'udp', 50: 'esp', 58: 'icmpv6', 132: 'sctp'}


class Frame:
    """What one side says of a frame: labels, the values of each field, and hints of it for reasons."""

    def __init__(self):
        self.labels = set()
        self.transport = ''
        self.values = {}
        self.hints = set()
        self.stream = ''


# --- tshark ------------------------------------------------------------------------------------------------------------

def layers(text, frame):
    """The protocols of a frame that count. What is behind ICMP, inside GTP-U or in a body is told as a hint."""
    for name in text.split(':'):
        if name in ('ip', 'ipv6') and ('icmp' in frame.labels or 'icmpv6' in frame.labels):
            frame.hints.add('quote')
            break
        if name in ('ip', 'ipv6') and 'gtp' in frame.labels:
            frame.hints.add('tunnel')
            break
        if name in ('tcp', 'udp', 'sctp', 'igmp'):
            frame.transport = name
        if name in ('mime_multipart', 'json') and 'http2' in frame.labels:
            frame.hints.add('body')
            break
        if name in ('nas-eps', 'tls') and frame.labels & {'s1ap', 'quic'}:
            frame.hints.add('carried')
            continue
        if name not in CARRIERS and name not in FORMATS and name != 'igmp':
            frame.labels.add(name)
    if frame.labels & {'icmp', 'icmpv6', 'arp', 'esp'} and not frame.transport:
        frame.transport = sorted(frame.labels)[0]
    if frame.labels == {'gtp', 'gtpv2'}:
        frame.labels = {'gtpv2'}


def number(text):
    return int(text, 16) if text.startswith('0x') else int(text)


def tshark_values(row, frame):
    kinds, codes = row['ngap.NGAP_PDU'], row['ngap.procedureCode']
    row['ngap'] = [str(int(k) << 8 | int(c)) for k, c in zip(kinds, codes)]
    row['tls.record'] = row['tls.record.content_type'] + row['tls.record.opaque_type']
    for name, fields in ALGORITHMS.items():
        bits = zip(*(row['nas_5gs.mm.' + f] for f in fields.split()))
        row[name] = [str(int(''.join('1' if b in ('1', 'True') else '0' for b in octet), 2)) for octet in bits]
    row['pfcp.tunnel'] = row['pfcp.f_teid.teid'] + row['pfcp.outer_hdr_creation.teid']
    if '2' in row['tls.handshake.type'] and '1' not in row['tls.handshake.type']:
        row['tls.version'] = row['tls.handshake.extensions.supported_version'] or row['tls.handshake.version']
        row['tls.suite'] = row['tls.handshake.ciphersuite']
    for ours, theirs in FIELDS:
        values = [] if 'ssdp' in frame.labels else row.get(theirs, [])
        if ours in HASHED:
            values = [hmac.digest(KEY, v.encode(), 'sha256').hex()[:16] for v in values]
        elif ours in HEX:
            values = [f'{number(v):x}' for v in values]
        elif ours in OCTETS:
            values = [int(v, 16) for v in values]
        elif ours.startswith('ngap.up_'):
            values = sorted(number(v) for v in values)
        elif not ours.endswith('.method'):
            values = [number(v) for v in values if v]
        if values:
            frame.values[ours] = values


def records(data):
    """True if these are TLS records and nothing else."""
    at = 0
    while at + 5 <= len(data) and data[at] in range(20, 24) and data[at + 1] == 3 and data[at + 2] <= 4:
        at += 5 + int.from_bytes(data[at + 3:at + 5], 'big')
    return 0 < at == len(data)


def tshark(path, decode_as):
    command = ['tshark', '-n', '-r', path, '-o', 'nas-5gs.null_decipher:TRUE',
               '-o', 'tcp.reassemble_out_of_order:TRUE', '-T', 'fields', '-E', 'aggregator=\x1f']
    for d in decode_as:
        command += ['-d', d]
    for f in TSHARK:
        command += ['-e', f]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    told = dict(d.removeprefix('tcp.port==').split(',') for d in decode_as)
    frames = {}
    for line in out.decode('utf-8', 'replace').split('\n'):
        cells = line.split('\t')
        if len(cells) != len(TSHARK):
            continue
        row = {f: c.split('\x1f') if c else [] for f, c in zip(TSHARK, cells)}
        frame = frames[int(row['frame.number'][0])] = Frame()
        layers(row['frame.protocols'][0], frame)
        tshark_values(row, frame)
        if row['tcp.analysis.retransmission'] or row['tcp.analysis.spurious_retransmission'] or \
                row['tcp.analysis.fast_retransmission'] or row['sctp.retransmission']:
            frame.hints.add('copy')
        if 'segment of a reassembled PDU' in ''.join(row['_ws.col.Info']):
            frame.hints.add('segment')
            frame.labels.discard('tls')  # it names the protocol of the connection, nothing is complete
        if {'http', 'http2'} <= frame.labels and not row['http.request.method'] and not row['http.response.code']:
            frame.labels.discard('http')  # behind an upgrade it stays as the layer below
        if records(bytes.fromhex(''.join(row['tcp.payload'][:1]))):
            frame.hints.add('records')
        if row['tcp.analysis.out_of_order']:
            frame.hints.add('late')
        if row['tcp.analysis.lost_segment']:
            frame.hints.add('early')
        if row['_ws.col.Protocol'] == ['PGSQL']:
            frame.labels.add('pgsql')  # the octet that answers SSLRequest has no layer
        frame.stream = ''.join(row['tcp.stream'])
        if '1' in row['ip.flags.mf'] or any(o not in ('0', '') for o in row['ip.frag_offset']):
            frame.hints.add('fragment')
        frame.hints |= {'told ' + told[p] for p in row['tcp.port'] if p in told}
    return frames


# --- ours --------------------------------------------------------------------------------------------------------------

def ours(messages, path):
    env = dict(os.environ, AGREE_KEY=KEY.hex())
    out = subprocess.run([messages, path], stdout=subprocess.PIPE, check=True, env=env).stdout
    frames = collections.defaultdict(Frame)
    for line in out.decode().splitlines():
        row = json.loads(line)
        frame = frames[row.pop('frame')]
        for name, values in row.items():
            if name in ('tcp.copy', 'sctp.copy'):
                frame.hints.add('copy')
            elif name == 'ip':
                frame.transport = IP.get(values[0], str(values[0]))
            else:
                label = name.split('.')[0]
                frame.labels.add(NAMES.get(label, label))
                values = [v for v in values if v is not None]
                if values:
                    frame.values[name] = values
        if 'arp' in frame.labels:
            frame.transport = 'arp'
    return frames


# --- reasons -----------------------------------------------------------------------------------------------------------

REASONS = []


def reason(text, scope=False):
    """A reason for a difference, whatever the frame: f(field, ours, theirs, owed) says whether it is this one;
    owed lasts for a capture. scope: it is left out of the comparison, because we do not mean to decode it."""
    def take(f):
        REASONS.append((text, scope, f))
        return f
    return take


@reason('an ICMP error quotes the packet that it is about: a quote is no message, tshark dissects it', scope=True)
def quoted(field, _, they, _owed):
    return 'quote' in they.hints and field not in ('icmp', 'icmpv6')


@reason("what is inside GTP-U is the subscriber's own traffic and is not dissected", scope=True)
def tunnelled(field, _, they, _owed):
    return 'tunnel' in they.hints and field not in ('gtp', 'label gtp')


@reason('a tunnel in a tunnel: what is inside is said of the outer one, tshark tells it as a message of its own', scope=True)
def nested(field, we, they, _owed):
    inner = list(they.values.get(field, []))
    return field == 'gtp' and 'tunnel' in they.hints and inner[:len(we.values.get(field, []))] == we.values.get(field, [])


@reason('a Path Switch Request names the UE by the identifier of the source AMF: no association of this one has it')
def source_identifier(field, we, they, _owed):
    return field == 'ngap.amf_ue_id' and field not in we.values and 25 in they.values.get('ngap', [])


@reason('N1 and N2 content in a multipart body of SBI: the same messages are taken where they go over N2', scope=True)
def in_body(field, we, they, _owed):
    return 'body' in they.hints and field.startswith(('nas.', 'ngap')) and field not in we.values


@reason('identities in optional IEs (IMEISV of Security Mode Complete, GUTI of Registration Accept) are not read', scope=True)
def optional_identity(field, we, they, _owed):
    rest = list(they.values.get(field, []))
    for kind in we.values.get(field, []):
        if kind in rest:
            rest.remove(kind)
    return field == 'nas.identity' and set(rest) <= {2, 5}


@reason('an F-TEID with an IPv4 and an IPv6 address is a tunnel for each', scope=True)
def both_families(field, we, they, _owed):
    return field in ('ngap.teid', 'pfcp.teid') and set(we.values.get(field, [])) == set(they.values.get(field, []))


@reason('GTP-C is recognised and not read', scope=True)
def control(field, we, _they, _owed):
    return field == 'gtp.teid' and field not in we.values and 'gtp' in we.values


@reason('the handshake in QUIC is protected with keys that anybody can derive; it is recognised and not opened', scope=True)
def in_quic(field, _, they, _owed):
    return 'quic' in they.labels and field.startswith('tls.')


@reason('tshark was told another protocol for this port (decode-as); the bytes begin as what we say')
def told(field, we, they, _owed):
    label = field.removeprefix('label ').split('.')[0]
    if label in we.labels:
        return label not in they.labels and any(h.startswith('told ') and h != 'told ' + label for h in they.hints)
    return 'told ' + label in they.hints and bool(we.labels)


@reason('tshark takes one connection inside and outside of a tunnel for one, and its second copy for a retransmission')
def tunnel_copy(field, we, they, _owed):
    return 'copy' in they.hints and 'copy' not in we.hints and field.removeprefix('label ').split('.')[0] in we.labels


@reason('a copy of a segment that was there before: counted once, tshark dissects it again')
def again(field, we, they, _owed):
    return 'copy' in we.hints and field not in we.values


@reason('an HTTP/1 message is told with its head; tshark tells it when its body is complete')
def at_head(field, we, they, owed):
    if not field.startswith(('http.', 'label http')) or field == 'label http2':
        return False
    if 'http' in we.labels and 'segment' in they.hints:
        owed[field, they.stream].append(we.values.get(field))
        return True
    return they.values.get(field) in owed[field, they.stream]


@reason('a segment that comes before another that it follows: told with its own frame, by tshark with the one that fills the hole')
def out_of_order(field, we, they, owed):
    key, value = ('order', field, they.stream), we.values.get(field)
    if 'early' in they.hints:
        owed[key].append(value)
        return True
    return 'late' in they.hints and they.values.get(field) in owed[key]


@reason('an interim answer (1xx) is no answer and is left out')
def interim(field, we, they, _owed):
    return field == 'http2.status' and [s for s in they.values.get(field, []) if s >= 200] == we.values.get(field, [])


@reason('what a server promises (PUSH_PROMISE) is no request; no SBI uses it')
def promised(field, we, they, _owed):
    return field in ('http2.path', 'http2.method', 'http2.authority') and 5 in they.values.get('http2', []) and field not in we.values


@reason('DTLS in SCTP (RFC 6083) under the identifier for it: tshark reads its records as NGAP')
def dtls_in_sctp(field, we, they, _owed):
    return 'dtls' in we.labels and 'ngap' in they.labels and field in ('label dtls', 'label ngap', 'ngap')


@reason('handshake messages whose hellos were before the capture are not read: they may be encrypted')
def without_hello(field, we, they, _owed):
    return field == 'tls.handshake' and 'tls' in we.labels and field not in we.values and \
        not {1, 2} & set(they.values.get(field, []))


@reason('whole TLS records in the middle of a connection, on a port for which tshark knows another protocol')
def records_elsewhere(field, we, they, _owed):
    return field in ('label tls', 'tls') and not they.labels and 'records' in they.hints


@reason('tshark puts fragments of a packet together that were inside and outside of a tunnel')
def fragments(_, we, they, _owed):
    return 'fragment' in they.hints and we.labels != they.labels


# --- the comparison ----------------------------------------------------------------------------------------------------

class Count:
    def __init__(self):
        self.frames = self.equal = self.reasoned = 0


def why(field, we, they, owed):
    for text, scope, f in REASONS:
        if f(field, we, they, owed):
            return text, scope
    return None, False


def differences(we, they):
    """(what, ours, theirs) of everything that was said of one frame; equal or not."""
    if we.labels or they.labels:
        for label in sorted(we.labels | they.labels):
            yield 'label ' + label, label in we.labels, label in they.labels
    else:
        yield 'label ' + (they.transport or 'other'), we.transport, they.transport
    for field, _ in FIELDS:
        a, b = we.values.get(field), they.values.get(field)
        if a or b:
            yield field, a, b


def told_ports(path):
    try:
        with open(path + '.expected.json', encoding='utf-8') as f:
            return json.load(f).get('decode-as', [])
    except FileNotFoundError:
        return ['tcp.port==7777,http2', 'tcp.port==27017,mongo']


def without_first_third(path, to):
    """Its frames behind the first third, in a file."""
    with open(path, 'rb') as f:
        head, parts = lossy.split(f.read())
    skip = sum(is_frame for is_frame, _ in parts) // 3
    with open(to, 'wb') as f:
        f.write(head)
        for is_frame, data in parts:
            skip -= is_frame
            if not is_frame or skip < 0:
                f.write(data)


def compare(messages, path, decode_as, counts, reasons, verbose):
    """Returns the number of differences without a reason."""
    theirs, mine = tshark(path, decode_as), ours(messages, path)
    unexplained, owed = collections.Counter(), collections.defaultdict(list)
    if not theirs:
        print(f'{path}: tshark reads nothing')
        return 1
    for n in sorted(set(theirs) | set(mine)):
        we, they = mine[n], theirs.get(n, Frame())
        for what, a, b in differences(we, they):
            text, scope = (None, False) if a == b else why(what, we, they, owed)
            if text:
                reasons[('left out: ' if scope else 'differs: ') + text][what] += 1
            if scope:
                continue
            counts[what].frames += 1
            counts[what].equal += a == b
            counts[what].reasoned += text is not None
            if a == b:
                continue
            if not text:
                unexplained[what] += 1
            if verbose or (not text and unexplained[what] <= MAX_SHOWN):
                print(f'{os.path.basename(path)} frame {n}: {what}: ours {a}, tshark {b}: {text or "NO REASON"}')
    return sum(unexplained.values())


def main():
    arguments = [a for a in sys.argv[1:] if not a.startswith('-')]
    if len(arguments) < 2:
        sys.exit(__doc__)
    if not shutil.which('tshark'):
        print('agree: SKIPPED: no tshark here (package tshark); nothing was compared')
        return 77
    counts, reasons = collections.defaultdict(Count), collections.defaultdict(collections.Counter)
    bad = files = 0
    for path in lossy.captures(arguments[1:]):
        if os.path.getsize(path) > MAX_CAPTURE:
            print(f'{path}: larger than {MAX_CAPTURE} bytes, not compared')
            continue
        files += 1
        bad += compare(arguments[0], path, told_ports(path), counts, reasons, '-v' in sys.argv)
        if '--cut' in sys.argv:
            with tempfile.TemporaryDirectory() as folder:
                part = os.path.join(folder, 'cut-' + os.path.basename(path))
                without_first_third(path, part)
                bad += compare(arguments[0], part, told_ports(path), counts, reasons, '-v' in sys.argv)
    print(f'{"what":18}{"frames":>8}{"equal":>8}{"":>9}{"with reason":>13}{"without":>9}')
    for what, c in sorted(counts.items()):
        print(f'{what:18}{c.frames:8}{c.equal:8}{100 * c.equal / c.frames:8.2f}%{c.reasoned:13}'
              f'{c.frames - c.equal - c.reasoned:9}')
    for text, c in sorted(reasons.items()):
        print(text)
        print('   ' + ', '.join(f'{what} {n}' for what, n in c.most_common()))
    print(f'{files} captures, {bad} differences without a reason')
    return 1 if bad or not files else 0


if __name__ == '__main__':
    sys.exit(main())

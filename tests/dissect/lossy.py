#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lossy.py MESSAGES CAPTURE|DIRECTORY...: what is told when frames are missing must be what is told when none is.

Each capture is read whole, then with frames left out: one in fifty by chance, one direction of every conversation, the
first third. What a frame gives then (units, paths, methods, answers) must be part of what it gave before: a loss may hide
messages, it must not invent or change one. Prints how much is still told; exit 1 when something was made up.
"""
import collections
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

KEY = '00' * 32
MAX_CAPTURE = 64 << 20
MAX_SHOWN = 20


def split(data):
    """(head, [(frame?, bytes)]) of a capture file: pcapng blocks or pcap records."""
    if data[:4] == b'\n\r\r\n':
        order = '<' if data[8:12] == b'\x4d\x3c\x2b\x1a' else '>'
        parts, at = [], 0
        while at + 12 <= len(data):
            kind, length = struct.unpack(order + 'II', data[at:at + 8])
            parts.append((kind in (3, 6), data[at:at + length]))
            at += length
        return b'', parts
    order = '<' if data[:4] in (b'\xd4\xc3\xb2\xa1', b'\x4d\x3c\xb2\xa1') else '>'
    parts, at = [], 24
    while at + 16 <= len(data):
        length = struct.unpack(order + 'I', data[at + 8:at + 12])[0]
        parts.append((True, data[at:at + 16 + length]))
        at += 16 + length
    return data[:24], parts


def told(messages, path):
    env = dict(os.environ, AGREE_KEY=KEY)
    out = subprocess.run([messages, path], stdout=subprocess.PIPE, check=True, env=env).stdout
    rows = (json.loads(line) for line in out.decode().splitlines())
    return {row.pop('frame'): row for row in rows}


def values(row):
    return collections.Counter((name, value) for name, all_of in row.items() for value in all_of
                               if name not in ('ip', 'tcp.copy', 'sctp.copy'))


def one_way(parts):
    """Frames whose IPv4 source is not above their destination; found by the first header that fits."""
    for number, frame in enumerate(parts):
        for at in range(16, 60):
            head = frame[at:at + 20]
            if len(head) == 20 and head[0] == 0x45 and head[9] in (6, 17, 132) and head[12:16] != head[16:20]:
                if head[12:16] <= head[16:20]:
                    yield number
                break


def run(messages, path, name, keep, whole, head, parts, scratch):
    """Returns what was invented, and how many values are left of how many."""
    number, kept, out = 0, [], [head]
    for is_frame, data in parts:
        if is_frame:
            number += 1
            if number not in keep:
                continue
            kept.append(number)
        out.append(data)
    with open(scratch, 'wb') as f:
        f.write(b''.join(out))
    invented, left = [], 0
    for at, row in told(messages, scratch).items():
        row_before = whole.get(kept[at - 1], {})
        now, before = values(row), values(row_before)
        left += sum(now.values())
        if row_before.keys() & {'tcp.copy', 'sctp.copy'}:
            continue  # a copy of what was told: now it may be the first
        invented += [f'{os.path.basename(path)} {name}: frame {kept[at - 1]}: {k[0]} {k[1]}' for k in now - before]
    return invented, left


def check(messages, path, scratch, counts):
    with open(path, 'rb') as f:
        head, parts = split(f.read())
    frames = [data for is_frame, data in parts if is_frame]
    whole = told(messages, path)
    all_of = sum(sum(values(row).values()) for row in whole.values())
    everything = set(range(1, len(frames) + 1))
    chance = random.Random(7)
    ways = {'one in fifty missing': {n for n in everything if chance.random() >= 0.02},
            'one direction': {n + 1 for n in one_way(frames)},
            'from the middle': {n for n in everything if n > len(frames) // 3}}
    bad = []
    for name, keep in ways.items():
        invented, left = run(messages, path, name, keep, whole, head, parts, scratch)
        counts[name][0] += left
        counts[name][1] += all_of
        bad += invented
    return bad


def captures(arguments):
    for a in arguments:
        if os.path.isfile(a):
            yield a
        for folder, _, names in sorted(os.walk(a)):
            yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(('.pcap', '.pcapng')))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    counts, bad, files = collections.defaultdict(lambda: [0, 0]), [], 0
    with tempfile.TemporaryDirectory() as folder:
        for path in captures(sys.argv[2:]):
            if os.path.getsize(path) <= MAX_CAPTURE:
                files += 1
                bad += check(sys.argv[1], path, os.path.join(folder, 'lossy'), counts)
    for text in bad[:MAX_SHOWN]:
        print('INVENTED', text)
    for name, (left, of) in counts.items():
        print(f'{name}: {left} of {of} values are told')
    print(f'{files} captures, {len(bad)} values invented')
    return 1 if bad or not files else 0


if __name__ == '__main__':
    sys.exit(main())

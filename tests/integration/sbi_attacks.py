# SPDX-License-Identifier: Apache-2.0
"""Attacks on the SBI, recorded with real clients and servers (tests/sbi/record.sh): each is named with its attacker and first
frame; with its packets taken out, and in the capture without any, nothing is raised; no token and no subscriber comes out."""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import H2_PREFACE, ROOT, Tcp, check, directory, finish, h2, hpack, pcap, run, scan, write

DATA = os.path.join(ROOT, "tests", "data", "sbi")
CONTROLS = ("SA-SBI-09", "SA-SBI-16", "SA-SBI-19", "SA-SBI-20", "SA-SBI-21", "SA-DET-04", "VI-SDN-01")
INVENTORY = """prefixes:
  - prefix: 10.77.2.0/28
    role: sbi
  - prefix: 10.77.2.96/28
    role: ue
"""
FIRST_ATTACK_PORT = 50000  # of clients, see record.sh
UDM, AMF, SMF, PCF, SCP, STRANGER = ("10.77.2." + n for n in ("12", "5", "4", "13", "200", "99"))
# capture: (control, check, attacker, what the message says)
ATTACKS = {
    "sbi-bad.pcap": [
        ("SA-SBI-09", "token", SMF, "without one 1 times"),
        ("SA-SBI-19", "token", AMF, "expired (1), of another audience (1) or scope (1), not signed asymmetrically (1)"),
        ("SA-SBI-19", "token", SMF, "not signed asymmetrically (1)"),
        ("SA-SBI-20", "issued", PCF, "in the name of 5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d005 as amf"),
        ("SA-SBI-20", "issued", SMF, "as nef, which is not what is proved (registered: smf"),
        ("SA-SBI-16", "bound", PCF, "in the name of 5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d005"),
    ],
    "sbi-nrf.pcap": [
        ("SA-DET-04", "deregistration", SMF, "took NF instance 5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d005 of another off NRF"),
        ("SA-DET-04", "enumeration", STRANGER, "explores which NFs there are"),
        ("SA-DET-04", "enumeration", SMF, "explores which NFs there are"),
        ("SA-DET-04", "unregistered", STRANGER, "never registered at the NRF"),
        ("SA-DET-04", "errors", PCF, "(24 errors"),
    ],
    "sbi-scp.pcap": [
        ("SA-SBI-21", "pair", SCP, "in the name of 5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d005"),
        ("SA-SBI-21", "pair", SMF, "in the name of 5f1c7a5e-3c1d-41ef-9d20-aa10b7f0d005"),
    ],
    "sbi-good.pcap": [],
}


def frames(path):
    """Header of a classic capture of Ethernet, then (record, client port) for each frame."""
    with open(path, "rb") as f:
        data = f.read()
    out, at = [], 24
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        tcp = at + 16 + 14 + (data[at + 16 + 14] & 15) * 4
        ports = struct.unpack_from(">HH", data, tcp)
        out.append((data[at:at + 16 + size], max(ports)))
        at += 16 + size
    return data[:24], out


def failed(path, *more):
    """(control, check, message) of what the controls of this test say is wrong; one message may join several."""
    report = scan("-r", path, "--vantage", "link", *more)
    check(not report["errors"], f"{path}: read without errors: {report['errors']}")
    return [(v["control"], w["check"], w["message"]) for v in report["verdicts"] if v["control"] in CONTROLS
            for w in v["witnesses"] if w["verdict"] == "fail"]


def first_frame_is_an_attack(name, message, packets):
    numbers = [int(part.split(")")[0].split(";")[0].split()[0].strip(",")) for part in message.split("from frame ")[1:]]
    check(numbers and all(packets[n - 1][1] >= FIRST_ATTACK_PORT for n in numbers),
          f"{name}: the first frame belongs to the attack: {message}")


def planes(d):
    """The stranger has an address of the network of UEs."""
    path, rest = os.path.join(DATA, "sbi-nrf.pcap"), os.path.join(d, "quiet.pcap")
    inventory = write(d, "inventory.yaml", INVENTORY)
    head, packets = frames(path)
    with open(rest, "wb") as f:
        f.write(head + b"".join(p for p, port in packets if port < FIRST_ATTACK_PORT))
    hit = [m for c, k, m in failed(path, "--inventory", inventory) if (c, k) == ("VI-SDN-01", "wire")]
    check(len(hit) == 1 and STRANGER + " is client on sbi" in hit[0], f"a UE on the SBI: {hit}")
    for message in hit:
        first_frame_is_an_attack("planes", message, packets)
    quiet = failed(rest, "--inventory", inventory)
    check(not any(c == "VI-SDN-01" for c, _, _ in quiet), f"NFs in their network: {quiet}")


def open_exchanges(d, version, requests):
    """Requests of one connection that are open at one time, then all their answers: (2xx that were let in without a token,
    the section is complete)."""
    link = Tcp(AMF, 40000, UDM, 7777)
    path = "/nudm-sdm/v2/imsi-001010000000001/am-data"
    if version == 2:
        ask = [h2(1, 5, 2 * n + 1, hpack([(":method", "GET"), (":scheme", "http"), (":path", path),
                                          (":authority", UDM)])) for n in range(requests)]
        told = [h2(1, 5, 2 * n + 1, hpack([(":status", "200")])) for n in range(requests)]
        link.say(0, H2_PREFACE + h2(4, 0, 0, b""))
        link.say(1, h2(4, 0, 0, b""))
    else:
        ask = [f"GET {path} HTTP/1.1\r\nHost: {UDM}\r\n\r\n".encode()] * requests
        told = [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"] * requests
    for who, messages in ((0, ask), (1, told)):
        for message in messages:
            link.say(who, message)
    facts = json.loads(run("facts", "-r", pcap(os.path.join(d, "open.pcap"), link.close())).stdout)
    traffic = facts["x1818-facts:facts"]["traffic"][0]
    return sum(int(a["let-in"]) for a in traffic.get("sbi-authorisation", [])), traffic["complete"]


def beyond_what_waits(d):
    """An answer whose request has been forgotten is judged by nobody, so nothing passes."""
    for version, few, many in ((2, 100, 200), (1, 8, 100)):
        check(open_exchanges(d, version, few) == (few, True), f"HTTP/{version}: {few} open requests are judged")
        let_in, complete = open_exchanges(d, version, many)
        check(let_in < many and not complete, f"HTTP/{version}: {let_in} of {many} judged, complete {complete}")


def main():
    with directory() as d:
        planes(d)
        beyond_what_waits(d)
        for name, attacks in ATTACKS.items():
            path = os.path.join(DATA, name)
            head, packets = frames(path)
            found = failed(path)
            for control, which, attacker, words in attacks:
                hit = [m for c, k, m in found if (c, k) == (control, which) and attacker in m and words in m]
                check(hit, f"{name}: {control} {which} names {attacker}: {words}; got {found}")
                for message in hit:
                    first_frame_is_an_attack(name, message, packets)
            known = {(a[0], a[1]) for a in attacks}
            check(all((c, k) in known for c, k, _ in found), f"{name}: nothing else is raised: {found}")
            rest = os.path.join(d, name)
            with open(rest, "wb") as f:
                f.write(head + b"".join(p for p, port in packets if port < FIRST_ATTACK_PORT))
            check(failed(rest) == [], f"{name}: nothing is raised without the attack: {failed(rest)}")
            for args in (("facts", "-f", "json"), ("scan", "-f", "json", "--vantage", "link"), ("scan", "-v")):
                p = run(*args, "-r", path)
                for secret in (b"eyJ", b"999700000000001", b"Bearer"):
                    check(secret not in p.stdout + p.stderr, f"{name}: {secret!r} comes out of {args}")
    finish()


if __name__ == "__main__":
    main()

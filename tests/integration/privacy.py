# SPDX-License-Identifier: Apache-2.0
"""No marked secret and no subscriber identifier leaves the process, in any form, on either stream."""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, FORMATS, H2_PREFACE, NOW, Tcp, check, directory, finish, h2, hpack, pcap, run, udp, write

PEM = base64.b64encode(b"marked private key content " * 6).decode()
SECRETS = {
    "database password": "pwMARKdb7741", "database user": "userMARKdb31", "K": "465B5CE8B199B49FAA5F0A2EE238A6BC",
    "OPc": "E8ED289DEBA952E4283B54E88E6183CA", "token": "eyJMARKtok.en0.sig77", "h2 token": "eyJMARKh2t.ok1.sig88",
    "SUPI h1": "999700000041771", "SUPI h2": "999700000041772", "SUPI ue-info": "999700000041773",
    "SUPI body": "999700000041774", "MSISDN": "491700041775", "SUPI in a value": "999700000041776",
    "SUPI query": "999700000041777", "SUCI": "suci-0-999-70-0-0-0-0000041778",
    "SNMP community": "commMARKsnmp1", "SNMP community in a file": "commMARKsnmp2", "grafana": "grafMARKpw9",
    "Secret stringData": "strMARKdata5", "Secret data": "datMARKbyte6", "web secret": "webMARKsecret8",
    "PEM in YAML": PEM[:40], "PEM file": PEM[40:80], "basic": base64.b64encode(b"admin:MARKbasic").decode(),
    "form password": "formMARKpw11", "telnet password": "telMARKpw12", "FTP password": "ftpMARKpw13",
    "mongo command": "argMARKpw14", "broken line": "brkMARKpw15", "placeholder": "phMARKpw16",
}
S = SECRETS


def configs(d):
    write(d, "udr.yaml", f"db_uri: mongodb://{S['database user']}:{S['database password']}@10.0.0.9/open5gs\n"
          "udr:\n  sbi:\n    server:\n      - address: 10.77.1.20\n")
    write(d, "amf.yaml", AMF + f"  k: {S['K']}\n  opc: {S['OPc']}\n  snmp_community: {S['SNMP community in a file']}\n"
          f"  note: imsi-{S['SUPI in a value']}\n")
    write(d, "hnet.key", f"-----BEGIN PRIVATE KEY-----\n{PEM}\n-----END PRIVATE KEY-----\n")
    write(d, "udm.yaml", "udm:\n  hnet:\n    - id: 1\n      scheme: 1\n      key: hnet.key\n    - id: 2\n      scheme: 1\n"
          f"      key: |\n        -----BEGIN PRIVATE KEY-----\n        {PEM}\n  sbi:\n    server:\n"
          "      - address: 10.77.1.12\n        scheme: https\n        private_key: hnet.key\n        cert: hnet.key\n")
    write(d, "broken.yaml", f"amf:\n  password: \"{S['broken line']}\n  sbi: [ : ]: }}\n")
    write(d, "tmpl.yaml", f"udr:\n  sbi:\n    server:\n      - address: ${{A:-{S['placeholder']}}}\n"
          f"db_uri: mongodb://u:{S['placeholder']}@${{DB}}/x\n")
    write(d, "docker-compose.yaml", f"""services:
  grafana:
    image: grafana/grafana:10.0.0
    environment:
      GF_SECURITY_ADMIN_PASSWORD: {S['grafana']}
      GF_SECURITY_ADMIN_USER: admin
  webui:
    image: open5gs-webui:1
    environment:
      - SECRET_KEY={S['web secret']}
      - DB_URI=mongodb://{S['database user']}:{S['database password']}@db/open5gs
  mongo:
    image: mongo:7
    command: ["mongod", "--auth", "--keyFile", "/k", "-p", "{S['mongo command']}"]
    environment: {{MONGO_INITDB_ROOT_PASSWORD: {S['database password']}}}
  snmpd:
    image: snmpd:1
    command: snmpd -c {S['SNMP community in a file']}
""")
    write(d, "secret.yaml", f"""apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData: {{password: {S['Secret stringData']}, uri: "mongodb://u:{S['Secret stringData']}@db/x"}}
data: {{key: {base64.b64encode(S['Secret data'].encode()).decode()}, plain: {S['Secret data']}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: amf}}
spec:
  containers:
    - name: amf
      image: amf:1
      env:
        - {{name: DB_PASSWORD, value: {S['database password']}}}
""")


def captures(d):
    c = Tcp("10.77.1.5", 40001, "10.77.1.12", 7777)
    body = json.dumps({"supi": "imsi-" + S["SUPI body"], "gpsi": "msisdn-" + S["MSISDN"]})
    c.say(0, (f"GET /nudm-sdm/v2/imsi-{S['SUPI h1']}/am-data?supi=imsi-{S['SUPI query']} HTTP/1.1\r\nHost: udm\r\n"
              f"Authorization: Bearer {S['token']}\r\n\r\n").encode())
    c.say(1, f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    c.say(0, f"GET /nudm-ueau/v1/{S['SUCI']}/security-information HTTP/1.1\r\nHost: udm\r\n\r\n".encode())
    frames = c.close()
    c = Tcp("10.77.1.5", 40002, "10.77.1.12", 7778)
    c.say(0, H2_PREFACE + h2(4, 0, 0, b"") + h2(1, 0x05, 1, hpack((
        (":method", "GET"), (":scheme", "http"), (":authority", "udm"),
        (":path", f"/nudm-sdm/v2/imsi-{S['SUPI h2']}/am-data"), ("authorization", "Bearer " + S["h2 token"])))))
    c.say(1, h2(4, 0, 0, b"") + h2(1, 0x04, 1, hpack(((":status", "200"),))) + h2(0, 1, 1, body.encode()))
    frames += c.close()
    c = Tcp("10.0.9.9", 40003, "10.77.1.5", 9090)
    c.say(0, b"GET /ue-info HTTP/1.1\r\nHost: amf\r\n\r\n")
    info = json.dumps({"items": [{"supi": "imsi-" + S["SUPI ue-info"]}]})
    c.say(1, f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(info)}\r\n\r\n{info}".encode())
    c.say(0, f"GET /ue-info/{S['SUPI ue-info']} HTTP/1.1\r\nHost: amf\r\n\r\n".encode())
    frames += c.close()
    c = Tcp("10.0.9.9", 40004, "10.0.8.8", 9999)
    form = f"username=admin&password={S['form password']}"
    c.say(0, (f"POST /login HTTP/1.1\r\nHost: webui\r\nAuthorization: Basic {S['basic']}\r\n"
              f"Content-Length: {len(form)}\r\n\r\n{form}").encode())
    c.say(1, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    frames += c.close()
    c = Tcp("10.0.9.9", 40005, "10.0.8.8", 23)
    c.say(1, b"\xff\xfd\x18login: ")
    c.say(0, b"root\r\n")
    c.say(1, b"Password: ")
    c.say(0, S["telnet password"].encode() + b"\r\n")
    frames += c.close()
    c = Tcp("10.0.9.9", 40006, "10.0.8.8", 21)
    c.say(1, b"220 ready\r\n")
    c.say(0, b"USER root\r\n")
    c.say(1, b"331 password\r\n")
    c.say(0, b"PASS " + S["FTP password"].encode() + b"\r\n")
    frames += c.close()
    community = S["SNMP community"].encode()
    pdu = bytes.fromhex("a01902040102030402010002010030 0b 3009 0605 2b06010201 0500".replace(" ", ""))
    inner = b"\x02\x01\x01\x04" + bytes([len(community)]) + community + pdu
    frames.append(udp("10.0.9.9", 50000, "10.0.8.8", 161, b"\x30" + bytes([len(inner)]) + inner))
    return pcap(os.path.join(d, "marked.pcap"), frames)


def never(label, process):
    for what, text in S.items():
        for raw in (process.stdout, process.stderr):
            check(text.encode() not in raw and text.lower().encode() not in raw, f"{label}: {what} is told")
    for word in ("MARK", "MARKbasic", "0000041"):
        check(word.encode() not in process.stdout + process.stderr, f"{label}: a part of a secret ({word})")


def main():
    with directory() as d:
        configs(d + "/config")
        capture = captures(d)
        with open(capture, "rb") as f:
            raw = f.read()
        for what in ("token", "h2 token", "SUPI h2", "SNMP community", "telnet password"):
            check(S[what].encode() in raw, f"the capture does not hold the {what}: this test says nothing")
        args = ["--now", NOW, "-c", d + "/config", "-r", capture, "--vantage", "node-nic"]
        for form in FORMATS:
            for verbose in ([], ["-v"]):
                p = run("scan", "-f", form, *verbose, *args)
                check(p.returncode == 1 and len(p.stdout) > 2000, f"{form}: exit {p.returncode}")
                never(f"scan {form} {' '.join(verbose)}", p)
        p = run("facts", "-v", *args)
        never("facts", p)
        facts = p.stdout.decode()
        for seen in ("{supi}", "snmp", "telnet", "ftp", "ue-info"):
            check(seen in facts, f"the facts do not show {seen}: the capture was not understood")


main()
finish()

# SPDX-License-Identifier: Apache-2.0
"""No marked secret and no subscriber identifier leaves the process, in any form, on either stream."""
import base64
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, FORMATS, H2_PREFACE, NOW, Tcp, check, directory, finish, h2, hpack, ip, pcap, run, udp, write

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
    "URI in a peer": "uriMARKpw17", "password in a query": "qryMARKpw18", "compose secret": "cmpMARKpw19", "env file": "envMARKpw20",
    "variable of .env": "dotMARKpw21", "default of a variable": "defMARKpw22", "annotation": "annMARKpw23", "init container": "iniMARKpw24",
    "argument of a pod": "podMARKpw25", "Helm value": "hlmMARKpw26", "probe header": "prbMARKpw27",
    "PFCP user": "999700000041781", "PFCP PEI": "359880000041782", "PFCP MSISDN": "491700041783", "Diameter user": "999700000041784",
    "cookie": "ckiMARKses29", "API key": "apiMARKkey30", "body h2": "bdyMARKpw31", "basic in a URI": "urlMARKpw32",
    "NAS SUCI": "0000041785", "trap community": "trpMARKsnmp33", "comment": "cmtMARKpw34", "key of a mapping": "keyMARKpw35",
    "anchor": "ancMARKpw36", "inventory": "invMARKpw37", "sshd": "sshMARKpw38",
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


def more_configs(d):
    """The same kinds of secrets in less usual places."""
    write(d, "smf.yaml", f"""# {S['comment']}
x: &{S['anchor']} 1
smf:
  {S['key of a mapping']}: 1
  sbi:
    server:
      - address: 10.77.1.4
        sslkeylogfile: /tmp/{S['comment']}
        unknown_token: {S['token']}
    client:
      scp:
        - uri: http://admin:{S['URI in a peer']}@scp:7777?password={S['password in a query']}
  info: "imsi-{S['SUPI in a value']}"
db_uri: mongodb://h/x?authMechanismProperties=AWS_SESSION_TOKEN:{S['password in a query']}
""")
    write(d, "core/compose.yaml", f"""services:
  pcf:
    image: registry:5000/pcf:1
    env_file: pcf.env
    command: ["pcf", "--password={S['compose secret']}", "--db", "mongodb://u:{S['URI in a peer']}@db/x"]
    labels: {{token: {S['annotation']}}}
    healthcheck: {{test: "curl -u admin:{S['basic in a URI']} http://u:{S['basic in a URI']}@localhost/"}}
    environment:
      DB_URI: mongodb://u:${{PW:-{S['default of a variable']}}}@db/x
      OTHER: ${{SECRET_OF_ENV}}
      KI: {S['K']}
      HOSTNAME: {S['compose secret']}
secrets:
  s: {{environment: {S['compose secret']}}}
""")
    write(d, "core/pcf.env", f"API_TOKEN={S['env file']}\nSSLKEYLOGFILE=/x\nDB_URI=mongodb://u:{S['env file']}@db\n")
    write(d, "core/.env", f"SECRET_OF_ENV={S['variable of .env']}\n")
    write(d, "k8s/pod.yaml", f"""apiVersion: v1
kind: Pod
metadata: {{name: udr, annotations: {{kubectl.kubernetes.io/last-applied-configuration: '{{"pw":"{S['annotation']}"}}'}}}}
spec:
  initContainers:
    - {{name: i, image: mongo, command: [mongosh, "mongodb://u:{S['init container']}@db/x", -p, {S['init container']}]}}
  containers:
    - name: udr
      image: udr:1
      args: ["--token", "{S['argument of a pod']}"]
      env: [{{name: DB_URI, value: "mongodb://u:{S['argument of a pod']}@db/x"}}, {{name: PLAIN, value: "{S['argument of a pod']}"}}]
      livenessProbe: {{httpGet: {{path: "/?token={S['probe header']}", port: 80, httpHeaders: [{{name: Authorization, value: {S['probe header']}}}]}}}}
""")
    write(d, "chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1\n")
    write(d, "chart/values.yaml", f"mongodb:\n  auth: {{rootPassword: {S['Helm value']}, passwords: [{S['Helm value']}]}}\n"
          f"dbURI: mongodb://u:{S['Helm value']}@db/x\nadmin: {{password: {S['Helm value']}}}\nimage: {{repository: x, tag: '1'}}\n")
    write(d, "chart/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  udr.yaml: |\n"
          "    db_uri: {{ .Values.dbURI }}\n    udr: {sbi: {server: [{address: 10.0.0.1}]}}\n")
    write(d, "ssh/sshd_config", f"PermitRootLogin yes\n# {S['sshd']}\nBanner {S['sshd']}\nUnknown {S['sshd']}\nAuthorizedKeysCommand /x {S['sshd']}\n")


def more_captures():
    """N4, Diameter and HTTP with identities in the places where they stand in real traffic."""
    frames = []
    c = Tcp("10.0.9.9", 40010, "10.0.8.8", 3000)
    c.say(0, (f"GET /api/x?token={S['API key']} HTTP/1.1\r\nHost: u:{S['basic in a URI']}@grafana\r\nCookie: session={S['cookie']}\r\n"
              f"X-Api-Key: {S['API key']}\r\nReferer: http://u:{S['basic in a URI']}@x/\r\n\r\n").encode())
    c.say(1, f"HTTP/1.1 302 Found\r\nSet-Cookie: session={S['cookie']}\r\nLocation: /?t={S['API key']}\r\n"
             "Content-Length: 0\r\n\r\n".encode())
    frames += c.close()
    c = Tcp("10.77.1.5", 40011, "10.77.1.12", 7777)
    body = json.dumps({"supi": "imsi-" + S["SUPI body"], "password": S["body h2"], "nfType": "UDM", "nested": {"token": [S["body h2"]]}})
    c.say(0, H2_PREFACE + h2(4, 0, 0, b"") + h2(1, 0x04, 1, hpack((
        (":method", "PUT"), (":scheme", "http"), (":authority", "u:" + S["basic in a URI"] + "@nrf"),
        (":path", "/nnrf-nfm/v1/nf-instances/" + S["SUPI h2"] + "?x=" + S["API key"]), ("cookie", S["cookie"]),
        ("3gpp-sbi-target-apiroot", "http://u:" + S["basic in a URI"] + "@x")))) +
        h2(0, 1, 1, body.encode()))
    c.say(1, h2(4, 0, 0, b"") + h2(1, 0x04, 1, hpack(((":status", "201"), ("set-cookie", S["cookie"]), ("location", "/x/" + S["SUPI h2"])))) +
          h2(0, 1, 1, body.encode()))
    frames += c.close()

    def bcd(digits):
        digits += "f" * (len(digits) % 2)
        return bytes(int(digits[i + 1] + digits[i], 16) for i in range(0, len(digits), 2))

    def ie(kind, data):
        return struct.pack("!HH", kind, len(data)) + data

    def field(digits):
        return bytes([len(bcd(digits))]) + bcd(digits)
    user = ie(141, b"\x07" + field(S["PFCP user"]) + field(S["PFCP PEI"]) + field(S["PFCP MSISDN"]))
    node = ie(60, b"\0" + ip("10.77.4.4"))
    seid = ie(57, b"\x02" + b"\0" * 7 + b"\1" + ip("10.77.4.4"))
    for kind, body, with_seid in ((5, node + ie(96, b"\xe0\0\0\1"), False), (50, node + seid + user, True)):
        head = (b"\0" * 8 if with_seid else b"") + b"\0\0\1\0"
        frames.append(udp("10.77.4.4", 8805, "10.77.4.7", 8805, bytes([0x20 | with_seid, kind]) +
                          struct.pack("!H", len(head) + len(body)) + head + body))
    c = Tcp("10.77.5.1", 40012, "10.77.5.2", 3868)
    avp = struct.pack("!II", 1, 0x40000000 | (8 + len(S["Diameter user"]))) + S["Diameter user"].encode() + b"\0"
    c.say(0, struct.pack("!IIIII", 0x01000000 | (20 + len(avp)), 0xc000013e, 16777251, 1, 1) + avp)
    frames += c.close()
    community = S["trap community"].encode()
    inner = b"\x02\x01\x01\x04" + bytes([len(community)]) + community + b"\xa7\x00"
    frames.append(udp("10.0.9.9", 50001, "10.0.8.8", 162, b"\x30" + bytes([len(inner)]) + inner))
    frames.append(udp("10.0.9.9", 50002, "10.0.8.8", 514, f"<34>1 x su: password {S['form password']} imsi-{S['SUPI body']}".encode()))
    return frames


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
    return pcap(os.path.join(d, "marked.pcap"), frames + more_captures())


def never(label, process):
    for what, text in S.items():
        for raw in (process.stdout, process.stderr):
            check(text.encode() not in raw and text.lower().encode() not in raw, f"{label}: {what} is told")
    for word in ("MARK", "MARKbasic", "0000041", "4917000", "3598800"):
        check(word.encode() not in process.stdout + process.stderr, f"{label}: a part of a secret ({word})")


def main():
    with directory() as d:
        configs(d + "/config")
        more_configs(d + "/config")
        capture = captures(d)
        with open(capture, "rb") as f:
            raw = f.read()
        for what in ("token", "h2 token", "SUPI h2", "SNMP community", "telnet password"):
            check(S[what].encode() in raw, f"the capture does not hold the {what}: this test says nothing")
        args = ["--now", NOW, "-c", d + "/config", "-r", capture, "--vantage", "node-nic"]
        wrong = write(d, "inventory.yaml", f"nfs:\n  - {{id: {S['inventory']}, {S['inventory']}: x, type: {S['inventory']}}}\nsites: {S['inventory']}\n")
        key = write(d, "key", S["inventory"])
        never("a wrong inventory", run("scan", "--inventory", wrong, "-v", *args))
        never("a wrong key", run("scan", "--key", key, *args))
        never("a wrong overlay", run("scan", "--overlay", wrong, *args))
        never("a wrong pack", run("rules", "lint", "--rules", d))
        for form in FORMATS:
            for verbose in ([], ["-v"]):
                p = run("scan", "-f", form, *verbose, *args)
                check(p.returncode == 1 and len(p.stdout) > 2000, f"{form}: exit {p.returncode}")
                never(f"scan {form} {' '.join(verbose)}", p)
        p = run("facts", "-v", *args)
        never("facts", p)
        facts = p.stdout.decode()
        for seen in ("{supi}", "snmp", "telnet", "ftp", "ue-info", "10.77.4.4", "container:scan/core/compose#pcf", "container:scan/k8s/pod#udr"):
            check(seen in facts, f"the facts do not show {seen}: the capture was not understood")


if __name__ == "__main__":
    main()
    finish()

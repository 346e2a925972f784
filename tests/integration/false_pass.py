# SPDX-License-Identifier: Apache-2.0
"""Insecure configurations in unusual but valid words: none of them may pass. Each row was once taken for secure, or is
a near relation of one that was."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, certificate, check, directory, finish, scan, verdicts, write

TLS = """amf:
  default:
    tls:
      server: {{scheme: {scheme}, private_key: k.pem, cert: c.pem, verify_client: {verify}, verify_client_cacert: ca.pem}}
      client: {{scheme: https, insecure_skip_verify: {skip}, cacert: ca.pem}}
  sbi:
    server:
      - address: amf.lab
        {server}
    client:
      nrf:
        - uri: https://nrf.lab
          {peer}
"""


def tls(scheme="https", verify="true", skip="false", server="port: 7777", peer="resolve: 192.0.2.1"):
    return {"amf.yaml": TLS.format(scheme=scheme, verify=verify, skip=skip, server=server, peer=peer)}


def amf(more="", **change):
    text = AMF
    for old, new in change.items():
        text = text.replace({"integrity": "[NIA2, NIA1]", "ciphering": "[NEA2, NEA1]"}[old], new)
    return {"amf.yaml": text + more}


def smf(text):
    return {"smf.yaml": f"smf:\n  sbi:\n    server:\n      - address: 127.0.0.4\n  security_indication: {text}\n"}


MANY = ", ".join(["NEA2"] * 20)
TWO_SERVERS = tls()["amf.yaml"].replace("    client:\n      nrf", "    server:\n      - address: b.lab\n    client:\n      nrf")
TWO_SERVERS = TWO_SERVERS.replace("        port: 7777", "        scheme: http", 1)
HUNDREDS = tls()["amf.yaml"].replace(
    "    client:\n      nrf", "".join(f"      - address: s{i}.lab\n" for i in range(300)) +
    "      - address: clear.lab\n        scheme: http\n    client:\n      nrf")

# control, verdict ("fail", "unknown", "pass"), what it is, files
OPEN5GS = (
    ("SA-SBI-02", "pass", "verify_client by default", tls()),
    ("SA-SBI-02", "fail", "verify_client: on, which the product takes for false", tls(verify="on")),
    ("SA-SBI-02", "fail", "verify_client: y", tls(verify="y")),
    ("SA-SBI-02", "pass", "verify_client: 1", tls(verify="1")),
    ("SA-SBI-02", "pass", "verify_client of the defaults stays on in a server that says false", tls(server="verify_client: false")),
    ("SA-SBI-03", "pass", "peers are verified", tls()),
    ("SA-SBI-03", "fail", "insecure_skip_verify: 1", tls(skip="1")),
    ("SA-SBI-03", "fail", "insecure_skip_verify of the defaults stays on in a peer that says false",
     tls(skip="true", peer="insecure_skip_verify: false")),
    ("SA-SBI-03", "fail", "insecure_skip_verify: 2 of a peer", tls(peer="insecure_skip_verify: 2")),
    ("SA-SBI-01", "pass", "HTTPS in capitals", tls(scheme="HTTPS")),
    ("SA-SBI-01", "fail", "a word that is no scheme", tls(scheme="tls")),
    ("SA-SBI-01", "fail", "http of one server over https of the defaults", tls(server="scheme: HTTP")),
    ("SA-SBI-01", "fail", "an http peer", tls(peer="{}\n        - uri: HTTP://scp.lab".format("port: 1"))),
    ("SA-SBI-01", "unknown", "a peer of another scheme", tls(peer="port: 1\n        - uri: h2c://scp.lab")),
    ("SA-SBI-01", "unknown", "two lists of servers, http in the first", {"amf.yaml": TWO_SERVERS}),
    ("SA-SBI-01", "unknown", "more servers than are read, http in the last", {"amf.yaml": HUNDREDS}),
    ("SA-SBI-08", "fail", "a key log in the defaults", {"amf.yaml": tls()["amf.yaml"].replace(
        "cert: c.pem,", "cert: c.pem, sslkeylogfile: /tmp/keys,")}),
    ("SA-NAS-01", "fail", "NIA0 as a single word", amf(integrity="NIA0")),
    ("SA-NAS-01", "fail", "NIA0 far behind", amf(integrity="[" + ", ".join(["NIA2"] * 20) + ", NIA0]")),
    ("SA-NAS-02", "fail", "a word that is skipped before NEA0", amf(ciphering="[nea2, NEA0]")),
    ("SA-NAS-02", "fail", "NEA0 before another, far behind", amf(ciphering=f"[{MANY}, NEA0, NEA1]")),
    ("SA-NAS-02", "fail", "no word that is known", amf(ciphering="[AES]")),
    ("SA-NAS-02", "unknown", "the list twice", amf("  security:\n    ciphering_order: [NEA2]\n")),
    ("SA-NAS-07", "fail", "an empty access_control", amf("  access_control: []\n")),
    ("SA-NAS-07", "fail", "a default cause without a PLMN", amf("  access_control:\n    - default_reject_cause: 13\n")),
    ("SA-NAS-07", "fail", "a PLMN without MNC", amf("  access_control:\n    - plmn_id: {mcc: 999}\n")),
    ("SA-NAS-07", "unknown", "a placeholder", amf("  access_control: ${PLMNS}\n")),
    ("SA-UP-02", "fail", "an empty security_indication", smf("{}")),
    ("SA-UP-02", "fail", "rates alone", smf("{maximum_integrity_protected_data_rate_uplink: maximum-UE-rate}")),
    ("SA-UP-02", "unknown", "integrity alone", smf("{integrity_protection_indication: required}")),
    ("SA-UP-02", "unknown", "a word in capitals", smf(
        "{integrity_protection_indication: Required, confidentiality_protection_indication: required}")),
    ("SA-PRIV-05", "fail", "DEBUG in capitals", amf("logger:\n  level: DEBUG\n")),
    ("SA-PRIV-05", "unknown", "a level that is none", amf("logger:\n  level: [debug]\n")),
    ("SA-PRIV-05", "unknown", "a log file in the old form", amf("logger:\n  file: /var/log/open5gs/amf.log\n")),
    ("SA-PRIV-05", "fail", "logger twice", amf("logger:\n  level: info\nlogger:\n  level: debug\n")),
    ("SA-PRIV-05", "unknown", "logger twice, debug in the first", amf("logger:\n  level: debug\nlogger:\n  file: {}\n")),
)

UDR = "db_uri: {}\nudr:\n  sbi:\n    server:\n      - address: 127.0.0.20\n"
UDM = "udm:\n  hnet:\n    - {}\n  sbi:\n    server:\n      - address: 127.0.0.12\n"
X25519 = """-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIHB7Ezo0kSHMOUQPlIZ0sXhqTmYwSfXsNVKVy5Sb1hhH
-----END PRIVATE KEY-----
"""


def udm(*entries):
    return {"udm.yaml": UDM.format("\n    - ".join(entries)), "h.key": X25519}


def mongod(text):
    return {"mongod.conf": "net:\n  port: 27017\n" + text}


KEYS_AND_DATABASES = (
    ("SA-PRIV-02", "pass", "a key", udm("{id: 1, scheme: 1, key: h.key}")),
    ("SA-PRIV-02", "fail", "an id that is none", udm("{id: 300, scheme: 1, key: h.key}")),
    ("SA-PRIV-02", "fail", "a second key without scheme", udm("{id: 1, scheme: 1, key: h.key}", "{id: 2, key: h.key}")),
    ("SA-PRIV-02", "fail", "one id written in two ways", udm("{id: 1, scheme: 1, key: h.key}", "{id: '01', scheme: 1, key: h.key}")),
    ("SA-PRIV-02", "unknown", "a placeholder among the keys", udm("{id: 1, scheme: 1, key: h.key}", "${MORE}")),
    ("SA-PRIV-03", "unknown", "a placeholder among the keys", udm("{id: 1, scheme: 1, key: h.key}", "${MORE}")),
    ("MG-DB-03", "not-applicable", "a database on this host", {"udr.yaml": UDR.format("mongodb://127.0.0.1/x")}),
    ("MG-DB-03", "unknown", "the second of two hosts is another one", {"udr.yaml": UDR.format("mongodb://127.0.0.1,192.0.2.9/x")}),
    ("MG-DB-01", "pass", "authorization", mongod("security: {authorization: enabled}\n")),
    ("MG-DB-01", "fail", "authorization in transition", mongod("security: {authorization: enabled, transitionToAuth: true}\n")),
)


FREE5GC = """info: {{version: 1.0.9, description: AMF initial local configuration}}
{anchor}
configuration:
  amfName: AMF
  ngapIpList: [127.0.0.18]
  sbi: {sbi}
  security: {{integrityOrder: {integrity}, cipheringOrder: {ciphering}}}
  nrfUri: https://127.0.0.10:8000
logger: {log}
"""


def free5gc(sbi="{scheme: https, bindingIPv4: 127.0.0.18, port: 8000}", integrity="[NIA2]", ciphering="[NEA2]",
            log="{level: info}", anchor=""):
    return {"amfcfg.yaml": FREE5GC.format(sbi=sbi, integrity=integrity, ciphering=ciphering, log=log, anchor=anchor)}


OF_FREE5GC = (
    ("SA-SBI-01", "pass", "https", free5gc()),
    ("SA-SBI-01", "unknown", "a scheme that is merged", free5gc("{<<: *s, bindingIPv4: 127.0.0.18}", anchor="s: &s {scheme: http}")),
    ("SA-NAS-02", "pass", "a cipher", free5gc()),
    ("SA-NAS-02", "fail", "a word that is skipped before NEA0", free5gc(ciphering="[nea2, NEA0]")),
    ("SA-NAS-01", "fail", "NIA0 far behind", free5gc(integrity="[" + "NIA2, " * 20 + "NIA0]")),
    ("SA-PRIV-05", "pass", "info", free5gc()),
    ("SA-PRIV-05", "fail", "Debug", free5gc(log="{level: Debug}")),
    ("SA-PRIV-05", "fail", "a module at trace in the old form", free5gc(log="{NAS: {debugLevel: info}, AMF: {debugLevel: trace}}")),
    ("SA-PRIV-05", "unknown", "a level that is none", free5gc(log="{level: [debug]}")),
)


def service(lines, image="open5gs:1"):
    return {"docker-compose.yaml": f"services:\n  amf:\n    image: {image}\n" + "".join(f"    {x}\n" for x in lines)}


def mongo(*lines):
    return service(lines, "mongo:7")


def daemon(command):
    return {**service((f"command: {command}", 'volumes: ["./amf.yaml:/etc/amf.yaml"]')), **amf()}


SAFE = ('user: "1000"', "cap_drop: [ALL]", "read_only: true", 'security_opt: ["no-new-privileges:true"]')
POD = """apiVersion: v1
kind: Pod
metadata: {{name: amf}}
spec:
  {pod}
  serviceAccountName: core
  containers:
    - name: amf
      image: open5gs/amf:1
      command: [open5gs-amfd]
      securityContext:
        {{runAsNonRoot: true, runAsUser: 1000, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true,
         capabilities: {{drop: [ALL]}}{context}}}
"""


def pod(line="restartPolicy: Always", context=", seccompProfile: {type: RuntimeDefault}", more=""):
    return {"pod.yaml": POD.format(pod=line, context=context) + more}


ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: core{}}}\nautomountServiceAccountToken: false\n"

CONTAINERS = (
    ("VI-CNT-02", "pass", "a service with few rights", service(SAFE)),
    ("VI-CNT-02", "fail", "user +0", service(('user: "+0"', *SAFE[1:]))),
    ("VI-CNT-03", "pass", "a service without mounts", service(SAFE)),
    ("VI-CNT-03", "fail", "two slashes", service((*SAFE, 'volumes: ["//etc:/e"]'))),
    ("VI-CNT-03", "fail", "a way around", service((*SAFE, 'volumes: ["/opt/./../etc/shadow:/s"]'))),
    ("VI-CNT-03", "fail", "keys of a person", service((*SAFE, 'volumes: ["~/.ssh:/s:ro"]'))),
    ("VI-CNT-03", "unknown", "a directory above the input", service((*SAFE, 'volumes: ["../../../../etc:/e"]'))),
    ("VI-CNT-03", "pass", "etc beside the file", service((*SAFE, 'volumes: ["./etc:/e"]'))),
    ("VI-CNT-03", "fail", "a disk as device", service((*SAFE, 'devices: ["/dev/sda:/dev/xvda:r"]'))),
    ("VI-CNT-03", "pass", "the device of a user plane", service((*SAFE, 'devices: ["/dev/net/tun"]'))),
    ("VI-CNT-01", "unknown", "a file that compose lays over it", {**service(SAFE), "docker-compose.override.yml":
                                                                  "services:\n  amf:\n    privileged: true\n"}),
    ("VI-CNT-01", "unknown", "a service of another file", service((*SAFE, "extends: {file: base.txt, service: b}"))),
    ("VI-CNT-01", "unknown", "a service that is nowhere", service((*SAFE, "extends: {service: b}"))),
    ("VI-CNT-02", "unknown", "lists of two services that compose joins", {"docker-compose.yaml": service(
        (*SAFE, "extends: {service: b}", "cap_add: [NET_BIND_SERVICE]"))["docker-compose.yaml"] +
        "  b:\n    image: x\n    user: '1'\n    cap_drop: [ALL]\n    security_opt: ['no-new-privileges:true']\n"
        "    cap_add: [NET_BIND_SERVICE]\n"}),
    ("SA-PRIV-05", "pass", "a daemon as its file says", daemon("open5gs-amfd -c /etc/amf.yaml")),
    ("SA-PRIV-05", "fail", "-e debug on the command line", daemon("/usr/bin/open5gs-amfd -c /etc/amf.yaml -e debug")),
    ("SA-PRIV-05", "fail", "-dc on the command line", daemon("open5gs-amfd -Dtc /etc/amf.yaml")),
    ("SA-PRIV-05", "fail", "-t by a shell", daemon("sh -c 'open5gs-amfd -t'")),
    ("MG-DB-01", "unknown", "a file laid over the database", {**mongo(
        "environment: {MONGO_INITDB_ROOT_USERNAME: u, MONGO_INITDB_ROOT_PASSWORD: p}"), "docker-compose.override.yaml":
        "services:\n  amf:\n    command: mongod --noauth\n"}),
    ("MG-DB-01", "pass", "account of the image", mongo("environment: {MONGO_INITDB_ROOT_USERNAME: u, MONGO_INITDB_ROOT_PASSWORD: p}")),
    ("MG-DB-01", "pass", "account of the image in files", mongo(
        "environment: {MONGO_INITDB_ROOT_USERNAME_FILE: /run/u, MONGO_INITDB_ROOT_PASSWORD_FILE: /run/p}")),
    ("VI-IMG-02", "unknown", "secrets in files", mongo("environment: {MONGO_INITDB_ROOT_PASSWORD_FILE: /run/p}")),
    ("VI-IMG-02", "fail", "a secret in clear", mongo("environment: {MONGO_INITDB_ROOT_PASSWORD: word}")),
    ("MG-DB-01", "fail", "a name without password", mongo("environment: {MONGO_INITDB_ROOT_USERNAME: u}")),
    ("MG-DB-01", "fail", "a variable of another image", mongo("environment: {MONGODB_ROOT_PASSWORD: p}")),
    ("MG-DB-01", "unknown", "both from the shell", mongo(
        "environment: {MONGO_INITDB_ROOT_USERNAME: , MONGO_INITDB_ROOT_PASSWORD: }")),
    ("MG-DB-01", "fail", "--transitionToAuth", mongo("command: mongod --auth --transitionToAuth")),
    ("MG-DB-01", "fail", "--auth=false", mongo("command: mongod --auth=false")),
    ("VI-CNT-01", "pass", "a pod", pod()),
    ("VI-CNT-01", "fail", "an ephemeral container", pod(more="  ephemeralContainers:\n    - {name: x, image: x, securityContext: "
                                                       "{privileged: true}}\n")),
    ("VI-CNT-02", "pass", "a pod with few rights", pod()),
    ("VI-CNT-02", "unknown", "no seccomp profile", pod(context="")),
    ("VI-CNT-02", "fail", "no seccomp by the pod", pod("securityContext: {seccompProfile: {type: Unconfined}}", "")),
    ("VI-K8S-04", "pass", "a service account without token", pod(more=ACCOUNT.format(""))),
    ("VI-K8S-04", "unknown", "an account that may be of another namespace", pod(more=ACCOUNT.format(", namespace: other"))),
    ("VI-K8S-04", "fail", "the account of another namespace", {"pod.yaml": pod(more=ACCOUNT.format(", namespace: other"))[
        "pod.yaml"].replace("{name: amf}", "{name: amf, namespace: core}")}),
)


LINE = '{{ include "more" . | nindent %d }}\n'
CHARTED = (
    ("SA-SBI-01", "unknown", "servers of a template that is not here", {"amf.yaml": tls()["amf.yaml"].replace(
        "    client:\n      nrf", LINE % 6 + "    client:\n      nrf")}),
    ("SA-NAS-07", "unknown", "access control in a template that is not here", amf(LINE % 2)),
    ("SA-NAS-02", "unknown", "a template that is not here, in a ConfigMap", {"cm.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  amf.yaml: |\n" +
        "".join("    " + x + "\n" for x in AMF.splitlines()) + LINE % 6)}),
    ("VI-CNT-01", "unknown", "rights in a template that is not here", pod(more=LINE % 6)),
)


def twins():
    """Files whose names differ only in what keys leave out stay two targets."""
    open_amf, safe = AMF.replace("[NEA2, NEA1]", "[NEA0]"), AMF
    for first, second in ((open_amf, safe), (safe, open_amf)):
        with directory() as d:
            write(d, "amf.yaml", first)
            write(d, "amf.yaml.in", second)
            found = sorted(v["verdict"] for v in verdicts(scan(d), "SA-NAS-02"))
            check(found == ["fail", "pass"], f"amf.yaml beside amf.yaml.in: {found}")


def table(rows, keys):
    for control, want, what, files in rows:
        with directory() as d:
            for name, text in {**keys, **files}.items():
                write(d, name, text)
            found = {v["verdict"] for v in verdicts(scan(d), control)}
            check(found == {want}, f"{control}, {what}: {sorted(found)}, {want} is wanted")


def main():
    with directory() as d:
        keys = certificate(d, "amf.lab")
    table(OPEN5GS, keys)
    table(KEYS_AND_DATABASES, {})
    table(OF_FREE5GC, {})
    table(CONTAINERS, {})
    table(CHARTED, keys)
    twins()


main()
finish()

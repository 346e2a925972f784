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


main()
finish()

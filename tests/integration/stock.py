# SPDX-License-Identifier: Apache-2.0
"""A directory with the values that open5GS 2.7 ships gives at least the known findings, with file and line."""
import hashlib
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import NOW, ROOT, check, directory, finish, origins, run, scan, verdicts, write

ADDRESS = {"nrf": 10, "scp": 200, "amf": 5, "smf": 4, "ausf": 11, "udm": 12, "pcf": 13, "nssf": 14, "bsf": 15, "udr": 20}
MORE = {
    "amf": """  ngap:
    server:
      - address: 127.0.0.5
  guami:
    - plmn_id: {mcc: 999, mnc: 70}
      amf_id: {region: 2, set: 1}
  tai:
    - plmn_id: {mcc: 999, mnc: 70}
      tac: 1
  plmn_support:
    - plmn_id: {mcc: 999, mnc: 70}
      s_nssai:
        - sst: 1
  security:
    integrity_order : [ NIA2, NIA1, NIA0 ]
    ciphering_order : [ NEA0, NEA1, NEA2 ]
  amf_name: open5gs-amf0
""",
    "smf": """  pfcp:
    server:
      - address: 127.0.0.4
    client:
      upf:
        - address: 127.0.0.7
  session:
    - subnet: 10.45.0.0/16
      gateway: 10.45.0.1
""",
}


def stock(d):
    for nf, last in ADDRESS.items():
        peer = "" if nf == "nrf" else "    client:\n      nrf:\n        - uri: http://127.0.0.10:7777\n" if nf == "scp" \
            else "    client:\n      scp:\n        - uri: http://127.0.0.200:7777\n"
        head = "db_uri: mongodb://localhost/open5gs\n" if nf in ("udr", "pcf") else ""
        write(d, nf + ".yaml", f"{head}logger:\n  file:\n    path: /var/log/open5gs/{nf}.log\nglobal:\n  max:\n    ue: 1024\n"
              f"{nf}:\n  sbi:\n    server:\n      - address: 127.0.0.{last}\n        port: 7777\n{peer}{MORE.get(nf, '')}")
    write(d, "upf.yaml", "upf:\n  pfcp:\n    server:\n      - address: 127.0.0.7\n  gtpu:\n    server:\n"
          "      - address: 127.0.0.7\n  session:\n    - subnet: 10.45.0.0/16\n      gateway: 10.45.0.1\n")


def line_of(path, text):
    with open(path, encoding="utf-8") as f:
        return 1 + next(i for i, line in enumerate(f) if text in line)


def as_shipped(d):
    r = scan(d)
    check(r["basis"] == "as-written", "basis")
    where = {"SA-SBI-01": "amf.yaml", "SA-NAS-01": "amf.yaml", "SA-NAS-02": "amf.yaml", "SA-NAS-07": "amf.yaml",
             "MG-DB-01": "udr.yaml", "SA-UP-02": "smf.yaml"}
    for control, name in where.items():
        fails = [v for v in verdicts(r, control) if v["verdict"] == "fail"]
        found = [o for v in fails for o in origins(v)]
        check(any(re.fullmatch(re.escape(name) + r":[1-9]\d*", o or "") for o in found), f"{control}: {found}")
    for control, text in (("SA-NAS-01", "integrity_order"), ("SA-NAS-02", "ciphering_order")):
        found = [o for v in verdicts(r, control) for o in origins(v)]
        check(found == [f"amf.yaml:{line_of(d + '/amf.yaml', text)}"], f"{control}: {found}")
    check(len([v for v in verdicts(r, "SA-SBI-01") if v["verdict"] == "fail"]) == len(ADDRESS), "SA-SBI-01: not every NF")
    text = run("scan", "--now", NOW, d).stdout.decode()
    check("as written, not as running" in text, "the table does not say what it judges")
    for word in where:
        check(word in text, f"the table does not show {word}")


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def known(pack, der, purpose):
    with open(os.path.join(pack, "known-keys.yaml"), "a", encoding="ascii") as f:
        f.write(f"- spki-sha256: {hashlib.sha256(der).hexdigest()}\n  product: test\n  purpose: {purpose}\n  file: k\n")


def shipped_keys(d):
    """Keys that stand in the list of known ones, in a copy of the pack."""
    pack = os.path.join(d, "pack")
    shutil.copytree(os.path.join(ROOT, "rules", "packs", "x1818"), pack)
    conf = os.path.join(d, "conf")
    stock(conf)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", conf + "/amf.key",
            "-out", conf + "/amf.crt", "-days", "300", "-subj", "/CN=amf.test")
    openssl("genpkey", "-algorithm", "X25519", "-out", conf + "/hnet.key")
    with open(conf + "/amf.yaml", encoding="utf-8") as f:
        text = f.read()
    write(conf, "amf.yaml", text.replace("amf:\n  sbi:\n", "amf:\n  default:\n    tls:\n      server:\n        scheme: https\n"
          "        private_key: amf.key\n        cert: amf.crt\n  sbi:\n", 1))
    with open(conf + "/udm.yaml", encoding="utf-8") as f:
        text = f.read()
    write(conf, "udm.yaml", text.replace("udm:\n", "udm:\n  hnet:\n    - id: 1\n      scheme: 1\n      key: hnet.key\n", 1))

    def outcome(control, target):
        return [(v["verdict"], origins(v)) for v in scan("--rules", pack, conf)["verdicts"]
                if v["control"] == control and v["target"] == target]

    for control, target in (("SA-SBI-05", "nf:scan/amf"), ("SA-PRIV-03", "nf:scan/udm")):
        check([v for v, _ in outcome(control, target)] != ["fail"], f"{control} fails with a key that nobody knows")
    known(pack, openssl("pkey", "-in", conf + "/amf.key", "-pubout", "-outform", "DER"), "tls")
    known(pack, openssl("pkey", "-in", conf + "/hnet.key", "-pubout", "-outform", "DER"), "home-network")
    for control, target, name in (("SA-SBI-05", "nf:scan/amf", "amf.yaml"), ("SA-PRIV-03", "nf:scan/udm", "udm.yaml")):
        found = outcome(control, target)
        check([v for v, _ in found] == ["fail"], f"{control} with a known key: {found}")
        check(found and any(re.match(re.escape(name) + r":\d+$", o or "") for o in found[0][1]), f"{control}: {found}")


with directory() as tmp:
    stock(tmp)
    as_shipped(tmp)
with directory() as tmp:
    shipped_keys(tmp)
finish()

# SPDX-License-Identifier: Apache-2.0
"""What says the same is judged the same; what says less never passes for it; one insecure word changes what it must.

Configurations are Python values that an emitter of our own writes in random styles of YAML (fixed seed)."""
import copy
import os
import random
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, certificate, check, directory, finish, scan, write

SEED = 20261123
ROUNDS = 24


# --- YAML in many styles --------------------------------------------------------------------------------------------

class Writer:
    """One style of writing: drawn once, with choices of its own at each node."""

    def __init__(self, rng):
        self.rng = rng
        self.step = rng.choice((1, 2, 3, 4, 8))
        self.flow = rng.choice((0, 0.2, 0.6))
        self.quotes = rng.choice((0, 0.3, 1))
        self.comments = rng.choice((0, 0.3))
        self.shuffle = rng.random() < 0.5
        self.anchors = rng.random() < 0.4
        self.newline = rng.choice(("\n", "\n", "\r\n"))
        self.seen = []

    def scalar(self, value):
        if isinstance(value, bool):
            return "true" if value else "false"
        text = str(value)
        plain = re.fullmatch(r"[A-Za-z0-9_./@][A-Za-z0-9_./@:+-]*", text) and not text.endswith(":")
        if plain and self.rng.random() >= self.quotes:
            return text
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if self.rng.random() < 0.5 \
            else "'" + text.replace("'", "''") + "'"

    def keys(self, value):
        items = list(value.items())
        if self.shuffle:
            self.rng.shuffle(items)
        return items

    def inline(self, value):
        if isinstance(value, dict):
            return "{" + ", ".join(f"{self.scalar(k)}: {self.inline(v)}" for k, v in self.keys(value)) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(self.inline(v) for v in value) + "]"
        return self.scalar(value)

    def remark(self, indent):
        if self.rng.random() < self.comments:
            yield " " * indent + "# " + self.rng.choice(("scheme: http", "ciphering_order: [NEA0]", "- x: {", "\u00e4 \u2026"))
        if self.rng.random() < self.comments:
            yield ""

    def tail(self):
        return "  # note: [" if self.rng.random() < self.comments else ""

    def name(self, value):
        """Anchor for a new collection, alias for one that stands above already."""
        if not self.anchors or not isinstance(value, (dict, list)) or not value:
            return "", None
        for i, known in enumerate(self.seen):
            if known == value:
                return "", f"*a{i}"
        self.seen.append(value)
        return f"&a{len(self.seen) - 1} ", None

    def entry(self, head, value, indent):
        anchor, alias = self.name(value)
        if alias:
            yield f"{head} {alias}{self.tail()}"
        elif not isinstance(value, (dict, list)) or not value or self.rng.random() < self.flow:
            yield f"{head} {anchor}{self.inline(value)}{self.tail()}"
        else:
            yield f"{head} {anchor}".rstrip() + self.tail()
            yield from self.block(value, indent + self.step)

    def block(self, value, indent=0):
        pad = " " * indent
        if isinstance(value, dict):
            for key, v in self.keys(value):
                yield from self.remark(indent)
                yield from self.entry(f"{pad}{self.scalar(key)}:", v, indent)
        else:
            for v in value:
                yield from self.remark(indent)
                yield from self.entry(pad + "-", v, indent)

    def text(self, value):
        lines = list(self.block(value))
        if self.rng.random() < 0.3:
            lines.insert(0, "---")
        text = self.newline.join(lines) + self.newline * self.rng.choice((0, 1, 3))
        return (b"\xef\xbb\xbf" if self.rng.random() < 0.3 else b"") + text.encode()


def put(base, files, rng=None):
    """Write files (name: value, or bytes) below base; in one plain style without rng."""
    names = list(files)
    if rng:
        rng.shuffle(names)
    for name in names:
        value = files[name]
        if not isinstance(value, bytes):
            value = Writer(rng).text(value) if rng else Plain().text(value)
        write(base, name, value)


class Plain(Writer):
    def __init__(self):
        super().__init__(random.Random(SEED))
        self.step, self.flow, self.quotes, self.comments, self.shuffle, self.anchors = 2, 0, 0, 0, False, False
        self.newline = "\n"

    def text(self, value):
        return "\n".join(self.block(value)).encode() + b"\n"


# --- a core that is well kept, as far as files can tell -------------------------------------------------------------

def tls(nf):
    return {"tls": {"server": {"scheme": "https", "private_key": f"tls/{nf}/k.pem", "cert": f"tls/{nf}/c.pem",
                               "verify_client": True, "verify_client_cacert": "tls/ca.pem"},
                    "client": {"scheme": "https", "cacert": "tls/ca.pem", "client_private_key": f"tls/{nf}/k.pem",
                               "client_cert": f"tls/{nf}/c.pem"}}}


def sbi(nf, last):
    return {"server": [{"address": f"127.0.0.{last}", "port": 7777, "advertise": f"{nf}.lab"}],
            "client": {"scp": [{"uri": "https://scp.lab:7777"}]}}


def core():
    plmn = {"mcc": "001", "mnc": "01"}
    files = {}
    for i, nf in enumerate(("nrf", "scp", "amf", "smf", "udm", "udr", "ausf")):
        files[f"{nf}.yaml"] = {"logger": {"level": "info"}, "global": {"max": {"ue": 64}},
                               nf: {"default": tls(nf), "sbi": sbi(nf, 10 + i)}}
    files["amf.yaml"]["amf"].update({
        "amf_name": "lab-amf", "ngap": {"server": [{"address": "127.0.0.5"}]},
        "metrics": {"server": [{"address": "127.0.0.5", "port": 9090}]},
        "guami": [{"plmn_id": plmn, "amf_id": {"region": 2, "set": 1}}], "tai": [{"plmn_id": plmn, "tac": 1}],
        "plmn_support": [{"plmn_id": plmn, "s_nssai": [{"sst": 1}]}],
        "security": {"integrity_order": ["NIA2", "NIA1"], "ciphering_order": ["NEA2", "NEA1"]},
        "access_control": [{"default_reject_cause": 13}, {"plmn_id": plmn}]})
    files["smf.yaml"]["smf"].update({
        "pfcp": {"server": [{"address": "127.0.0.4"}], "client": {"upf": [{"address": "127.0.0.7"}]}},
        "session": [{"subnet": "10.45.0.0/16"}],
        "security_indication": {"integrity_protection_indication": "required",
                                "confidentiality_protection_indication": "required"}})
    files["udm.yaml"]["udm"]["hnet"] = [{"id": 1, "scheme": 2, "key": "hnet.key"}]
    files["udr.yaml"]["db_uri"] = "mongodb://reader:word@127.0.0.1/open5gs?tls=true"
    files["upf.yaml"] = {"logger": {"level": "info"}, "upf": {
        "pfcp": {"server": [{"address": "127.0.0.7"}]}, "gtpu": {"server": [{"address": "127.0.0.8"}]},
        "session": [{"subnet": "10.45.0.0/16"}]}}
    files["docker-compose.yaml"] = {"services": {
        "amf": {"image": "open5gs/amf@sha256:" + "0" * 64, "command": "open5gs-amfd", "user": "1000", "cap_drop": ["ALL"],
                "read_only": True, "security_opt": ["no-new-privileges:true"], "mem_limit": "1g", "pids_limit": 100,
                "volumes": ["./data:/data"]},
        "db": {"image": "mongo@sha256:" + "1" * 64, "user": "999", "cap_drop": ["ALL"],
               "environment": {"MONGO_INITDB_ROOT_USERNAME_FILE": "/run/u", "MONGO_INITDB_ROOT_PASSWORD_FILE": "/run/p"}}}}
    return files


def keys():
    """Keys and certificates of the core, made once: their dates are part of no verdict here."""
    files = {}
    with directory() as d:
        for nf in ("nrf", "scp", "amf", "smf", "udm", "udr", "ausf"):
            pair = certificate(d, nf + ".lab")
            files[f"tls/{nf}/k.pem"], files[f"tls/{nf}/c.pem"] = pair["k.pem"], pair["c.pem"]
        pair = certificate(d, "ca.lab")
        files["tls/ca.pem"], files["hnet.key"] = pair["c.pem"], pair["k.pem"]
    return files


# --- reports --------------------------------------------------------------------------------------------------------

def told(report):
    """All that a report says, without where it stands."""
    return {(v["control"], v["target"]): (v["verdict"], v.get("reason"), v["severity"], v["message"], v["name"],
                                          tuple(sorted((w["check"], w["verdict"], w.get("reason") or "", w["message"],
                                                        w["evidence-total"]) for w in v["witnesses"])))
            for v in report["verdicts"]}


def verdict(report):
    return {(v["control"], v["target"]): v["verdict"] for v in report["verdicts"]}


def differences(a, b, limit=4):
    return [f"{k}: {a.get(k)} / {b.get(k)}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)][:limit]


# --- relations ------------------------------------------------------------------------------------------------------

def same_words(files, fixed):
    """Comments, order of keys, quotes, flow and block, anchors, line ends, marks of order, indentation, order on disk."""
    with directory() as d:
        put(d, {**fixed, **files})
        base = scan(d)
        check(not base["errors"], f"the core has errors: {base['errors'][:2]}")
        check(sum(v == "pass" for v in verdict(base).values()) > 60, "hardly anything of the core passes")
    for i in range(ROUNDS):
        with directory() as d:
            put(os.path.join(d, "other"), {**fixed, **files}, random.Random(SEED + i))
            got = scan(os.path.join(d, "other"))
            check(not got["errors"], f"style {i}: {got['errors'][:2]}")
            check(told(got) == told(base), f"style {i} is judged otherwise: {differences(told(base), told(got))}")
    return base


def demo_words():
    """The lab of the repository, changed as text."""
    changes = {"comments": lambda t: re.sub(r"(?m)^( *)(?=[a-z-])", r"\1# NEA0: http\n\1", t), "CRLF": lambda t: t.replace("\n", "\r\n"),
               "mark": lambda t: "\ufeff" + t, "document": lambda t: "---\n" + t + "...\n",
               "blanks": lambda t: t.replace("\n", "   \n\n"), "no end of line": lambda t: t.rstrip("\n")}
    captures = [x for n in ("sbi.pcap", "n2.pcap", "tls.pcap") for x in ("-r", os.path.join(DEMO, n))]
    args = [*captures, "--inventory", os.path.join(DEMO, "inventory.yaml"), "--vantage", "node-nic"]
    base = scan("-c", os.path.join(DEMO, "config"), *args)
    for what, change in changes.items():
        with directory() as d:
            place = shutil.copytree(os.path.join(DEMO, "config"), os.path.join(d, "renamed"))
            for name in os.listdir(place):
                if name.endswith(".yaml"):
                    with open(os.path.join(place, name), encoding="utf-8") as f:
                        text = f.read()
                    with open(os.path.join(place, name), "w", encoding="utf-8", newline="") as f:
                        f.write(change(text))
            got = scan("-c", place, *args)
            check(told(got) == told(base), f"the lab with {what}: {differences(told(base), told(got))}")


def one_by_one(files, fixed, base):
    """Files named one by one below a root, in any order, are the directory."""
    with directory() as d:
        put(d, {**fixed, **files})
        names = sorted(files)
        for order in (names, names[::-1]):
            got = scan("--root", d, *[x for n in order for x in ("-c", os.path.join(d, n))])
            check(told(got) == told(base), f"one by one: {differences(told(base), told(got))}")


def joined(files, fixed):
    """All NFs in one file, and each in its own, say the same of each type of NF."""
    def of_types(report):
        return sorted((v["control"], v["nf-type"], v["verdict"], v.get("reason") or "") for v in report["verdicts"] if v["nf-type"])
    nfs = {k: v for k, v in files.items() if k != "docker-compose.yaml"}
    for value in nfs.values():  # what one file shares, each must say
        value.setdefault("global", {"max": {"ue": 64}})
        value["db_uri"] = files["udr.yaml"]["db_uri"]
    one = {}
    for value in nfs.values():
        one.update(value)
    with directory() as d:
        put(d + "/apart", {**fixed, **nfs})
        put(d + "/one", {**fixed, "all.yaml": one})
        apart, together = of_types(scan(d + "/apart")), of_types(scan(d + "/one"))
        check(apart == together, f"joined: {[x for x in apart if x not in together][:3]} / {[x for x in together if x not in apart][:3]}")


def less(files, fixed):
    """Without any one file, nothing passes that did not pass with it."""
    broken = copy.deepcopy(files)
    broken["amf.yaml"]["amf"]["security"]["ciphering_order"] = ["NEA0"]
    broken["smf.yaml"]["smf"]["security_indication"]["integrity_protection_indication"] = "not-needed"
    broken["udr.yaml"]["db_uri"] = "mongodb://192.0.2.1/x"
    broken["nrf.yaml"]["nrf"]["default"]["tls"]["server"]["scheme"] = "http"
    everything = {**fixed, **broken}
    with directory() as d:
        put(d, everything)
        before = verdict(scan(d))
    for gone in everything:
        with directory() as d:
            put(d, {k: v for k, v in everything.items() if k != gone})
            after = verdict(scan(d))
            won = [k for k, v in after.items() if v == "pass" and before.get(k) not in (None, "pass")]
            check(not won, f"without {gone} these pass: {won[:4]}")
            new = [k for k, v in after.items() if v == "pass" and k not in before]
            check(not new, f"without {gone} there are new passes: {new[:4]}")


def at(files, path):
    """The last holder and key of a path such as amf.yaml/amf/sbi/server/0/scheme."""
    steps = [int(s) if s.isdigit() else s for s in path.split("/")]
    holder = files
    for s in steps[:-1]:
        holder = holder[s] if isinstance(holder, list) else holder.setdefault(s, {})
    return holder, steps[-1]


AMF, SMF, UDM, UDR = "nf:scan/amf", "nf:scan/smf", "nf:scan/udm", "nf:scan/udr"
BOX, BASE = "container:scan/docker-compose#amf", "container:scan/docker-compose#db"
SECURITY = "amf.yaml/amf/security/"
# path, insecure value (None: the key goes), what then fails, what else may change since it hangs on that
INSECURE = (
    (SECURITY + "ciphering_order", ["NEA0", "NEA2"], {("SA-NAS-02", AMF)}, ()),
    (SECURITY + "ciphering_order", ["NEA2", "NEA0", "NEA1"], {("SA-NAS-02", AMF)}, ()),
    (SECURITY + "integrity_order", ["NIA2", "NIA0"], {("SA-NAS-01", AMF)}, ()),
    ("amf.yaml/amf/sbi/server/0/scheme", "http", {("SA-SBI-01", AMF)}, {("SA-SBI-02", AMF)}),
    ("amf.yaml/amf/default/tls/server/scheme", None, {("SA-SBI-01", AMF)}, {("SA-SBI-02", AMF)}),
    ("amf.yaml/amf/sbi/client/scp/0/uri", "http://scp.lab:7777", {("SA-SBI-01", AMF)}, {("SA-SBI-03", AMF), ("SA-SBI-13", AMF)}),
    ("amf.yaml/amf/default/tls/server/verify_client", False, {("SA-SBI-02", AMF)}, ()),
    ("amf.yaml/amf/default/tls/client/insecure_skip_verify", True, {("SA-SBI-03", AMF)}, ()),
    ("amf.yaml/amf/sbi/client/scp/0/insecure_skip_verify", "yes", {("SA-SBI-03", AMF)}, ()),
    ("amf.yaml/amf/default/tls/server/sslkeylogfile", "/tmp/k", {("SA-SBI-08", AMF)}, ()),
    ("amf.yaml/amf/access_control", None, {("SA-NAS-07", AMF)}, ()),
    ("amf.yaml/logger/level", "debug", {("SA-PRIV-05", AMF)}, ()),
    ("smf.yaml/smf/security_indication", None, {("SA-UP-02", SMF)}, ()),
    ("smf.yaml/smf/security_indication/confidentiality_protection_indication", "not-needed", {("SA-UP-02", SMF)}, ()),
    ("udm.yaml/udm/hnet", None, {("SA-PRIV-02", UDM)}, {("SA-PRIV-03", UDM), ("SA-PRIV-03", "network:scan/-")}),
    ("udr.yaml/db_uri", "mongodb://127.0.0.1/x?tls=true", {("MG-DB-01", UDR)}, ()),
    ("docker-compose.yaml/services/amf/privileged", True, {("VI-CNT-01", BOX)}, {("VI-CNT-02", BOX)}),
    ("docker-compose.yaml/services/amf/pid", "host", {("VI-CNT-01", BOX)}, ()),
    ("docker-compose.yaml/services/amf/user", "root", {("VI-CNT-02", BOX)}, ()),
    ("docker-compose.yaml/services/amf/cap_add", ["SYS_ADMIN"], {("VI-CNT-02", BOX)}, ()),
    ("docker-compose.yaml/services/amf/volumes", ["/var/run/docker.sock:/s"], {("VI-CNT-03", BOX)}, ()),
    ("docker-compose.yaml/services/amf/mem_limit", None, {("VI-CNT-04", BOX)}, ()),
    ("docker-compose.yaml/services/amf/ports", ["7777:7777"], {("VI-CNT-05", BOX)}, ()),
    ("docker-compose.yaml/services/amf/image", "open5gs/amf:latest", {("VI-IMG-01", BOX)}, ()),
    ("docker-compose.yaml/services/amf/environment", {"DB_PASSWORD": "word"}, {("VI-IMG-02", BOX)}, ()),
    ("docker-compose.yaml/services/db/environment", None, {("MG-DB-01", BASE)}, {("MG-DB-01", UDR), ("MG-ACC-01", BASE)}),
)


def one_word(files, fixed, base):
    before = verdict(base)
    for path, value, fails, hanging in INSECURE:
        changed = copy.deepcopy(files)
        holder, key = at(changed, path)
        if value is None:
            del holder[key]
        else:
            holder[key] = value
        with directory() as d:
            put(d, {**fixed, **changed})
            after = verdict(scan(d))
        what = f"{path} = {value}"
        for k in fails:
            check(before.get(k) != "fail", f"{what}: {k} fails before")
            check(after.get(k) == "fail", f"{what}: {k} is {after.get(k)}")
        others = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)} - fails - set(hanging)
        check(not others, f"{what} changes {[(k, before.get(k), after.get(k)) for k in sorted(others)][:4]}")
        won = [k for k, v in after.items() if v == "pass" and before.get(k) != "pass"]
        check(not won, f"{what}: now pass {won[:4]}")


def main():
    files, fixed = core(), keys()
    base = same_words(files, fixed)
    one_by_one(files, fixed, base)
    one_word(files, fixed, base)
    less(files, fixed)
    joined(copy.deepcopy(files), fixed)
    demo_words()


main()
finish()

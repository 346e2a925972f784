# SPDX-License-Identifier: Apache-2.0
"""Where it runs must not matter: streams that are full or closed, locales, accounts, names of files, odd captures, size."""
import html.parser
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, DEMO, FORMATS, NOW, ROOT, VIGIL, check, directory, finish, run, scan, udp, write

CONFIG = os.path.join(DEMO, "config")
MEMORY_KIB = 262144


def streams():
    """What cannot be written is told by the exit code; what nobody reads ends the program without a word."""
    commands = [["scan", "--now", NOW, "-f", form, CONFIG] for form in FORMATS] + [
        ["facts", CONFIG], ["rules", "list"], ["rules", "show", "SA-NAS-02"], ["rules", "coverage"], ["--help"], ["--version"]]
    for args in commands:
        with open("/dev/full", "wb") as full:
            p = subprocess.run([VIGIL, *args], stdout=full, stderr=subprocess.PIPE, check=False)
        check(p.returncode == 2 and b"written" in p.stderr or b"printed" in p.stderr, f"{args} on a full disk: exit {p.returncode}")
        for closed in ("<&-", "2>&-"):
            p = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", VIGIL, *args], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, check=False)
            check(p.returncode in (0, 1) and p.stdout, f"{args} {closed}: exit {p.returncode}")
        p = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", VIGIL, *args], stderr=subprocess.DEVNULL, check=False)
        check(p.returncode == 2, f"{args} without standard output: exit {p.returncode}")
        p = subprocess.Popen([VIGIL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        p.stdout.close()
        told = p.stderr.read()
        check(p.wait() in (-13, 0, 1) and b"annot" not in told, f"{args} into a closed pipe: {p.returncode} {told[:100]}")


def environment():
    wants = [run("scan", "--now", NOW, "-f", form, CONFIG).stdout for form in FORMATS]
    for extra in ({"LC_ALL": "C"}, {"LANG": "tr_TR.UTF-8"}, {"TZ": "Asia/Tokyo"}, {"TZ": "garbage"}, {"HOME": "/nowhere"}, {"TERM": "x"},
                  {"COLUMNS": "1"}, {"NO_COLOR": "1"}):
        for form, want in zip(FORMATS, wants):
            got = run("scan", "--now", NOW, "-f", form, CONFIG, env={"PATH": os.environ["PATH"], **extra})
            check(got.stdout == want, f"{extra} changes the {form}")


def other_account():
    """Installed, without the source tree, as an account that may read only a part. Needs root to become another one."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        print("skipped: another account (needs root)")
        return
    with directory() as d:
        os.chmod(d, 0o755)
        subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={d}", "PREFIX=/usr"], check=True, capture_output=True)
        place = shutil.copytree(CONFIG, os.path.join(d, "open5gs"))
        write(place, "closed/smf.yaml", "smf: {}\n")
        for name, mode in (("amf.yaml", 0), ("closed", 0o700), ("hnet", 0o700)):
            os.chmod(os.path.join(place, name), mode)
        p = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", os.path.join(d, "usr/bin/vigil"),
                            "scan", "-f", "json", "--now", NOW, place], capture_output=True, cwd="/", check=False,
                           env={"VIGIL_DATADIR": os.path.join(d, "usr/share/vigil5g"), "HOME": "/nowhere"})
        check(p.returncode == 1, f"another account: exit {p.returncode} {p.stderr[:200]}")
        r = json.loads(p.stdout or b"{}")
        told = {e["path"] for e in r.get("errors", ()) if "ermission" in e["text"]}
        check(told >= {"amf.yaml", "closed"}, f"what may not be read is not told: {told}")
        keys = {(v["control"], v["verdict"], v["reason"]) for v in r.get("verdicts", ()) if v["control"] == "SA-PRIV-03"}
        check(keys == {("SA-PRIV-03", "unknown", "not-permitted")}, f"keys that may not be read: {keys}")


def nothing():
    """An empty directory is no clean core."""
    with directory() as d:
        for args in (["scan", d], ["scan", "--fail-on", "none", d], ["facts", d]):
            check(run(*args).returncode == 2, f"{args[:1]} of an empty directory: exit {run(*args).returncode}")
        write(d, "note.txt", "amf: {}")
        check(run("scan", d).returncode == 2, "a directory without inputs")


class Tags(html.parser.HTMLParser):
    """Elements, attributes and the text of a page."""

    def __init__(self):
        super().__init__()
        self.seen, self.attributes, self.text = set(), set(), ""

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.text += data


def names():
    """Names of files and things that would be markup, orders to a terminal, or another text than they look."""
    odd = ("<img src=x onerror=alert(1)>", '"><script>alert(2)</script>', "a'b\"c", "line\nbreak", "tab\there", "\x1b[31mred\x1b[0m",
           "\u202egnp", "\u2066x\u2069", "\ufeffmark", "%2e%2e", "\\u0000", "{{7*7}}", "--verbose", "\x7f", "\u0085next", "a" * 200)
    plain = Tags()
    plain.feed(run("scan", "-f", "html", "--now", NOW, CONFIG).stdout.decode())
    with directory() as d:
        for i, name in enumerate(odd):
            place = os.fsencode(os.path.join(d, f"{i}"))
            os.makedirs(place)
            for stem, text in ((name.replace("/", "_"), AMF.replace("test-amf", json.dumps(name))), ("c", "services:\n  " + json.dumps(
                    name) + ":\n    image: " + json.dumps(name) + "\n    privileged: true\n    volumes: [" + json.dumps(
                        "/etc/" + name + ":/x") + "]\n")):
                with open(place + b"/" + stem.encode() + b".yaml", "wb") as f:
                    f.write(text.encode())
        raw = os.path.join(os.fsencode(d), b"raw\xff\xfe.yaml")
        with open(raw, "wb") as f:
            f.write(AMF.encode())
        for form in FORMATS:
            p = run("scan", "-v", "-f", form, "--now", NOW, d)
            check(p.returncode == 1, f"odd names, {form}: exit {p.returncode}")
            try:
                text = p.stdout.decode()
            except UnicodeDecodeError as e:
                check(False, f"odd names, {form}: {e}")
                continue
            if form in ("table", "html"):
                for what in ("\x1b", "\u202e", "\u2066", "\x7f", "\u0085", "\r"):
                    check(what not in text, f"odd names, {form}: holds {what!r}")
            if form in ("json", "sarif"):
                json.loads(text)
            if form == "html":
                page = Tags()
                page.feed(text)
                check(page.seen <= plain.seen, f"odd names make elements: {page.seen - plain.seen}")
                check(page.attributes <= plain.attributes, f"odd names make attributes: {page.attributes - plain.attributes}")
                check("onerror=alert(1)" in page.text, "the odd name is not shown as text")
        r = scan(d)
        check(sum(v["control"] == "SA-NAS-02" for v in r["verdicts"]) == len(odd) + 1, "an odd name lost its target")
        check(len({(v["control"], v["target"]) for v in r["verdicts"]}) == len(r["verdicts"]), "two verdicts of one control and target")


def limited(*args):
    """Exit code, output, seconds of CPU and KiB of memory."""
    p = subprocess.Popen([VIGIL, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = p.stdout.read(), p.stderr.read()
    _, status, use = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    return p.returncode, out, err, use.ru_utime + use.ru_stime, use.ru_maxrss


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def captures():
    """Captures as nobody writes them: each is read as far as it goes, or refused, in bounds."""
    one = udp("10.0.0.1", 50000, "10.0.0.2", 8805, b"\x20\x01\0\x0c\0\0\x01\0\0\x60\0\4\xe0\0\0\1")

    def classic(magic=0xa1b2c3d4, snap=65535, link=1, times=((1, 0),), data=one, caplen=None, wire=None, order="<"):
        text = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, snap, link)
        for sec, usec in times:
            text += struct.pack(order + "IIII", sec & 0xffffffff, usec & 0xffffffff, len(data) if caplen is None else caplen,
                                len(data) if wire is None else wire) + data
        return text
    head = block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    face = block(1, struct.pack("<HHI", 1, 0, 0))

    def packet(number=0, high=0, low=0, data=one, caplen=None):
        return block(6, struct.pack("<IIIII", number, high, low, len(data) if caplen is None else caplen, len(data)) + data +
                     b"\0" * (-len(data) % 4))
    cases = {
        "snaplen 0": (classic(snap=0), True), "no frame": (classic(times=()), None), "big endian": (classic(order=">"), True),
        "nanoseconds": (classic(magic=0xa1b23c4d), True), "time before 1970": (classic(times=((-1, 5), (0, 0), (-2 ** 31, 1))), True),
        "time far ahead": (classic(times=((2 ** 32 - 1, 2 ** 32 - 1), (1, 0))), True), "time goes back": (classic(times=((9, 0), (1, 0))), True),
        "cut short on the wire": (classic(data=one[:30], wire=1500), None), "a frame of no byte": (classic(data=b""), None),
        "more captured than sent": (classic(wire=1), None), "a link of no kind": (classic(link=250), None),
        "head alone": (classic()[:24], None), "half a head": (classic()[:13], False), "a length over all": (classic(caplen=0xffffffff), None),
        "pcapng": (head + face + packet(), True), "unknown blocks": (head + block(0xbad, b"xyz") + face + block(0x80000001, b"") + packet(), True),
        "no interface": (head + packet(), None), "an interface that is not there": (head + face + packet(7) + packet(), None),
        "a block of length 0": (head + struct.pack("<III", 6, 0, 0), None), "a block longer than the file": (head + struct.pack("<II", 6, 2 ** 31), None),
        "a time of 2^64 - 1": (head + face + packet(high=0xffffffff, low=0xffffffff), True),
        "a second section": (head + face + packet() + head + face + packet(), True),
        "resolution of 2^-127": (head + block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHBxxx", 9, 1, 0xff) + b"\0" * 4) + packet(), True),
        "resolution of 10^-127": (head + block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HHBxxx", 9, 1, 0x7f) + b"\0" * 4) + packet(), True),
        "options without end": (head + block(1, struct.pack("<HHI", 1, 0, 0) + struct.pack("<HH", 9, 60000)) + packet(), None),
        "captured longer than its block": (head + face + packet(caplen=5000) + packet(), None),
        "70000 interfaces": (head + face * 70000 + packet(), None),
        "name resolution and secrets": (head + face + block(4, b"\0\0\0\0") + block(10, struct.pack("<II", 0x544c534b, 4) + b"KEYS") + packet(), True),
    }
    with directory() as d:
        for what, (data, read) in cases.items():
            path = write(d, "x.pcap", data)
            code, out, err, seconds, memory = limited("scan", "-f", "json", "--now", NOW, "-r", path, "--vantage", "link")
            check(code in (0, 1, 2) and seconds < 5 and memory < MEMORY_KIB, f"{what}: exit {code}, {seconds} s, {memory} KiB, {err[:200]}")
            report = json.loads(out) if out else {"errors": [], "verdicts": []}
            seen = any(v["control"] == "SA-N4-02" and v["target"].startswith("peer:") for v in report["verdicts"])
            check(read is None or seen == read, f"{what}: {'not ' if read else ''}understood: {report['errors'][:2]}")
            check(read is not False or code == 2, f"{what}: exit {code}")


def size():
    """A thousand NFs stay in bounds of memory and time. A control that looks for the peers of each NF among all of them keeps
    this from being linear; unions in document order of the whole tree made it twice as bad."""
    used, kinds = {}, ("amf", "smf", "nrf", "scp", "udm", "udr", "ausf", "pcf", "nssf", "bsf")
    with directory() as d:
        for count in (250, 1000):
            place = os.path.join(d, str(count))
            for i in range(count):
                kind = kinds[i % len(kinds)]
                text = f"{kind}:\n  sbi:\n    server:\n      - address: 10.1.{i // 250}.{i % 250}\n    client:\n      scp:\n" \
                       f"        - uri: http://10.1.{i // 250}.1:7777\n"
                write(place, f"site{i // len(kinds)}/{kind}.yaml", AMF if kind == "amf" else text)
            code, out, _, seconds, memory = limited("scan", "-f", "json", "--now", NOW, place)
            check(code == 1 and memory < MEMORY_KIB, f"{count} NFs: exit {code}, {memory} KiB")
            check(sum(v["control"] == "SA-SBI-01" for v in json.loads(out)["verdicts"]) == count, f"{count} NFs: some are lost")
            used[count] = seconds
    check(used[1000] < 16 * used[250] + 0.5, f"time of 250 and 1000 NFs: {used}")
    print(f"1000 NFs: {used[1000]:.2f} s of CPU, a quarter of them {used[250]:.2f} s")


def main():
    start = time.monotonic()
    for part in (streams, environment, other_account, nothing, names, captures, size):
        part()
        print(f"{part.__name__}: {time.monotonic() - start:.1f} s")


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
main()
finish()

# SPDX-License-Identifier: Apache-2.0
"""The HTML report is well formed, stands alone, and shows hostile text as text."""
import html.parser
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import AMF, DEMO, NOW, check, directory, finish, run, write

VOID = {"meta", "br", "hr", "link", "img", "input", "col"}
HOSTILE = "<script>alert(1)</script>"


class Page(html.parser.HTMLParser):
    def __init__(self, label):
        super().__init__()
        self.label, self.open, self.tags, self.text = label, [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            check(not name.startswith("on"), f"{self.label}: attribute {name}")
            check(name not in ("src", "action") and not (value or "").startswith(("http:", "https:", "javascript:")),
                  f"{self.label}: <{tag} {name}> fetches")

    def handle_endtag(self, tag):
        check(self.open and self.open[-1] == tag, f"{self.label}: </{tag}> closes {self.open[-1:]}")
        if self.open:
            self.open.pop()

    def handle_data(self, data):
        self.text.append(data)


def page(label, *args):
    raw = run("scan", "-f", "html", "--now", NOW, *args).stdout
    text = raw.decode("utf-8")
    p = Page(label)
    p.feed(text)
    p.close()
    check(not p.open, f"{label}: {p.open} stay open")
    check("script" not in p.tags and "<script" not in text.lower(), f"{label}: a script")
    for tag in ("iframe", "object", "embed", "link", "img"):
        check(tag not in p.tags, f"{label}: <{tag}>")
    check("url(" not in text and "@import" not in text, f"{label}: a style that fetches")
    return "".join(p.text)


def main():
    text = page("demo", "-c", os.path.join(DEMO, "config"), "-r", os.path.join(DEMO, "sbi.pcap"))
    check("SA-SBI-01" in text and "amf.yaml:" in text, "the page shows no problem with its evidence")
    with directory() as d:
        bad = AMF.replace("test-amf", "\"" + HOSTILE + "\"").replace("[NIA2, NIA1]", "[NIA0]")
        write(d, "<script>alert(1)<%2fscript>.yaml", bad)
        write(d, "<img src=x onerror=alert(1)>.yaml", bad)
        write(d, "<b onmouseover=alert(1)>broken.yaml", "amf:\n  sbi: [\n")
        text = page("hostile", d)
        check(HOSTILE in text, "the hostile name is not shown as text")
        check("<img src=x" in text or "%3C" in text, "the hostile file name is not shown")


main()
finish()

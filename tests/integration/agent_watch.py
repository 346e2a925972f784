# SPDX-License-Identifier: Apache-2.0
"""A running agent with an interval of an hour: every way in which a file changes is seen at once, and neither a
broken configuration, a hostile file nor the death of its reader stops it."""
import os
import shutil
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from agent import AGENT, Agent, config
from vigil import AMF, check, directory, finish, write

HOUR = "interval: 3600"
AMF_ID = "nf:s1/a1/etc/amf"
PSS_KIB = 16 * 1024


def amf(order):
    return AMF.replace("NEA2, NEA1", order)


def changed(a, what, **fields):
    """The line of a section that changed; counts and says how long it took."""
    start = time.monotonic()
    line = a.wait(event="section", change="changed", **{"id": AMF_ID, **fields})
    if check(line is not None, f"{what}: not seen; said: {a.said[-3:]}"):
        print(f"{what}: seen after {time.monotonic() - start:.2f} s")
    return line or {}


def ways_to_change(a, root):
    write(root, "etc/amf.yaml", amf("NEA1, NEA2"))
    one = changed(a, "a line written in place")
    write(root, "etc/.amf.yaml.new", amf("NEA0, NEA2"))
    os.rename(os.path.join(root, "etc/.amf.yaml.new"), os.path.join(root, "etc/amf.yaml"))
    two = changed(a, "an editor's rename")
    check(one.get("revision") != two.get("revision"), "two contents, one revision")
    os.unlink(os.path.join(root, "etc/amf.yaml"))
    check(a.wait(event="section", change="removed", id=AMF_ID), "a removed file is not told")
    write(root, "etc/amf.yaml", amf("NEA1, NEA2"))
    three = changed(a, "a file that is back")
    check(three.get("revision") == one.get("revision"), "one content, two revisions")
    shutil.rmtree(os.path.join(root, "etc"))
    check(changed(a, "a directory that is gone").get("complete") is False, "what is gone with its directory is no pass")
    write(root, "etc/amf.yaml", amf("NEA2, NEA1"))
    check(changed(a, "a directory that is back").get("complete") is True, "complete again")
    # A key that the file names, and its mode.
    write(root, "etc/tls/amf.key", "no key\n")
    write(root, "etc/amf.yaml", AMF.replace("  ngap:", "  default:\n    tls:\n      server:\n"
                                            "        private_key: /etc/tls/amf.key\n  ngap:"))
    before = changed(a, "a file that names a key")
    os.chmod(os.path.join(root, "etc/tls/amf.key"), 0o644 if os.stat(
        os.path.join(root, "etc/tls/amf.key")).st_mode & 0o777 != 0o644 else 0o600)
    after = changed(a, "the mode of the key")
    check(before.get("revision") != after.get("revision"), "the mode of a key is no fact")


def config_map(a, root):
    """As the kubelet updates a volume: a new directory, and a link that is swapped."""
    at = os.path.join(root, "map")
    for n, order in ((1, "NEA2, NEA1"), (2, "NEA0, NEA1"), (3, "NEA1, NEA2")):
        write(at, f"..{n}/pod.yaml", amf(order))
        os.symlink(f"..{n}", os.path.join(at, "..data_tmp"))
        os.rename(os.path.join(at, "..data_tmp"), os.path.join(at, "..data"))
        if n == 1:
            os.symlink("..data/pod.yaml", os.path.join(at, "pod.yaml"))
        changed(a, f"ConfigMap, version {n}", id="nf:s1/a1/map/pod")
        if n > 1:
            shutil.rmtree(os.path.join(at, f"..{n - 1}"))


def hostile_file(a, root):
    write(root, "etc/amf.yaml", "amf:\n  sbi: [\n")
    line = changed(a, "a broken file")
    check(line.get("complete") is False, "a broken file does not make its section incomplete")
    check(a.wait_message(r"etc/amf\.yaml:\d+: "), f"no message names file and line: {a.said[-3:]}")
    state = a.wait(event="source", source=0)
    check(state and state["errors"] == 1, f"the error is not counted: {state}")
    write(root, "etc/amf.yaml", amf("NEA2, NEA1"))
    check(changed(a, "a repaired file").get("complete") is True, "the repaired file is not complete")


def reader_dies(a, root, gather):
    for _ in range(2):
        os.kill(gather, signal.SIGKILL)
        check(a.wait(event="gather", ready=False), "the death of the reader is not told")
        up = a.wait(event="gather", ready=True)
        if not check(up and up["pid"] != gather, "the reader does not come back"):
            return
        gather = up["pid"]
        check(a.wait(event="section", change="seen", id=AMF_ID), "the new reader does not read")
    write(root, "etc/amf.yaml", amf("NEA0"))
    changed(a, "a change after the reader came back")


def reloads(a, path, root):
    with open(path, encoding="ascii") as f:
        good = f.read()
    write(os.path.dirname(path), os.path.basename(path), good + "colour: red\n")
    a.reload()
    check(a.wait_message(r"agent\.yaml:\d+: 'colour' is unknown"), f"no error with a line: {a.said[-3:]}")
    check(a.wait_message(r"refused; the old one stays"), f"the old configuration: {a.said[-3:]}")
    write(root, "etc/amf.yaml", amf("NEA1"))
    changed(a, "a change under the old configuration")
    write(os.path.dirname(path), os.path.basename(path), config(root, ["{config: /etc, " + HOUR + "}"]))
    a.reload()
    check(a.wait_message(r"configuration read again"), "a good configuration is not taken")
    check(a.wait(event="section", change="seen", id=AMF_ID), "the section does not outlive the reload")
    check(a.wait(event="section", change="removed", id="nf:s1/a1/map/pod"),
          "a source that is no longer configured leaves its sections")
    write(root, "etc/amf.yaml", amf("NEA2"))
    changed(a, "a change under the new configuration")


def broken_inventory(d, root):
    """Names come from the inventory: while it is broken nothing is renamed, and nothing passes for complete."""
    good = "nfs:\n  - {id: amf-x, type: amf, config: [etc/amf.yaml], deployment: host}\n"
    named = "nf:s1/a1/amf-x"
    inventory = write(d, "inventory.yaml", good)
    write(root, "etc/amf.yaml", amf("NEA2"))
    a = Agent(write(d, "named.yaml", config(root, ["{config: /etc, " + HOUR + "}"], inventory=inventory)))
    try:
        changed(a, "a named target", id=named)
        write(d, "inventory.yaml", "nfs: [\n")
        line = changed(a, "a broken inventory", id=named)
        check(line.get("complete") is False, "it is complete without its inventory")
        check(a.wait_message(r"inventory\.yaml:\d+: "), f"no error with a line: {a.said[-3:]}")
        write(d, "inventory.yaml", good)
        check(changed(a, "a repaired inventory", id=named).get("complete") is True, "it is not complete again")
        check(not any(e.get("id") == AMF_ID or e.get("change") == "removed" for e in a.seen),
              "a broken inventory renames or removes targets")
    finally:
        a.stop()


with directory() as d:
    tree = os.path.join(os.path.realpath(d), "root")
    write(tree, "etc/amf.yaml", amf("NEA2, NEA1"))
    os.makedirs(os.path.join(tree, "map"))
    c = write(d, "agent.yaml", config(tree, ["{config: /etc, " + HOUR + "}", "{config: /map, " + HOUR + "}"]))
    agent = Agent(c)
    try:
        ready = agent.wait(event="gather", ready=True)
        check(ready is not None, "the reader does not start")
        check(changed(agent, "the first reading").get("complete") is True, "the first reading is not complete")
        check(agent.wait(event="source", source=1), "the second source is not read")
        pss = agent.pss_kib()
        print(f"PSS of the agent and its reader: {pss} KiB; protections: {ready and ready['protections']}")
        check(pss <= PSS_KIB or "-san" in AGENT, f"PSS {pss} KiB, at most {PSS_KIB} are promised")
        ways_to_change(agent, tree)
        config_map(agent, tree)
        hostile_file(agent, tree)
        reader_dies(agent, tree, ready["pid"])
        reloads(agent, c, tree)
        print(f"PSS at the end: {agent.pss_kib()} KiB")
        children = agent.children()
        check(len(children) == 2, f"processes: {children}")
        check(agent.stop() == 0, "SIGTERM does not end it well")
        check(not any(os.path.exists(f"/proc/{p}") for p in children), "its reader outlives it")
        check("Sanitizer" not in "".join(agent.said), "".join(agent.said)[-2000:])
    finally:
        agent.stop()
    broken_inventory(os.path.realpath(d), tree)
finish()

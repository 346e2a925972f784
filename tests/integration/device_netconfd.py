# SPDX-License-Identifier: Apache-2.0
"""An agent asks devices over NETCONF: Debian's netconfd and our own server for real; hostile ones are bounded, and the agent
goes on."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from north import Place, need, need_program  # noqa: E402

need("ncclient", "python3-ncclient")
need_program("netconfd", package="netconfd")
from ncclient import NCClientError, manager  # noqa: E402

from agent import AGENT, Agent  # noqa: E402
from devices import Devices, hostile  # noqa: E402
from netconf import NORTH, until  # noqa: E402
from vigil import check, directory, finish  # noqa: E402

NS = "urn:ietf:params:xml:ns:yang:"
SECRET = "Vz0AhBxOs3cret5aLtabcd"
CONFIG = f"""<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">
<nacm xmlns="{NS}ietf-netconf-acm">
 <groups><group><name>noc</name><user-name>anna</user-name></group></groups>
 <rule-list><name>all</name><group>*</group><rule><name>open</name><module-name>*</module-name>
  <access-operations>*</access-operations><action>permit</action></rule></rule-list></nacm>
<system xmlns="{NS}ietf-system">
 <ntp><enabled>true</enabled><server><name>t1</name><udp><address>192.0.2.1</address></udp></server></ntp>
 <authentication><user-authentication-order>local-users</user-authentication-order>
  <user><name>anna</name><password>$1$abcdefgh${SECRET}</password></user></authentication></system>
</config>"""


def agent_config(place, name, entries, **more):
    return place.write(name, "\n".join(
        ["name: node-1", "site: lab", "devices:", *(f"  - {e}" for e in entries),
         *(f"{k}: {v}" for k, v in more.items()), ""]))


def once(path):
    p = subprocess.run([AGENT, "--once", "--config", path], capture_output=True, text=True, timeout=180, check=False)
    facts = json.loads(p.stdout or "{}").get("x1818-facts:facts", {})
    return {m["id"].rsplit("/", 1)[1]: m["probe"] for m in facts.get("management", [])}, p


def real(place, devices):
    """What netconfd is configured to do, before and after it is configured to do it badly."""
    path = agent_config(place, "once.yaml", [devices.entry("yuma"), devices.entry("own")])
    read, p = once(path)
    check(p.returncode == 0, f"--once: {p.returncode}: {p.stderr[:600]}")
    yuma = read.get("yuma", {})
    check(yuma.get("state") == "read" and yuma.get("complete"), f"netconfd is read: {p.stderr[:300]} {str(yuma)[:300]}")
    check(yuma.get("netconf", {}).get("version") == ["1.0", "1.1"], "its versions")
    check("candidate" in yuma["netconf"]["capability"] and "startup" not in yuma["netconf"]["capability"], "its capabilities")
    check({"name": "ssh", "sessions": 1} in yuma["netconf"].get("transport", []), f"its transports: {yuma['netconf'].get('transport')}")
    check(yuma["netconf"]["schemas-listed"] and any(s["name"] == "ietf-system" and s["version"] == "2014-08-06"
                                                   for s in yuma["netconf"]["schema"]), "its modules")
    access = yuma.get("access-control", {})
    check((access.get("enabled"), access.get("write-default"), access.get("exec-default")) == (True, "deny", "permit"),
          f"its access control: {access}")
    own = read.get("own", {})
    check(own.get("state") == "read" and own["netconf"]["schemas"] > 10, f"our own server is read: {str(own)[:300]}")
    configure(place, devices)
    read, p = once(path)
    if not alive(place, devices, configured=True):
        read, p = once(path)
    yuma = read.get("yuma", {})
    access, system = yuma.get("access-control", {}), yuma.get("system", {})
    check(access.get("group") == [{"name": "noc", "users": 1}], f"groups: {access.get('group')}")
    check([r.get("open-rule") for r in access.get("rule-list", [])] == [[{"name": "open", "operations": ["all"]}]],
          f"rules that permit all: {access.get('rule-list')}")
    check(system.get("user") == [{"name": "anna", "password": "md5", "authorized-keys": 0}], f"users: {system}")
    check(system.get("ntp", {}).get("server", [{}])[0].get("address") == "192.0.2.1", f"time: {system}")
    check(SECRET not in p.stdout + p.stderr and "abcdefgh" not in p.stdout + p.stderr, "the hash has left the process")


def configure(place, devices):
    with manager.connect(host="127.0.0.1", port=devices.ports["yuma"], username=os.environ.get("USER", "root"),
                         key_filename=place.path("user"), hostkey_verify=False, allow_agent=False, look_for_keys=False,
                         timeout=60) as m:
        m.edit_config(target="candidate", config=CONFIG)
        m.commit()


def alive(place, devices, configured):
    """netconfd 2.13 ends now and then when sessions come and go: it is started again. False: it was."""
    if devices.server.poll() is None:
        return True
    devices.start_netconfd("yuma")
    if configured:
        with contextlib.suppress(NCClientError, OSError):
            configure(place, devices)
    return False


def judged(place, devices):
    """From the device to a finding, through agent and collector; it closes when the device is better."""
    ca = place.path("ca/node-1")
    path = agent_config(place, "agent.yaml", [devices.entry("yuma")], spool=place.path("spool"),
                        collectors=f'["127.0.0.1:{place.port}"]',
                        tls=f"{{certificate: {ca}/cert.pem, key: {ca}/key.pem, trust: {ca}/ca.pem, collector: collector.test}}")
    os.makedirs(place.path("spool"), exist_ok=True)
    place.start_collector()
    agent = place.spawn(AGENT, "--config", path)

    def row(control):
        rows = json.loads(place.vigil("controls", "--json").stdout or "{}").get("controls", [])
        return next((r for r in rows if r["control"] == control and r["target"] == "host:lab/node-1/yuma"), {})
    for control in ("MG-NC-01", "MG-ACC-03", "MG-TIME-01"):
        check(until(lambda c=control: alive(place, devices, True) and row(c).get("verdict") == "fail", 150),
              f"{control} fails: {row(control)}")
    shown = place.vigil("findings", "--control", "MG-ACC-03", "--json").stdout
    check("md5" in shown and SECRET not in shown, f"the finding: {shown[:600]}")
    # The device is gone: nothing closes, and it is told why it is not known.
    devices.server.send_signal(signal.SIGKILL)
    devices.server.wait()
    check(until(lambda: "not-netconf" in place.vigil("controls", "--json").stdout or
                row("MG-TIME-01").get("verdict") == "fail"), "the device is gone")
    shown = json.loads(place.vigil("findings", "--control", "MG-ACC-03", "--json").stdout)
    check(all(f["state"] != "resolved" for f in shown.get("findings", [])) and shown.get("findings"), "no finding closes on silence")
    devices.start_netconfd("yuma")  # starts with the defaults
    check(until(lambda: alive(place, devices, False) and row("MG-NC-01").get("verdict") not in ("fail", None), 150),
          f"it is better: {row('MG-NC-01')}")
    check(agent.poll() is None and place.collector.poll() is None, "agent and collector live")
    agent.terminate()
    agent.wait(timeout=60)


# How each hostile one ends, in the words of leaf state.
ENDS = {
    "garbage": {"not-netconf"}, "text": {"too-slow"}, "endless": {"too-much"}, "hang": {"too-slow"},
    "hang-later": {"too-slow"}, "half": {"too-slow"}, "no-chunk": {"not-netconf"}, "no-message": {"not-netconf"},
    "big-chunk": {"not-netconf", "too-much"}, "huge": {"too-much"}, "deep": {"too-much"}, "entity": {"not-netconf"},
    "other-id": {"not-netconf"}, "no-reply": {"not-netconf"}, "dies": {"not-netconf"}, "odd": {"read"},
}


def listener(behaviour):
    """Port of a server that is no SSH server."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.listen(8)

    def serve():
        kept = []
        while True:
            c, _ = s.accept()
            kept.append(c)
            behaviour(c)
    threading.Thread(target=serve, daemon=True).start()
    return s.getsockname()[1]


def broken(place, devices):
    """All at once, beside one that keeps to the protocol: each is told by its name and reason, the good one is read again and again."""
    port = {"silent": listener(lambda c: None), "noise": listener(lambda c: c.sendall(os.urandom(5000))),
            "closes": listener(lambda c: c.close()),
            "flood": listener(lambda c: threading.Thread(target=flood, args=(c,), daemon=True).start())}
    ends = {**ENDS, "silent": {"too-slow"}, "noise": {"not-netconf"}, "closes": {"not-netconf"}, "flood": {"not-netconf", "too-slow"},
            "absent": {"unreachable"}, "changed": {"host-key-changed"}, "unknown": {"host-key-unknown"},
            "refused": {"login-refused"}}
    devices.known("known-all", [*devices.ports.values(), *port.values()])
    devices.known("known-other", devices.ports.values(), key="other")
    place.write("known-none", "")
    # Only those that never answer are given little time.
    entries = [devices.entry(n, known="known-all", timeout=5 if "too-slow" in ends[n] else 60) for n in ENDS]
    entries += [devices.entry(n, port=p, known="known-all", timeout=5 if "too-slow" in ends[n] else 60)
                for n, p in port.items()]
    entries += [devices.entry("absent", port=1),
                devices.entry("changed", port=devices.ports["yuma"], known="known-other"),
                devices.entry("unknown", port=devices.ports["yuma"], known="known-none"),
                devices.entry("refused", port=devices.ports["yuma"], known="known-all", key="stranger")]
    path = agent_config(place, "broken.yaml", entries)
    read, p = once(path)
    for name, want in ends.items():
        check(read.get(name, {}).get("state") in want, f"{name}: {read.get(name, {}).get('state')}, wanted {want}: "
              f"{[l for l in p.stderr.splitlines() if f'device {name}:' in l]}")
        check(read.get(name, {}).get("complete") == (want == {"read"}), f"{name}: complete {read.get(name, {}).get('complete')}")
    check(p.returncode == 1, f"what could not be read is told: {p.returncode}")
    check("HIDDENHASH" not in p.stdout + p.stderr, "a hash of a hostile device is told")
    check("SHA256:" in "".join(l for l in p.stderr.splitlines() if "device changed:" in l), "the fingerprint that it shows is told")
    odd = read.get("odd", {})
    check("enabled" not in odd.get("access-control", {}), f"what is no value is no fact: {odd}")

    agent = Agent(path)
    for _ in range(2):
        check(agent.wait(event="section", kind="management-probe", id="host:lab/node-1/odd", complete=True, ceiling=120),
              "the good device is read again beside all of them")
    kill_one(agent)
    check(agent.wait(event="section", kind="management-probe", id="host:lab/node-1/odd", complete=True, ceiling=120),
          "a killed process disturbs no other reading")
    check(agent.process.poll() is None, "the agent lives")
    check(agent.stop() == 0, "it ends well")
    check(until(lambda: not running(path)), "nobody is left behind")


def flood(c):
    try:
        while True:
            c.sendall(b"SSH-" + b"x" * 65536)
    except OSError:
        pass


def command(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


def kill_one(agent):
    def one():
        for c in agent.children():
            if "vigil-device" in command(c):
                try:
                    os.kill(c, signal.SIGKILL)
                    return True
                except ProcessLookupError:
                    pass
        return False
    check(until(one), "a process that asks was killed")
    check(agent.wait_message(r"device .*: failed: the process that asks ended"), "its end is told")


def running(path):
    out = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=False).stdout
    return [l for l in out.splitlines() if path in l]


def main():
    with directory() as d:
        place = Place(d)
        devices = Devices(place)
        try:
            place.start_collector()
            devices.start({"yuma": devices.netconfd(), "own": f"{NORTH} --config {place.config}",
                           **{n: hostile(n) for n in ENDS}})
            devices.start_netconfd("yuma")
            devices.known("known", devices.ports.values())
            real(place, devices)
            place.collector.terminate()
            place.collector.wait(timeout=60)
            judged(place, devices)
            broken(place, devices)
        finally:
            place.close()
    finish()


main()

# SPDX-License-Identifier: Apache-2.0
"""make install puts everything in place, and the installed program runs on what was installed."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, NOW, ROOT, check, directory, finish, run

with directory() as d:
    make = subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={d}", "PREFIX=/usr"], capture_output=True,
                          text=True, check=False)
    check(make.returncode == 0, f"make install: {make.stderr[-400:]}")
    data = os.path.join(d, "usr/share/vigil5g")
    for name in ("usr/bin/vigil", "usr/share/man/man1/vigil.1", "usr/share/bash-completion/completions/vigil",
                 "usr/sbin/vigil-agent", "usr/sbin/vigil-device", "usr/share/man/man8/vigil-agent.8", "usr/share/vigil5g/examples/agent.yaml",
                 "usr/sbin/vigil-collector", "usr/share/man/man8/vigil-collector.8", "usr/share/vigil5g/examples/collector.yaml",
                 "usr/share/bash-completion/completions/vigil-agent", "usr/share/bash-completion/completions/vigil-collector",
                 "usr/lib/systemd/system/vigil-collector.service", "usr/share/vigil5g/report.schema.json", "usr/share/vigil5g/yang/x1818-facts.yang",
                 "usr/sbin/vigil-enrol-server", "usr/share/man/man8/vigil-enrol-server.8", "usr/share/vigil5g/examples/enrol.yaml",
                 "usr/share/bash-completion/completions/vigil-enrol-server", "usr/lib/systemd/system/vigil-enrol-server.service",
                 "usr/sbin/vigil-netconf", "usr/share/man/man8/vigil-netconf.8",
                 "usr/sbin/vigil-netconf-tls", "usr/share/man/man8/vigil-netconf-tls.8", "usr/share/vigil5g/examples/netconf-tls.yaml",
                 "usr/lib/systemd/system/vigil-netconf-tls.service", "usr/share/bash-completion/completions/vigil-netconf-tls",
                 "usr/share/vigil5g/yang-std/ietf-netconf@2011-06-01.yang", "usr/share/vigil5g/yang-std/copyright",
                 "usr/share/vigil5g/rules/packs/x1818/pack.yaml"):
        check(os.path.isfile(os.path.join(d, name)), f"{name} is not installed")
    vigil = os.path.join(d, "usr/bin/vigil")
    args = ["scan", "-f", "json", "--now", NOW, os.path.join(DEMO, "config")]
    env = {"PATH": os.environ["PATH"], "VIGIL_DATADIR": data}
    installed = subprocess.run([vigil, *args], env=env, capture_output=True, check=False, cwd="/")
    here = run(*args)
    check(installed.returncode == 1 and installed.stdout == here.stdout, f"installed: {installed.stderr[:300]}")
    agent = subprocess.run([os.path.join(d, "usr/sbin/vigil-agent"), "--check", "--config",
                            os.path.join(data, "examples/agent.yaml")], env=env, capture_output=True, check=False, cwd="/")
    check(agent.returncode == 0, f"the example is no good configuration: {agent.stderr[:300]}")
    # The collector's names certificates: nothing but them is missing.
    example = os.path.join(data, "examples/collector.yaml")
    collector = subprocess.run([os.path.join(d, "usr/sbin/vigil-collector"), "--check", "--config", example], env=env,
                               capture_output=True, text=True, check=False, cwd="/")
    wrong = [l for l in collector.stderr.splitlines() if "names a file that cannot be used: No such file" not in l]
    check(not wrong and collector.returncode == (2 if collector.stderr else 0), f"the example of the collector: {wrong}")
    # It reads what is installed, not the source tree.
    os.rename(os.path.join(data, "yang"), os.path.join(data, "gone"))
    check(subprocess.run([vigil, *args], env=env, capture_output=True, check=False).returncode == 2,
          "it works without its data")
finish()

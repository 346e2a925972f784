# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd itself finds no mistake in them and few ways out of them, and make install puts them where the
programs are. A threshold is what the unit has today, in tenths: a line that opens a unit fails here."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from vigil import DEMO, ROOT, VIGIL, check, directory, finish, write

UNITS = {"vigil-agent": 24, "vigil-capture": 20, "vigil-collector": 16, "vigil-netconf-tls": 21, "vigil-enrol-server": 16}
LISTENS = {"vigil-collector": ["tcp:4335"], "vigil-netconf-tls": ["tcp:6513"], "vigil-enrol-server": ["tcp:4336"]}
RIGHTS = {"vigil-agent": {"CAP_DAC_READ_SEARCH", "CAP_SYS_PTRACE"}, "vigil-capture": {"CAP_NET_RAW"},
          "vigil-collector": set(), "vigil-netconf-tls": {"CAP_SETUID", "CAP_SETGID", "CAP_KILL"}, "vigil-enrol-server": set()}


def settings(path):
    """{name: [values]} of a unit; an empty value resets."""
    found = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if "=" in line and line[0] not in "#;":
                name, value = line.rstrip("\n").split("=", 1)
                found.setdefault(name, []).append(value)
    return found


def ask(*args):
    return subprocess.run(args, capture_output=True, text=True, timeout=60, check=False)


def written(name, unit):
    """What must hold whatever systemd thinks of it."""
    for right in ("CapabilityBoundingSet", "AmbientCapabilities"):
        check(set(" ".join(unit[right]).split()) == RIGHTS[name], f"{name}: {right} {unit[right]}")
    check(unit["User"][0] not in ("root", "0", ""), f"{name}: runs as {unit['User']}")
    for key in ("MemoryMax", "CPUQuota", "TasksMax", "LimitNOFILE", "SystemCallFilter", "RestrictAddressFamilies", "Restart"):
        check(unit.get(key, [""])[0] not in ("", "infinity", "no"), f"{name}: {key}")
    check(unit["LimitCORE"] == ["0"], f"{name}: a core file would hold keys")
    check(unit["SocketBindDeny"] == ["any"], f"{name}: may listen")
    allowed = unit.get("SocketBindAllow", [])
    check(allowed == LISTENS.get(name, []), f"{name}: listens on {allowed}")
    check(("AF_PACKET" in unit["RestrictAddressFamilies"][0]) == (name == "vigil-capture"), f"{name}: packets")
    for other in UNITS:
        own = other.split("-")[1]
        hidden = " ".join(unit.get("InaccessiblePaths", []))
        if name in ("vigil-agent", "vigil-capture") and other == "vigil-collector":
            check(f"/var/lib/vigil5g/{own}" in hidden, f"{name}: reads the store")
        if name != "vigil-enrol-server":
            check("/etc/vigil5g/ca" in hidden and "/var/lib/vigil5g/enrol" in hidden, f"{name}: reads the key of the CA")


def allowed_calls(unit):
    """Names that SystemCallFilter of a unit leaves, as systemd reads it: lists in order, groups taken apart by systemd."""
    def names(words):
        found = set()
        for w in words:
            group = ask("systemd-analyze", "syscall-filter", w).stdout.split("\n")[1:] if w[0] == "@" else [w]
            inner = [line.strip() for line in group if line.strip() and not line.strip().startswith("#")]
            found |= names([i for i in inner if i != w]) if w[0] == "@" else {w}
        return found

    left = names(["@default"])
    for value in unit["SystemCallFilter"]:
        if value.startswith("~"):
            left -= names(value[1:].split())
        else:
            left |= names(value.split())
    return left


def calls(*args, env=None):
    """Names of the system calls that a program and its children make, the first execve aside (systemd makes that)."""
    with directory() as d:
        log = os.path.join(d, "calls")
        p = subprocess.run(["strace", "-f", "-qq", "-o", log, *args], capture_output=True, timeout=120, check=False, env=env)
        with open(log, encoding="utf-8", errors="replace") as f:
            text = f.read()
        # MemoryDenyWriteExecute refuses these; a just-in-time compiler in a library would make them.
        check(not re.search(r"PROT_WRITE\|PROT_EXEC|mprotect\(.*PROT_EXEC", text), f"{args[0]} writes code into memory")
        return p.returncode, set(re.findall(r"^\d+\s+(\w+)\(", text, re.M))


def enough_calls(base):
    """A real program gets along with what the units leave it: vigil reads, evaluates and prints as an agent does."""
    yaml = write(base, "agent.yaml", f"name: a1\nsite: s1\nroot: {DEMO}\nsources:\n  - {{config: /config}}\n")
    jobs = [("vigil-collector", [VIGIL, "scan", "-f", "json", DEMO]), ("vigil-agent", [VIGIL, "facts", DEMO]),
            ("vigil-agent", [os.path.join(os.path.dirname(VIGIL), "vigil-agent"), "--once", "--config", yaml])]
    for name, args in jobs:
        left = allowed_calls(settings(os.path.join(ROOT, "deploy/systemd", name + ".service")))
        check({"read", "openat", "seccomp", "landlock_restrict_self", "epoll_wait", "accept4"} <= left, f"{name}: {len(left)}")
        check(not left & {"mount", "ptrace", "bpf", "io_uring_setup", "init_module", "keyctl", "kexec_load", "reboot"},
              f"{name}: allows {sorted(left)}")
        code, made = calls(*args)
        if code == 1 and not made:
            print("SKIPPED: system calls are NOT compared: strace cannot trace here")
            return
        check(len(made) > 10 and made <= left, f"{name}: {args[1]} makes {sorted(made - left)}, which its unit forbids")


with directory() as d:
    # Programs that are not built yet are stood in for, so that all of install is seen.
    build = os.path.join(d, "build")
    os.mkdir(build)
    for name in ("vigil", "vigil-agent", "vigil-collector", "vigil-netconf-tls", "vigil-enrol-server"):
        source = os.path.join(os.path.dirname(VIGIL), name)
        shutil.copy(source if os.path.exists(source) else VIGIL, os.path.join(build, name))
    for prefix in ("/usr", "/usr/local"):
        root = os.path.join(d, "root" + prefix.replace("/", "-"))
        p = ask("sh", "-c", f"cd {ROOT} && sh deploy/install.sh {build} {root} {prefix}")
        if not check(p.returncode == 0, f"install: {p.stderr[-400:]}"):
            continue
        where = root + prefix
        for name in UNITS:
            unit = os.path.join(where, "lib/systemd/system", name + ".service")
            if not check(os.path.isfile(unit), f"{unit} is not installed"):
                continue
            program = settings(unit)["ExecStart"][0].split()[0]
            check(program.startswith(prefix + "/sbin/") and os.access(root + program, os.X_OK), f"{unit}: {program}")
            check(settings(unit)["Restart"] == ["always"], f"{unit}: Restart")
        for name in ("lib/sysusers.d/vigil5g.conf", "lib/tmpfiles.d/vigil5g.conf", "share/doc/vigil5g/deploy.md",
                     "share/doc/vigil5g/examples/compose/compose.yaml", "share/doc/vigil5g/examples/kubernetes/gather.yaml",
                     "share/doc/vigil5g/examples/compose/env.example"):
            check(os.path.isfile(os.path.join(where, name)), f"{name} is not installed")
        check(os.access(os.path.join(where, "share/doc/vigil5g/examples/test-ca.sh"), os.X_OK), "test-ca.sh")
    # A program that is not there has no unit.
    for name in ("vigil-collector", "vigil-netconf-tls", "vigil-enrol-server"):
        os.remove(os.path.join(build, name))
    alone = os.path.join(d, "alone")
    ask("sh", "-c", f"cd {ROOT} && sh deploy/install.sh {build} {alone} /usr")
    check(sorted(os.listdir(os.path.join(alone, "usr/lib/systemd/system"))) ==
          ["vigil-agent.service", "vigil-capture.service"], "units without a program")

    users = {u for name in UNITS for u in settings(os.path.join(ROOT, "deploy/systemd", name + ".service"))["User"]}
    check(len(users) == len(UNITS), f"two parts share a user: {users}")
    with open(os.path.join(ROOT, "deploy/systemd/vigil5g.sysusers"), encoding="utf-8") as f:
        made = set(re.findall(r"^u\s+(\S+)", f.read(), re.M))
    check(made == users, f"sysusers.d makes {made}, the units run as {users}")
    for name in UNITS:
        written(name, settings(os.path.join(ROOT, "deploy/systemd", name + ".service")))

    if not shutil.which("systemd-analyze"):
        print("SKIPPED: units are NOT checked by systemd: systemd-analyze is not installed")
        finish()
    for name, most in UNITS.items():
        unit = os.path.join(d, "root-usr", "usr/lib/systemd/system", name + ".service")
        with open(unit, encoding="utf-8") as f:
            text = f.read()
        # systemd looks for the programs of the running system.
        stand_in = os.path.join(d, name + ".service")
        with open(stand_in, "w", encoding="utf-8") as f:
            f.write(re.sub(r"^(Exec\w+)=\S+", r"\1=/bin/true", text, flags=re.M))
        p = ask("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", stand_in)
        check(p.returncode == 0 and not p.stderr.strip(), f"{name}: {p.stderr.strip()}")
        p = ask("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={most}", stand_in)
        check(p.returncode == 0, f"{name}: opener than {most / 10}: {p.stdout.strip().splitlines()[-1:]} {p.stderr[:300]}")
        check("ignoring" not in p.stderr, f"{name}: {p.stderr[:300]}")
    if shutil.which("strace"):
        enough_calls(os.path.join(d, "calls"))
    else:
        print("SKIPPED: system calls are NOT compared: strace is not installed")
    if shutil.which("systemd-sysusers"):
        os.makedirs(os.path.join(d, "users", "etc"), exist_ok=True)
        p = ask("systemd-sysusers", "--root=" + os.path.join(d, "users"), "--dry-run",
                os.path.join(ROOT, "deploy/systemd/vigil5g.sysusers"))
        check(p.returncode == 0, f"sysusers: {p.stderr[-300:]}")
    if shutil.which("systemd-tmpfiles"):
        p = ask("systemd-tmpfiles", "--create", "--root=" + os.path.join(d, "users"),
                os.path.join(ROOT, "deploy/systemd/vigil5g.tmpfiles"))
        check(os.path.isdir(os.path.join(d, "users/etc/vigil5g/tls")), f"tmpfiles: {p.stderr[-300:]}")
finish()

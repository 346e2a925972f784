# SPDX-License-Identifier: Apache-2.0
"""The images of the Dockerfile: built with podman, they run without root, rights, shell or a writable root, and vigil in
its image says of the demo lab, byte for byte, what vigil says outside. Collector and agent in their images take a finding
through the life that the demo shows. Skipped, loudly, where podman cannot run.

Usage: containers.py build/vigil. VIGIL_BASE names another base image than debian:12-slim. Where none is there and none
can be fetched, one is made by debootstrap; it stays among the images of podman for the next run. VIGIL_TWICE=1 also builds
twice and compares the layers."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration", "lib"))
from live import BAD, GOOD, Lab, Nf, Process, amf, until
from vigil import DEMO, check, finish, run

NAME = "localhost/vigil5g-test"
OWN_BASE = "localhost/vigil5g-debian:12-slim"
ARGS = ["scan", "-f", "json", "--now", "2026-11-24T06:00:00Z", "-c", "config", "-r", "sbi.pcap", "-r", "n2.pcap",
        "-r", "tls.pcap", "--inventory", "inventory.yaml"]


def skip(why):
    print(f"SKIPPED: containers are NOT tested: {why}")
    sys.exit(0)


def command(*args, timeout=60, **more):
    return subprocess.run(args, capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout, check=False, **more)


def podman(*args, timeout=60):
    return command("podman", *args, timeout=timeout)


def last(process):
    return process.stderr.decode(errors="replace")[-500:]


def has(image):
    return podman("image", "exists", image).returncode == 0


def base():
    """A base image that is here, is fetched, or is made."""
    wanted = os.environ.get("VIGIL_BASE", "docker.io/library/debian:12-slim")
    if has(wanted):
        return wanted
    if has(OWN_BASE):
        return OWN_BASE
    try:
        if podman("pull", "-q", wanted, timeout=120).returncode == 0:
            return wanted
    except subprocess.TimeoutExpired:
        pass
    if not shutil.which("debootstrap") or os.geteuid() != 0:
        skip("no registry in reach, and no debootstrap (as root) to make a base image")
    made = command("sh", os.path.join(ROOT, "deploy", "image", "base.sh"), OWN_BASE, timeout=900)
    if made.returncode != 0:
        skip(f"no base image: {last(made)}")
    return OWN_BASE


def hardened(network, *more, user=None):
    """podman run as deploy/compose does: nothing writable, no right, no way to gain one, limits."""
    args = ["podman"] + (["--runtime", "runc"] if shutil.which("runc") else [])
    args += ["run", "--rm", f"--network={network}", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges",
             "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
    if user:
        args += ["--user", user]
    return args + list(more)


def usable_network(image):
    """Where no network of containers can be made that of the host must do; it is only to see whether podman can run."""
    for network in ("none", "host"):
        p = command(*hardened(network, image, "--version"), timeout=120)
        if p.returncode == 0:
            return network, p
    return None, p


def built():
    env = dict(os.environ, NAME=NAME, ENGINE="podman", BASE=base(),
               BUILD_ARGS=os.environ.get("BUILD_ARGS", "--isolation=chroot --network=host"))
    p = command("sh", "deploy/image/build.sh", "test", cwd=ROOT, env=env, timeout=1800)
    if not check(p.returncode == 0, f"build: {p.stdout.decode(errors='replace')[-1500:]} {last(p)}"):
        finish()
    return [t for t in ("cli", "agent", "collector", "enrol") if has(f"{NAME}/{t}:test")]


def health_check(image):
    """Its words, [] when there is none. Where podman shows it depends on its version."""
    shown = json.loads(podman("image", "inspect", image).stdout)[0]
    return ((shown.get("Healthcheck") or shown["Config"].get("Healthcheck") or {}).get("Test")) or []


# All that can be run in each image; the agent asks devices by a program of its own.
PROGRAMS = {"cli": ["usr/bin/vigil"], "agent": ["usr/sbin/vigil-agent", "usr/sbin/vigil-device"],
            "collector": ["usr/sbin/vigil-collector"], "enrol": ["usr/sbin/vigil-enrol-server"]}


def no_shell(target):
    """No shell and nothing that could run one is in the image, no set-uid file, nothing of the sources."""
    image = f"{NAME}/{target}:test"
    made = podman("create", image, "x")
    container = made.stdout.decode().strip()
    if not check(made.returncode == 0, f"{target}: {last(made)}"):
        return
    with subprocess.Popen(["podman", "export", container], stdout=subprocess.PIPE) as export:
        listing = subprocess.run(["tar", "-tvf", "-"], stdin=export.stdout, capture_output=True, text=True, check=False)
    podman("rm", container)
    files = [(line.split()[0], line.split()[5]) for line in listing.stdout.splitlines() if len(line.split()) > 5]
    programs = sorted(name for mode, name in files if mode[0] == "-" and "x" in mode and ".so" not in name)
    check(programs == PROGRAMS[target], f"{target}: there are {programs}")
    check(not [name for mode, name in files if "s" in mode[1:].lower()], f"{target}: set-uid files")
    check(not [name for _, name in files if name.startswith("src/") or name.endswith((".c", ".key"))],
          f"{target}: sources or keys")
    check(any(name.startswith("var/lib/dpkg/status.d/libc6") for _, name in files), f"{target}: no list of packages")
    settings = json.loads(podman("image", "inspect", image).stdout)[0]["Config"]
    check(settings["User"] == "10001:10001", f"{target}: runs as {settings['User']}")
    labels = settings.get("Labels") or {}
    for label in ("title", "version", "revision", "licenses", "description"):
        check(labels.get(f"org.opencontainers.image.{label}"), f"{target}: no label {label}")


def same_verdicts(network):
    """The demo lab, mounted read-only, as a user who owns nothing of it."""
    outside = run(*ARGS, cwd=DEMO)
    for user in ("10001:10001", "65534:65534"):
        inside = command(*hardened(network, "-v", f"{DEMO}:/data:ro", f"{NAME}/cli:test", *ARGS, user=user), timeout=180)
        check(inside.returncode == outside.returncode == 1, f"exit {inside.returncode} and {outside.returncode}: {last(inside)}")
        check(inside.stdout == outside.stdout, f"as {user} the report differs from the one outside")
    check(len(outside.stdout) > 10000, "the report outside is empty")


def rights(network):
    """What docs/deploy.md says of rights: a file that only its owner may read, as a network function's."""
    with tempfile.TemporaryDirectory(prefix="vigil-test-") as d:
        os.chmod(d, 0o755)
        shutil.copy(os.path.join(DEMO, "config", "amf.yaml"), os.path.join(d, "amf.yaml"))
        path = os.path.join(d, "amf.yaml")
        # (user, rights and groups, mode, read?). Only root can give a file away: 20001 is neither of the users.
        cases = [("10001:10001", [], 0o644, True), ("10001:10001", [], 0o600, False),
                 ("10001:10001", ["--group-add=20002"], 0o640, True), ("0:0", [], 0o600, False),
                 ("0:0", ["--cap-add=DAC_READ_SEARCH"], 0o600, True)]
        os.chown(path, 20001, 20002)
        for user, more, mode, readable in cases:
            os.chmod(path, mode)
            args = [*more, "-v", f"{d}:/data:ro", f"{NAME}/cli:test", "scan", "-f", "json", "-c", "."]
            p = command(*hardened(network, *args, user=user), timeout=120)
            what = f"as {user} {more} a file of mode {mode:o}"
            text = p.stdout.decode(errors="replace")
            if readable:
                check(p.returncode == 1 and '"nf:scan/amf"' in text, f"{what} is not read: {p.returncode} {last(p)}")
            else:
                # Never a pass without evidence: told, and nothing judged.
                check(p.returncode in (1, 2) and '"nf:scan/amf"' not in text and "amf.yaml" in text + last(p),
                      f"{what}: {p.returncode} {text[:200]} {last(p)}")


AGENT_CONFIG = """name: node-1
site: lab
sources:
  - config: [/etc/open5gs]
spool: /var/lib/vigil5g/agent/spool
"""


def daemon(target, network):
    """Its health check asks something that the program knows; the agent reads as an ordinary user without any right."""
    image = f"{NAME}/{target}:test"
    health = health_check(image)
    if not check(health[:1] == ["CMD"], f"{image}: health check {health}"):
        return
    usage = command(*hardened(network, "--no-healthcheck", image, "--help"), timeout=120)
    check(usage.returncode == 0 and health[2].encode() in usage.stdout, f"{image} --help knows no {health[2:]}")
    if target != "agent":
        return
    with tempfile.TemporaryDirectory(prefix="vigil-test-") as d:
        os.chmod(d, 0o755)
        with open(os.path.join(d, "agent.yaml"), "w", encoding="utf-8") as f:
            f.write(AGENT_CONFIG)
        mounts = ["--no-healthcheck", "-v", f"{d}/agent.yaml:/etc/vigil5g/agent.yaml:ro", "-v", f"{DEMO}/config:/etc/open5gs:ro"]
        for args in (["--check"], ["--once"]):
            p = command(*hardened(network, *mounts, image, *args), timeout=120)
            check(p.returncode == 0, f"vigil-agent {args[0]}: {p.returncode} {last(p)}")
        check(p.stdout.count(b'"nf:lab/node-1/') >= 10, f"vigil-agent --once reports {p.stdout[:300]}")


USER = 10001  # of the images


class Box(Process):
    """A container that runs as long as its podman does."""

    boxes = 0

    def __init__(self, target, mounts, args, log):
        Box.boxes += 1
        self.name = f"vigil-test-{os.getpid()}-{Box.boxes}"
        super().__init__(hardened("host", "--name", self.name, "--no-healthcheck", *mounts, f"{NAME}/{target}:test", *args), log)

    def stop(self, how=None):
        podman("stop", "-t", "20", self.name)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            return super().stop()

    def kill(self):
        podman("rm", "-f", self.name)
        super().kill()


class Boxes(Lab):
    """A lab whose collector and agent are containers, and whose network functions are processes of the host, as the user of the
    images: then the agent needs no right to see what they have read."""

    def box(self, process, target, mounts, *args):
        self.processes.remove(process)
        made = Box(target, mounts, args, process.log)
        self.processes.append(made)
        return made

    def give(self):
        """What the containers read and write is their user's."""
        for base, dirs, files in os.walk(self.dir):
            for name in (".", *dirs, *files):
                os.chown(os.path.join(base, name), USER, USER, follow_symlinks=False)

    def mount(self, name, mode="ro"):
        return ["-v", f"{self.path(name)}:{self.path(name)}:{mode}"]

    def from_inside(self, *args):
        """vigil in its image, which shares nothing with the collector but the socket."""
        p = command(*hardened("none", "--no-healthcheck", *self.mount("run"), f"{NAME}/cli:test", args[0], "--socket", self.socket,
                              *args[1:]), timeout=120)
        check(p.returncode == 0, f"vigil {args[0]} in its image: {p.returncode} {last(p)}")
        return p.stdout.decode(errors="replace")


def demo():
    """The demo in containers: bad, put right, started again, taken back."""
    control = "SA-NAS-02"
    address = f"127.{os.getpid() % 200 + 20}.77.{os.getpid() % 250 + 1}"  # of the host: others may run there
    with Boxes("a1") as lab:
        os.mkdir(lab.path("run"))
        os.mkdir(lab.path("a1-spool"), 0o700)
        lab.socket = lab.path("run", "sock")
        lab.collector_yaml()
        file = lab.write("a1/amf.yaml", amf(BAD, address))
        # The processes of the host are seen through a mount, as in deploy/compose.
        agent = lab.agent("a1", [f"config: [{lab.path('a1')}]", f"runtime: {lab.path('hostproc')}"])
        nf = Nf(lab, "open5gs-amfd", file)
        nf.more = {"user": USER, "group": USER, "extra_groups": []}
        lab.give()
        tls = [*lab.mount("pki"), *lab.mount("collector.yaml"), *lab.mount("a1.yaml")]
        lab.collector = lab.box(lab.collector, "collector", [*tls, *lab.mount("store", "rw"), *lab.mount("run", "rw")],
                                "--config", lab.path("collector.yaml"))
        agent = lab.box(agent, "agent", [*tls, *lab.mount("a1"), *lab.mount("a1-spool", "rw"),
                                         "-v", f"/proc:{lab.path('hostproc')}:ro"], "--config", lab.path("a1.yaml"))
        nf.start()
        lab.start_collector()
        agent.start()
        t = lab.target("a1", "amf")
        if not lab.wait_state(control, t, "open"):
            print(lab.collector.said()[-1500:], agent.said()[-1500:])
            return

        def change(order):
            lab.write("a1/amf.yaml", amf(order, address))
            os.chown(file, USER, USER)

        change(GOOD)
        f = lab.wait_state(control, t, "fix-pending-restart", "resolved")
        check(f and f["state"] == "fix-pending-restart", "a file that no process has read resolves")
        nf.stop()
        nf.start()
        lab.wait_state(control, t, "resolved")
        change(BAD)
        nf.stop()
        nf.start()
        f = lab.wait_state(control, t, "reopened")
        history = [k for k in lab.history(f) if not k.startswith("flag-")]
        check(history == ["opened", "fix-pending-restart", "resolved", "reopened"], f"history {history}")
        text = lab.from_inside("finding", control, t)
        check("reopened" in text and "amf.yaml" in text, f"vigil in its image says {text[:300]}")
        check('"connected": true' in lab.from_inside("agents", "--json"), "vigil in its image sees no agent")
        check(until("its health check is content", lambda: podman(
            "exec", lab.collector.name, "/usr/sbin/vigil-collector", "--config", lab.path("collector.yaml"), "--health").returncode == 0),
            "the collector is not healthy")
        for box in (agent, lab.collector):
            ended = box.stop()
            check(ended == 0, f"{box.name} ends with {ended}: {box.said()[-600:]}")
        print("demo: open, fix-pending-restart, resolved, reopened")


def lives(network):
    """Needs a network that two containers share, which is the host's here, and stand-ins."""
    why = None
    if os.geteuid() != 0:
        why = "not root: nothing can be given to the user of the images"
    elif network != "host" and command(*hardened("host", f"{NAME}/cli:test", "--version"), timeout=120).returncode != 0:
        why = "no container gets the network of the host"
    elif not os.path.exists(os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), "tests", "demo", "standin")):
        why = "no stand-in was built (make build/tests/demo/standin)"
    if why:
        print(f"SKIPPED: the demo in containers is NOT tested: {why}")
    else:
        demo()


def twice():
    """The same sources and packages give the same layers."""
    layers = []
    for name in ("first", "second"):
        p = command("podman", "build", "-q", "--no-cache", "--format", "docker", "--timestamp", "1767225600",
                    *os.environ.get("BUILD_ARGS", "--isolation=chroot --network=host").split(), "--build-arg", f"BASE={base()}",
                    "--target", "cli", "-t", f"{NAME}/{name}:test", ".", cwd=ROOT, timeout=1800)
        if not check(p.returncode == 0, f"build: {last(p)}"):
            return
        layers.append(json.loads(podman("image", "inspect", f"{NAME}/{name}:test").stdout)[0]["RootFS"]["Layers"])
        podman("rmi", "-f", f"{NAME}/{name}:test")
    check(layers[0] == layers[1], f"layers differ: {layers}")


def main():
    if not shutil.which("podman"):
        skip("podman is not installed (apt-get install podman runc)")
    if podman("info").returncode != 0:
        skip(f"podman info: {last(podman('info'))}")
    targets = built()
    network, p = usable_network(f"{NAME}/cli:test")
    if not network:
        skip(f"podman builds, and cannot run: {last(p)}")
    check(p.stdout.startswith(b"vigil"), f"vigil --version in its image: {p.stdout[:80]}")
    print(f"images {', '.join(targets)}; network {network}")
    for t in targets:
        no_shell(t)
    same_verdicts(network)
    if os.geteuid() == 0:
        rights(network)
    for t in targets:
        if t != "cli":
            daemon(t, network)
    lives(network)
    if os.environ.get("VIGIL_TWICE"):
        twice()
    podman("rmi", "-f", *[f"{NAME}/{t}:test" for t in targets])
    finish()


main()

# SPDX-License-Identifier: Apache-2.0
"""Files change at random while the reader is killed at random: in the end the agent knows what a fresh one reads."""
import json
import os
import random
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from agent import AGENT, Agent, config
from vigil import AMF, check, directory, finish, write

ROUNDS = 8
KILLS = 4  # in a row, each before anything was read, they hold the next start back by 8 s and a bit
FILES = 5


def act(rng, root):
    """One change: write, replace, remove, break, or move a directory away and back."""
    name = f"etc/{rng.randrange(FILES)}/amf.yaml"
    text = AMF.replace("NEA2, NEA1", rng.choice(["NEA0", "NEA1", "NEA2", "NEA1, NEA0"]))
    what = rng.randrange(5)
    if what == 0:
        write(root, name, text)
    elif what == 1:
        write(root, name + ".tmp", text)
        os.rename(os.path.join(root, name + ".tmp"), os.path.join(root, name))
    elif what == 2 and os.path.exists(os.path.join(root, name)):
        os.unlink(os.path.join(root, name))
    elif what == 3:
        write(root, name, "amf: [\n")
    elif what == 4 and os.path.isdir(os.path.dirname(os.path.join(root, name))):
        at = os.path.dirname(os.path.join(root, name))
        os.rename(at, at + ".away")
        os.rename(at + ".away", at)


def revisions(path):
    """id -> revision of a fresh reading."""
    p = subprocess.run([AGENT, "--once", "--config", path], capture_output=True, timeout=120, check=False)
    facts = json.loads(p.stdout)["x1818-facts:facts"]
    return {nf["id"]: nf["config"]["revision"] for nf in facts.get("nf", [])}


def known(lines):
    """id -> revision as the lines tell it, without what was removed."""
    state = {}
    for e in lines:
        if e.get("event") == "section" and e["change"] == "removed":
            state.pop(e["id"], None)
        elif e.get("event") == "section":
            state[e["id"]] = e["revision"]
    return state


def main(seed):
    rng = random.Random(seed)
    with directory() as d:
        root = os.path.join(os.path.realpath(d), "root")
        for i in range(FILES):
            write(root, f"etc/{i}/amf.yaml", AMF)
        path = write(d, "agent.yaml", config(root, ["{config: /etc, interval: 3600}"]))
        a = Agent(path)
        try:
            gather = a.wait(event="gather", ready=True)
            kills = 0
            for _ in range(ROUNDS):
                for _ in range(rng.randrange(1, 6)):
                    act(rng, root)
                if gather and kills < KILLS and rng.random() < 0.6:
                    kills += 1
                    os.kill(gather["pid"], signal.SIGKILL)
                    for _ in range(rng.randrange(3)):
                        act(rng, root)
                    check(a.wait(event="gather", ready=False), "the death of the reader is not told")
                    gather = a.wait(event="gather", ready=True)
                    check(gather is not None, "the reader does not come back")
            # All files good, so that nothing stays in doubt; the last one marks the end.
            for i in range(FILES):
                write(root, f"etc/{i}/amf.yaml", AMF.replace("test-amf", f"amf-{i}"))
            want = revisions(path)
            check(len(want) == FILES, f"a fresh reading knows {sorted(want)}")
            while known(a.seen) != want:
                if not check(a.wait(event="section"), f"it ends with {known(a.seen)}, not {want}; {list(a.messages.queue)[-6:]} {a.seen[-5:]}"):
                    break
            check(a.stop() == 0, "SIGTERM does not end it well")
        finally:
            a.stop()


SEED = int(os.environ.get("SEED", "1"))
print(f"seed {SEED}")
main(SEED)
finish()

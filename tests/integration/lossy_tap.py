# SPDX-License-Identifier: Apache-2.0
"""What a tap does not see is no attack, and no proof of health: lossy, one-directional and late captures of benign traffic."""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
import attacks
from vigil import check, directory, finish, ip, scan

CONTROLS = {a.control for a in attacks.all_attacks()}


def judge(d, steps, what):
    report = scan("-r", attacks.pcap(os.path.join(d, "x.pcap"), steps), "--vantage", "link")
    left = sorted((v["control"], v["target"], v["message"]) for v in report["verdicts"]
                  if v["verdict"] == "fail" and v["control"] in CONTROLS)
    check(not left, f"{what}: {left}")
    return report


def verdict(report, control):
    return {v["verdict"] for v in report["verdicts"] if v["control"] == control}


def port(step):
    return struct.unpack("!H", step.data[36:38])[0] if step.data[23] == 17 else 0


def is_message(step):
    """A DATA chunk, or PFCP."""
    return port(step) == 8805 or (step.data[23] == 132 and step.data[46] == 0)


def sent_by(step, *addresses):
    return step.data[26:30] in [ip(a) for a in addresses]


n4, n2 = attacks.benign_n4(), attacks.benign_n2()
with directory() as d:
    whole = judge(d, n4 + n2, "whole")
    check(verdict(whole, "SA-UP-07") == {"pass"}, "a whole capture of N3 and N4 passes")
    check(verdict(whole, "SA-NAS-05") == {"pass"}, "a whole capture of N2 passes")

    for seed in range(12):
        rng = random.Random(seed)
        for share in (0.01, 0.1):
            for name, steps, control in (("N4", n4, "SA-UP-07"), ("N2", n2, "SA-NAS-05")):
                judge(d, [s for s in steps if rng.random() >= share], f"{name}, {share} lost, seed {seed}")

    # One message lost: N4 is not whole any more, whichever it is.
    for k in [i for i, s in enumerate(n4[:-2]) if is_message(s)][::5]:
        r = judge(d, n4[:k] + n4[k + 1:], f"N4 without frame {k + 1}")
        check(verdict(r, "SA-UP-07") == {"unknown"}, f"N4 without frame {k + 1}: {verdict(r, 'SA-UP-07')}")
    for k in [i for i, s in enumerate(n2[8:-2], 8) if is_message(s)][::3]:
        judge(d, n2[:k] + n2[k + 1:], f"N2 without frame {k + 1}")

    for ends in ((attacks.SMF, attacks.GNB), (attacks.UPF, attacks.UPF_N3)):
        r = judge(d, [s for s in n4 if sent_by(s, *ends)], f"N4 from {ends[0]} only")
        check("pass" not in verdict(r, "SA-UP-07"), f"N4 from {ends[0]} only passes")
    for end in (attacks.AMF, attacks.GNB_N2):
        r = judge(d, [s for s in n2 if sent_by(s, end)], f"N2 from {end} only")
        check("pass" not in verdict(r, "SA-NAS-05") | verdict(r, "SA-NAS-04"), f"N2 from {end} only passes")

    for k in range(1, len(n4), 17):
        r = judge(d, n4[k:], f"N4 from frame {k + 1} on")
        check(k < 2 or "pass" not in verdict(r, "SA-UP-07"), f"N4 from frame {k + 1} on passes")
    for k in range(1, len(n2), 7):
        judge(d, n2[k:], f"N2 from frame {k + 1} on")

    # An attacker whose victim was not seen from its start is not accused by what we do not know.
    late = attacks.unknown_teid()
    judge(d, late.steps[2:], "unknown TEIDs, association not seen")
finish()

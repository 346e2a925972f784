#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ncclient over SSH pages through 100,000 findings while people acknowledge some of them: none is missing and none comes
twice for nothing, in both orders; and what a page costs the server."""
import os
import random
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from north import Place, need, served  # noqa: E402

need("ncclient", "python3-ncclient")
from ncclient import manager  # noqa: E402
from ncclient.xml_ import to_ele  # noqa: E402

from netconf import FINDINGS, Session, leaf, leaves  # noqa: E402
from vigil import check, directory, finish  # noqa: E402

FINDINGS_MADE, PROBLEMS, PAGE = 100_000, 100, 2000
CHANGES = 10  # after each page, of findings that were on a page, and as many of others
GOAL_MS = 30
BATCH = f'<query xmlns="{FINDINGS}">%s<limit>%d</limit>%s</query>'


def cpu_ms(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[0]) / 1e6


def pages(ask, more="", size=PAGE):
    """One page after the other, as text, to the last."""
    cursor = ""
    while True:
        page = ask(BATCH % (cursor, size, more))
        yield page
        cursor = f"<cursor>{leaf(page, 'next')}</cursor>"
        if leaf(page, "more") != "true":
            return


class People:
    """Who acknowledges, by a session of their own, never one finding twice."""

    def __init__(self, place):
        self.session = Session("--config", place.config)
        self.session.hello()
        self.random = random.Random(1)
        self.every, self.open = [], []
        for page in pages(self.session.rpc, "<order>id</order>", 5000):
            ids, states = leaves(page, "id"), leaves(page, "state")
            self.every += ids
            self.open += [i for i, s in zip(ids, states) if s == "open"]
        self.random.shuffle(self.open)
        self.refused = 0

    def acknowledge(self, fits):
        """Up to CHANGES open findings that fit; those that were changed."""
        chosen = []
        for i in list(self.open):
            if len(chosen) == CHANGES:
                break
            if fits(i):
                chosen.append(i)
                self.open.remove(i)
        for i in chosen:
            self.refused += "<ok/>" not in self.session.rpc(f'<acknowledge xmlns="{FINDINGS}"><id>{i}</id></acknowledge>')
        return chosen


def walk(noc, people, pid, order):
    """All pages with changes between them: ({id: [change, ...]}, {id: state}, ids changed before and after they were seen)."""
    seen, states, before, after, cost, total = {}, {}, [], [], [], None
    start = cpu_ms(pid)
    for page in pages(lambda q: noc.dispatch(to_ele(q)).xml, f"<order>{order}</order>"):
        cost.append(cpu_ms(pid) - start)
        total = total or int(leaf(page, "total"))
        for i, change, state in zip(leaves(page, "id"), leaves(page, "change"), leaves(page, "state"), strict=True):
            seen.setdefault(i, []).append(int(change))
            states[i] = state
        if len(cost) < FINDINGS_MADE // PAGE:
            after += people.acknowledge(lambda i: i in seen)
            before += people.acknowledge(lambda i: i not in seen)
        start = cpu_ms(pid)
    print(f"order of {order}: {len(cost)} pages of {PAGE}, median {statistics.median(cost):.1f} ms, worst {max(cost):.1f} ms of "
          f"server time (goal {GOAL_MS}), {len(before)} changes ahead and {len(after)} behind")
    check(total == len(people.every) >= FINDINGS_MADE, f"{order}: the first page counts {total}, there are {len(people.every)}")
    check(set(seen) == set(people.every), f"{order}: {len(set(people.every) - set(seen))} are missing, "
          f"{len(set(seen) - set(people.every))} are strange")
    check(people.refused == 0, f"{order}: {people.refused} acknowledgements were refused")
    check(min(len(before), len(after)) > FINDINGS_MADE // PAGE, f"{order}: enough changed: {len(before)}, {len(after)}")
    tenth = max(len(cost) // 10, 1)
    check(statistics.median(cost[-tenth:]) <= 5 * statistics.median(cost[:tenth]), f"{order}: the last pages cost more than the first: {cost}")
    return seen, states, before, after


def main():
    with directory() as d:
        place = Place(d, FINDINGS_MADE, PROBLEMS)
        try:
            place.start_collector()
            people = People(place)
            mine = set(served(place))
            with manager.connect(**place.start_sshd()) as noc:
                pid = next(p for p in served(place) if p not in mine)
                # A list that stands still: each exactly once, whatever happens to it meanwhile.
                seen, states, before, after = walk(noc, people, pid, "id")
                check(all(len(c) == 1 for c in seen.values()), "order of id: each comes once")
                check(all(states[i] == "acknowledged" for i in before), "what changed ahead is shown as it is")
                check(all(states[i] == "open" for i in after), "what changed behind was shown as it was")
                # A list of changes: what changes behind the reader comes again, with its new number, and nothing else does.
                seen, states, before, after = walk(noc, people, pid, "change")
                again = {i for i, c in seen.items() if len(c) > 1}
                check(again == set(after), f"order of change: {len(again)} came again, {len(after)} changed behind the reader")
                check(all(c == sorted(set(c)) and len(c) <= 2 for c in seen.values()), "each time with a higher number")
                check(all(states[i] == "acknowledged" for i in before + after), "and all are shown as they are in the end")
                numbers = [n for c in seen.values() for n in c]
                check(len(numbers) == len(set(numbers)), "no two changes have one number")
            people.session.close()
        finally:
            place.close()
    finish()


main()

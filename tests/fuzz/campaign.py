"""The long campaign: ``python tests/fuzz/campaign.py N [SEED] [scenarios|inputs]``.

Draws N valid scenarios and runs them, and N broken inputs and gives them to the command line. Counts what
ran, what was refused and what went wrong; prints every distinct fault once, with a reproduction made as
small as it gets. Exit code 1 where there was any fault.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.fuzz.broken import break_something, mutated
from tests.fuzz.scenarios import Json, arm_steps, draw_scenario
from tests.fuzz.trials import Fault, days_of, shortest, try_broken, try_scenario

TWICE_EVERY = 3  # of the runs of two days, held against the run of the first


class Tally:
    """What a campaign has seen."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()

    def note(self, answer: str, faults: list[Fault]) -> list[Fault]:
        """Count an answer; the faults that have not been seen before."""
        self.answers[answer] += 1
        new = [each for each in faults if each.signature not in self.faults]
        self.faults.update({each.signature: 1 for each in faults})
        self.answers.update({each.kind: 1 for each in faults})
        return new

    def told(self, what: str) -> None:
        """Print the counts."""
        print(
            f"\n{what}: " + ", ".join(f"{number} {answer}" for answer, number in self.answers.most_common())
        )
        for signature, number in self.faults.most_common():
            print(f"  {number:5d}  {signature}")


def scenarios(n: int, seed: str) -> int:
    """Run random valid scenarios; how many distinct faults there were."""
    tally = Tally()
    shown: dict[str, tuple[Fault, Json, bool]] = {}
    for number in range(n):
        data = draw_scenario(Random(f"{seed}-{number}"))
        twice = days_of(data) == 2 and number % TWICE_EVERY == 0
        answer, faults = try_scenario(data, twice=twice)
        for fault in tally.note(answer, faults):
            print(f"\nscenario {number}: {fault.kind} {fault.where}\n  {fault.text}", flush=True)
        for fault in faults:
            known = shown.get(fault.signature)
            if known is None or arm_steps(data) < arm_steps(known[1]):
                shown[fault.signature] = fault, data, twice
    tally.told("valid scenarios")
    for fault, data, twice in shown.values():
        print(f"\n{fault.kind} {fault.where}: {fault.text}", flush=True)
        small = json.dumps(data, ensure_ascii=False) if fault.kind == "slow" else shortest(data, fault, twice)
        print(f"  {small}", flush=True)
    return len(tally.faults)


def inputs(n: int, seed: str) -> int:
    """Give broken inputs to the command line; how many distinct faults there were."""
    tally = Tally()
    for number in range(n):
        with tempfile.TemporaryDirectory(prefix="v2gcity-fuzz-") as place:
            broken = break_something(Random(f"{seed}-{number}"), Path(place))
            began = time.perf_counter()
            for fault in tally.note(*try_broken(broken, Path(place))):
                command = " ".join(each[:80] for each in broken.arguments)
                print(
                    f"\ninput {number}: {fault.kind} {fault.where}\n  {fault.text}\n  {broken.way!r}: {command!r}",
                    flush=True,
                )
            if time.perf_counter() - began > 5.0:
                print(f"input {number} took {time.perf_counter() - began:.0f} s: {broken.way!r}", flush=True)
        data = mutated(Random(f"{seed}-{number}"))
        for fault in tally.note(*try_scenario(data, only_load=True)):
            print(f"\nmapping {number}: {fault.kind} {fault.where}\n  {fault.text}\n  {data}", flush=True)
    tally.told("broken inputs")
    return len(tally.faults)


def main() -> None:
    """Run the campaign."""
    if len(sys.argv) < 2 or not sys.argv[1].isdecimal():
        sys.exit(__doc__)
    n, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "1"
    only = sys.argv[3] if len(sys.argv) > 3 else ""
    found = 0
    if only != "scenarios":
        found += inputs(n, seed)
    if only != "inputs":
        found += scenarios(n, seed)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

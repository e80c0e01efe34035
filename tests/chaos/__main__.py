"""The local fault suite: `smoke` is disturbed and started again, and its tables must be those of an undisturbed run.

    python -m tests.chaos [--rounds 10] [--seed 0] [--only WORDS]

Every round of a case begins with a copy of a finished run. A fault is made; then the same two commands are given until
both end with success. `rounds` is the number of kills at random moments; every other case has one round, and each kind
of file a tenth as many. The exit status is 1 if a case needed anything by hand, or gave another number.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from snn.core.errors import InputError
from tests.chaos import damage, disk, kills, permissions, surroundings, together
from tests.chaos.campaign import TRIES, Campaign, Fault, Skipped, copy, undisturbed

ROUNDS = 10
MEMORY = (600, 1200, 2400)  # MB


class Case(NamedTuple):
    """A fault, and how many rounds of it are made."""

    name: str
    fault: Fault
    rounds: int


class Outcome(NamedTuple):
    """How a round ended; `tries`: how often the same commands were given, None if that did not help."""

    case: str
    told: str
    tries: int | None
    wrong: str
    message: str

    @property
    def held(self) -> bool:
        """Whether nothing was needed by hand, and no number moved."""
        return self.tries is not None and not self.wrong


def cases(rounds: int) -> Iterator[Case]:
    """All cases."""
    for name, fault in (("head", kills.head), ("group", kills.group), ("job", kills.job)):
        yield Case(f"SIGKILL of the {name}", fault, -(-rounds // 3))
    yield Case("SIGKILL of the head at the mark", kills.at_the_mark, -(-rounds * 2 // 5))
    few = -(-rounds // 10)
    for names, faults in (
        (damage.CHECKPOINTS, damage.of_a_training),
        (damage.LOCKS, damage.of_a_killed_head),
        (damage.KINDS, damage.finished),
    ):
        yield from (Case(f"damaged: {name}", faults(name), few) for name in names)
    yield from (Case(f"full disk: {stage}", disk.full(stage), few) for stage in disk.STAGES)
    for name in permissions.FOLDERS:
        yield Case(f"read-only: {name}", permissions.read_only(name), 1)
        yield Case(f"of another user: {name}", permissions.read_only(name, foreign=True), 1)
    yield Case("two heads", together.two_heads, few)
    yield Case("the same job twice", together.the_same_job_twice, few)
    yield Case("clock", surroundings.clock, few)
    yield from (Case(f"ulimit -v {size} MB", surroundings.address_space(size), 1) for size in MEMORY)


def attempt(case: Case, number: int, seed: int, original: Campaign, folder: Path) -> Outcome:
    """One round of a case, in a copy of its own; what is drawn follows from seed, case and number."""
    campaign = copy(original, folder / "tree")
    tries: int | None = 0
    try:
        told = case.fault(campaign, random.Random(f"{seed} {case.name} {number}"))
        tries = campaign.recover()
    except Skipped as reason:
        told = f"skipped: {reason}"
    finally:
        campaign.kill_all()
        for undo in campaign.undo:
            undo()
    message = campaign.messages[-1] if campaign.messages else ""
    return Outcome(case.name, told, tries, ", ".join(dict.fromkeys(campaign.wrong)), message)


def table(outcomes: list[Outcome]) -> str:
    """A table in Markdown, with a row per case."""
    lines = ["| case | rounds | commands given again | by hand | wrong number | message |", "|---" * 6 + "|"]
    for case in dict.fromkeys(outcome.case for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.case == case]
        lost = sum(outcome.tries is None for outcome in own)
        tries = max((outcome.tries or 0 for outcome in own), default=0)
        by_hand = f"in {lost}" if lost else "skipped" if tries == 0 else "never"
        wrong = "; ".join(outcome.wrong for outcome in own if outcome.wrong) or "never"
        message = next((o.message for o in own if not o.held), next((o.message for o in own if o.message), own[0].told))
        cells = (case, len(own), tries, by_hand, wrong, message.replace("|", "\\|")[:160])
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", default="", help=f"kills at random moments, {ROUNDS} by default")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn; moments differ in any case")
    parser.add_argument("--only", default="", help="only cases whose names contain this")
    options = parser.parse_args()
    if options.rounds and not (options.rounds.isdecimal() and int(options.rounds)):
        error = InputError("--rounds", f"{options.rounds} is no number of rounds", "give 1 or more")
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    chosen = [case for case in cases(int(options.rounds or ROUNDS)) if options.only in case.name]
    rounds = [(case, number) for case in chosen for number in range(case.rounds)]
    outcomes, started = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as home:
        original = undisturbed(Path(home).resolve())
        for i, (case, number) in enumerate(rounds, start=1):
            with tempfile.TemporaryDirectory(dir=home) as folder:
                outcome = attempt(case, number, options.seed, original, Path(folder).resolve())
            outcomes.append(outcome)
            how = (
                "skipped" if outcome.tries == 0 else f"{outcome.tries or f'more than {TRIES}'} times the same commands"
            )
            state = "held" if outcome.held else f"FAILED {outcome.wrong}"
            state += f"; {outcome.message}" if outcome.message and outcome.tries != 1 else ""
            after = f"{time.monotonic() - started:.0f} s"
            print(f"[{i}/{len(rounds)}, {after}] {case.name} ({outcome.told}): {how}, {state}", flush=True)
    print(f"\n{table(outcomes)}\n\n{sum(o.held for o in outcomes)} of {len(outcomes)} rounds held, seed {options.seed}")
    return 0 if all(outcome.held for outcome in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())

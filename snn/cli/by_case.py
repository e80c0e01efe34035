"""The cases of README, and the places of each: a set of tables, and what is first there. No torch."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from snn.cli.evidence import answer_of
from snn.config import params
from snn.pipeline import record
from snn.pipeline.settings import DEFAULT_EXPERIMENT
from snn.report import cases, standings
from snn.report.place import Place
from snn.report.words import listed

FEW_SEEDS = ("cifar10-approx93_quick", "nmnist-1000-100_quick")
CHIPS = ("hardware_digits", "hardware")  # with every kind of chip, with calibrators, targets and fine-tuning
MOST_CHIPS = (DEFAULT_EXPERIMENT, "hardware")  # with most chips of a seed as manufactured, of mismatch alone
DATA = {"digits": "digits", "fashion_mnist": "a tenth of Fashion-MNIST"}  # columns of README, by data set


class Case(NamedTuple):
    """A case in words, and its places: experiments, and how their rows of answer.md begin."""

    words: str
    places: tuple[tuple[str, str], ...]


def _on_chips(words: str, way: str, noise: str, sets: Sequence[str] = CHIPS) -> Case:
    return Case(words, tuple((name, f"{way}, {noise} at level") for name in sets))


CASES = (
    Case(
        "no faults, batch norm possible",
        tuple((name, standings.CLEAN) for name in (DEFAULT_EXPERIMENT, "claims_fashion", "matched_norm", *FEW_SEEDS)),
    ),
    Case("no faults, no norm", tuple((name, standings.CLEAN) for name in ("matched", "matched_fashion"))),
    _on_chips("mismatch, as manufactured", standings.MANUFACTURED, "mismatch", MOST_CHIPS),
    _on_chips("4 bits and mismatch, as manufactured", standings.MANUFACTURED, "analog_chip"),
    _on_chips("mismatch, calibrated", standings.CALIBRATED, "mismatch"),
    _on_chips("4 bits and mismatch, calibrated", standings.CALIBRATED, "analog_chip"),
    _on_chips("mismatch, fine-tuned on simulated chips", standings.FINE_TUNED, "mismatch"),
)


class At(NamedTuple):
    """A place: a set of tables, and what is first there."""

    tables: record.TablesOnRecord
    row: standings.Row

    @property
    def level(self) -> str:
        """The level of its chips; empty for clean networks."""
        return self.row.where.partition(" at level ")[2]

    @property
    def noise(self) -> str:
        """The noise of its chips; empty for clean networks."""
        return self.row.where.partition(" at level ")[0].rpartition(", ")[2] if self.level else ""

    @property
    def chips(self) -> str:
        """Noise and level of its chips."""
        return f"{self.noise} {self.level}"

    @property
    def mean(self) -> float:
        """The mean of the first rule."""
        return float(self.row.first.split()[1])

    @property
    def seeds(self) -> int:
        """The seeds of the first rule."""
        return int(self.row.first.rpartition("(")[2].split()[0])

    @property
    def evidence(self) -> cases.Evidence:
        """What a case rests on here."""
        return cases.Evidence(self.tables.name, self.level, self.row)

    @property
    def place(self) -> Place:
        """Where `recommend` and `versus` look for it."""
        if not self.level:
            return Place(None, 0.0)
        calibrated = self.row.where.startswith(standings.CALIBRATED)
        tuned = self.row.where.startswith(standings.FINE_TUNED)
        return Place(self.noise, float(self.level), calibrated=calibrated, noise_aware=tuned)

    @property
    def dataset(self) -> str:
        """The data set of its experiment."""
        return params.load("experiments", self.tables.name).dataset


Places = Mapping[Case, Sequence[At]]


class Take(NamedTuple):
    """The rules to take, none if it depends on the data; and on which that is open, as another has the highest mean.

    `firsts`: the rule with the highest mean, by data set.
    """

    rules: Sequence[str]
    open_on: Sequence[str]
    firsts: Mapping[str, str]

    @property
    def words(self) -> str:
        """What to take, in Markdown."""
        if not self.rules:
            return ", ".join(f"**{rule}** on {DATA[data]}" for data, rule in self.firsts.items()) or cases.IT_DEPENDS
        told = cases.words(self.rules)
        return f"{told}, open on {self.where}" if self.open_on else told

    @property
    def where(self) -> str:
        """The data on which it is open."""
        return listed([DATA[data] for data in self.open_on])


def by_level(places: Sequence[At]) -> Iterator[tuple[str, Take, dict[str, At]]]:
    """Every level of a case with what to take there, and its first place on every data set of README."""
    rules = cases.rules([at.evidence for at in places])
    for level in dict.fromkeys(at.level for at in places):
        here = {at.dataset: at for at in reversed(places) if at.level == level and at.dataset in DATA}
        own, taken = {data: here[data] for data in DATA if data in here}, rules.get(level, ())
        firsts = {data: at.row.no_worse[0] for data, at in own.items()}
        yield level, Take(taken, [data for data, rule in firsts.items() if taken and rule not in taken], firsts), own


def places_of(shown: Mapping[str, record.TablesOnRecord]) -> Places:
    """The places of every case that has a report here."""
    found = {
        case: [
            At(shown[name], row) for name, where in case.places for row in standings.read(answer_of(shown[name]), where)
        ]
        for case in CASES
    }
    return {case: places for case, places in found.items() if places}

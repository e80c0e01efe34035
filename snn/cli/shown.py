"""The sets of tables that README and docs show, and what is read off them, once. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from snn.cli import two_rules
from snn.cli.by_case import Places, places_of
from snn.cli.sets import Tables
from snn.pipeline import record


@dataclass(frozen=True)
class Shown:
    """Sets of tables on record, by experiment."""

    tables: Mapping[str, record.TablesOnRecord]

    @cached_property
    def sets(self) -> dict[str, Tables]:
        """Their rows, as commands that compare rules read them."""
        return {name: Tables(found) for name, found in self.tables.items()}

    @cached_property
    def places(self) -> Places:
        """The places of every case."""
        return places_of(self.tables)

    @cached_property
    def compared(self) -> list[two_rules.Row]:
        """The two rules of README's answer side by side."""
        return two_rules.rows(self.places, self.sets)

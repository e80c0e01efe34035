"""Collected tables and report -> the page of an experiment, an HTML file that git ignores. No run, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snn.config.layers import described
from snn.core import files
from snn.core.errors import InputError
from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.data import shapes
from snn.page.library import bundle_file
from snn.page.sources import FILES, PACKAGE
from snn.pipeline.job import Job

if TYPE_CHECKING:
    from snn.page.write import Written
    from snn.pipeline.jobs.report import Report

pages = lazy("snn.page.write")


@dataclass(frozen=True, eq=False)
class Page(Job):
    """The page of an experiment, beside the folder of its report; a stamp beside it is named by the digest.

    `mark`: why the tables are stale, or empty.
    """

    stage = "page"
    report: Report
    mark: str = ""

    @property
    def results(self) -> tuple[str, ...]:
        return (f"{self.report.name}.html",)

    @property
    def parents(self) -> dict[str, Job]:
        return {"report": self.report}

    @property
    def inputs(self) -> list[Path]:
        return [*self.report.collect.outputs, *self.report.outputs]

    @property
    def reads(self) -> Sequence[Path]:
        return [*(PACKAGE / name for name in FILES), bundle_file()]

    @property
    def document(self) -> dict[str, Any]:
        """Its texts that enter no other digest; the parameters of runs are in the digests of these."""
        return {
            "experiment": self.report.name,
            "question": self.report.experiment.source,
            "mark": self.mark,
        }

    @property
    def place(self) -> str:
        return "results/report"

    @property
    def outputs(self) -> list[Path]:
        return [self.html, self.stamp_file]

    @property
    def html(self) -> Path:
        """The page."""
        return self.folder / self.results[0]

    @property
    def stamp_file(self) -> Path:
        """Its stamp."""
        return self.folder / f"{self.report.name}.{self.digest}.stamp"

    @property
    def log(self) -> Path:
        return Path("logs/report", self.report.name, "page.log")

    @cached_property
    def documents(self) -> dict[str, Any]:
        """Today's parameters of every run but the seed, by the digest of the run."""
        runs = [evaluation.run for evaluation in self.report.collect.evaluations]
        return {run.digest: {k: v for k, v in run.document.items() if k != "seed"} for run in runs}

    @property
    def network(self) -> str:
        """The layers of the network in words, for this data set."""
        train = self.report.collect.evaluations[0].run
        dataset = train.data.dataset
        return described(train.network.layers, shapes.outputs(dataset), dataset.input_shape)

    def make(self, out: Path, observer: Observer) -> None:
        """Write the page, and replace its stamp last; `out` is not used, since one file is written as a whole."""
        files.write(self.html, self.written.html)
        for old in self.folder.glob(f"{self.report.name}.*.stamp"):
            files.remove(old)
        files.write_json(self.stamp_file, {self.html.name: files.sha256(self.html)})

    @cached_property
    def written(self) -> Written:
        """The page, from tables and report that their stamps prove; raises InputError if the report is not today's."""
        if not self.report.stamp_file.exists():
            again = f"make it again: python -m snn report --experiment {self.report.name}"
            raise InputError(self.report.folder, "was not made by today's code from these tables", again)
        self.report.verify(self.report.digest)
        made = pages.Made(
            self.report.parent_digests["collect"], self.report.digest, self.mark, self.documents, self.network
        )
        return pages.page(self.report.found(), self.report.folder, made)

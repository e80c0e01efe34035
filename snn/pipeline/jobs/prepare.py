"""Raw data -> tensors. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snn import config
from snn.config import params
from snn.core.lazy import lazy
from snn.core.observer import Observer
from snn.pipeline.job import Job

prepare, results = lazy("snn.data.prepare"), lazy("snn.pipeline.results")


@dataclass(frozen=True, eq=False)
class Prepare(Job):
    """Training and validation data in one file, test data in another."""

    stage = "prepare"
    results = ("test.safetensors", "train.safetensors")
    name: str
    dataset: config.Dataset

    @property
    def modules(self) -> tuple[str, ...]:
        return (*super().modules, f"snn.data.loaders.{self.dataset.loader}")

    @property
    def document(self) -> dict[str, Any]:
        files = [file.hashed("name", "md5", "sha256") for file in self.dataset.files]
        return {**self.dataset.hashed(but=("source", "augment", "raw")), "files": files}

    @property
    def reads(self) -> Sequence[Path]:
        loader = params.load_plugin("data.loaders", self.dataset.loader, self.name)
        return loader.reads(self.dataset.options) if hasattr(loader, "reads") else ()

    @property
    def inputs(self) -> list[Path]:
        """The released files. Once the data are prepared, they may be removed and are not downloaded again."""
        return [self.raw / file.name for file in self.dataset.files]

    @property
    def place(self) -> str:
        return f"data/prepared/{self.name}/*"

    @property
    def raw(self) -> Path:
        """The folder of the released files."""
        return Path("data/raw", self.dataset.raw)

    @property
    def training_file(self) -> Path:
        """The only data that training, calibration and tuning may see."""
        return self.folder / "train.safetensors"

    @property
    def test_file(self) -> Path:
        """The data that only `evaluate` reads."""
        return self.folder / "test.safetensors"

    def make(self, out: Path, observer: Observer) -> None:
        loader = params.load_plugin("data.loaders", self.dataset.loader, self.name)
        results.finish(self, out, lambda: prepare.run(self, loader, out, observer))

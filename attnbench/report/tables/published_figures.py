"""Published figures, each with its protocol."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from attnbench.record import Record


@dataclass(frozen=True)
class Published:
    """One figure of the literature: its BLEU, how it was measured, and its source."""

    task: dict[str, Any]  # keys of a job's task that make the figure comparable
    system: str
    bleu: float
    protocol: str
    source: str
    parameters: float | None = None

    def concerns(self, record: Record) -> bool:
        """Whether a job was evaluated on the data of this figure."""
        config = record.config.get("task") or {}
        target = str(config.get("_target_", "")).rpartition(".")[2]
        return self.task.items() <= (config | {"target": target}).items()


def published(records: Iterable[Record]) -> Iterator[Published]:
    """The figures that concern any of the records, in the order of their file."""
    records = [record for record in records if record.quality]
    text = resources.files("attnbench.report.tables").joinpath("published_figures.toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(text)["figure"]:
        figure = Published(**entry)
        if any(figure.concerns(record) for record in records):
            yield figure

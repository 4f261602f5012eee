"""Published figures, each with its protocol."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources

from attnbench.record import Record


@dataclass(frozen=True)
class Published:
    """One figure of the literature: its value as printed, how it was measured, and its source."""

    measure: str
    system: str
    value: str
    protocol: str
    source: str
    task: dict[str, str] = field(default_factory=dict)  # keys of a job's task that make the figure comparable

    def concerns(self, record: Record) -> bool:
        """Whether a job was evaluated on the data of this figure. A figure without a task stands beside any job."""
        config = record.config.get("task") or {}
        target = str(config.get("_target_", "")).rpartition(".")[2]
        return self.task.items() <= ({key: str(value) for key, value in config.items()} | {"target": target}).items()


def published(records: Iterable[Record], measures: Iterable[str]) -> Iterator[Published]:
    """The figures of these measures that concern any of the records, in the order of their file."""
    records, wanted = list(records), set(measures)
    text = resources.files("attnbench.report.tables").joinpath("published_figures.toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(text)["figure"]:
        figure = Published(**entry)
        if figure.measure in wanted and any(figure.concerns(record) for record in records):
            yield figure

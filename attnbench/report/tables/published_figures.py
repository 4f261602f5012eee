"""Published figures, to stand beside ours with the protocol of each."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib import resources

from attnbench.record import Record


@dataclass(frozen=True)
class Published:
    """One figure of the literature: as printed there, how it was measured, and who printed it."""

    measure: str
    system: str
    value: str
    protocol: str
    source: str
    task: dict[str, str] = field(default_factory=dict)  # what a job's task must be for the figure to be comparable

    def concerns(self, record: Record) -> bool:
        """Whether the job was judged on the data of this figure; one without a task stands beside any."""
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

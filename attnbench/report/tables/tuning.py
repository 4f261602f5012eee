"""How each mechanism was tuned, and whether its trainings converged."""

from collections.abc import Iterator
from statistics import median

from attnbench.report.document import CellValue, Column, Table, fixed, without_empty
from attnbench.report.study.frames import by_condition
from attnbench.report.study.study import Study
from attnbench.report.study.tuning import Tuning, key_name, tuned_keys
from attnbench.report.tables.quality import PLACES


def trainings(study: Study) -> Iterator[Table]:
    """A row for each mechanism and condition: its trials, what was chosen, its trainings."""
    tunings = {(each.condition, each.mechanism): each for each in study.tunings}
    keys = tuned_keys(study.tunings)
    trained: dict[tuple[str, str], list[int]] = {}
    converged: dict[tuple[str, str], int] = {}
    for record, mechanism, condition in zip(study.records, study.mechanism, study.condition, strict=True):
        if record.training:
            place = condition, mechanism
            trained.setdefault(place, []).append(record.training.updates)
            converged[place] = converged.get(place, 0) + record.training.converged
    rows: list[tuple[CellValue, ...]] = []
    for condition, here in by_condition(study.history):
        for mechanism in study.shown(here):
            place = condition, mechanism
            updates = trained[place]
            ends = f"{converged[place]} of {len(updates)}"
            rows.append((mechanism, condition, *_trials(tunings.get(place), keys), median(updates), ends))
    if not rows:
        return
    columns = (
        *PLACES,
        Column("Trials", fixed(0)),
        Column("Trial BLEU, lowest", fixed(1)),
        Column("highest", fixed(1)),
        *(Column(f"Chosen {key_name(key)}") for key in keys),
        Column("Updates", fixed(0)),
        Column("Converged"),
    )
    tuned = (
        " A trial is a training with another seed, judged by BLEU on the validation set. The jobs were trained with "
        "the values of the best trial. *: the best value is the lowest or the highest that was tried."
    )
    caption = (
        "How the mechanisms were trained. Converged: trainings that ended because the validation no longer got better. "
        f"The others ended at a bound. Updates are medians.{tuned if study.tunings else ''}"
    )
    yield without_empty(Table("trainings", caption, columns, tuple(rows)))


def _trials(tuning: Tuning | None, keys: list[str]) -> tuple[CellValue, ...]:
    if tuning is None:
        return (None,) * (3 + len(keys))
    scores = [trial.bleu for trial in tuning.trials if trial.bleu is not None]
    values = (_chosen(tuning, key) for key in keys)
    return len(tuning.trials), min(scores, default=None), max(scores, default=None), *values


def _chosen(tuning: Tuning, key: str) -> str | None:
    value = tuning.chosen.get(key)
    if value is None:
        return None
    return f"{value:g}{' *' if tuning.at_edge(key) else ''}" if isinstance(value, float) else str(value)

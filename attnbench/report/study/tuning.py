"""The tuning of a sweep: the trials of each mechanism in each condition, and what was chosen among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from attnbench.record import Factor, Record

Place = tuple[str, str]  # mechanism, condition


@dataclass(frozen=True)
class Trial:
    """One trial: a value for each tuned key, and how good it was on the validation set. BLEU is None if it failed."""

    values: Mapping[str, Factor]
    bleu: float | None
    converged: bool


@dataclass(frozen=True)
class Tuning:
    """The trials of one mechanism in one condition. `chosen` are the values that its jobs were trained with."""

    mechanism: str
    condition: str
    trials: tuple[Trial, ...]
    chosen: Mapping[str, Factor]

    @cached_property
    def keys(self) -> list[str]:
        return list(self.chosen or self.trials[0].values)

    def curve(self, key: str) -> dict[float, float]:
        """BLEU by the value of a numeric key, in rising order: the best over the values of the other keys."""
        found: dict[float, float] = {}
        for trial in self.trials:
            value = _number(trial.values.get(key))
            if value is not None and trial.bleu is not None:
                found[value] = max(trial.bleu, found.get(value, trial.bleu))
        return dict(sorted(found.items()))

    def at_edge(self, key: str) -> bool:
        """Whether the chosen value of a numeric key is the lowest or the highest that was tried, and was better."""
        if len({trial.bleu for trial in self.trials}) < 2:
            return False
        numbers = (_number(trial.values.get(key)) for trial in self.trials)
        tried = sorted(number for number in numbers if number is not None)
        return len(tried) > 1 and self.chosen.get(key) in (tried[0], tried[-1])


def tunings(trials: Sequence[Record], trial_places: Sequence[Place], jobs: Mapping[Place, Record]) -> list[Tuning]:
    """The tuning of each place that has trials.

    Args:
        trials: records of trials.
        trial_places: of each of them.
        jobs: a job that was trained at what was chosen, by place.
    """
    found: dict[Place, list[Trial]] = {}
    for record, place in zip(trials, trial_places, strict=True):
        training = record.training
        bleu = training.validation_bleu if training else None
        found.setdefault(place, []).append(Trial(record.tuned, bleu, bool(training and training.converged)))
    chosen = {place: jobs[place].tuned if place in jobs else {} for place in found}
    return [Tuning(*place, tuple(mine), chosen[place]) for place, mine in found.items()]


def tuned_keys(tunings: Sequence[Tuning]) -> list[str]:
    """Every key that was tuned."""
    return list(dict.fromkeys(key for each in tunings for key in each.keys))


def key_name(key: str) -> str:
    """How a tuned key is called in a sentence: "learning rate"."""
    return key.rpartition(".")[2].replace("_", " ")


def _number(value: Factor) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

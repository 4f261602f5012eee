"""Tuning: each cell of a sweep gets the same trials. The best by validation decides how its jobs are trained."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from attnbench.cli.grid import SEED
from attnbench.cli.plan import Plan, PlannedJob
from attnbench.errors import UserError
from attnbench.job.identity import trial_overrides, tuned_keys
from attnbench.record import Record

Values = tuple[Any, ...]  # a value for each tuned key
Run = Callable[[Sequence[PlannedJob], str], Mapping[str, Record]]  # runs jobs; the records that exist, by key


@dataclass(frozen=True)
class TunedCell:
    """A mechanism in a condition: the jobs that differ in their seed alone, and the trials that tune it."""

    overrides: list[str]  # without a seed
    jobs: list[PlannedJob]
    keys: dict[str, list[Any]]  # the tuned keys, with the values to try
    trials: dict[Values, PlannedJob] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return " ".join(each for each in self.overrides if not each.startswith("sweep=")) or "the defaults"

    def values(self) -> Iterator[Values]:
        """The values of each trial."""
        return product(*self.keys.values())

    def having(self, values: Values) -> list[str]:
        """The overrides of the cell with a value for each tuned key."""
        return [*self.overrides, *(f"{key}={value}" for key, value in zip(self.keys, values, strict=True))]


def tune(plan: Plan, run: Run, say: Callable[[str], object]) -> list[PlannedJob]:
    """Runs the trials of a sweep, and plans its jobs at what was chosen.

    A trial is judged on the validation set alone, by BLEU, then by the loss. If the best value is the lowest or the
    highest of a key, one more is tried beyond it, unless `tune.widen` is false: trials that are much shorter than the
    trainings prefer a rate that is too high for these (Wu et al. 2018), and would prefer the next one too. The jobs
    have other seeds than the trials: what is reported is not what was selected.

    Args:
        plan: of the sweep.
        run: runs jobs that are not finished yet; is told in words what they are.
        say: is called with each line for the user.

    Returns:
        The jobs to run after the trials; those of the plan, if nothing is tuned.

    Raises:
        UserError: the seed of the trials is one of the jobs' seeds.
    """
    cells = [cell for cell in _cells(plan.jobs) if cell.keys]
    if not cells:
        return plan.jobs
    for cell in cells:
        cell.trials.update({values: _trial(plan, cell, values) for values in cell.values()})
    found = dict(run(_trials(cells), f"trials of {_keys(cells)}"))
    wider = {id(cell): _beyond(cell, found) for cell in cells}
    for cell in cells:
        cell.trials.update({values: _trial(plan, cell, values) for values in wider[id(cell)]})
    if any(wider.values()):
        more = [cell.trials[values] for cell in cells for values in wider[id(cell)]]
        found |= run(more, "further trials: the best value was the last of its range")
    tuned: dict[str, PlannedJob] = {}
    for cell in cells:
        best = _best(cell, found)
        if best is None:
            say(f"{cell.name}: no trial finished; it is trained with the values of its config")
            continue
        if at_edge := [key for key, _ in _edges(cell, best)]:
            say(f"{cell.name}: the best {' and '.join(at_edge)} is still the last of its range")
        tuned |= {job.key: plan.add([*cell.having(best), f"{SEED}={job.cfg.seed}"]) for job in cell.jobs}
    return [tuned.get(job.key, job) for job in plan.jobs]


def _cells(jobs: Sequence[PlannedJob]) -> list[TunedCell]:
    found: dict[tuple[str, ...], TunedCell] = {}
    for job in jobs:
        own = [each for each in job.overrides if not each.startswith(f"{SEED}=")]
        given = {each.partition("=")[0].lstrip("+") for each in own}
        keys = {key: list(values) for key, values in tuned_keys(job.cfg).items() if key not in given}
        found.setdefault(tuple(own), TunedCell(own, [], keys)).jobs.append(job)
    for cell in found.values():
        if cell.keys and (same := [job for job in cell.jobs if job.cfg.seed == job.cfg.tune.seed]):
            raise UserError(f"tune.seed={same[0].cfg.seed}: a seed of the jobs; the trials need another one")
    return list(found.values())


def _trial(plan: Plan, cell: TunedCell, values: Values) -> PlannedJob:
    cfg = cell.jobs[0].cfg
    return plan.add([*cell.having(values), *trial_overrides(cfg), "trial=true", f"{SEED}={cfg.tune.seed}"])


def _trials(cells: Sequence[TunedCell]) -> list[PlannedJob]:
    return [trial for cell in cells for trial in cell.trials.values()]


def _keys(cells: Sequence[TunedCell]) -> str:
    """The tuned keys with their values, as far as all cells have the same."""
    told = dict.fromkeys(
        ", ".join(f"{key}={','.join(map(str, values))}" for key, values in cell.keys.items()) for cell in cells
    )
    return next(iter(told)) if len(told) == 1 else ", ".join(dict.fromkeys(key for cell in cells for key in cell.keys))


def _best(cell: TunedCell, found: Mapping[str, Record]) -> Values | None:
    """The values of the best trial that finished; None if none did."""
    merits: dict[Values, tuple[float, float]] = {}
    for values, trial in cell.trials.items():
        training = found[trial.key].training if trial.key in found else None
        if training and training.validation_bleu is not None and training.validation_loss is not None:
            merits[values] = (training.validation_bleu, -training.validation_loss)
    return max(merits, key=merits.__getitem__) if merits else None


def _edges(cell: TunedCell, best: Values) -> Iterator[tuple[str, Any]]:
    """Each numeric key whose best value is the last one that was tried on either side, and a value beyond it."""
    for place, key in enumerate(cell.keys):
        tried = sorted({values[place] for values in cell.trials if _is_number(values[place])})
        if len(tried) < 2 or best[place] not in (tried[0], tried[-1]):
            continue
        end, inner = (tried[0], tried[1]) if best[place] == tried[0] else (tried[-1], tried[-2])
        beyond = end * end / inner if tried[0] > 0 else 2 * end - inner
        yield key, round(beyond) if isinstance(end, int) else float(f"{beyond:.6g}")


def _beyond(cell: TunedCell, found: Mapping[str, Record]) -> list[Values]:
    """The trials that widen the range, one for each key whose best value is at an edge."""
    best = _best(cell, found)
    if best is None or not cell.jobs[0].cfg.tune.widen:
        return []
    further = dict(_edges(cell, best))
    keys = list(cell.keys)
    return [(*best[:place], further[key], *best[place + 1 :]) for place, key in enumerate(keys) if key in further]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

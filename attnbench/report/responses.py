"""What the factors act on: BLEU, and the time of a training step; in a study of costs, the time of a call."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from attnbench.quality.sample_size import FEWEST_SENTENCES
from attnbench.report.statistics import Contest, Effects, Estimate, effects
from attnbench.report.study.factors import by_factors, by_job
from attnbench.report.study.frames import groups, where
from attnbench.report.study.study import Study


class Response(NamedTuple):
    """What the factors act on. `name` is for files. If `logarithmic`, the logarithm was modelled, as for times."""

    name: str
    title: str  # with its unit
    logarithmic: bool
    effects: Effects

    def scaled(self, mean: Estimate) -> Estimate:
        """A mean of the model on the scale of the response itself."""
        return mean.mapped(lambda value: float(np.exp(value))) if self.logarithmic else mean


def observed(study: Study, contests: Mapping[str, Contest]) -> list[Response]:
    """The responses on which factors have effects. BLEU is that of mechanisms in a contest, if there is one."""
    found = []
    for name, title, frame in _frames(study, contests):
        varied = [factor for factor in frame.columns if factor != name and len(groups(frame, factor)) > 1]
        if varied and (result := effects(frame, name, varied)) and result.residual_degrees:
            found.append(Response(name, title, name != "bleu", result))
    return found


def _frames(study: Study, contests: Mapping[str, Contest]) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """The name and the title of each response, and a frame with the response and its factors."""
    records = study.records
    if study.jobs.empty:
        length, values = _longest_common(study)
        yield "call", f"time of forward and backward at n = {length:,} (ms)", by_factors(study, "call", values)
        return
    bleu = {
        job: record.quality.bleu
        for job, record in enumerate(records)
        if record.quality and record.quality.sentences >= FEWEST_SENTENCES
    }
    if contests:
        members = {condition: set(one.names) for condition, one in contests.items()}
        places = zip(study.condition, study.mechanism, strict=True)
        competes = [name in members.get(condition, ()) for condition, name in places]
        bleu = {job: value for job, value in bleu.items() if competes[job]}
    yield "bleu", "BLEU", by_job(study, "bleu", bleu)
    steps = {job: float(np.log(record.step.step_ms)) for job, record in enumerate(records) if record.step}
    yield "step", "time of a training step (ms)", by_factors(study, "step", steps)


def _longest_common(study: Study) -> tuple[int, dict[int, float]]:
    """The longest length at which most jobs were measured, and by job the logarithm of its time there."""
    points = where(study.scaling, passes="forward+backward", status="measured")
    if points.empty:
        return 0, {}
    at = max((rows for _, rows in reversed(groups(points, "length"))), key=lambda rows: len(set(rows["job"])))
    return int(at["length"].iloc[0]), {int(job): float(np.log(ms)) for job, ms in zip(at["job"], at["ms"], strict=True)}

"""A cost session: the contenders of several configs are measured in turns, for their ratios."""

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from omegaconf import DictConfig

from attnbench import record
from attnbench.cost import machine_lock
from attnbench.cost.device_peak import device_peak
from attnbench.cost.interleaving import measure_interleaved
from attnbench.cost.measurement import MeasurementPlan
from attnbench.environment import describe
from attnbench.errors import UserError
from attnbench.job.build import build, contender_plan
from attnbench.job.claim import claimed
from attnbench.job.identity import factors, job_key
from attnbench.job.kept_warnings import warnings_kept
from attnbench.job.run import blank, write_config
from attnbench.record import Record, Scaling
from attnbench.tracking.tracker import description

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SessionContender:
    """One contender of a session.

    Args:
        cfg: its config, with Hydra's part.
        folder: of its record.
        baseline: the key of the contender to which its ratios are.
    """

    cfg: DictConfig
    folder: Path
    baseline: str


def baselines(cfgs: Sequence[DictConfig]) -> list[str]:
    """For each config of a session, the key of its baseline: the first contender that has all of its words.

    Raises:
        UserError: no contender has them.
    """
    names = {job_key(cfg): {str(value) for value in factors(cfg, cfg.hydra).values()} for cfg in cfgs}
    return [_baseline(cfg.cost.baseline, names) for cfg in cfgs]


def absent(cfg: DictConfig, reason: str) -> Record:
    """The record of a contender that is not available here. It is for the table only, and is not written."""
    return replace(blank(cfg, cfg.hydra), error=reason)


def measure_session(places: Sequence[SessionContender], seen: Callable[[float], object]) -> list[Record]:
    """Measures all contenders in turns, then writes a record for each. Ratios hold within one session, so all or none
    is kept.

    Args:
        places: the contenders.
        seen: is called now and then with the seconds that are left.
    """
    entries = [contender_plan(place.cfg) for place in places]
    log.info("started: %d contenders", len(places))
    session, begun, blanks = uuid.uuid4().hex[:12], time.perf_counter(), [blank(p.cfg, p.cfg.hydra) for p in places]
    with machine_lock.exclusive():
        peaks = {on: device_peak(*on) for on in {_where(entry) for entry in entries}}
        found = measure_interleaved(entries, seen=seen)
    duration_s = time.perf_counter() - begun
    log.info("finished in %.1f s", duration_s)
    records = []
    for place, entry, empty, scaling in zip(places, entries, blanks, found, strict=True):
        scaling = replace(scaling, peak=peaks[_where(entry)], session=session, baseline=place.baseline)
        error = _error(scaling)
        done = replace(
            empty,
            status="failed" if error else "finished",
            error=error,
            environment=describe(entry.setup.device),
            duration_s=duration_s / len(places),
            scaling=scaling,
        )
        records.append(_keep(done, place))
    return records


def _where(entry: MeasurementPlan) -> tuple[torch.device, torch.dtype]:
    """The device and the dtype, for which a device has a peak."""
    return entry.setup.device, entry.setup.dtype


def _baseline(words: str | None, names: dict[str, set[str]]) -> str:
    if words is None:
        return next(iter(names))
    for key, mine in names.items():
        if mine.issuperset(words.split("+")):
            return key
    known = ", ".join(sorted(set.union(*names.values())))
    raise UserError(f"cost.baseline={words}: no contender has these words; the words are {known}")


def _error(scaling: Scaling) -> str | None:
    """The error of a contender that failed. Out of memory, over budget and unsupported are no failures."""
    return next((point.error for point in scaling.points if point.status == "failed"), None)


def _keep(done: Record, place: SessionContender) -> Record:
    """Writes a record, and hands it to the tracker. Returns it with the warnings of the tracker."""
    with claimed(place.folder, Path(place.cfg.hydra.sweep.dir), done.key):
        write_config(done.config, place.folder)
        record.write(done, place.folder / record.NAME)
    with warnings_kept() as warnings:
        try:
            tracker = build(place.cfg.tracker)
            with tracker(description(done), place.folder) as tracked:
                tracked.result(done)
        except Exception:
            log.exception("the tracker failed; the record is whole")
    if warnings:
        done = replace(done, warnings=[*done.warnings, *warnings])
        record.write(done, place.folder / record.NAME)
    return done

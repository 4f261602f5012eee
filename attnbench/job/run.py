"""The life of a job: from a config to a record, whatever happens in between."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from attnbench import record
from attnbench.cost.memory import is_out_of_memory
from attnbench.environment import describe
from attnbench.errors import in_one_line
from attnbench.files import write_whole
from attnbench.job import costs
from attnbench.job.build import build, check_build, contender_plan
from attnbench.job.claim import claimed
from attnbench.job.identity import PARTS, factors, job_key, parts, tuned_keys
from attnbench.job.inputs import inputs
from attnbench.job.kept_warnings import warnings_kept
from attnbench.job.regression import check_regression, regress
from attnbench.job.results import Folders, Results
from attnbench.job.threads import threads_restored
from attnbench.job.translation import check_training, train
from attnbench.job.value_types import check_part, check_plain
from attnbench.record import Record
from attnbench.tracking.tracker import TrackedRun, description
from attnbench.training import resume
from attnbench.training.resume import StateFile

log = logging.getLogger(__name__)

CONFIG = "config.yaml"  # in a job's folder from its beginning on

PROCEDURES: dict[str, Callable[[DictConfig, Folders, TrackedRun], Results]] = {
    "translation": train,
    "regression": regress,
}
CHECKS: dict[str, Callable[[DictConfig], object]] = {
    "translation": check_training,
    "regression": check_regression,
    "cost": contender_plan,
}


def run(cfg: DictConfig, say: Callable[[str], object] = log.info) -> Record:
    """Runs one job and writes its record, whatever happens. A job that is finished already is not run again.

    Args:
        cfg: of the job.
        say: is told if the job is finished already.

    Returns:
        The record, which may be from an earlier run.

    Raises:
        Exception: the error that made the job fail, after its record is written.
    """
    hydra = HydraConfig.get()
    with claimed(_folder(), Path(hydra.sweep.dir), job_key(cfg)):
        if before := _finished(cfg):
            say("finished already; force=true runs it again")
        return before or _run_warned(cfg, hydra)


def _run_warned(cfg: DictConfig, hydra: Any) -> Record:
    """Runs the job. All of its warnings are in its record."""
    with warnings_kept() as warnings:
        done = _run(cfg, hydra, warnings)
    if done.warnings != warnings:  # the tracker has failed since
        done = replace(done, warnings=warnings)
        record.write(done, _folder() / record.NAME)
    return done


def _run(cfg: DictConfig, hydra: Any, warnings: list[str]) -> Record:
    """Runs the job, and writes its record with the warnings so far. `warnings` grows by them."""
    folder, empty = _folder(), blank(cfg, hydra)
    write_config(empty.config, folder)
    log.info("started: %s, key %s", " ".join(empty.overrides) or "the defaults", empty.key)
    begun, done = time.perf_counter(), None
    told, kept = description(empty), _training_state(cfg, folder)
    try:
        tracker = build(cfg.tracker)
        with threads_restored(), tracker(told, folder) as tracked:
            try:
                found = PROCEDURES[cfg.procedure](cfg, Folders(folder, kept, _costs_folder(hydra)), tracked)
                where, duration_s = describe(build(cfg.device)), kept.earlier_s + time.perf_counter() - begun
                done = replace(empty, status="finished", environment=where, duration_s=duration_s, **vars(found))
            except Exception as error:
                done = _failed(empty, error, time.perf_counter() - begun)
                _keep(replace(done, warnings=[*warnings]), folder, tracked)
                raise
            log.info("finished in %.1f s", duration_s)
            done = replace(done, warnings=[*warnings])
            _keep(done, folder, tracked)
            kept.path.unlink(missing_ok=True)
    except Exception as error:
        if done is None:  # the tracker did not start
            done = _failed(empty, error, time.perf_counter() - begun)
            record.write(replace(done, warnings=[*warnings]), folder / record.NAME)
        if done.status != "finished":
            log.exception("the job failed")
            raise
        log.exception("the tracker failed; the record is whole")
    return done


def _failed(empty: Record, error: Exception, duration_s: float) -> Record:
    status = "out_of_memory" if is_out_of_memory(error) else "failed"
    return replace(empty, status=status, error=in_one_line(error), duration_s=duration_s)


def _keep(done: Record, folder: Path, tracked: TrackedRun) -> None:
    """Writes a record, and hands it to the tracker. A failure of the tracker is no failure of the job."""
    record.write(done, folder / record.NAME)
    try:
        tracked.result(done)
    except Exception:
        log.exception("the tracker failed; the record is whole")


def write_config(parts: dict[str, Any], folder: Path) -> None:
    """Writes the resolved config of a job beside its record."""
    write_whole(folder / CONFIG, OmegaConf.to_yaml(OmegaConf.create(parts)).encode())


def _training_state(cfg: DictConfig, folder: Path) -> StateFile:
    """The file with which a killed training goes on, if code and device are the same."""
    device = build(cfg.device)
    here = describe(device)
    owner = {"key": job_key(cfg), "packages": here.packages, "commit": here.git_commit, "device": device.type}
    kept = StateFile(folder / resume.NAME, owner)
    if cfg.force:
        kept.path.unlink(missing_ok=True)
    return kept


def _finished(cfg: DictConfig) -> Record | None:
    """The record in the job's folder, if it belongs to this job and the job finished; None if the config forces a new
    run.
    """
    found = None if cfg.force else record.find(_folder() / record.NAME)
    return found if found and found.key == job_key(cfg) and found.status == "finished" else None


def check(cfg: DictConfig) -> None:
    """Makes everything of a job that is quick to make, so that a bad value is reported before anything runs.

    Raises:
        UserError: a value with which the job would fail.
    """
    check_plain(cfg)
    for name in (*PARTS[cfg.procedure], "tracker"):
        check_part(cfg, name)
    build(cfg.device)
    check_build(cfg.tracker)
    CHECKS[cfg.procedure](cfg)


def blank(cfg: DictConfig, hydra: Any) -> Record:
    """The record of a job without results, with what Hydra knows of it."""
    own = parts(cfg)
    return Record(
        version=record.VERSION,
        key=job_key(cfg),
        command=cfg.command,
        sweep=cfg.sweep,
        status="failed",
        error=None,
        factors=factors(cfg, hydra),
        overrides=_reproducing(hydra),
        seed=cfg.seed,
        config=own,
        environment=describe(torch.device("cpu")),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_s=0.0,
        training=None,
        quality=None,
        beyond=None,
        step=None,
        scaling=None,
        alignment=None,
        alignments=[],
        regression=None,
        trial=cfg.get("trial", False),
        tuned={key: OmegaConf.select(cfg, key) for key in tuned_keys(cfg)},
        matched=OmegaConf.select(cfg, "match.equal"),
        inputs=inputs(own),
    )


def _reproducing(hydra: Any) -> list[str]:
    """The overrides that reproduce a job alone. What a sweep has matched or tuned is among them, by key."""
    return [each for each in hydra.overrides.task if not re.match(r"\+?(match|tune)\b", each)]


def _costs_folder(hydra: Any) -> Path | None:
    """Where the jobs of a sweep share what they cost; None for a job alone."""
    return Path(hydra.sweep.dir) / costs.FOLDER if hydra.mode is RunMode.MULTIRUN else None


def _folder() -> Path:
    return Path(HydraConfig.get().runtime.output_dir)

"""The identity of a job: the parts of the config that bear on the result, its key, its factors. Where it runs is no
part.
"""

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from attnbench.job.inputs import inputs
from attnbench.record import Factor

# What each procedure reads of the config. Everything else enters by interpolation, or bears on no result.
PARTS = {
    "translation": (
        *("task", "model", "training", "search", "evaluation", "cost", "device", "precision"),
        *("trial", "seed"),
    ),
    "regression": ("task", "attention", "training", "device", "seed"),
    "cost": ("contender", "heads", "width", "cost", "device", "precision", "seed"),
}
# Overrides that say where and how to run and record, not what.
UNNAMED = frozenset(
    (
        "seed",
        "sweep",
        "experiment",
        "force",
        "progress",
        "tracker",
        "attention",
        "measure",
        "cost",
        "job",
        "jobs",
        "match",
        "tune",
        "learning_rates",
        "trial",
    )
)
# What a procedure reads, but which has only one possible value.
UNREAD = {"regression": {"key_value", "heads"}}
PLAIN = ("heads", "length", "precision")  # factors that are not a group


def parts(cfg: DictConfig) -> dict[str, Any]:
    """The resolved config of everything that the procedure reads."""
    found = {name: cfg[name] for name in PARTS[cfg.procedure]}
    return {
        name: OmegaConf.to_container(part, resolve=True) if OmegaConf.is_config(part) else part
        for name, part in found.items()
    }


def job_key(cfg: DictConfig) -> str:
    """A hash of everything that bears on the result, and of the files that are read. Jobs with equal keys are the same
    job, whatever their names.

    Raises:
        UserError: see `inputs`.
    """
    own = parts(cfg)
    return key_of(cfg.procedure, own, contents(own))


def contents(own: Mapping[str, Any]) -> list[str]:
    """The hashes of the files that a job with these parts reads, without their paths: another machine may have the
    files elsewhere.
    """
    return list(inputs(own).values())


def key_of(procedure: str, own: Mapping[str, Any], contents: list[str]) -> str:
    """The key of a job with these parts that reads files with these contents."""
    text = json.dumps([procedure, own, *([contents] if contents else [])], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def factors(cfg: DictConfig, hydra: Any) -> dict[str, Factor]:
    """What names this job: the choice of each group, the plain factors, and all other overridden values.

    A part of one place in the model has the place in its name: `cross.score`. What does not bear on the job is left
    out: a model without attention has no score. So is what `match` or a tuning has set: it makes mechanisms comparable.
    """
    choices = hydra.runtime.choices
    groups = {name: choices[name] for name in map(str, cfg) if name in choices}  # in our order, not in Hydra's
    placed = [key for key, choice in choices.items() if "@" in key and "/" not in key and choice]
    groups |= {key.partition("@")[2]: choices[key] for key in placed}
    overridden = [override.partition("=")[0].lstrip("+~").rpartition("@")[2] for override in hydra.overrides.task]
    values = {name: OmegaConf.select(cfg, name) for name in (*PLAIN, *overridden) if name not in groups}
    values = {name: value for name, value in values.items() if value is not None and not OmegaConf.is_config(value)}
    unnamed = UNNAMED | UNREAD.get(cfg.procedure, set())
    equal = {*(OmegaConf.select(cfg, "match.keys") or ()), *tuned_keys(cfg)}
    named = {name: value for name, value in (groups | values).items() if name.partition(".")[0] not in unnamed}
    named = {name: value for name, value in named.items() if name not in equal}
    own = OmegaConf.masked_copy(cfg, [str(name) for name in cfg if name != "hydra"])  # Hydra's part is large
    with_all = parts(own)
    return {name: value for name, value in named.items() if _parts_without(own, name) != with_all}


def tuned_keys(cfg: DictConfig) -> dict[str, Any]:
    """The keys that the sweep of a job tunes, with the values of their trials; empty if none is tuned."""
    keys = cfg.get("tune") and cfg.tune.get("keys") if cfg.procedure == "translation" else None
    return dict(_flat(OmegaConf.to_container(keys, resolve=True))) if keys else {}


def trial_overrides(cfg: DictConfig) -> list[str]:
    """What the trials of a job have and the job has not, as on a command line."""
    own = cfg.tune.get("trials")
    values = _flat(OmegaConf.to_container(own, resolve=True)) if own else ()
    return [f"{key}={'null' if value is None else value}" for key, value in values]


def _flat(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of nested keys, by dotted path."""
    if not isinstance(tree, dict):
        yield path, tree
        return
    for key, below in tree.items():
        yield from _flat(below, f"{path}.{key}" if path else str(key))


def _parts_without(cfg: DictConfig, name: str) -> dict[str, Any]:
    """The parts of the job, if the value called `name` were null."""
    without = copy.deepcopy(cfg)
    OmegaConf.set_struct(without, False)
    OmegaConf.update(without, name, None, merge=False)
    return parts(without)

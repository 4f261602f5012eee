"""What a job is, apart from where it runs: the parts of the config that bear on it, its key, its factors."""

import hashlib
import json
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from attnbench.record import Factor

# What each command reads of the config; all else enters through these, by interpolation, or bears on no result.
PARTS = {
    "train": ("task", "model", "training", "evaluation", "cost", "device", "precision", "seed"),
    "cost": ("attention", "width", "cost", "device", "seed"),
}
# Overrides that say where and how to run and record, not what.
UNNAMED = frozenset(
    ("seed", "sweep", "experiment", "force", "progress", "tracker", "attention", "measure", "cost", "job")
)
PLAIN = ("heads", "length", "precision")  # factors that are no group


def parts(cfg: DictConfig) -> dict[str, Any]:
    """The resolved config of all that the command reads."""
    found = {name: cfg[name] for name in PARTS[cfg.command]}
    return {
        name: OmegaConf.to_container(part, resolve=True) if OmegaConf.is_config(part) else part
        for name, part in found.items()
    }


def job_key(cfg: DictConfig) -> str:
    """A hash of all that bears on the result: jobs with equal keys are the same job, under whatever name."""
    text = json.dumps([cfg.command, parts(cfg)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def factors(cfg: DictConfig) -> dict[str, Factor]:
    """What names this job: the choice of each group, the plain factors, and what was overridden besides.

    What does not bear on it is left out: a model without attention has no score.
    """
    hydra = HydraConfig.get()
    groups = {name: choice for name, choice in hydra.runtime.choices.items() if name in cfg and "/" not in name}
    overridden = [override.partition("=")[0].lstrip("+~") for override in hydra.overrides.task]
    values = {name: OmegaConf.select(cfg, name) for name in (*PLAIN, *overridden) if name not in groups}
    values = {name: value for name, value in values.items() if value is not None and not OmegaConf.is_config(value)}
    unused = UNNAMED | _unused(cfg)
    return {name: value for name, value in (groups | values).items() if name.partition(".")[0] not in unused}


def _unused(cfg: DictConfig) -> set[str]:
    """The groups that this job's model and task do not read."""
    attends = cfg.command == "cost" or "attention" in cfg.model.decoder
    unused = set() if attends else set(cfg.attention)
    return unused if "segmentation" in cfg.get("task", {}) else unused | {"segmentation"}

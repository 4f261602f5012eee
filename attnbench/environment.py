"""The environment of a job: versions, commit, hardware."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from attnbench import __version__
from attnbench.record import Environment

PACKAGES = ("torch", "numpy", "hydra-core", "sacrebleu", "sentencepiece", "wandb")


def describe(device: torch.device) -> Environment:
    """The environment of a job on `device`."""
    on_gpu = device.type == "cuda"
    return Environment(
        python=platform.python_version(),
        packages={"attnbench": __version__, **{name: found for name in PACKAGES if (found := _version(name))}},
        git_commit=_git_commit(),
        platform=platform.platform(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        memory_gib=_memory_gib(),
        device=str(device),
        device_name=torch.cuda.get_device_name(device) if on_gpu else _processor(),
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git_commit() -> str | None:
    """The commit of the checkout with this file; None for an installed copy. "+" marks uncommitted changes."""
    here = Path(__file__).parent
    if not (here.parent / ".git").exists():
        return None
    try:
        commit, status = (
            subprocess.run(["git", "-C", here, *call], capture_output=True, text=True, check=True, timeout=10).stdout
            for call in (["rev-parse", "--short=12", "HEAD"], ["status", "--porcelain"])
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.strip() + ("+" if status.strip() else "")


def _processor() -> str:
    """The name of the processor as its maker gives it. Only Linux has it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, OSError, ValueError):
        return 0.0

"""The `report` command, and the report that a sweep ends with."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from attnbench.errors import UserError

REPORTS = Path("reports")


def report(cfg: DictConfig) -> None:
    """Builds the report of the folder `runs` that the config names."""
    folder = Path(cfg.runs)
    if not folder.is_dir():
        near = sorted(path.name for path in folder.parent.glob("*/")) if folder.parent.is_dir() else []
        hint = f"there are {', '.join(near)}" if near else "run a sweep first: python -m attnbench sweep"
        raise UserError(f"runs={folder}: no such folder; {hint}")
    build_report([folder], cfg.name or folder.name)


def build_report(folders: Sequence[Path], name: str) -> None:
    """Builds the report of all records below `folders` as reports/<name>, and says where it is."""
    # pandas, seaborn and typst take seconds to import: only who wants a report waits for them.
    from attnbench.report import build, load

    records, broken = [], []
    for folder in folders:
        found, unreadable = load(folder)
        records += found
        broken += unreadable
    command = shlex.join(["python", "-m", "attnbench", "report", *(f"runs={folder}" for folder in folders)])
    index = build(records, REPORTS / name, title=f"attnbench: {name}", command=command, broken=broken)
    print(f"report: {index} and {index.with_name('report.pdf')}")

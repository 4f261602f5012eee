"""The `mechanisms` command: the choices of each group, their papers, and their files."""

import inspect
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from hydra.utils import get_object
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.help import choices
from attnbench.cli.paths import CONF, PACKAGE

GROUPS = ("score", "scope", "selection", "key_value", "decoder", "model", "positions", "search", "loss", "kernel")
HEADS = ("mechanism", "paper", "formula", "file", "YAML")
# The first paragraph of a docstring ends with its source: a name and a year, then the place.
SOURCE = re.compile(r"[A-Z][\w-]+(?: et al\.| and [A-Z]\w+)? (?:19|20)\d\d\b.*")


class Mechanism(NamedTuple):
    """One choice of one group, as the docstring of its class describes it."""

    group: str
    choice: str
    paper: str
    formula: str
    file: str
    config: str
    target: str  # the class, as a config names it

    @property
    def name(self) -> str:
        """The override that chooses it."""
        return f"{self.group}={self.choice}"


def said_of_tasks() -> Iterator[tuple[str, str]]:
    """Each choice of a task, and the comment at the head of its file."""
    for choice in choices("task"):
        lines = (CONF / "task" / f"{choice}.yaml").read_text(encoding="utf-8").splitlines()
        head = takewhile(lambda line: line.startswith("# "), lines[1:])  # the first says where the file goes
        yield f"task={choice}", " ".join(line.removeprefix("# ") for line in head).strip(" .")


def mechanisms(cfg: DictConfig) -> None:
    """Prints the table of all mechanisms, in Markdown."""
    print(table())


def table() -> str:
    """All mechanisms, one in each row, in Markdown."""
    rows = [(f"`{one.name}`", one.paper, one.formula, f"`{one.file}`", f"`{one.config}`") for one in found()]
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in (HEADS, *rows)]
    return "\n".join([lines[0], "|" + " --- |" * len(HEADS), *lines[1:]])


def found() -> Iterator[Mechanism]:
    """Each file of each group whose `_target_` has a docstring."""
    for group in GROUPS:
        for choice in choices(group):
            path = CONF / group / f"{choice}.yaml"
            config = OmegaConf.load(path)
            target = OmegaConf.select(config, "_target_") or OmegaConf.select(config, f"{group}._target_")
            if target is None:  # a preset of another file
                continue
            kind = get_object(target)
            said = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())
            source = SOURCE.search(said)
            formula, paper = (said[: source.start()], source[0]) if source else (said, "")
            file = Path(inspect.getfile(kind)).relative_to(PACKAGE.parent)
            yield Mechanism(
                group=group,
                choice=choice,
                paper=paper.strip(" ."),
                formula=formula.strip(" .:"),
                file=str(file),
                config=f"conf/{group}/{choice}.yaml",
                target=target,
            )


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or "–"

"""The text of --help: the commands, and the choices of each config group, read from the folder of configs."""

from pathlib import Path

from attnbench.cli.paths import CONF

USAGE = """\
attnbench: what does this attention mechanism buy, and what does it cost?

usage: python -m attnbench [-m] COMMAND [key=value ...]

Commands (the default is train):
{commands}

Groups and their choices (score=additive). -m takes several choices, separated by commas, and runs all combinations:
{groups}

Keys: heads=4 length=48 seed=1,2 width=256 precision=bf16 force=true training.updates=2000 task.train=8000 ...
  python -m attnbench COMMAND --cfg job      all keys of a command, with their values
  python -m attnbench --hydra-help           what else Hydra can do
"""


def commands() -> dict[str, str]:
    """The commands. Each is a root config; its description is the first sentence of the first comment."""
    return {path.stem: _first_sentence(path) for path in sorted(CONF.glob("*.yaml"))}


def groups() -> dict[str, list[str]]:
    """The config groups that have something to choose, with their choices."""
    unoffered = ("hydra", "job")  # the task chooses the job
    names = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name not in unoffered)
    return {name: choices(name) for name in names if name == "experiment" or len(choices(name)) > 1}


def choices(group: str) -> list[str]:
    """The choices of a config group; an empty list if there is no such group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def text() -> str:
    """The whole help text."""
    return USAGE.format(commands=_columns(commands()), groups=_columns({k: ", ".join(v) for k, v in groups().items()}))


def _columns(rows: dict[str, str]) -> str:
    width = max(map(len, rows))
    return "\n".join(f"  {name:<{width}}  {said}" for name, said in rows.items())


def _first_sentence(path: Path) -> str:
    comment = path.read_text(encoding="utf-8").partition("\n")[0]
    return comment.removeprefix("#").strip().partition(". ")[0].rstrip(".")

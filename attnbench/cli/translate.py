"""The `translate` command: from a job's checkpoint and lines of text to lines of text."""

import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from attnbench import checkpoint
from attnbench.checkpoint import Checkpoint
from attnbench.errors import UserError
from attnbench.job.building import build, build_model
from attnbench.measure.quality import translate_all
from attnbench.tasks.batches import Batches
from attnbench.tasks.task import Pair, Task


def translate(cfg: DictConfig) -> None:
    """Translates each line of `input` into one line of `output`, in order.

    Raises:
        UserError: `run` has no checkpoint, or `input` is not a text file.
    """
    if OmegaConf.is_missing(cfg, "run"):
        raise UserError("run: missing; name the folder of a finished job, run=runs/<sweep>/<overrides>/seed=<n>")
    kept = checkpoint.load(Path(cfg.run) / checkpoint.NAME)
    device = build(cfg.device)
    model = build_model(DictConfig(kept.config["model"]), len(kept.source), len(kept.target))
    model.load_state_dict(kept.weights)
    lines = _read(cfg.input)
    task = _task(kept, lines)
    batches = Batches(task, task.test, cfg.batch_size, device)
    with tqdm(total=len(lines), unit="line", disable=not sys.stderr.isatty()) as bar:
        translations = translate_all(model.to(device), task, batches, seen=bar.update)
    text = "".join(f"{line}\n" for line in translations)
    if cfg.output == "-":
        sys.stdout.write(text)
    else:
        Path(cfg.output).write_text(text, encoding="utf-8")


def _task(kept: Checkpoint, lines: Sequence[str]) -> Task:
    """The lines as a test set whose references nobody knows."""
    pairs = [Pair(line, "") for line in lines]
    return Task("translate", kept.source, kept.target, train=(), validation=(), test=pairs)


def _read(path: str) -> list[str]:
    if path == "-":
        return sys.stdin.read().splitlines()
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"input={path}: {error}; name a text file in UTF-8, or - for standard input") from error

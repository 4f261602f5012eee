"""A job with a checkpoint of an untrained model, whose translations can be told from the model itself."""

from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from attnbench.cli.paths import CONF
from attnbench.job.build import build_model
from attnbench.models.decoding import Hypothesis, Search
from attnbench.models.initialise import initialise
from attnbench.models.model import Model
from attnbench.tasks.task import EOS, Vocabulary
from attnbench.tasks.vocabulary import WordVocabulary
from attnbench.training import checkpoint
from attnbench.training.checkpoint import Checkpoint
from tests.cli.command_line import Ended, here

LINES = ["a b c", "", "c", " b  a d ", "\t", "d d d d d", "b\u2028a", "unknown"]
LETTERS = WordVocabulary(list("abcdefgh"))


class Job:
    """A job's folder with a checkpoint in it, and the model that is in the checkpoint."""

    def __init__(self, folder: Path, *overrides: str, vocabulary: Vocabulary = LETTERS) -> None:
        folder.mkdir()
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose("train", ["width=8", *overrides])
        config: Any = {part: OmegaConf.to_container(cfg[part], resolve=True) for part in ("model", "search")}
        self.folder, self.vocabulary = folder, vocabulary
        self.model: Model[Any] = build_model(DictConfig(config["model"]), len(vocabulary), len(vocabulary)).eval()
        initialise(self.model, 2)
        with torch.no_grad():
            for parameter in self.model.parameters():
                parameter.mul_(2)
        kept = Checkpoint(config, self.model.state_dict(), vocabulary, vocabulary)
        checkpoint.save(kept, folder / checkpoint.NAME)

    def translate(self, *arguments: str, lines: list[str] = LINES) -> Ended:
        """The command, run on a file of these lines."""
        (self.folder / "lines").write_text("\n".join(lines), encoding="utf-8")
        return here(self.folder, "translate", "run=.", "input=lines", "device=cpu", *arguments)

    def hypotheses(self, search: Search, line: str) -> list[Hypothesis]:
        """The hypotheses of one line alone."""
        source = torch.tensor([[*self.vocabulary.encode(line), EOS]])
        return search(self.model, source, torch.tensor([source.shape[1]]))[0]

    def texts(self, search: Search, lines: list[str] = LINES) -> list[str]:
        """The best translation of each line alone; nothing for a blank line."""
        best = [self.hypotheses(search, line)[0].ids if line.strip() else [] for line in lines]
        return [self.vocabulary.decode(ids) for ids in best]

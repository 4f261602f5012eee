"""The model of a finished job, as a translator of lines."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from hydra.errors import InstantiationException
from omegaconf import DictConfig
from torch import Tensor

from attnbench.cost.memory import is_out_of_memory
from attnbench.errors import UserError
from attnbench.job.build import build, build_model
from attnbench.job.value_types import check_types
from attnbench.models.decoding import Search
from attnbench.models.model import Model
from attnbench.quality.alignment import attention_weights
from attnbench.quality.links import WordLinks, word_indices, word_indices_of_ids, word_links
from attnbench.tasks.batches import Batch, Batches
from attnbench.tasks.task import EOS, Pair, Task
from attnbench.training import checkpoint

# From a model, a source and a target to weights `(T, S)`.
Look = Callable[[Model, Sequence[int], Sequence[int]], Tensor]


class Translation(NamedTuple):
    """One translation of a line: its text, its score (see `Hypothesis`), and the links between words, if wanted."""

    text: str
    score: float
    links: WordLinks


# The translations of a line, the best first; or why there are none.
Translated = list[Translation] | UserError


class Translator:
    """Translates lines with the best weights of a job.

    Args:
        run: the folder of the job.
        search: the config of a search. None: the search that the job was evaluated with.
        batch_size: lines that are translated at once.
        device: to run on.
        look: finds the weights from which words are linked. None: words are not linked.

    Raises:
        UserError: `run` is no finished job, or its model has no such weights.
    """

    def __init__(
        self, run: Path, *, search: DictConfig | None, batch_size: int, device: torch.device, look: Look | None
    ) -> None:
        kept = checkpoint.load(run / checkpoint.NAME)
        self.source, self.target = kept.source, kept.target
        self.model = _restored(run, kept).to(device).eval()
        self.search = _build_search(search or DictConfig(kept.config["search"]))
        self.batch_size, self.device, self.look = batch_size, device, look
        if look is not None:
            look(self.model, [EOS], [EOS])  # fails here, before anything is written, if the model has no such weights

    def __call__(self, lines: Sequence[str]) -> list[Translated]:
        """What becomes of each line. A blank line has one blank translation."""
        found: list[Translated] = [[Translation("", 0.0, [])] for _ in lines]
        numbers = [number for number, line in enumerate(lines) if line.strip()]
        pairs = [Pair(lines[number], "") for number in numbers]
        task = Task("translate", self.source, self.target, train=(), validation=(), test=pairs)
        for batch in Batches(task, pairs, self.batch_size, self.device).in_order():
            places = [numbers[row] for row in batch.rows]
            for place, translated in zip(places, self._batch(batch, [lines[place] for place in places]), strict=True):
                found[place] = translated
        return found

    def _batch(self, batch: Batch, lines: Sequence[str]) -> list[Translated]:
        try:
            found = self.search(self.model, batch.source, batch.lengths)
            return [
                [self._translation(line, ids, score) for ids, score in hypotheses]
                for line, hypotheses in zip(lines, found, strict=True)
            ]
        except Exception as error:
            if not isinstance(error, UserError) and not is_out_of_memory(error):
                raise
            refusal = self._refusal(error, batch)
        if len(lines) == 1:
            return [refusal]
        # One line may hinder the others, or all together may be too large.
        middle = len(lines) // 2
        return self(lines[:middle]) + self(lines[middle:])

    def _refusal(self, error: Exception, batch: Batch) -> UserError:
        """Why a batch of one line cannot be translated, and what the user can do about it."""
        tokens, bound = int(batch.lengths.max()), self.model.source_bound
        if bound and tokens > bound.positions:
            return UserError(
                f"has {tokens} tokens, with its end; this model reads at most {bound.positions}; "
                "cut it into shorter lines"
            )
        return error if isinstance(error, UserError) else UserError("out of memory; cut it into shorter lines")

    def _translation(self, line: str, ids: list[int], score: float) -> Translation:
        text = self.target.decode(ids)
        if self.look is None or not text.strip():
            return Translation(text, score, [])
        weights = self.look(self.model, [*self.source.encode(line), EOS], [*ids, EOS])
        words = word_indices(self.source, line), word_indices_of_ids(self.target, ids)
        return Translation(text, score, word_links(weights, *words))


def attention(model: Model, source: Sequence[int], target: Sequence[int]) -> Tensor:
    """A `Look`: the mean of all layers and heads."""
    weights = attention_weights(model, source, target)
    if weights is None:
        raise UserError("alignments: this model has no attention; add implicit=true to align by its gradients")
    return weights.mean((0, 1))


def _restored(run: Path, kept: checkpoint.Checkpoint) -> Model:
    """The model of a checkpoint, with its weights."""
    try:
        model = build_model(DictConfig(kept.config["model"]), len(kept.source), len(kept.target))
    except InstantiationException as error:
        reason = str(error).partition("'")[2].partition("'")[0]
        raise UserError(
            f"run={run}: its checkpoint is of another version of attnbench; there is no {reason} here; train again"
        ) from error
    model.load_state_dict(kept.weights)
    return model


def _build_search(node: DictConfig) -> Search:
    check_types(node)
    return build(node)

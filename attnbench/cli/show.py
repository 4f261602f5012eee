"""The `show` command: what an attention does with a sentence, before any training."""

from collections.abc import Sequence
from pathlib import Path

import torch
from omegaconf import DictConfig
from torch import Tensor

from attnbench.attention import Attention, Tied
from attnbench.attention.kernels import AutoKernel
from attnbench.attention.selections import Soft
from attnbench.cli.mechanisms import Mechanism, found
from attnbench.errors import UserError
from attnbench.files import write_whole
from attnbench.generator_seed import generator_seed
from attnbench.job.build import build

GROUPS = ("score", "scope", "selection")
LONGEST = 24  # words: a terminal has room for no more
SHADES = " ░▒▓█"
NOISE = 0.7  # of the queries, where the vectors of words have a standard deviation of 1
HOW = (
    "The weights of an untrained layer: queries down, keys across, darker is more weight. Key t is a random vector of\n"
    "word t, the same for the same word. Query t is key t with some noise. Parameters are random."
)


def show(cfg: DictConfig) -> None:
    """Prints formulas, sources and weights. Writes a picture too, if the config names a file."""
    words = str(cfg.sentence).split()
    if not 1 <= len(words) <= LONGEST:
        raise UserError(f"sentence: has {len(words)} words; give 1 to {LONGEST}")
    if cfg.picture is not None and not str(cfg.picture).endswith(".svg"):
        raise UserError(f"picture={cfg.picture}: must be a file.svg")
    for mechanism in chosen(cfg):
        print(f"{mechanism.name:<26} {mechanism.formula}.{f'  {mechanism.paper}.' if mechanism.paper else ''}")
    weights = example_weights(attention(cfg), word_vectors(words, cfg.width, cfg.seed))
    print(f"\n{HOW}\n\n{heat_map(weights, words)}")
    if (window := cfg.scope.get("window")) and window >= len(words) - 1:
        print(f"\nscope.window={window} reaches over the whole sentence; scope.window=2 is narrower.")
    if cfg.picture is not None:
        # Imported here: it takes a second to import.
        from attnbench.report.figures.cards import picture

        try:
            write_whole(Path(cfg.picture), picture(weights.numpy()).encode())
        except OSError as error:
            raise UserError(f"picture={cfg.picture}: cannot be written: {error.strerror}") from error
        print(f"picture: {cfg.picture}")


def chosen(cfg: DictConfig) -> list[Mechanism]:
    """What the groups of a config have chosen, with formula and source."""
    targets = {group: cfg[group]["_target_"] for group in GROUPS}
    return [one for one in found() if one.group in GROUPS and one.target == targets[one.group]]


def attention(cfg: DictConfig) -> Attention:
    """An untrained layer with one head, as the config describes it."""
    torch.manual_seed(generator_seed(cfg.seed))
    parts = {group: build(cfg[group]) for group in GROUPS}
    return Attention(cfg.width, **parts, key_value=Tied, kernel=AutoKernel())


def word_vectors(words: Sequence[str], width: int, seed: int) -> Tensor:
    """A random vector for each distinct word `(1, N, W)`."""
    torch.manual_seed(generator_seed(seed))
    vectors = {word: torch.randn(width) for word in dict.fromkeys(words)}
    return torch.stack([vectors[word] for word in words])[None]


@torch.no_grad()
def example_weights(layer: Attention, keys: Tensor) -> Tensor:
    """The weights `(T, S)` of an untrained layer on queries that resemble the keys `(1, S, W)`. A hard selection draws
    as in training.
    """
    layer.train(not isinstance(layer.selection, Soft))
    torch.manual_seed(2)
    queries = keys + NOISE * torch.randn_like(keys)
    weights = layer(queries, layer.memory_of_states(keys), want_weights=True).weights
    assert weights is not None
    return weights[0, 0]


def heat_map(weights: Tensor, words: Sequence[str]) -> str:
    """Weights `(T, S)` as lines of text: two letters for each weight, darker for more."""
    left = max(map(len, words))
    tall = max(map(len, words))
    head = [" " * (left + 1) + "".join(f"{word[row : row + 1]:<2}" for word in words) for row in range(tall)]
    levels = (weights.clamp(0, 1) * (len(SHADES) - 1)).ceil().int().tolist()
    rows = [
        f"{word:>{left}} {''.join(2 * SHADES[level] for level in row)}" for word, row in zip(words, levels, strict=True)
    ]
    return "\n".join(line.rstrip() for line in (*head, *rows))

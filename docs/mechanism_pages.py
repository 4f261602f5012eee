"""A hook of mkdocs that makes the page of mechanisms.

Formula and source are from the docstrings; weights and cost are computed.
"""

import io
from collections.abc import Iterator
from functools import partial
from inspect import cleandoc, getdoc
from itertools import groupby
from typing import Any

import torch
from hydra.utils import get_object, instantiate
from matplotlib.figure import Figure
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from omegaconf import OmegaConf
from torch import Tensor

from attnbench.attention import Attention, Tied
from attnbench.attention.kernels import AutoKernel
from attnbench.cli.mechanisms import Mechanism, found
from attnbench.cli.paths import CONF
from attnbench.cli.show import example_weights
from attnbench.cost.operations import operations

TOKENS, WIDTH = 14, 32  # of the small example whose weights are drawn
SCALE = 0.25  # the weight that is drawn darkest, at least
LENGTH, HEADS, HEAD_DIM = 1024, 4, 64  # of the example whose cost is stated
TITLES = {
    "score": ("Scores", "A score compares each query with each key."),
    "scope": ("Scopes", "A scope says which keys a query may attend."),
    "selection": ("Selections", "A selection makes weights of scores: all keys (soft), or one key (hard)."),
    "key_value": ("Keys and values", "How the attended states become keys and values."),
    "decoder": ("Recurrent decoders", "Where the attention stands in a recurrent decoder."),
    "model": ("Models", "What the attention is studied in."),
    "positions": ("Positions", "How a Transformer knows the order of its tokens."),
    "search": ("Search", "How a translation is found, token by token."),
    "loss": ("Losses", "What a model is trained on."),
    "kernel": ("Kernels", "A kernel computes the same attention at another cost. It does not change the result."),
}
USUAL = {"score": "scaled_dot", "scope": "global", "selection": "soft"}  # around the part that is drawn
OPTIONS = {"scope": {"window": 2}, "location": {"positions": 2048}}
PICTURE = """\
![Attention weights of {name}](images/{file}){{ width="190" align=right }}
"""
INTRODUCTION = f"""\
# Mechanisms

This page is made from the code, each time the site is built. Formula and source are from the docstrings.

**The pictures** show the weights of an untrained layer for {TOKENS} queries (down) and {TOKENS} keys (across).
Darker is more weight. Query t is key t with some noise. A score with parameters has random ones: its picture shows what
an untrained layer does, not what it can learn.

**The cost** is in closed form, for n = {LENGTH:,} queries and keys, {HEADS} heads of width {HEAD_DIM}, single
precision, forward and backward, with the kernel that `kernel=auto` takes. It counts floating-point operations, and
the bytes that must move to and from memory at least.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds `mechanisms.md` and its pictures to the site."""
    pages = [INTRODUCTION]
    for group, mechanisms in groupby(found(), key=lambda each: each.group):
        title, sentence = TITLES[group]
        pages.append(f"## {title}\n\n{sentence} Override: `{group}=...`.\n")
        for mechanism in mechanisms:
            choice = mechanism.choice
            if group in USUAL:
                image = f"{group}_{choice}.svg"
                files.append(File.generated(config, f"images/{image}", content=_drawn(group, choice)))
                pages.append(_section(mechanism, group, choice, PICTURE.format(name=f"`{mechanism.name}`", file=image)))
            else:
                pages.append(_section(mechanism, group, choice, ""))
    files.append(File.generated(config, "mechanisms.md", content="\n".join(pages)))
    return files


def _section(mechanism: Mechanism, group: str, choice: str, picture: str) -> str:
    """The part of the page on one mechanism."""
    target = OmegaConf.select(OmegaConf.load(CONF / group / f"{choice}.yaml"), "_target_")
    further = "".join(f"\n{text}\n" for text in _further(target)) if target else ""
    source = f"\n*{mechanism.paper}.* " if mechanism.paper else ""
    cost = f"\n{_cost(group, choice)}\n" if group in USUAL else ""
    files = f"\n`{mechanism.file}`, `{mechanism.config}`\n"
    return f"### {choice} {{ #{group}-{choice} }}\n\n{picture}\n{mechanism.formula}.\n{source}\n{further}{cost}{files}"


def _further(target: str) -> Iterator[str]:
    """The paragraphs of a docstring after the first, up to its arguments."""
    for paragraph in cleandoc(getdoc(get_object(target)) or "").split("\n\n")[1:]:
        if paragraph.startswith(("Args:", "Raises:", "Returns:")):
            return
        yield paragraph


def _layer(group: str, choice: str, width: int, heads: int) -> Attention:
    """An attention layer with the usual parts, but for the one named."""
    chosen = USUAL | {group: choice}
    parts: dict[str, Any] = {}
    for part, name in chosen.items():
        options = OPTIONS.get(name, {}) | (OPTIONS.get(part, {}) if name.startswith("local") else {})
        parts[part] = partial(instantiate(OmegaConf.load(CONF / part / f"{name}.yaml")), **options)
    torch.manual_seed(1)
    return Attention(width, **parts, key_value=Tied, kernel=AutoKernel(), heads=heads)


def _cost(group: str, choice: str) -> str:
    """Operations and bytes of a call, in words."""
    layer = _layer(group, choice, HEADS * HEAD_DIM, HEADS).train()
    shape = {"batch": 1, "length": LENGTH, "head_dim": HEAD_DIM}
    cpu = torch.device("cpu")
    found = operations(layer, **shape, dtype=torch.float32, device=cpu, passes="forward+backward")
    return (
        f"Cost at n = {LENGTH:,}: {found.flops / 1e9:.2f} GFLOP, {found.bytes / 2**20:.0f} MiB moved "
        f"(`kernel={layer.chosen_kernel().name}`)."
    )


def _weights(group: str, choice: str) -> Tensor:
    """The weights `(T, S)` of an untrained layer on queries that resemble the keys."""
    layer = _layer(group, choice, WIDTH, 1)
    return example_weights(layer, torch.randn(1, TOKENS, WIDTH, generator=torch.Generator().manual_seed(2)))


def _drawn(group: str, choice: str) -> str:
    """A heat map of the weights, as SVG."""
    figure = Figure(figsize=(2.2, 2.2), layout="constrained")
    axis = figure.subplots()
    weights = _weights(group, choice)
    darkest = max(SCALE, float(weights.max()))  # or equal weights would all be as dark as can be
    axis.imshow(weights, cmap="Blues", vmin=0, vmax=darkest, interpolation="nearest")
    axis.set(xticks=[], yticks=[], xlabel="keys", ylabel="queries")
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()

"""Makes attention layers from the files in conf/. A new file is therefore tested without a change in the tests."""

from functools import cache
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from attnbench.attention import Attention
from attnbench.attention.kernels import Attended, AttentionSpec

CONF = Path(__file__).parents[2] / "conf"
WINDOW = 1  # window of the local scopes; it is small, so that it excludes most of a short sentence


def names(group: str) -> list[str]:
    """The names of the files of a config group."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


class Variant(NamedTuple):
    """An attention: the name of the chosen file in each config group."""

    score: str = "dot"
    scope: str = "global"
    selection: str = "soft"
    kernel: str = "dense"


SCORE, SCOPE, SELECTION, KERNEL = range(4)  # the axes of `covering`
EVERY = [Variant(*choice) for choice in product(*map(names, Variant._fields))]


@cache
def _read(group: str, name: str) -> Any:
    return OmegaConf.load(CONF / group / f"{name}.yaml")


def part(group: str, name: str, **settings: Any) -> Any:
    """The object that one config file describes. `settings` replace values of the file."""
    return instantiate(OmegaConf.merge(_read(group, name), settings))


@cache
def config(variant: Variant, heads: int, window: int) -> Any:
    """The config of the layer, with the files of the variant. The main configs are composed in the same way."""
    groups: dict[str, Any] = {group: _read(group, name) for group, name in variant._asdict().items()}
    if "window" in groups["scope"]:
        groups["scope"] = OmegaConf.merge(groups["scope"], {"window": window})
    groups["key_value"] = _read("key_value", "tied")
    return OmegaConf.create({**groups, "heads": heads, "attention": _read("attention", "layer")}).attention


def build(variant: Variant, *, width: int = 6, heads: int = 2, window: int = WINDOW, seed: int = 0) -> Attention:
    """The attention layer of the variant, in float64."""
    torch.manual_seed(seed)
    return instantiate(config(variant, heads, window))(width).double()


@cache
def spec(score: str, scope: str, selection: str, heads: int = 2, width: int = 3) -> AttentionSpec:
    """The attention that a kernel has to compute."""
    return AttentionSpec(
        part("score", score)(heads, width), part("scope", scope)(heads, width), part("selection", selection)()
    )


def refusal(variant: Variant) -> str | None:
    """The reason why the kernel cannot compute this variant, or None if it can."""
    *mechanism, kernel = variant
    return part("kernel", kernel).refusal(spec(*mechanism))


REFUSED = [variant for variant in EVERY if refusal(variant)]
ABLE = [
    variant for variant in EVERY if variant not in REFUSED and variant.kernel != "auto"
]  # auto uses one of the other kernels
SOFT = [variant for variant in ABLE if variant.selection == "soft"]
MECHANISMS = [variant for variant in SOFT if variant.kernel == "dense"]  # each mechanism once, with one kernel


def states(*shape: int, seed: int = 1) -> Tensor:
    """Random float64 states that require a gradient."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()


def attend(layer: Attention, query: Tensor, keys: Tensor, lengths: list[int] | None, **options: Any) -> Attended:
    """The attention of `query` to the first `lengths` of `keys`, or to all keys if `lengths` is None."""
    return layer(query, layer.memory_of_states(keys, None if lengths is None else torch.tensor(lengths)), **options)


def weights_of(layer: Attention, query: Tensor, keys: Tensor, lengths: list[int], **options: Any) -> Tensor:
    """The attention weights `(B, H, T, S)`."""
    weights = attend(layer, query, keys, lengths, want_weights=True, **options).weights
    assert weights is not None
    return weights

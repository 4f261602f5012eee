"""Small models made from conf/, as a job makes them, and a few sentences of unequal length."""

from functools import cache
from pathlib import Path
from typing import Any

import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor

from attnbench.models.initialise import initialise
from attnbench.tasks.task import BOS, EOS, PAD

CONF = str(Path(__file__).parents[2] / "conf")
VOCABULARY = 12
DECODERS = {
    "initial": ("decoder=none",),
    "every_step": ("decoder=none", "decoder.context=every_step"),
    "bahdanau": ("decoder=bahdanau",),
    "luong": ("decoder=luong",),
    "luong_fed": ("decoder=luong", "decoder.input_feeding=true"),
}
TRANSFORMERS = {
    "transformer": ("model=transformer",),
    "transformer_pre": ("model=transformer", "model.norm=pre", "positions=learned"),
}
MODELS = DECODERS | TRANSFORMERS


@cache
def options(group: str) -> list[str]:
    """The variants of a group of conf/."""
    with initialize_config_dir(CONF, version_base=None):
        return GlobalHydra.instance().config_loader().get_group_options(group)


@cache
def config(*overrides: str) -> Any:
    """The resolved model of `train`: of width 6, one head, and embeddings of another width where it can."""
    with initialize_config_dir(CONF, version_base=None):
        model = compose("train", ["width=6", "heads=1", "dropout=0", *overrides]).model
    found = OmegaConf.to_container(model, resolve=True)
    assert isinstance(found, dict)
    return found | ({"embedding": 5} if "embedding" in found else {})


def build(*overrides: str, seed: int = 1, **shape: Any) -> Any:
    """A model with initial values from `seed`; `shape` holds settings of the model itself."""
    model = instantiate(config(*overrides) | shape)(VOCABULARY, VOCABULARY)
    initialise(model, seed)
    return model


def precise(*overrides: str, **shape: Any) -> Any:
    """The same for exact comparison: in float64, in evaluation mode."""
    return build(*overrides, **shape).double().eval()


def sources() -> tuple[Tensor, Tensor]:
    """Ids `(4, 6)` and lengths."""
    lengths = torch.tensor([6, 2, 4, 1])
    ids = torch.randint(4, VOCABULARY, (4, 6), generator=torch.Generator().manual_seed(0))
    ids[torch.arange(4), lengths - 1] = EOS
    return ids.masked_fill(torch.arange(6) >= lengths[:, None], PAD), lengths


def targets(length: int = 5, seed: int = 1) -> Tensor:
    """Ids `(4, length)` that start as a sentence does."""
    ids = torch.randint(4, VOCABULARY, (4, length), generator=torch.Generator().manual_seed(seed))
    ids[:, 0] = BOS
    return ids

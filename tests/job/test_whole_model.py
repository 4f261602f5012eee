"""A whole model as a contender: what its calls do, and how a session tells what they cost."""

from functools import partial
from pathlib import Path
from typing import get_args
from unittest.mock import patch

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from attnbench import record
from attnbench.cli.paths import CONF
from attnbench.cost.runner import ContenderSetup, LocalRunner, Workload
from attnbench.job.build import build_model
from attnbench.job.whole_model import WholeModel
from attnbench.models.model import Model
from attnbench.training.loss import CrossEntropy
from attnbench.training.recipe import Recipe
from tests.cli.command_line import here

LENGTH, BATCH, VOCABULARY = 7, 3, 20
RECIPE = Recipe(
    loss=CrossEntropy(0.0),
    batch_size=BATCH,
    batch_tokens=None,
    learning_rate=1e-3,
    warmup=1,
    schedule="constant",
    averaging=0.0,
    average_last=0,
    weight_decay=0.0,
    clip=1.0,
    teacher_forcing=1.0,
    validate_every=1,
    patience=0.0,
    stop_on="loss",
    updates=1,
    epochs=None,
    seconds=None,
)


def contender(model: Model) -> tuple[WholeModel, ContenderSetup]:
    found = WholeModel(1, 8, model=lambda source, target: model, recipe=RECIPE, vocabulary=VOCABULARY)
    return found, ContenderSetup(partial(lambda heads, head_dim: found, 1, 8), BATCH, 1, 8, torch.device("cpu"))


@pytest.fixture
def model() -> Model:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", ["width=8"])
    return build_model(DictConfig(OmegaConf.to_container(cfg.model, resolve=True)), VOCABULARY, VOCABULARY)


def test_it_is_a_workload(model: Model) -> None:
    assert isinstance(contender(model)[0], Workload)


def test_a_training_step_reads_n_tokens_on_each_side_and_changes_the_parameters(model: Model) -> None:
    one, setup = contender(model)
    call = one.call(setup, LENGTH, "forward+backward")
    before = [parameter.detach().clone() for parameter in model.parameters()]
    with patch.object(model, "read", wraps=model.read) as read:
        call()
    source, lengths, target = read.call_args.args
    assert (source.shape, target.shape) == ((BATCH, LENGTH), (BATCH, LENGTH))
    assert lengths.tolist() == [LENGTH] * BATCH
    assert any(not torch.equal(old, new) for old, new in zip(before, model.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_decoding_takes_n_steps_of_one_token_for_one_sentence(model: Model) -> None:
    one, setup = contender(model)
    call = one.call(setup, LENGTH, "forward")
    with patch.object(model, "decode", wraps=model.decode) as decode:
        call()
    assert [made.args[0].shape for made in decode.call_args_list] == [(1, 1)] * LENGTH
    assert not model.training


def test_the_runner_measures_both(model: Model) -> None:
    runner = LocalRunner(contender(model)[1])
    for passes in get_args(record.Passes):
        first = runner.prepare(LENGTH, passes)
        assert first.peak_mib > 0
        assert runner.time_once() > 0


def test_a_session_of_whole_models_is_told_as_that(tmp_path: Path) -> None:
    words = [
        "grid=none",
        "contender=model",
        "model=rnn,transformer",
        "cost.lengths=[4,8]",
        "cost.repetitions=2",
        "width=16",
    ]
    out = here(tmp_path, "cost", "tracker=none", "device=cpu", *words).out
    for text in ("decoding a sentence (ms)", "training step (ms)", "peak of a step (MiB)", "transformer"):
        assert text in out
    found = [record.read(path) for path in sorted(tmp_path.glob("runs/*/**/record.json"))]
    assert len(found) == 2
    assert {each.scaling.of for each in found if each.scaling} == {"model"}
    (folder,) = (tmp_path / "reports").iterdir()
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "a training step of the whole model on cpu" in report
    assert "attention alone" not in report
    assert (folder / "tables" / "exponents_model_cpu.csv").is_file()

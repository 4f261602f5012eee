"""The points, the pooling by the attention layer, its fit, and which pooling is nearest to the curve."""

import math
from functools import cache

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from torch import Tensor

from attnbench.attention import Attention
from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.job.build import build
from attnbench.job.regression import check_regression
from attnbench.models.initialise import initialise
from attnbench.record import Regression
from attnbench.tasks.regression import Points
from attnbench.training.regression import WIDTH, attention_pooling, evaluate_regression, fit, leave_one_out

AVERAGE, FIXED, LEARNED = ["score=average"], ["score=gaussian"], ["score=gaussian", "score.learned=true"]


@cache
def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", ["task=kernel_regression", *overrides])


def points(*overrides: str) -> Points:
    return build(composed(*overrides).task)


def layer(*overrides: str) -> Attention:
    cfg = composed(*overrides)
    made = build(cfg.attention)(WIDTH)
    initialise(made, 1)
    return made


@cache
def regression(*overrides: str) -> Regression:
    """A whole job, except its record."""
    cfg = composed(*overrides)
    made, given = layer(*overrides), build(cfg.task)
    fit(made, given, build(cfg.training))
    return evaluate_regression(made, given)


def smoothed(query: float, x: list[float], y: list[float], sigma: float) -> float:
    """Nadaraya and Watson's estimate, as they write it."""
    kernel = [math.exp(-((query - place) ** 2) / (2 * sigma**2)) for place in x]
    return sum(k * height for k, height in zip(kernel, y, strict=True)) / sum(kernel)


def test_the_curve_is_what_the_config_says() -> None:
    given = points("task.points=1000", "task.slope=2", "task.amplitude=3", "task.span=4", "task.noise=0")
    for x, y in ((given.x, given.y), (given.test_x, given.truth)):
        assert y.tolist() == pytest.approx([2 * place + 3 * math.sin(place) for place in x.tolist()], rel=1e-5)
        assert x.tolist() == sorted(x.tolist())
    assert (given.test_x.min(), given.test_x.max()) == (0, 4)
    # Uniform: a tenth of the places in each tenth of the span.
    assert torch.histc(given.x, 10, 0, 4).tolist() == pytest.approx([100] * 10, abs=40)


def test_the_noise_is_on_the_training_points_alone() -> None:
    given = points("task.points=10000")
    noise = given.y - given.x - torch.sin(given.x)
    assert (noise.mean().item(), noise.std().item()) == pytest.approx((0, 0.5), abs=0.02)
    torch.testing.assert_close(given.truth, given.test_x + torch.sin(given.test_x))


def test_the_seed_of_the_job_is_that_of_the_points() -> None:
    assert torch.equal(points("seed=3").y, points("seed=3").y)
    assert not torch.equal(points("seed=3").x, points("seed=4").x)


@pytest.mark.parametrize("sigma", [0.2, 1.0])
def test_attention_with_a_gaussian_score_is_kernel_regression(sigma: float) -> None:
    given = points("task.points=12", "task.tests=7")
    found = evaluate_regression(layer(*FIXED, f"score.sigma={sigma}"), given)
    x, y = given.x.tolist(), given.y.tolist()
    expected = [smoothed(query, x, y, sigma) for query in given.test_x.tolist()]
    assert found.estimate == pytest.approx(expected, rel=1e-4)
    error = sum((mine - true) ** 2 for mine, true in zip(expected, given.truth.tolist(), strict=True)) / 7
    assert found.test_error == pytest.approx(error, rel=1e-3)
    assert found.sigma == pytest.approx(sigma)
    assert [sum(row) for row in found.weights] == pytest.approx([1.0] * 7, abs=1e-3)
    assert [sum(w * v for w, v in zip(row, y, strict=True)) for row in found.weights] == pytest.approx(
        found.estimate, abs=1e-2
    )


def test_average_pooling_is_the_mean_everywhere() -> None:
    found = evaluate_regression(layer(*AVERAGE), points())
    assert found.estimate == pytest.approx([sum(found.y) / len(found.y)] * 50, rel=1e-5)
    assert (found.sigma, found.parameters) == (None, 0)


@pytest.mark.parametrize("overrides", [AVERAGE, FIXED, ["score=additive"]])
def test_a_point_left_out_does_not_vouch_for_itself(overrides: list[str]) -> None:
    given, made = points("task.points=6"), layer(*overrides).eval()
    for i, estimate in enumerate(leave_one_out(made, given.x, given.y).tolist()):
        others = [j for j in range(6) if j != i]
        alone = attention_pooling(made, given.x[None, [i]], given.x[None, others], given.y[None, others]).context.item()
        assert estimate == pytest.approx(alone, rel=1e-5)
        moved = given.y.clone()
        moved[i] += 100
        assert leave_one_out(made, given.x, moved)[i].item() == pytest.approx(estimate, rel=1e-5)


def error(sigma: float, given: Points) -> float:
    """The squared error of each training point, estimated from the others."""
    x, y = given.x.tolist(), given.y.tolist()
    rest = [(x[:i] + x[i + 1 :], y[:i] + y[i + 1 :]) for i in range(len(x))]
    return sum((smoothed(x[i], *rest[i], sigma) - y[i]) ** 2 for i in range(len(x))) / len(x)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_width_that_is_learned_is_the_best_there_is(seed: int) -> None:
    given = points(f"seed={seed}")
    found = regression(*LEARNED, f"seed={seed}")
    assert found.sigma is not None
    assert found.parameters == 1
    assert found.left_out_error == pytest.approx(error(found.sigma, given), rel=1e-3)
    nearby = [error(found.sigma * factor, given) for factor in (0.8, 0.9, 1.1, 1.25)]
    assert found.left_out_error < min(nearby)


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_learned_width_beats_a_given_one_and_both_beat_the_mean(seed: int) -> None:
    average, fixed, learned = (regression(*pooling, f"seed={seed}") for pooling in (AVERAGE, FIXED, LEARNED))
    assert average.test_error > fixed.test_error > learned.test_error
    assert fixed.sigma == 1.0
    assert average.y == fixed.y == learned.y


@pytest.mark.parametrize("score", ["general", "additive", "concat"])
def test_any_score_that_learns_is_fitted(score: str) -> None:
    given, made = points(), layer(f"score={score}")

    def loss() -> Tensor:
        return (leave_one_out(made, given.x, given.y) - given.y).square().mean()

    before = loss().item()
    fit(made, given, build(composed("training.updates=50").training))
    assert loss().item() < before


def test_a_fit_that_diverges_is_told() -> None:
    with pytest.raises(UserError, match=r"training\.learning_rate=1000\.0: the fit diverged; lower it"):
        regression(*LEARNED, "training.learning_rate=1000.0")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["task.points=1"], r"task\.points=1: must be 2 or more"),
        (["task.tests=0"], r"task\.tests=0: must be 1 or more"),
        (["task.span=0"], r"task\.span=0: must be greater than 0"),
        (["task.noise=-1"], r"task\.noise=-1: must be 0 or more"),
        (["task.slope=nan"], r"task\.slope=nan: must be a finite number"),
        (["training.updates=0"], r"training\.updates=0: must be greater than 0"),
        (["training.learning_rate=-1"], r"training\.learning_rate=-1: must be greater than 0"),
        (["score.sigma=0"], r"score\.sigma=0: must be greater than 0"),
        (["scope=local_m"], "scope=global selection=soft"),
        (["selection=gumbel"], "scope=global selection=soft"),
        (["heads=2"], "heads=2: must divide the width 1"),
        (["task=grammar", "job=regression"], "use task=kernel_regression"),
    ],
)
def test_a_value_that_cannot_be_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_regression(composed(*overrides))

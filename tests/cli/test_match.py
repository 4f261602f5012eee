"""Mechanisms at the same size, arithmetic or time: what `match` sets in each job, what it says, and what it refuses."""

import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

from attnbench.cli.paths import CONF
from attnbench.job.identity import job_key
from attnbench.job.sizes import parameters, training_step_flops
from attnbench.record import Record
from tests.cli.command_line import TINY, Ended, here, records
from tests.cli.test_sweep import announced

MODELS = ["sweep", "decoder=none,luong,bahdanau", *TINY]  # the second is the reference: the first has no attention
UNBOUNDED = [override for override in MODELS if not override.startswith("training.updates")]


def config(overrides: list[str], **more: object) -> DictConfig:
    """The config of a planned job, as `train` composes it."""
    own = [override for override in overrides if not override.startswith("match")]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return compose("train", [*own, *(f"{key}={value}" for key, value in more.items())])


def value(overrides: list[str], key: str) -> str:
    """The value of a key, which is set once."""
    [found] = [each.partition("=")[2] for each in overrides if each.partition("=")[0] == key]
    return found


@pytest.mark.parametrize(
    ("models", "heads", "reference"),
    [
        ("decoder=none,luong,bahdanau", 1, 1),  # the first has no attention
        ("score=dot,location heads=4", 4, 0),
    ],
)
def test_each_width_is_the_one_with_the_nearest_number_of_parameters(
    models: str, heads: int, reference: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs, _ = announced(tmp_path, monkeypatch, "sweep", *TINY, *models.split(), "match=parameters")
    assert value(jobs[reference], "width") == "16"
    goal = parameters(config(jobs[reference]))
    widths = [int(value(job, "width")) for job in jobs]
    assert len(set(widths)) > 1
    for job, width in zip(jobs, widths, strict=True):
        possible = [each for each in (width - heads, width, width + heads) if each > 0]
        assert min(possible, key=lambda each: abs(parameters(config(job, width=each)) - goal)) == width


def test_trainings_have_the_same_arithmetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = [*MODELS, "training.updates=1000", "match=flops"]
    jobs, _ = announced(tmp_path, monkeypatch, *given)
    steps = [training_step_flops(config(job)) for job in jobs]
    none, luong, bahdanau = updates = [int(value(job, "training.updates")) for job in jobs]
    assert none > luong == 1000 > bahdanau
    assert [step * number for step, number in zip(steps, updates, strict=True)] == pytest.approx(
        [1000 * steps[1]] * 3, rel=1e-3
    )


def test_each_task_has_a_reference_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer sentences take more arithmetic. They are not compared with shorter ones."""
    jobs, printed = announced(tmp_path, monkeypatch, "sweep", "length=8,32", "score=dot", *TINY, "match=flops")
    assert [value(job, "training.updates") for job in jobs] == ["5", "5"]
    assert "as many as the first job with attention of each task, " in printed


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            "match=parameters",
            r"runs/decoder-parameters: 3 jobs \(your grid, 3 mechanisms; match=parameters: as many as decoder=luong, "
            r"[\d,]+; there are [\d,]+ to [\d,]+, by width 1\d to 1\d\)",
        ),
        (
            "match=flops",
            r"runs/decoder-flops: 3 jobs \(your grid, 3 mechanisms; match=flops: as many as decoder=luong, "
            r"[\d,]+, by training.updates 4 to 6\)",
        ),
        ("match=flops sweep=mine", r"runs/mine: 3 jobs .*"),
        ("match=none", r"runs/decoder: 3 jobs \(your grid, 3 mechanisms\)"),
    ],
)
def test_the_plan_says_what_is_equal(
    arguments: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, printed = announced(tmp_path, monkeypatch, *MODELS, *arguments.split())
    assert re.fullmatch(line, printed.splitlines()[0])


def test_seconds_are_the_only_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, printed = announced(tmp_path, monkeypatch, *UNBOUNDED, "match=seconds", "match.seconds=60")
    bounds = {key: {value(job, f"training.{key}") for job in jobs} for key in ("updates", "epochs", "seconds")}
    assert bounds == {"updates": {"null"}, "epochs": {"null"}, "seconds": {"60"}}
    assert printed.splitlines()[0] == (
        "runs/decoder-seconds: 3 jobs (your grid, 3 mechanisms; match=seconds: 60 s of training each)"
    )


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Record]]:
    """The folder in which a small sweep ran, with widths that differ, and its records."""
    folder = tmp_path_factory.mktemp("matched")
    ended = here(folder, "sweep", "score=dot,location", "heads=4", *TINY, "match=parameters")
    assert ended.status == 0, ended
    return folder, list(records(folder / "runs" / "score-parameters").values())


@pytest.mark.slow
def test_what_is_set_names_no_mechanism(swept: tuple[Path, list[Record]]) -> None:
    _, found = swept
    assert {one.matched for one in found} == {"parameters"}
    assert len({one.config["model"]["width"] for one in found}) == 2
    assert not any({"width", "match"} & set(one.factors) for one in found)
    assert {one.factors["score"] for one in found} == {"dot", "location"}


def test_a_job_can_be_run_again_alone(swept: tuple[Path, list[Record]]) -> None:
    for one in swept[1]:
        assert f"width={one.config['model']['width']}" in one.overrides
        with initialize_config_dir(str(CONF), version_base="1.3"):
            assert job_key(compose("train", one.overrides)) == one.key


def test_the_report_says_it(swept: tuple[Path, list[Record]]) -> None:
    folder, found = swept
    least, most = sorted(one.training.parameters for one in found if one.training)
    sentence = f"Widths were set so that the models have about as many parameters: {least:,} to {most:,}."
    report = (folder / "reports" / "score-parameters" / "report.md").read_text(encoding="utf-8")
    assert report.count(sentence) == 2  # at its top, and beside the table of quality


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("match=parameters width=16,32", "width=16,32: match=parameters needs one value for all jobs, or none"),
        (
            "match=parameters model.width=16 model.embedding=16",
            "width=16: does not change the number of parameters of the model",
        ),
        ("match=flops training.updates=5,6", "training.updates=5,6: match=flops needs one value for all jobs, or none"),
        (
            "match=flops training.updates=null training.epochs=1",
            "training.updates=null: match=flops needs a number, from which it makes those of all jobs",
        ),
        (
            "match=flops training.epochs=1",
            "training.epochs=1: match=flops bounds a training by its updates alone; say training.epochs=null",
        ),
        ("match=seconds", "match.seconds=null: must be a number greater than 0, the seconds of each training"),
        ("match=seconds match.seconds=0", "match.seconds=0: must be a number greater than 0"),
        ("match=seconds match.seconds=long", "match.seconds=long: must be a number greater than 0"),
        ("match=seconds match.seconds=1,2", "match.seconds=1,2: match=seconds needs one value for all jobs"),
        (
            "match=seconds match.seconds=60",
            "training.updates=5: match=seconds bounds a training by match.seconds alone; leave it out",
        ),
        ("match=parameters,flops", "match=parameters,flops: must be one value; run a sweep for each"),
        ("match=flops,none", "match=flops,none: must be one value"),
        ("match=null", "match=null: must be a choice of match; there are flops, none, parameters, seconds"),
        ("match=width", "match=width: no such choice"),
        ("match.seconds=60", "match.seconds=60: not a key of the chosen match, only of match=seconds"),
    ],
)
def test_one_line_says_what_is_right(arguments: str, message: str, tmp_path: Path) -> None:
    assert_refused(here(tmp_path, "sweep", "grid=none", *TINY, *arguments.split()), message)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "sweep task=kernel_regression match=parameters tracker=none",
            "match=parameters: only translation has a width and a budget to set; leave match out",
        ),
        ("train match=parameters", "match=parameters: no such key in train"),
        ("cost match=flops", "match=flops: no such key in cost"),
    ],
)
def test_what_has_nothing_to_match_refuses_it(command: str, message: str, tmp_path: Path) -> None:
    assert_refused(here(tmp_path, *command.split()), message)


def assert_refused(ended: Ended, message: str) -> None:
    assert ended.status == 2, ended
    [line] = ended.err.splitlines()
    assert message in line

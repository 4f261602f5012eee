"""A job is another one if a file that it reads has another content."""

import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from attnbench.cli.hydra_run import run as _registers_resolvers  # noqa: F401
from attnbench.job.identity import job_key
from attnbench.job.inputs import inputs
from attnbench.tasks.inputs import reads
from tests.training.test_loss import composed

HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # sha256 of "hello"


def test_a_file_that_the_config_names(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("hello")
    assert inputs({"task": {"sets": [{"source": str(path)}], "name": "hello"}}) == {str(path): HELLO}
    path.write_text("other")
    assert inputs({"task": str(path)})[str(path)] != HELLO


def test_a_file_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.tsv").write_text("hello")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert inputs({"source": "~/a.tsv"}) == {"~/a.tsv": HELLO}


@pytest.mark.parametrize("text", ["", "x" * 5000, "a\0b", "~nobody-has-this-name/x", "."])
def test_a_text_that_is_no_file(text: str) -> None:
    assert inputs({"source": text}) == {}


def make_task(*, language: str) -> None: ...


def test_files_that_a_task_finds_by_itself(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("hello")
    reads(lambda language: [tmp_path / f"{language}.txt"])(make_task)
    node = {"_target_": f"{__name__}.make_task", "language": "de"}
    assert HELLO in inputs({"task": node}).values()


def test_the_code_of_a_class_of_your_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = tmp_path / "my_scores_of_test_inputs.py"
    code.write_text("class Mine: ...")
    monkeypatch.syspath_prepend(tmp_path)
    found = inputs({"score": {"_target_": "my_scores_of_test_inputs.Mine"}})
    assert list(found) == [str(code)]
    del sys.modules["my_scores_of_test_inputs"]


def test_code_of_ours_and_of_packages_is_no_input() -> None:
    own: Any = {"_target_": "attnbench.attention.scores.Dot"}
    assert inputs({"a": own, "b": {"_target_": "torch.nn.Linear"}, "c": {"_target_": "no.such.thing"}}) == {}


def test_the_key_follows_the_content_not_the_name(tmp_path: Path) -> None:
    keys = []
    for content in ("1\t2\n", "1\t2\n", "1\t3\n"):
        path = tmp_path / "my.tsv"
        path.write_text(content)
        keys.append(job_key(_parallel(path)))
    assert keys[0] == keys[1] != keys[2]


def _parallel(path: Path) -> DictConfig:
    return composed("task=parallel", f"task.source={path}")


def test_two_files_that_change_places(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    keys = []
    for first, second in (("a", "b"), ("b", "a")):
        one.write_text(first)
        other.write_text(second)
        keys.append(job_key(composed("task=parallel", f"task.source={one}", f"task.target={other}")))
    assert keys[0] != keys[1]

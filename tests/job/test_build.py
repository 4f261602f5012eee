"""Parts of a job that are made from its config."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from attnbench.cli.paths import CONF
from attnbench.errors import UserError
from attnbench.job.build import build_task, check_task


def test_a_task_is_made_again_if_a_file_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own = ["task=parallel", "task.source=x.tsv", "task.validation=1", "task.test=1", "segmentation.min_count=1"]
    with initialize_config_dir(str(CONF), version_base="1.3"):
        node = compose("train", own).task
    for word in ("ja", "nein"):
        Path("x.tsv").write_text("".join(f"{word} {number}\tx\n" for number in range(3)))
        check_task(node)
        assert build_task(node).train[0].source.startswith(word)
        assert build_task(node) is build_task(node)
    Path("x.tsv").write_text("only one\tx\n")
    with pytest.raises(UserError, match="held-out sets"):
        check_task(node)

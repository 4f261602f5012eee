"""Records from W&B are the written ones, whatever else is in the project. An error is one line."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from attnbench import record
from tests.tracking.test_wandb_tracker import RECORD
from tests.tracking.wandb_server import KEY, Project, serve

STATES = {"a": "finished", "b": "finished", "c": "running", "d": "crashed", "e": "finished"}
FETCH = """if True:
    import json, sys
    from attnbench.errors import UserError
    from attnbench.tracking.wandb_source import fetch
    try:
        print(json.dumps({name: value if name == 'project' else [*map(str, value)]
                          for name, value in vars(fetch(sys.argv[1])).items()}))
    except UserError as error:
        print(json.dumps(str(error)))
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Two runs with their records, one with a foreign file, and two without any."""
    record.write(RECORD, path := tmp_path / "written.json")
    files = {name: {"record.json": path.read_bytes(), "config.yaml": b""} for name in "ab"}
    with serve(Project(STATES, files | {"e": {"record.json": b"{}"}})) as served:
        yield served


def fetch(home: Path, source: str, url: str, key: str | None = KEY) -> Any:
    """What `fetch` gives in a process of its own, which W&B keeps much of its state in; or its error's message."""
    own = {"HOME": str(home), "NETRC": str(home / "netrc"), "WANDB_BASE_URL": url}
    without = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment: Mapping[str, str] = without | own | ({"WANDB_API_KEY": key} if key else {})
    done = subprocess.run(
        [sys.executable, "-c", FETCH, source],
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_records_are_those_that_were_written(project: Project, tmp_path: Path) -> None:
    fetched = fetch(tmp_path, "wandb:team/attention", project.url)
    assert fetched["project"] == "attention"
    assert [Path(file).parent.name for file in fetched["files"]] == ["a", "b", "e"]
    assert [record.read(Path(file)) for file in fetched["files"][:2]] == [RECORD, RECORD]
    assert fetched["gaps"] == [
        "wandb:team/attention/c: running, without a record.json",
        "wandb:team/attention/d: crashed, without a record.json",
    ]


def test_the_run_of_a_report_is_no_job(project: Project, tmp_path: Path) -> None:
    project.reports = frozenset("c")
    assert fetch(tmp_path, "wandb:team/attention", project.url)["gaps"] == [
        "wandb:team/attention/d: crashed, without a record.json"
    ]


def test_what_is_here_already_is_not_fetched_again(project: Project, tmp_path: Path) -> None:
    first = fetch(tmp_path, "wandb:team/attention", project.url)["files"]
    project.files["b"]["record.json"] += b"\n"
    assert fetch(tmp_path, "wandb:attention", project.url)["files"] == first
    assert Path(first[1]).read_bytes() == project.files["b"]["record.json"]
    assert sorted(project.sent) == ["a/record.json", "b/record.json", "b/record.json", "e/record.json"]


@pytest.mark.parametrize(
    ("source", "key", "message"),
    [
        ("wandb:team/other", KEY, "source=wandb:team/other: Could not find project other"),
        ("wandb:team/attention", None, "source=wandb:team/attention: not logged in to W&B; run `wandb login` once"),
        ("wandb:team/attention", KEY[::-1][:-1] + "1", "source=wandb:team/attention: .*not logged in"),
        ("wandb:a/b/c", KEY, "source=wandb:a/b/c: must be wandb:entity/project"),
        ("runs/default", KEY, "source=runs/default: must be wandb:entity/project"),
    ],
)
def test_what_is_wrong_is_said(source: str, key: str | None, message: str, project: Project, tmp_path: Path) -> None:
    said = fetch(tmp_path, source, project.url, key)
    assert re.match(message, said), said


@pytest.mark.slow
def test_a_server_that_is_not_there_is_given_up_soon(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        said = fetch(tmp_path, "wandb:team/attention", f"http://127.0.0.1:{free.getsockname()[1]}")
    assert said.startswith("source=wandb:team/attention: ")
    assert "\n" not in said

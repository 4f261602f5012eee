"""The dashboard: what is saved in W&B, by a replacement of its server; and the files that say what would be."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attnbench import record
from attnbench.tracking.wandb_dashboard import Dashboard, write
from tests.cli.command_line import here
from tests.report import records
from tests.tracking.wandb_server import KEY, Project, serve

pytest.importorskip("wandb_workspaces", reason="dashboards need wandb-workspaces, which is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of wandb-workspaces
TOLD = Dashboard("team", "attention", "scores", "dot is the best.", ("One.", "Two."), ("score", "heads"))
SEND = """if True:
    import sys
    from attnbench.cli.main import main
    main(sys.argv[1:])
"""


@pytest.fixture
def project() -> Iterator[Project]:
    with serve(Project({}, {})) as served:
        yield served


def sent(home: Path, url: str, *arguments: str, key: str | None = KEY) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, where W&B keeps its state."""
    own = {"HOME": str(home), "NETRC": str(home / "netrc"), "WANDB_BASE_URL": url, "WANDB_SILENT": "true"}
    without = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment = without | own | ({"WANDB_API_KEY": key} if key else {})
    command = [sys.executable, "-c", SEND, "dashboard", *arguments]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=100, check=False)


def written(home: Path) -> None:
    for place, job in enumerate((records.no_attention(), records.attention("dot"), records.attention("additive"))):
        (folder := home / "runs" / "example" / str(place)).mkdir(parents=True)
        record.write(job, folder / record.NAME)


def texts(spec: Any) -> set[str]:
    """All strings in nested lists and dicts."""
    if isinstance(spec, dict):
        return set().union(*map(texts, spec.values()), spec.keys())
    if isinstance(spec, list):
        return set().union(*map(texts, spec)) if spec else set()
    return {spec} if isinstance(spec, str) else set()


def test_files_say_what_would_be_sent(tmp_path: Path) -> None:
    paths = write(TOLD, tmp_path)
    workspace, report = (json.loads(path.read_text(encoding="utf-8")) for path in paths)
    sections = workspace["spec"]["section"]["panelBankConfig"]["sections"]
    assert [section["name"] for section in sections] == ["Quality", "Curves", "Alignments"]
    kinds = [panel["viewType"] for section in sections for panel in section["panels"]]
    assert {"Bar Chart", "Scatter Plot", "Parallel Coordinates Plot", "Run History Line Plot", "Media Browser"} <= {
        *kinds
    }
    (runs,) = workspace["spec"]["section"]["runSets"]
    assert [each["value"] for each in runs["filters"]["filters"]] == ["scores", "train"]
    assert [each["name"] for each in runs["grouping"]] == ["condition.value", "mechanism.value"]
    assert {"dot is the best.", "One.", "Two."} <= texts(report)


def test_the_command_writes_files_offline(tmp_path: Path) -> None:
    written(tmp_path)
    out = here(tmp_path, "dashboard", "runs=runs/example").out
    folder = tmp_path / "reports" / "example" / "dashboard"
    assert {path.name for path in folder.iterdir()} == {"workspace.json", "report.json"}
    assert "tracker.mode=online saves them in W&B" in out
    assert "3 mechanisms have a BLEU of" in (folder / "report.json").read_text(encoding="utf-8")


def test_online_both_are_saved(project: Project, tmp_path: Path) -> None:
    written(tmp_path)
    online = ("runs=runs/example", "tracker.mode=online", "tracker.entity=team", "tracker.project=attention")
    done = sent(tmp_path, project.url, *online)
    assert done.returncode == 0, done.stderr
    assert [view["type"] for view in project.views] == ["project-view", "runs"]
    assert {(view["entityName"], view["projectName"]) for view in project.views} == {("team", "attention")}
    assert "quality/bleu" in project.views[0]["spec"]
    assert len([line for line in done.stdout.splitlines() if "team/attention" in line]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tracker=none",), "tracker=none: a dashboard is one of W&B"),
        (("runs=runs/no",), "runs=runs/no: no such folder"),
        (("tracker.mode=ofline",), "tracker.mode=ofline: must be offline or online"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    written(tmp_path)
    found = here(tmp_path, "dashboard", "runs=runs/example", *arguments)
    assert found.status == 2
    assert message in found.err


@pytest.mark.slow
def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    written(tmp_path)
    arguments = ("runs=runs/example", "tracker.mode=online", "tracker.entity=team")
    done = sent(tmp_path, "http://127.0.0.1:9", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr

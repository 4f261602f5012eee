"""What W&B's environment and its server change of a job. Each test has processes of its own, as W&B keeps both."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.tracking.test_wandb_tracker import HISTORY, kept
from tests.tracking.wandb_server import KEY, Project, serve

# Runs jobs with a tracker, then prints what is known of them.
JOBS = """if True:
    import json, logging, os, signal, sys
    from pathlib import Path
    from attnbench.errors import UserError
    from attnbench.record import HistoryPoint
    from attnbench.tracking.tracker import RunDescription
    from attnbench.tracking.wandb_tracker import Wandb
    said = []
    class Keeper(logging.Handler):
        def emit(self, record):
            said.append(record.getMessage())
    logging.getLogger("attnbench").addHandler(Keeper())
    how = json.loads(sys.argv[1])
    try:
        for job in how["jobs"]:
            folder = Path(job)
            folder.mkdir(exist_ok=True)
            told = RunDescription(job, "a sweep", "train", {}, {"score": "dot"}, 1)
            with Wandb(**how["tracker"])(told, folder) as run:
                for point in how["points"]:
                    run.validation(HistoryPoint(**point))
                if how["end"] == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)
    except UserError as error:
        said.append(str(error))
    print(json.dumps({"said": said, "imported": "wandb" in sys.modules}))
"""
POINTS = [vars(point) for point in HISTORY]


def run(
    home: Path,
    *jobs: str,
    mode: str = "offline",
    end: str = "finished",
    points: int = len(POINTS),
    project: str | None = None,
    variables: Mapping[str, str] = {},
) -> Any:
    """Runs jobs in one process, with these variables. Nothing must be printed by it."""
    tracker = {"mode": mode, "project": project, "entity": None}
    how = {"jobs": jobs, "tracker": tracker, "end": end, "points": POINTS[:points]}
    without = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    environment = {**without, "HOME": str(home), "NETRC": str(home / "netrc"), **variables}
    command = [sys.executable, "-c", JOBS, json.dumps(how)]
    done = subprocess.run(
        command,
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == (-signal.SIGKILL if end == "killed" else 0)
    return json.loads(done.stdout) if done.stdout else None


@pytest.fixture
def server() -> Iterator[Project]:
    with serve(Project({}, {})) as served:
        yield served


def online(server: Project) -> dict[str, str]:
    return {"WANDB_BASE_URL": server.url, "WANDB_API_KEY": KEY}


NAMING = {
    "WANDB_RUN_ID": "theirs",
    "WANDB_NAME": "theirs",
    "WANDB_RUN_NAME": "theirs",
    "WANDB_RUN_GROUP": "theirs",
    "WANDB_SWEEP_ID": "theirs",
    "WANDB_RESUME": "must",
    "WANDB_LAUNCH": "true",
    "WANDB_DIR": "theirs",
    "WANDB_USE_DOT_WANDB": "true",
    "WANDB_CONFIG_PATHS": "theirs.yaml",
    "WANDB_SWEEP_PARAM_PATH": "theirs.yaml",
    "WANDB_IGNORE_GLOBS": "*.json",
    "WANDB_CONSOLE": "wrap",
    "WANDB_SILENT": "false",
    "WANDB_SERVICE": "3-1-unix-/theirs",
}
LABELS = {"WANDB_TAGS": "a,b", "WANDB_NOTES": "a note", "WANDB_JOB_TYPE": "a kind", "WANDB_PROJECT": "of-mine"}


def settings_file(home: Path, **settings: str) -> None:
    path = home / ".config" / "wandb" / "settings"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(["[default]", *(f"{name} = {value}" for name, value in settings.items())]))


def test_no_variable_says_which_run_a_job_is(tmp_path: Path) -> None:
    run(tmp_path, "one", "two", variables=NAMING | LABELS)
    runs = [kept(tmp_path / name) for name in ("one", "two")]
    assert len({each.run.run_id for each in runs} | {"theirs"}) == 3
    assert [each.run.display_name for each in runs] == ["one", "two"]
    assert {each.run.run_group for each in runs} == {"a sweep"}
    assert {each.run.sweep_id for each in runs} == {""}
    assert [each.config["seed"] for each in runs] == [1, 1]
    assert {(*each.run.tags, each.run.notes, each.run.job_type, each.run.project) for each in runs} == {
        ("a", "b", "dot", "a note", "a kind", "of-mine")
    }


@pytest.mark.slow
def test_nor_does_a_settings_file(tmp_path: Path) -> None:
    settings_file(tmp_path, run_id="theirs", run_group="theirs", sweep_id="theirs", project="of-mine")
    run(tmp_path, "one")
    found = kept(tmp_path / "one").run
    assert "theirs" not in (found.run_id, found.run_group, found.sweep_id)
    assert found.project == "of-mine"


def test_the_config_names_the_project(tmp_path: Path) -> None:
    run(tmp_path, "one", project="config", variables={"WANDB_PROJECT": "of-mine"})
    assert kept(tmp_path / "one").run.project == "config"


@pytest.mark.parametrize("variable", [{"WANDB_MODE": "disabled"}, {"WANDB_DISABLED": "true"}])
def test_wandb_is_switched_off(variable: dict[str, str], tmp_path: Path) -> None:
    assert run(tmp_path, "one", mode="online", variables=variable) == {"said": [], "imported": False}
    assert not [*(tmp_path / "one").iterdir()]


@pytest.mark.slow
def test_a_settings_file_switches_it_off(tmp_path: Path) -> None:
    settings_file(tmp_path, mode="disabled")
    run(tmp_path, "one")
    assert not [*(tmp_path / "one").iterdir()]


@pytest.mark.parametrize(("mode", "variable", "warnings"), [("online", "dryrun", 1), ("offline", "online", 0)])
def test_the_mode_that_sends_less_wins(mode: str, variable: str, warnings: int, tmp_path: Path) -> None:
    said = run(tmp_path, "one", mode=mode, variables={"WANDB_MODE": variable})["said"]
    assert len(said) == warnings
    assert all("WANDB_MODE" in text and "wandb sync" in text for text in said)
    assert kept(tmp_path / "one").folder.name.startswith("offline-run-")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("WANDB_MODE", "foo", "WANDB_MODE=foo: Input should be 'online', "),
        ("WANDB_TAGS", "x" * 65, f"WANDB_TAGS={'x' * 65}: Tag 'xxxxxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxxxxx' is 65"),
        ("WANDB_PROJECT", "a/b", "Invalid project name 'a/b'"),
    ],
)
def test_an_invalid_variable_is_named(variable: str, value: str, message: str, tmp_path: Path) -> None:
    [said] = run(tmp_path, "one", variables={variable: value})["said"]
    assert said.startswith(f"an environment variable of W&B: {message}")


def test_a_home_that_cannot_be_written_to(tmp_path: Path) -> None:
    """W&B would print its own log, and could keep no table."""
    said = run(tmp_path, "one", variables={"HOME": "/proc", "XDG_CACHE_HOME": "/proc/a", "XDG_DATA_HOME": "/proc/a"})[
        "said"
    ]
    assert said == []
    assert len(kept(tmp_path / "one").history) == len(POINTS)


def test_a_killed_job_goes_on_with_its_run(tmp_path: Path) -> None:
    run(tmp_path, "one", end="killed", points=1)
    [first] = (tmp_path / "one" / "wandb").glob("offline-run-*")
    run(tmp_path, "one")
    [second] = (tmp_path / "one" / "wandb").glob("offline-run-*")
    assert second.name.rpartition("-")[2] == first.name.rpartition("-")[2]
    assert [row["update"] for row in kept(tmp_path / "one").history] == [point.update for point in HISTORY]


@pytest.mark.slow
def test_a_job_that_runs_again_is_another_run(tmp_path: Path) -> None:
    run(tmp_path, "one")
    run(tmp_path, "one")
    names = {path.name.rpartition("-")[2] for path in (tmp_path / "one" / "wandb").glob("offline-run-*")}
    assert len(names) == 2


@pytest.mark.slow
def test_online_a_killed_job_goes_on_with_its_run(server: Project, tmp_path: Path) -> None:
    run(tmp_path, "one", mode="online", end="killed", points=1, variables=online(server))
    run(tmp_path, "one", "two", mode="online", variables=online(server))
    begun = {run["displayName"]: run["name"] for run in server.begun}
    assert {run["name"] for run in server.begun} == {*begun.values()}
    assert len({*begun.values()}) == 2
    assert [point["_step"] for point in server.written][-2:] == [point.update for point in HISTORY]


@pytest.mark.parametrize("message", ["permission denied", "entity nobody not found"])
def test_a_refusal_is_told_in_the_words_of_the_server(message: str, server: Project, tmp_path: Path) -> None:
    server.refusal = (403, message)
    [said] = run(tmp_path, "one", mode="online", variables=online(server))["said"]
    assert said.startswith(f"tracker.mode=online: W&B refuses the run: {message}; look at tracker.project")


def test_a_key_that_the_server_does_not_know(server: Project, tmp_path: Path) -> None:
    [said] = run(tmp_path, "one", mode="online", variables=online(server) | {"WANDB_API_KEY": "1" * 40})["said"]
    assert "user is not logged in; run `wandb login` once" in said


@pytest.mark.slow
def test_a_server_that_cannot_take_runs_now(server: Project, tmp_path: Path) -> None:
    """The run is kept. The next job does not wait for the server again."""
    server.refusal = (429, "rate limit exceeded")
    said = run(tmp_path, "one", "two", mode="online", variables=online(server) | {"WANDB_INIT_TIMEOUT": "2"})["said"]
    assert len(said) == 2
    assert len({*said}) == 1
    assert (
        "cannot be reached: Timed out while retrying: HTTP 429: rate limit exceeded; the run is kept offline" in said[0]
    )
    assert len(kept(tmp_path / "two").history) == len(POINTS)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        variables = {"WANDB_BASE_URL": url, "WANDB_API_KEY": KEY, "WANDB_INIT_TIMEOUT": "2", "WANDB_HTTP_TIMEOUT": "1"}
        [said] = run(tmp_path, "one", mode="online", variables=variables)["said"]
    assert "connection refused; the run is kept offline" in said

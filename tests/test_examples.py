"""Every example runs, and finds what it is there to show."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from attnbench import record
from tests.report import records

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with the records of two mechanisms."""
    for score in ("dot", "additive"):
        (tmp_path / score).mkdir()
        record.write(records.attention(score), tmp_path / score / record.NAME)
    return tmp_path


def run(name: str, *arguments: str) -> str:
    """What an example prints."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_attention_layer_learns_where_the_largest_number_is() -> None:
    found = re.fullmatch(r"mean error ([\d.]+); the largest has most weight in (\d+) %\n", run("attention_layer"))
    assert found
    assert float(found[1]) < 0.05
    assert int(found[2]) > 90


def test_a_score_from_outside_is_the_plain_loop() -> None:
    found = re.fullmatch(r"kernel tiled; largest error (.*)\n", run("own_score"))
    assert found
    assert float(found[1]) < 1e-6


def test_records_are_read_with_pandas(runs: Path) -> None:
    lines = run("read_records", str(runs)).splitlines()
    assert lines[0].split() == ["bleu", "step_ms"]
    assert {line.split()[0] for line in lines[2:]} == {"additive", "dot"}


def test_every_example_is_run() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert all(f'run("{path.stem}"' in tested for path in EXAMPLES.glob("*.py"))
    assert all(len(path.read_text(encoding="utf-8").splitlines()) < 50 for path in EXAMPLES.glob("*.py"))

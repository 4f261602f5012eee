"""Every version of Python from 3.11 reads all files without a warning; those on this machine are tried."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("attnbench", "benchmarks", "hydra_plugins", "tests")
READ = """
import sys, pathlib
for name in sys.argv[1:]:
    for path in sorted(pathlib.Path(name).rglob("*.py")):
        compile(path.read_bytes(), str(path), "exec")
"""


@pytest.mark.parametrize("python", [f"python3.{minor}" for minor in range(11, 15)])
def test_a_version_reads_every_file(python: str) -> None:
    try:
        subprocess.run([python, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"this machine has no {python}")
    done = subprocess.run(
        [python, "-I", "-W", "error", "-c", READ, *FOLDERS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

"""A worker whose parent was killed finishes its job, and ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
WORKER = """
import sys, time
from pathlib import Path
from attnbench.cli import workers
workers.end_with_parent()
with workers.BUSY:
    Path("begun").touch()
    time.sleep(2 * workers.POLL_S)
    Path("finished").touch()
time.sleep(1000)
"""
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WORKER!r}])"


def test_a_worker_finishes_its_job_and_ends(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=tmp_path, env=environment, start_new_session=True, stdout=subprocess.PIPE
    )
    while not (tmp_path / "begun").exists():
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    assert parent.stdout
    parent.stdout.read()  # until the worker, which has it too, has ended
    parent.wait()
    assert (tmp_path / "finished").exists()

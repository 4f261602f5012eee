"""A job that is ended in the middle of its training goes on from there."""

import signal
import time
from pathlib import Path

from attnbench import record
from attnbench.training.resume import NAME
from tests.cli.command_line import TINY, here, start

COMMAND = [
    *("train", *TINY, "progress=false", "sweep=s", "device.threads=1"),
    *("training.updates=400", "training.validate_every=10"),
]


def test_sigterm_keeps_the_training_so_far(tmp_path: Path) -> None:
    process = start(tmp_path, *COMMAND)
    while not (kept := list(tmp_path.glob(f"runs/s/*/*/{NAME}"))):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "the training so far is kept" in said and "attnbench: ended by SIGTERM" in said and "Traceback" not in said
    log = kept[0].with_name("job.log")
    validated = log.read_text().count("validation loss")
    assert here(tmp_path, *COMMAND).status == 0
    found = record.read(kept[0].with_name(record.NAME))
    assert found.status == "finished" and found.training
    lines = [line for line in log.read_text().splitlines() if "validation loss" in line]
    again = [line.partition("update")[2] for line in lines[validated:]]
    assert again[:validated] == [line.partition("update")[2] for line in lines[:validated]]  # not trained again: told
    assert len(found.training.history) == len(again) and not kept[0].exists()

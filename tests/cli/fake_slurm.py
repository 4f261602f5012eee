"""Commands of slurm, as far as submitit uses them: jobs run at once on this machine."""

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

COMMANDS = ("sbatch", "srun", "sacct", "scancel", "scontrol")
HERE = Path(os.environ.get("FAKE_SLURM", "."))  # where the state of the jobs is


def install(folder: Path) -> None:
    """Puts the commands into a folder, which is to be in PATH."""
    folder.mkdir()
    for name in COMMANDS:
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} {name} "$@"\n')
        command.chmod(command.stat().st_mode | stat.S_IXUSR)


def sbatch(script: str) -> None:
    number = str(100 + len([*HERE.glob("*.sh")]))
    (HERE / f"{number}.sh").write_text(Path(script).read_text())
    command = [sys.executable, __file__, "_array", number]
    nowhere = subprocess.DEVNULL
    subprocess.Popen(command, start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    print(f"Submitted batch job {number}")


def _array(number: str) -> None:
    """Runs the jobs of an array one after another, each again as often as it is requeued."""
    array = re.search(r"--array=0-(\d+)%", (HERE / f"{number}.sh").read_text())
    for index in range(int(array[1]) + 1) if array else [None]:
        job = number if index is None else f"{number}_{index}"
        own = {"SLURM_JOB_ID": number, "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1", "SLURM_PROCID": "0"}
        if index is not None:
            own |= {"SLURM_ARRAY_JOB_ID": number, "SLURM_ARRAY_TASK_ID": str(index)}
        requeued = HERE / f"{job}.requeued"
        while not (HERE / f"{job}.cancelled").exists():
            command = ["bash", str(HERE / f"{number}.sh")]
            process = subprocess.Popen(command, env=os.environ | own, start_new_session=True)
            (HERE / f"{job}.pid").write_text(str(process.pid))
            (HERE / f"{job}.state").write_text("RUNNING")
            (HERE / f"{job}.state").write_text("FAILED" if process.wait() else "COMPLETED")
            if not requeued.exists():
                break
            requeued.unlink()


def srun(*arguments: str) -> None:
    command, index = list(arguments), os.environ.get("SLURM_ARRAY_TASK_ID", "")
    while (option := command[0]).startswith("-"):
        command.pop(0)
        if option in ("--output", "--error"):
            path = command.pop(0).replace("%A_%a", os.environ.get("SLURM_ARRAY_JOB_ID", "") + "_" + index)
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1 if option == "--output" else 2)
    os.execvp(command[0], command)


def sacct(*arguments: str) -> None:
    print("JobID|State|NodeList")
    for state in HERE.glob("*.state"):
        print(f"{state.stem}|{state.read_text()}|here")


def scancel(job: str) -> None:
    (HERE / f"{job}.cancelled").touch()
    state, pid = HERE / f"{job}.state", HERE / f"{job}.pid"
    if state.exists() and state.read_text() == "RUNNING":
        os.killpg(int(pid.read_text()), signal.SIGKILL)
    state.write_text("CANCELLED")


def scontrol(action: str, job: str) -> None:
    assert action == "requeue"
    (HERE / f"{job}.requeued").touch()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

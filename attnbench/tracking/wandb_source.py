"""Records from W&B: the files that `wandb_tracker` leaves with the runs of a project, unchanged."""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attnbench import record
from attnbench.errors import UserError
from attnbench.tracking.wandb_session import one_line

if TYPE_CHECKING:
    import wandb
    from wandb.apis.public import Run

CACHE = Path("~/.cache/attnbench/wandb")
RUNS = 200  # runs in one request
FAILURES = 5  # failures that are listed; more of them are an error
REPORT = "report"  # the kind of a run that is no job
THREADS = 16  # threads that fetch records: each mostly waits for the server
TIMEOUT = 10  # seconds to wait for an answer
# A user who waits for a report should learn soon that the server is gone, not after minutes of retries.
SETTINGS = {
    "silent": True,
    "x_graphql_retry_max": 2,
    "x_graphql_retry_wait_min_seconds": 0.5,
    "x_graphql_retry_wait_max_seconds": 2.0,
    "x_graphql_timeout_seconds": TIMEOUT,
    "x_file_transfer_retry_max": 2,
    "x_file_transfer_retry_wait_min_seconds": 0.5,
    "x_file_transfer_retry_wait_max_seconds": 2.0,
    "x_file_transfer_timeout_seconds": 6 * TIMEOUT,
}


@dataclass(frozen=True)
class Fetched:
    """The files of the records of a project, and a line for each run without one."""

    project: str
    files: list[Path]
    gaps: list[str]


def fetch(source: str) -> Fetched:
    """Downloads the records of all runs of a project into the cache. Records that are there already are not fetched
    again.

    Args:
        source: `wandb:entity/project`, or `wandb:project` for your own entity.

    Raises:
        UserError: another source, no login, no such project, or a server that does not answer.
    """
    if not (named := re.fullmatch(r"wandb:((?:[^/\s]+/)?[^/\s]+)", source)):
        raise UserError(f"source={source}: must be wandb:entity/project")
    with _said_in_one_line(source):
        api = _log_in()
        runs = api.runs(named[1], per_page=RUNS)
        host = re.sub(r"\W+", "_", str(api.settings["base_url"]).partition("://")[2])
        cache = CACHE.expanduser() / host / runs.entity / runs.project
        found = list(_in_threads([run for run in runs if run.job_type != REPORT], cache))
    files = [each for each in found if isinstance(each, Path)]
    return Fetched(runs.project, files, [f"{source}/{each}" for each in found if isinstance(each, str)])


def _log_in() -> "wandb.Api":
    import wandb

    wandb.setup(settings=wandb.Settings(**SETTINGS))
    return wandb.Api(timeout=TIMEOUT)


@contextmanager
def _said_in_one_line(source: str) -> Iterator[None]:
    """Turns any error of W&B into a `UserError`."""
    from wandb.errors import Error, UsageError
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        yield
    except UsageError as error:
        raise UserError(f"source={source}: not logged in to W&B; run `wandb login` once") from error
    except (Error, WandbApiFailedError, ValueError) as error:
        raise UserError(f"source={source}: {one_line(error)}") from error


def _in_threads(runs: "Sequence[Run]", cache: Path) -> Iterator[Path | str]:
    """For each run, in order, the file of its record, or a line with the reason why there is none."""
    from wandb.errors import Error

    failures = 0
    with ThreadPoolExecutor(THREADS) as threads:
        for run, one in [(run, threads.submit(_record, run, cache)) for run in runs]:
            try:
                path = one.result()
                yield path or f"{run.id}: {run.state}, without a {record.NAME}"
            except Error as error:
                failures += 1
                if failures > FAILURES:
                    threads.shutdown(cancel_futures=True)
                    raise
                yield f"{run.id}: {one_line(error)}"


def _record(run: "Run", cache: Path) -> Path | None:
    """The file of a run's record; None if it has none."""
    file = next(iter(run.files(names=[record.NAME], per_page=1)), None)
    if file is None:
        return None
    path = cache / run.id / record.NAME
    if not path.is_file() or _digest(path) != file.md5:
        file.download(root=str(path.parent), replace=True).close()
    return path


def _digest(path: Path) -> str:
    """The digest of a file, in W&B's format."""
    return base64.b64encode(hashlib.md5(path.read_bytes(), usedforsecurity=False).digest()).decode()

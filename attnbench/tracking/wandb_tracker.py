"""The tracker that mirrors a job to W&B."""

import logging
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attnbench.errors import UserError
from attnbench.files import write_whole
from attnbench.record.names import condition_name, mechanism_name
from attnbench.tracking.tracker import RunDescription, TrackedRun, untracked
from attnbench.tracking.wandb_run import WandbRun, harmless
from attnbench.tracking.wandb_session import (
    is_outage,
    least,
    log_in,
    one_line,
    outages,
    restart,
    session,
    switched_off,
    writable_folders,
)

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)

FOLDER = "wandb"  # W&B's folder in the folder of a job
UNFINISHED = "unfinished"  # in that folder: the id of a run whose job has not come to an end
PROJECT = "attnbench"  # if neither the config nor the environment names one
TAGS = ("task", "model", "decoder", "score", "scope", "selection")  # factors
LONGEST_TAG = 64  # characters
LONGEST_NAME = 128  # characters of a run's name, of a group's and of a project's
# W&B receives the record and nothing else. It prints nothing, and does not sample the machine during the job.
SETTINGS = {
    "console": "off",
    "silent": True,
    "symlink": False,
    "use_dot_wandb": False,
    "sagemaker_disable": True,
    "save_code": False,
    "disable_code": True,
    "disable_git": True,
    "x_disable_meta": True,
    "x_disable_machine_info": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


@dataclass(frozen=True)
class Wandb:
    """W&B: each job is a run, in the job's folder. `wandb sync` uploads `offline` runs later.

    Of `mode` and the mode of the environment, the one that sends less is used. `project` and `entity` are those of the
    environment if they are None.

    Raises:
        UserError: an unknown mode, a name that W&B does not take, or `online` without a login.
    """

    mode: Literal["offline", "online"]
    project: str | None
    entity: str | None

    def __post_init__(self) -> None:
        if self.mode not in ("offline", "online"):
            raise UserError(f"tracker.mode={self.mode}: must be offline or online; tracker=none does not use W&B")
        if not switched_off():
            _check(self)

    @contextmanager
    def __call__(self, told: RunDescription, folder: Path) -> Iterator[TrackedRun]:
        """A run that is finished when the context is left; it is marked as failed after an exception.

        If the process dies or is interrupted, and the job goes on in the same folder, it goes on with its run. While
        the server cannot be reached, runs are offline.

        Raises:
            UserError: the server refuses the run.
        """
        mode = "disabled" if switched_off() else least(self.mode)
        if mode == "disabled":
            with untracked(told, folder) as nothing:
                yield nothing
            return
        own = folder / FOLDER
        with writable_folders(own):
            run = self._start(mode, dir=str(folder.absolute()), **_described(told), **_identity(own))
            if run is None:
                with untracked(told, folder) as nothing:
                    yield nothing
                return
            with _ended(run, own):
                yield WandbRun(run)

    def _start(self, mode: str, **described: Any) -> "wandb.Run | None":
        """A new run, online or offline; None if there can be none, which is a warning."""
        if mode == "online" and not outages:
            try:
                return self._init(mode, **described)
            except Exception as error:
                if not is_outage(error):
                    raise UserError(
                        f"tracker.mode=online: W&B refuses the run: {one_line(error)}; look at tracker.project and "
                        "tracker.entity, or choose tracker.mode=offline"
                    ) from error
                outages.append(f"W&B cannot be reached: {one_line(error)}")
                restart()
        if self.mode == "online":
            why = outages[0] if outages else f"WANDB_MODE or W&B's settings file says {mode}"
            log.warning("tracker.mode=online: %s; the run is kept offline, and `wandb sync` uploads it", why)
        with harmless():
            return self._init("offline", **described)
        restart()
        return None

    def _init(self, mode: str, **described: Any) -> "wandb.Run":
        import wandb

        project = self.project or session().project or PROJECT
        place = {"mode": mode, "project": project, "entity": self.entity}
        return wandb.init(**described, **place, reinit="create_new", settings=wandb.Settings(**SETTINGS))


def _described(told: RunDescription) -> dict[str, Any]:
    """The arguments of `wandb.init`. All factors are keys of the config by themselves, so that runs can be grouped by
    them. The whole config is below `config`.
    """
    mechanism, condition = mechanism_name(told.factors), condition_name(told.factors)
    named = {"mechanism": mechanism, "condition": condition, "seed": told.seed, **told.factors}
    users = session()  # who may have labels of their own
    tags = [*(users.run_tags or ()), *(str(told.factors[name]) for name in TAGS if name in told.factors)]
    return {
        "name": _shortened(told.name),
        "group": _shortened(told.group),
        "job_type": users.run_job_type or told.kind,
        "tags": [tag[:LONGEST_TAG] for tag in dict.fromkeys(tags) if tag] or None,
        "config": {key: value for key, value in named.items() if value not in (None, "")} | {"config": told.config},
    }


@cache  # an error is not kept
def _check(tracker: Wandb) -> None:
    import wandb

    try:
        wandb.Settings(project=tracker.project)
    except wandb.Error as error:
        team, _, name = str(tracker.project).rpartition("/")
        meant = f"; say tracker.entity={team} tracker.project={name}" if team else ""
        raise UserError(
            f"tracker.project={tracker.project}: must have at most {LONGEST_NAME} characters, and none of / \\ # ? % :"
            f"{meant}"
        ) from error
    if "/" in (tracker.entity or ""):
        raise UserError(f"tracker.entity={tracker.entity}: must be the name of a team or of a user, without a slash")
    if least(tracker.mode) == "online":
        log_in()


def _identity(own: Path) -> dict[str, Any]:
    """The id of the run of a job: that of its run that has not ended, or else a new one.

    An id is no hash of the job: whoever runs the same job elsewhere makes another run of the same project.
    """
    marker = own / UNFINISHED
    if marker.is_file():
        return {"id": marker.read_text(), "resume": "allow"}
    own.mkdir(parents=True, exist_ok=True)
    write_whole(marker, (name := secrets.token_hex(8)).encode())
    return {"id": name}


@contextmanager
def _ended(run: "wandb.Run", own: Path) -> Iterator[None]:
    """Ends a run when the context is left. After an interruption, the job can go on with it.

    The files of an earlier part of the run are removed first: a job that goes on tells all that it told before.
    """
    here = Path(run.dir).parent.name
    for earlier in own.glob(f"*run-*-{run.id}*"):
        if earlier.name != here:
            shutil.rmtree(earlier, ignore_errors=True)
    exit_code, over = 1, True
    try:
        yield
        exit_code = 0
    except Exception:
        raise
    except BaseException:
        over = False
        raise
    finally:
        with harmless():
            run.finish(exit_code=exit_code)
        if over:
            (own / UNFINISHED).unlink(missing_ok=True)


def _shortened(name: str) -> str:
    """A name that W&B takes, with its start and its end, which tell jobs from each other."""
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"

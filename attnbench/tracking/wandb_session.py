"""W&B in this process: what the user's environment decides, what we decide, and what an error means."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from attnbench.errors import UserError

if TYPE_CHECKING:
    import wandb

MODES = ("disabled", "offline", "online")  # each sends less than the next
OTHER_MODES = {"dryrun": "offline", "run": "online", "shared": "online"}  # further names that W&B knows
# What W&B's variables and settings files may set: who the user is, where the server is, how long to wait for it, and
# labels. Whatever else they set is ignored. Above all, nothing outside of the config says which run a job is.
HONOURED = {
    *("api_key", "identity_token_file", "credentials_file", "username", "email", "organization", "entity", "project"),
    *("base_url", "app_url_override", "http_proxy", "https_proxy", "insecure_disable_ssl", "x_extra_http_headers"),
    *("run_tags", "run_notes", "run_job_type", "host", "mode"),
    *("init_timeout", "finish_timeout", "login_timeout", "x_service_wait"),
}
RETRIES = ("x_graphql_", "x_file_stream_", "x_file_transfer_")  # the rest of a name: timeout_seconds, retry_max, ...
# Variables that are not named after their setting.
NAMED = {
    "app_url": "app_url_override",
    "user_email": "email",
    "dir": "root_dir",
    **{name: f"run_{name}" for name in ("name", "notes", "tags", "job_type")},
    "http_timeout": "x_graphql_timeout_seconds",
    "file_pusher_timeout": "x_file_transfer_timeout_seconds",
}
# A job that ends waits so long for its last uploads. What is not uploaded then stays on disk.
PATIENCE = {"finish_timeout": 120.0, "finish_timeout_raises": True}
FOLDERS = ("WANDB_CACHE_DIR", "WANDB_DATA_DIR")  # in the user's home, unless these variables say otherwise

outages: list[str] = []  # why W&B could not be reached from this process; after the first, it is not tried again


def switched_off() -> bool:
    """Whether the environment says that W&B is not used. This does not import it."""
    return os.environ.get("WANDB_MODE") == "disabled" or (
        os.environ.get("WANDB_DISABLED", "").lower() in ("1", "on", "true", "yes")
    )


def session() -> "wandb.Settings":
    """W&B's settings in this process, from its variables and its settings files.

    Raises:
        UserError: a variable has a value that W&B does not take.
    """
    return _session(os.getpid())  # a fork makes a session of its own, as in W&B


@cache
def _session(process: int) -> "wandb.Settings":
    import wandb  # imported here, because it takes half a second
    from wandb.sdk.wandb_setup import singleton  # wandb.setup would start W&B's process

    os.environ.pop("WANDB_SERVICE", None)  # such a process of another program, which might end before we do
    fields = wandb.Settings.model_fields
    ignored = {name for name in os.environ if (setting := _setting(name)) in fields and not _honoured(setting)}
    with _environment({"WANDB_SILENT": "true"}, without=ignored):
        try:
            found = singleton().settings
        except (wandb.Error, ValueError) as error:
            raise UserError(f"an environment variable of W&B: {_invalid(error)}") from error
    # What is left was set by a settings file, or found by W&B itself.
    for name in found.model_fields_set:
        if not _honoured(name):
            setattr(found, name, fields[name].get_default(call_default_factory=True))
    found.silent = found.sagemaker_disable = True
    for name in PATIENCE.keys() - found.model_fields_set:
        setattr(found, name, PATIENCE[name])
    return found


def log_in() -> None:
    """Logs in, and has the server check the key.

    Raises:
        UserError: there is no key, or the server does not accept it. A server that cannot be reached is no error.
    """
    import wandb

    session()
    try:
        wandb.login(force=True, verify=True)
    except wandb.Error as error:
        if not is_outage(error):
            raise UserError(
                f"tracker.mode=online: {one_line(error)}; run `wandb login` once, or choose tracker.mode=offline"
            ) from error


def is_outage(error: Exception) -> bool:
    """Whether an error says that the server, or W&B's process here, does not answer. A refusal is an answer."""
    import wandb

    return not isinstance(error, wandb.Error) or bool(re.search("timed out|in time", str(error), re.IGNORECASE))


def restart() -> None:
    """Forgets this process's connection to W&B, which is broken. The next use makes another."""
    import wandb

    with suppress(Exception):  # it may be broken so far that it cannot be closed
        wandb.teardown()
    _session.cache_clear()


def least(mode: str) -> str:
    """The mode of the config or that of the environment: the one that sends less."""
    outside = session().mode
    return min(mode, OTHER_MODES.get(outside, outside), key=MODES.index)


@contextmanager
def writable_folders(job: Path) -> Iterator[None]:
    """In this context, W&B writes to the folder of a job what it would write to a home that cannot be written to."""
    from wandb import env

    usual = dict(zip(FOLDERS, (str(env.get_cache_dir()), env.get_data_dir()), strict=True))
    moved = [name for name, folder in usual.items() if name not in os.environ and not _writable(Path(folder))]
    with _environment({name: str(job / name.split("_")[1].lower()) for name in moved}):
        yield


def one_line(error: Exception) -> str:
    """What W&B or its server says, in one line: without advice to programmers, and without a page of HTML."""
    return str(error).partition("<")[0].strip().partition("\n")[0].strip() or type(error).__name__


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _setting(variable: str) -> str:
    """The setting that a variable of W&B sets; empty for a variable of others."""
    if not variable.startswith("WANDB_"):
        return ""
    name = variable.removeprefix("WANDB_").lower()
    return NAMED.get(name, f"x{name}" if name.startswith("_") else name)


def _honoured(setting: str) -> bool:
    return setting in HONOURED or setting.startswith(RETRIES)


@contextmanager
def _environment(variables: Mapping[str, str], without: Iterable[str] = ()) -> Iterator[None]:
    """In this context, the environment has these variables, and not those."""
    before = {name: os.environ.pop(name, None) for name in (*variables, *without)}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _invalid(error: Exception) -> str:
    """The first variable with an invalid value, and what is wrong with it."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return one_line(error)
    first = error.errors()[0]
    name = next(name for name in os.environ if _setting(name) in first["loc"])
    return f"{name}={os.environ[name]}: {first['msg'].removeprefix('Value error, ').partition(';')[0]}"

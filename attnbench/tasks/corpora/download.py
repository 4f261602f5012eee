"""Finds a corpus file in the user's data folder or in the cache. Otherwise it is downloaded from its origin."""

import hashlib
import http.client
import logging
import os
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from attnbench.errors import UserError
from attnbench.tasks import cache
from attnbench.tasks.corpora.lines import own_path

log = logging.getLogger(__name__)

TIMEOUT_S = 30
"""How many seconds the origin may send nothing, at the start or in the middle of a download."""

_BLOCK = 1 << 16
_ENDINGS = ("", ".gz", ".xz", ".bz2")


def locate(path: str, *, origin: str, sha256: str | None) -> Path:
    """The file at `path`, relative to a data folder. It is downloaded from the URL `origin` if no folder has it.

    `sha256` is the digest that the download must have. It is None if the content at the origin may change. In this
    case, the digest of the download is written to the file `path.sha256`. A file that the user put there is not
    checked.

    Raises:
        UserError: the file is in no folder, and it cannot be downloaded.
    """
    return find(path) or _download(path, origin, sha256)


def find(path: str) -> Path | None:
    """The file, or a compressed copy (such as `path.gz`), in `$ATTNBENCH_DATA` or in the cache; None if neither has it.

    Raises:
        UserError: `$ATTNBENCH_DATA` is not a folder.
    """
    own = os.environ.get("ATTNBENCH_DATA")
    folders = [own_path(own)] if own else []
    if folders and not folders[0].is_dir():
        raise UserError(f"ATTNBENCH_DATA={own} is not a folder; set it to a folder that holds {path}")
    candidates = [folder / f"{path}{ending}" for folder in (*folders, cache.folder()) for ending in _ENDINGS]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _download(path: str, origin: str, sha256: str | None) -> Path:
    target = cache.folder() / path
    part = target.with_name(f"{target.name}.part")
    own_part = target.with_name(f"{target.name}.{os.getpid()}.part")  # two jobs must not write to the same file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _claim(part, own_part, resume=sha256 is not None)
        try:
            _fetch(origin, own_part)
            _accept(own_part, target, sha256)
        finally:
            if own_part.exists():
                own_part.replace(part)
    except (OSError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path}: the download from {origin} failed ({reason}); run again, put the file at {target}, "
            f"or set ATTNBENCH_DATA to a folder that holds {path}"
        ) from error
    return target


def _claim(part: Path, own_part: Path, *, resume: bool) -> None:
    """Renames the partial download of an earlier run to `own_part`. Without `resume`, the download starts again."""
    own_part.unlink(missing_ok=True)
    if resume and part.exists():
        part.replace(own_part)


def _fetch(origin: str, part: Path) -> None:
    """Appends the missing bytes to `part`. If the server does not serve ranges, the download starts again."""
    have = part.stat().st_size if part.exists() else 0
    # Some hosts refuse Python's default user agent.
    headers = {"User-Agent": "Mozilla/5.0 (compatible; attnbench)", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = urllib.request.urlopen(urllib.request.Request(origin, headers=headers), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if have and error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # no byte is missing, or the file is wrong: the digest is checked later
        raise
    with response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            have = 0
        _append(response, part, have)


def _append(response: http.client.HTTPResponse, part: Path, have: int) -> None:
    length = response.headers["Content-Length"]
    total = have + int(length) if length else None
    name = response.geturl().rpartition("/")[2]
    bar = tqdm(total=total, initial=have, desc=name, unit="B", unit_scale=True, unit_divisor=1024, disable=None)
    with part.open("ab" if have else "wb") as file, bar:
        while block := response.read(_BLOCK):
            file.write(block)
            have += len(block)
            bar.update(len(block))
    if total is not None and have < total:
        raise OSError(f"the connection closed after {have:,} of {total:,} bytes")


def _accept(part: Path, target: Path, sha256: str | None) -> None:
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is None:
        log.info("%s: downloaded, sha256 %s", target, digest)
        cache.write(target.with_name(f"{target.name}.sha256"), f"{digest}  {target.name}\n".encode())
    elif digest != sha256:
        part.unlink()
        raise OSError(f"its sha256 is {digest}, not {sha256}")
    part.replace(target)

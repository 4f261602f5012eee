"""Records from files."""

import gc
import os
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attnbench import record
from attnbench.record import Record
from attnbench.report.study.compact_record import CompactRecord, compact
from attnbench.report.study.consistency import check
from attnbench.tracking import wandb_tracker

SKIPPED = (wandb_tracker.FOLDER, record.EARLIER)  # folders


@dataclass(frozen=True)
class Loaded:
    """The records that were found, in the order of the paths.

    Args:
        entries: every job once.
        broken: a line for each file that is not a record of this version.
        outdated: the files that were left out, because another record of the same job is used.
    """

    entries: list[CompactRecord]
    broken: list[str]
    outdated: list[Path]


def load(places: Sequence[Path]) -> Loaded:
    """Every record at or below `places`. If a job was found several times, it is the newest record that finished.

    The baselines of cost sessions are kept in addition.
    """
    found: dict[Path, CompactRecord] = {}
    broken = []
    with _no_collection():
        for path in {path.resolve(): path for place in places for path in _records(place)}.values():
            try:
                found[path] = _read(path)
            except (OSError, ValueError, OverflowError) as error:
                line = " ".join(str(error).split())
                broken.append(line if str(path) in line else f"{path}: {line}")
    kept = _once(found)
    return Loaded([found[path] for path in found if path in kept], broken, [path for path in found if path not in kept])


def _read(path: Path) -> CompactRecord:
    found = record.read(path)
    check(found)
    return compact(found, path)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A context without garbage collection. Records have no cycles, and searching for some takes as long as reading
    them.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _records(place: Path) -> Iterator[Path]:
    """The files with a record's name, in the order of their paths. Two kinds of folders are skipped: the copies of a
    tracker, and earlier jobs that had the same overrides.
    """
    if place.is_file():
        yield place
    for folder, below, files in os.walk(place):
        below[:] = sorted(name for name in below if name not in SKIPPED)
        if record.NAME in files:
            yield Path(folder, record.NAME)


def _once(found: dict[Path, CompactRecord]) -> set[Path]:
    """The paths of the records that are used."""
    newest: dict[Hashable, Path] = {}
    for path in sorted(found, key=lambda path: _rank(found[path])):
        newest[_identity(found[path].record)] = path
    chosen = [found[path].record.scaling for path in newest.values()]
    references = {(each.baseline, each.session) for each in chosen if each and each.session}
    kept = {path for path, each in found.items() if _session(each) in references}
    return kept | set(newest.values())


def _identity(record: Record) -> Hashable:
    """What a job is. If a sweep is tuned again and chooses other values, its jobs are the same ones, trained again."""
    if record.tuned and not record.trial:
        return record.sweep, record.seed, *sorted((name, str(value)) for name, value in record.factors.items())
    return record.key


def _rank(each: CompactRecord) -> tuple[bool, str]:
    return each.record.status == "finished", each.record.started


def _session(each: CompactRecord) -> tuple[str, str | None]:
    return each.record.key, each.record.scaling.session if each.record.scaling else None

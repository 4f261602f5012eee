"""Records from files."""

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from attnbench import record
from attnbench.report.study.compact_record import CompactRecord, entry
from attnbench.tracking import wandb_tracker


@dataclass(frozen=True)
class Loaded:
    """What was found, in the order of the paths.

    Args:
        entries: every job once.
        broken: a line on each file that is no record of this version.
        outdated: the files that were left out for another record of the same job.
    """

    entries: list[CompactRecord]
    broken: list[str]
    outdated: list[Path]


def load(places: Sequence[Path]) -> Loaded:
    """Every record at or below `places`; of one job that was found several times, the newest that finished.

    A cost that others of its session are told as multiples of is kept besides.
    """
    found: dict[Path, CompactRecord] = {}
    broken = []
    with _no_collection():
        for path in {path.resolve(): path for place in places for path in _records(place)}.values():
            try:
                found[path] = entry(record.read(path), path)
            except (OSError, ValueError, OverflowError) as error:
                line = " ".join(str(error).split())
                broken.append(line if str(path) in line else f"{path}: {line}")
    kept = _once(found)
    return Loaded([found[path] for path in found if path in kept], broken, [path for path in found if path not in kept])


@contextmanager
def _no_collection() -> Iterator[None]:
    """Records hold no cycles: a collector that looks for some, over and over, takes as long as reading them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _records(place: Path) -> Iterator[Path]:
    """The files that bear a record's name, in the order of their paths; a tracker's copies are passed over."""
    if place.is_file():
        yield place
    for folder, below, files in os.walk(place):
        below[:] = sorted(name for name in below if name != wandb_tracker.FOLDER)
        if record.NAME in files:
            yield Path(folder, record.NAME)


def _once(found: dict[Path, CompactRecord]) -> set[Path]:
    """Those that count."""
    newest: dict[str, Path] = {}
    for path in sorted(found, key=lambda path: _rank(found[path])):
        newest[found[path].record.key] = path
    chosen = [found[path].record.scaling for path in newest.values()]
    yardsticks = {(each.baseline, each.session) for each in chosen if each and each.session}
    kept = {path for path, each in found.items() if _session(each) in yardsticks}
    return kept | set(newest.values())


def _rank(each: CompactRecord) -> tuple[bool, str]:
    return each.record.status == "finished", each.record.started


def _session(each: CompactRecord) -> tuple[str, str | None]:
    return each.record.key, each.record.scaling.session if each.record.scaling else None
